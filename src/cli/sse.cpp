#include "cli/sse.hpp"

#include <utility>

namespace virserver::cli {

void SseParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (partial_.size() + part.size() <= event_bound) partial_ += part;
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    if (partial_.ends_with('\r')) partial_.pop_back();
    line(partial_);
    partial_.clear();
  }
}

void SseParser::line(std::string_view text) {
  if (text.empty()) {
    if (has_data_) ready_.push_back(std::move(current_));
    current_ = {};
    has_data_ = false;
    return;
  }
  if (text.front() == ':') return;
  const std::size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) current_.data += '\n';
    if (current_.data.size() + value.size() <= event_bound) current_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    current_.type = value;
  } else if (field == "id") {
    current_.id = value;
  }
}

std::optional<ServerEvent> SseParser::next() {
  if (ready_.empty()) return std::nullopt;
  ServerEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

}  // namespace virserver::cli
