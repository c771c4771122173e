// A client of QEMU's machine protocol (QMP) over a connected stream socket.
//
// The peer may be hostile: a line is at most `max_line` bytes, a reply with an unknown id or a line that is no JSON
// object ends the connection with an error that every waiting command gets. Belongs to one executor, all calls on it.
// `stop()` must be awaited before destruction.
#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/asio.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/task_scope.hpp"

namespace virserver::backend::qemu {

class QmpClient {
 public:
  // A connected stream socket (unix, either end of a socketpair).
  QmpClient(asio::any_io_executor executor, Fd socket, std::size_t max_line = 16u << 20);
  ~QmpClient();

  // Waits for the greeting and negotiates. Returns the greeting's "version" object.
  // Errors: ENGINE_TIMEOUT, ENGINE_DIED (closed before the greeting), ENGINE_PROTOCOL.
  Task<Result<boost::json::object>> handshake(std::chrono::milliseconds timeout);

  // Errors: ENGINE_TIMEOUT, ENGINE_DIED, ENGINE_PROTOCOL; what QEMU refuses is UNSUPPORTED_BY_BACKEND with its words.
  // Commands run concurrently; replies are matched by id.
  Task<Result<boost::json::value>> execute(std::string command, boost::json::object arguments, std::chrono::milliseconds timeout);

  // A command of the human monitor; its text answer.
  Task<Result<std::string>> monitor(std::string line, std::chrono::milliseconds timeout);

  // Called for every event, in order with the replies around it. Set before handshake().
  std::function<void(std::string_view name, const boost::json::object& data)> on_event;

  bool closed() const { return failure_.has_value(); }
  Task<> stop();

 private:
  struct Waiter;
  Task<> read_loop();
  Task<Result<boost::json::value>> await_reply(std::shared_ptr<Waiter> waiter, std::chrono::milliseconds timeout, std::string what);
  Task<Result<void>> send(std::string line);
  bool accept(std::string_view line);  // false: the connection is over, failure_ says why
  void fail_all(Error error);

  asio::any_io_executor executor_;
  asio::local::stream_protocol::socket socket_;
  std::size_t max_line_;
  TaskScope scope_;
  std::shared_ptr<Waiter> greeting_;
  std::map<std::int64_t, std::shared_ptr<Waiter>> waiting_;
  std::int64_t next_id_ = 0;
  std::int64_t forgotten_ = 0;  // replies still owed for commands that timed out
  std::optional<Error> failure_;
  std::string outgoing_;
  bool writing_ = false;
};

}  // namespace virserver::backend::qemu
