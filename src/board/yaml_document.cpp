// YAML through yaml-cpp's events: no node graph of its own is built, so the limits hold while reading.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <istream>
#include <streambuf>

#include "base/bytes.hpp"
#include "board/document_builder.hpp"

namespace virserver::board {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::size_t digits(std::string_view text) {
  const std::size_t n = text.find_first_not_of("0123456789");
  return n == std::string_view::npos ? text.size() : n;
}

bool looks_like_float(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const std::size_t whole = digits(text);
  text.remove_prefix(whole);
  std::size_t fraction = 0;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = digits(text);
    text.remove_prefix(fraction);
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return all_digits(text);
}

// YAML 1.2's core schema, with underscores in integers. Numbers that do not fit, and 0123 (octal or decimal?), stay text.
boost::json::value plain_value(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text.size() > 64) return boost::json::string(text);
  std::string_view number = text;
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.remove_prefix(1);
  const bool octal_or_decimal = number.size() > 1 && number[0] == '0' && number[1] >= '0' && number[1] <= '9';
  if (!number.empty() && number[0] >= '0' && number[0] <= '9' && !octal_or_decimal) {
    if (const auto value = parse_u64(number)) {
      if (!negative) return *value <= INT64_MAX ? boost::json::value(static_cast<std::int64_t>(*value)) : boost::json::value(*value);
      if (*value <= static_cast<std::uint64_t>(INT64_MAX)) return -static_cast<std::int64_t>(*value);
    }
  }
  if (!octal_or_decimal && text.find_first_of(".eE") != std::string::npos && looks_like_float(text)) {
    double value = 0;
    const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
    const auto [end, ec] = std::from_chars(begin, text.data() + text.size(), value);
    if (ec == std::errc() && end == text.data() + text.size()) return value;
  }
  return boost::json::string(text);
}

constexpr std::string_view core_tag = "tag:yaml.org,2002:";

class YamlHandler final : public YAML::EventHandler {
 public:
  explicit YamlHandler(DocumentBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++) throw SyntaxError{"a second document begins here; a board is one document", offset(mark)};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (builder_.expects_key()) throw SyntaxError{"a key is missing", offset(mark)};
    builder_.scalar(nullptr, offset(mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (builder_.expects_key()) throw SyntaxError{"an alias cannot be a key", offset(mark)};
    builder_.alias(anchor, offset(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    const bool text = tag == "!" || tag == "tag:yaml.org,2002:str";
    check_tag(tag, {"str", "int", "float", "bool", "null"}, mark);
    if (builder_.expects_key()) {
      if (anchor) throw SyntaxError{"a key cannot be anchored", offset(mark)};
      if (value == "<<" && !text) throw SyntaxError{"merge keys (<<) are not supported; write the fields out", offset(mark)};
      return builder_.key(value, offset(mark));
    }
    builder_.scalar(text ? boost::json::value(boost::json::string(value)) : plain_value(value), offset(mark), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(false, mark, tag, anchor);
  }
  void OnSequenceEnd() override { builder_.end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    begin(true, mark, tag, anchor);
  }
  void OnMapEnd() override { builder_.end(); }

  int documents() const { return documents_; }

 private:
  static std::size_t offset(const YAML::Mark& mark) { return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos); }

  static void check_tag(const std::string& tag, std::initializer_list<std::string_view> allowed, const YAML::Mark& mark) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    for (const std::string_view name : allowed)
      if (tag.starts_with(core_tag) && tag.substr(core_tag.size()) == name) return;
    throw SyntaxError{fmt::format("the tag \"{:.64}\" is not supported; remove it", tag), offset(mark)};
  }

  void begin(bool object, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (builder_.expects_key()) throw SyntaxError{"a key must be one word, not a list or mapping", offset(mark)};
    check_tag(tag, {object ? "map" : "seq"}, mark);
    builder_.begin(object, offset(mark), anchor);
  }

  DocumentBuilder& builder_;
  int documents_ = 0;
};

// Reads the text where it lies: std::istringstream would copy it.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // never written: streambuf has no const get area
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

void parse_yaml_into(std::string_view text, DocumentBuilder& builder) {
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    YamlHandler handler(builder);
    while (parser.HandleNextDocument(handler)) {
    }
    if (!handler.documents()) throw SyntaxError{"the document is empty", 0};
  } catch (const YAML::Exception& e) {
    throw SyntaxError{e.msg, e.mark.is_null() ? 0 : static_cast<std::size_t>(e.mark.pos)};
  }
}

}  // namespace virserver::board
