// Lines for Renode's monitor, made of checked parts only.
//
// The monitor executes `a; b` on one line, expands $variables and has no escaping that could be trusted. So a line is put
// together from words that stand in our own sources and from values whose every character is known to be harmless: there
// is no way to build a Command from text that a user or the emulator chose.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace virserver::backend::renode {

// A word of our own sources, checked when it is compiled.
class Word {
 public:
  consteval Word(const char* text) : text_(text) {
    for (char c : text_)
      if (c < ' ' || c > '~' || c == ';' || c == '$' || c == '`') throw "a monitor command of this word could do more than it says";
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// The path of a peripheral or machine: "sysbus.gpioPortA.led", "cpu". Letters, digits and _, parts divided by dots.
class Name {
 public:
  static Result<Name> parse(std::string_view text);  // INVALID_REQUEST
  const std::string& text() const { return text_; }

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// A file that Renode reads or writes, relative to its working directory or to its own installation. Letters, digits and
// _-+. , directories divided by /, none of them "..".
class File {
 public:
  static Result<File> parse(std::string_view text);  // INVALID_REQUEST
  const std::string& text() const { return text_; }

 private:
  explicit File(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

class Command {
 public:
  explicit Command(Word word) : line_(word.text()) {}
  explicit Command(const Name& subject) : line_(subject.text()) {}
  Command& word(Word word) { return add(word.text()); }
  Command& name(const Name& name) { return add(name.text()); }
  Command& quoted(const Name& name) { return add("\"" + name.text() + "\""); }  // a name that is to be given to something new
  Command& file(const File& file) { return add("@" + file.text()); }
  Command& number(std::uint64_t value) { return add(std::to_string(value)); }
  Command& address(std::uint64_t value);
  Command& decimal(double value);               // quoted: the monitor reads no exponents
  Command& seconds(std::uint64_t nanoseconds);  // quoted, as the commands of virtual time take it

  const std::string& line() const { return line_; }

 private:
  Command& add(std::string_view part) {
    line_ += ' ';
    line_ += part;
    return *this;
  }
  std::string line_;
};

// A line that a person typed for the monitor itself and means as it stands. Only its form is checked: one line of text, at
// most 4096 bytes. Error: INVALID_REQUEST.
Result<std::string> user_line(std::string_view text);

}  // namespace virserver::backend::renode
