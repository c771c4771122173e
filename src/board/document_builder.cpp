#include "board/document_builder.hpp"

#include <algorithm>

namespace virserver::board {
namespace {
// Positions are kept until their pointers reach this many bytes; deeper places then report their parent's.
constexpr std::size_t max_pointer_bytes = 16u << 20;
}  // namespace

std::string pointer_token(std::string_view name) {
  std::string token;
  for (const char c : name) {
    if (c == '~') token += "~0";
    else if (c == '/') token += "~1";
    else token += c;
  }
  return token;
}

std::pair<int, int> Lines::at(std::size_t offset) {
  offset = std::min(offset, text_.size());
  if (offset < offset_) *this = Lines(text_);
  for (; offset_ < offset; ++offset_) {
    const auto c = static_cast<unsigned char>(text_[offset_]);
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((c & 0xC0) != 0x80) {
      ++column_;
    }
  }
  return {line_, column_};
}

void DocumentBuilder::count(Cost cost, std::size_t offset) {
  total_.nodes += cost.nodes;
  total_.bytes += cost.bytes;
  if (total_.nodes > max_document_nodes)
    throw SyntaxError{"the document has more than 100,000 values, those repeated by aliases included", offset};
  if (total_.bytes > max_expanded_bytes) throw SyntaxError{"aliases repeat more than 8 MiB of text", offset};
  if (stack_.size() + cost.depth > max_document_depth)
    throw SyntaxError{"the document is nested more than 64 levels deep", offset};
}

std::string DocumentBuilder::next_pointer(std::size_t offset, bool record) {
  if (pointer_bytes_ > max_pointer_bytes) return {};
  std::string pointer;
  if (!stack_.empty()) {
    const Frame& parent = stack_.back();
    pointer = parent.pointer + '/' + (parent.object ? pointer_token(parent.key) : std::to_string(parent.items.size()));
  }
  pointer_bytes_ += pointer.size();
  if (record) document_.positions.emplace(pointer, lines_.at(offset));
  return pointer;
}

void DocumentBuilder::begin(bool object, std::size_t offset, std::size_t anchor) {
  count({1, 0, 1}, offset);
  Frame frame;
  frame.object = object;
  frame.pointer = next_pointer(offset, true);
  frame.anchor = anchor;
  frame.offset = offset;
  frame.cost = {1, 0, 1};
  stack_.push_back(std::move(frame));
}

void DocumentBuilder::key(std::string name, std::size_t offset) {
  Frame& frame = stack_.back();
  if (frame.members.contains(name)) throw SyntaxError{fmt::format("the key \"{:.64}\" appears twice", name), offset};
  total_.bytes += name.size();
  frame.cost.bytes += name.size();
  frame.key = std::move(name);
  frame.has_key = true;
  if (pointer_bytes_ > max_pointer_bytes) return;
  std::string pointer = frame.pointer + '/' + pointer_token(frame.key);
  pointer_bytes_ += pointer.size();
  document_.key_positions.emplace(std::move(pointer), lines_.at(offset));
}

void DocumentBuilder::scalar(boost::json::value value, std::size_t offset, std::size_t anchor) {
  const Cost cost{1, value.is_string() ? value.get_string().size() : 8, 0};
  count(cost, offset);
  next_pointer(offset, true);
  place(std::move(value), cost, anchor, offset);
}

void DocumentBuilder::alias(std::size_t anchor, std::size_t offset) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) throw SyntaxError{"an alias stands inside of what it repeats", offset};
  count(found->second.cost, offset);
  next_pointer(offset, true);
  place(found->second.value, found->second.cost, 0, offset);
}

void DocumentBuilder::end() {
  Frame frame = std::move(stack_.back());
  stack_.pop_back();
  boost::json::value value =
      frame.object ? boost::json::value(std::move(frame.members)) : boost::json::value(std::move(frame.items));
  place(std::move(value), frame.cost, frame.anchor, frame.offset);
}

void DocumentBuilder::place(boost::json::value value, Cost cost, std::size_t anchor, std::size_t offset) {
  if (anchor) {
    anchored_.nodes += cost.nodes;
    anchored_.bytes += cost.bytes;
    if (anchored_.nodes > max_document_nodes || anchored_.bytes > max_expanded_bytes)
      throw SyntaxError{"too much of the document is anchored", offset};
    anchors_.insert_or_assign(anchor, Anchored{value, cost});
  }
  if (stack_.empty()) {
    document_.value = std::move(value);
    return;
  }
  Frame& parent = stack_.back();
  if (parent.object) parent.members.emplace(parent.key, std::move(value));
  else parent.items.push_back(std::move(value));
  parent.has_key = false;
  parent.cost.nodes += cost.nodes;
  parent.cost.bytes += cost.bytes;
  parent.cost.depth = std::max(parent.cost.depth, cost.depth + 1);
}

Document DocumentBuilder::take() { return std::move(document_); }

}  // namespace virserver::board
