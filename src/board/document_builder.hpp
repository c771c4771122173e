// Builds a Document out of parser events, with the limits that hold for JSON and YAML alike. Internal to the folder.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "board/parse.hpp"

namespace virserver::board {

inline constexpr std::size_t max_document_bytes = 4u << 20;
inline constexpr std::size_t max_document_nodes = 100'000;
inline constexpr std::size_t max_document_depth = 64;
// Text that aliases repeat; a few short aliases of one long text would otherwise fill the memory.
inline constexpr std::size_t max_expanded_bytes = 8u << 20;

// Thrown while parsing, turned into BOARD_SYNTAX by parse_document. `offset` is a byte of the text.
struct SyntaxError {
  std::string message;
  std::size_t offset = 0;
};

// Offsets to lines and columns (both from 1, columns in characters). Cheap when offsets come in rising order.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  std::pair<int, int> at(std::size_t offset);

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  int line_ = 1, column_ = 1;
};

class DocumentBuilder {
 public:
  explicit DocumentBuilder(std::string_view text) : lines_(text) {}

  // `anchor` 0: none. Every call throws SyntaxError when a limit is passed or a key repeats.
  void begin(bool object, std::size_t offset, std::size_t anchor = 0);
  void key(std::string name, std::size_t offset);
  void scalar(boost::json::value value, std::size_t offset, std::size_t anchor = 0);
  void alias(std::size_t anchor, std::size_t offset);
  void end();

  bool expects_key() const { return !stack_.empty() && stack_.back().object && !stack_.back().has_key; }
  Document take();

 private:
  struct Cost {
    std::size_t nodes = 0, bytes = 0, depth = 0;
  };
  struct Frame {
    bool object = false, has_key = false;
    boost::json::object members;
    boost::json::array items;
    std::string pointer, key;
    std::size_t anchor = 0, offset = 0;
    Cost cost;
  };
  struct Anchored {
    boost::json::value value;
    Cost cost;
  };

  void count(Cost cost, std::size_t offset);
  std::string next_pointer(std::size_t offset, bool record);
  void place(boost::json::value value, Cost cost, std::size_t anchor, std::size_t offset);

  Document document_;
  Lines lines_;
  std::vector<Frame> stack_;
  std::map<std::size_t, Anchored> anchors_;
  Cost total_, anchored_;
  std::size_t pointer_bytes_ = 0;
};

// The events of one syntax; both throw SyntaxError.
void parse_json_into(std::string_view text, DocumentBuilder& builder);
void parse_yaml_into(std::string_view text, DocumentBuilder& builder);

// "a/b~c" as one token of a JSON pointer.
std::string pointer_token(std::string_view name);

}  // namespace virserver::board
