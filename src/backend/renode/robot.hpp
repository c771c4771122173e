// The one control channel of a Renode process: its robot server, XML-RPC over HTTP/1.1 on one kept connection.
//
// Of Renode's ways in this is the one that tells success from failure. The server runs one call after another and closes a
// connection after 101 of them; both are hidden here. The peer may be hostile: answers are bounded and checked.
// Belongs to one executor, all calls on it. stop() must be awaited before destruction.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "backend/renode/command.hpp"
#include "base/async_mutex.hpp"
#include "base/asio.hpp"
#include "base/fd.hpp"
#include "backend/renode/xml_rpc.hpp"

namespace virserver::backend::renode {

class RobotClient {
 public:
  // Connects to the server, retrying until the time is over. Errors: ENGINE_TIMEOUT, ENGINE_DIED.
  using Dial = std::function<Task<Result<Fd>>(std::chrono::milliseconds timeout)>;
  RobotClient(asio::any_io_executor executor, Dial dial, std::size_t max_answer = 16u << 20);
  ~RobotClient();

  // What the command printed. A command that Renode refuses is UNSUPPORTED_BY_BACKEND with its words; a call that is not
  // answered is ENGINE_TIMEOUT (Renode may still be at it), ENGINE_DIED or ENGINE_PROTOCOL. Calls are served in order, and
  // the time counts from their turn.
  Task<Result<std::string>> execute(Command command, std::chrono::milliseconds timeout);
  // A line of user_line().
  Task<Result<std::string>> execute_line(std::string line, std::chrono::milliseconds timeout);

  bool busy() const { return in_use_ > 0; }  // a call is under way

  Task<> stop();  // ends waiting calls with ENGINE_DIED

 private:
  struct Connection;
  Task<Result<std::string>> run(std::string line, std::chrono::milliseconds timeout);
  Task<Result<KeywordAnswer>> converse(const std::string& request, std::chrono::steady_clock::time_point deadline);

  asio::any_io_executor executor_;
  Dial dial_;
  std::size_t max_answer_;
  AsyncMutex turn_;
  std::shared_ptr<Connection> connection_;
  bool stopped_ = false;
  unsigned in_use_ = 0;
  asio::steady_timer idle_;
};

}  // namespace virserver::backend::renode
