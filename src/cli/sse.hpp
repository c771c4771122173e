// Server-Sent Events out of a byte stream. Pure.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace virserver::cli {

struct ServerEvent {
  std::string id, type, data;
};

class SseParser {
 public:
  static constexpr std::size_t event_bound = 4 << 20;  // an event beyond it is cut

  void feed(std::string_view bytes);
  std::optional<ServerEvent> next();

 private:
  void line(std::string_view text);

  std::string partial_;
  ServerEvent current_;
  bool has_data_ = false;
  std::deque<ServerEvent> ready_;
};

}  // namespace virserver::cli
