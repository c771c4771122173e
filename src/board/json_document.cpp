// JSON with the place of every value. The structure is read here; each scalar's meaning is Boost.JSON's.
#include <boost/json/parse.hpp>

#include "board/document_builder.hpp"

namespace virserver::board {
namespace {

class JsonReader {
 public:
  JsonReader(std::string_view text, DocumentBuilder& builder) : text_(text), builder_(builder) {}

  void document() {
    value();
    skip_space();
    if (at_ != text_.size()) throw SyntaxError{"the document goes on after its end", at_};
  }

 private:
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void skip_space() {
    while (!done() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }

  void value() {
    skip_space();
    if (done()) throw SyntaxError{"the document ends where a value is expected", at_};
    const char c = peek();
    if (c == '{') return object();
    if (c == '[') return array();
    const std::size_t start = at_;
    builder_.scalar(c == '"' ? string() : word(), start);
  }

  void object() {
    builder_.begin(true, at_++);
    skip_space();
    if (peek() == '}') return close();
    while (true) {
      skip_space();
      const std::size_t start = at_;
      if (peek() != '"') throw SyntaxError{expected("a key in double quotes"), at_};
      const boost::json::value key = string();
      builder_.key(std::string(key.get_string()), start);
      skip_space();
      if (peek() != ':') throw SyntaxError{expected("':' after the key"), at_};
      ++at_;
      value();
      if (!more('}')) return close();
    }
  }

  void array() {
    builder_.begin(false, at_++);
    skip_space();
    if (peek() == ']') return close();
    while (true) {
      value();
      if (!more(']')) return close();
    }
  }

  void close() {
    ++at_;
    builder_.end();
  }

  bool more(char closing) {
    skip_space();
    if (peek() == closing && !done()) return false;
    if (peek() != ',') throw SyntaxError{expected(closing == '}' ? "',' or '}'" : "',' or ']'"), at_};
    ++at_;
    return true;
  }

  std::string expected(std::string_view what) const {
    if (done()) return fmt::format("the document ends where {} is expected", what);
    return fmt::format("expected {}", what);
  }

  boost::json::value string() {
    const std::size_t start = at_++;
    while (!done() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20)
        throw SyntaxError{"a line end or control character inside of a text; write \\n or \\u00XX", at_};
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    if (done()) throw SyntaxError{"a text is not closed", start};
    ++at_;
    return boost_value(start, "this text is not valid JSON");
  }

  boost::json::value word() {
    const std::size_t start = at_;
    while (!done() && !std::string_view(" \t\r\n,:]}[{\"").contains(text_[at_])) ++at_;
    return boost_value(start, "expected a value: text in double quotes, a decimal number, true, false, null, { or [");
  }

  boost::json::value boost_value(std::size_t start, std::string_view otherwise) {
    boost::system::error_code ec;
    boost::json::value value = boost::json::parse(text_.substr(start, at_ - start), ec);
    if (ec || at_ == start) throw SyntaxError{std::string(otherwise), start};
    return value;
  }

  std::string_view text_;
  DocumentBuilder& builder_;
  std::size_t at_ = 0;
};

}  // namespace

void parse_json_into(std::string_view text, DocumentBuilder& builder) { JsonReader(text, builder).document(); }

}  // namespace virserver::board
