// The consoles of a session over the WebSocket, kept going when the server restarts.
#pragma once
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "cli/client.hpp"
#include "cli/websocket.hpp"

namespace virserver::cli {

struct StreamMessage {
  enum class Kind { output, log, gap, other, reconnected };
  Kind kind = Kind::other;
  std::string console;
  std::string data;               // output: bytes; other: the text
  std::uint64_t from = 0, to = 0; // gap: the missing range
  boost::json::value json;        // as it came; null for reconnected
};

// Reads one message of the API. Unknown types are `other`.
Outcome<StreamMessage> parse_message(const std::string& text);
// The message that types `bytes`: UTF-8 as it is, else base64. Without console: the default one.
std::string stdin_message(const std::string& console, const std::string& bytes);

class ConsoleStream {
 public:
  // `console` empty: all. `offsets`: where to begin; consoles that are not in it begin at their oldest kept byte.
  ConsoleStream(Client& client, std::string session_id, std::string console,
                std::map<std::string, std::uint64_t> offsets, std::chrono::milliseconds patience);

  // The next message; reconnects at the place it had reached when the server was away for less than `patience`.
  Task<Outcome<StreamMessage>> next();

  // Types on the console. While the connection is down it waits for its return.
  Task<Outcome<>> type(std::string bytes);

  // The offset after the last byte that next() gave.
  const std::map<std::string, std::uint64_t>& offsets() const { return offsets_; }
  Task<> close();

 private:
  Task<Outcome<>> connect();
  std::string target() const;
  bool advance(StreamMessage& message);

  Client& client_;
  std::string session_id_, console_;
  std::map<std::string, std::uint64_t> offsets_;
  std::chrono::milliseconds patience_;
  std::optional<WebSocket> socket_;
  bool was_connected_ = false;
  bool ended_ = false;
  asio::steady_timer connected_;  // cancelled when a connection stands or none will come
};

// Waits (at most five seconds) until `stream` has given everything that the session's consoles hold now. Somebody else
// reads from the stream meanwhile. `console` empty: all.
Task<> wait_drained(Client& client, std::string session_id, std::string console, const ConsoleStream& stream);

}  // namespace virserver::cli
