// Private to src/http: one client. Lives on its worker's thread.
#pragma once
#include "http/worker.hpp"

namespace virserver::http {

inline constexpr std::chrono::seconds write_timeout{30};

// What one request needs until its answer is out.
struct Exchange {
  Request request;
  Clock::time_point began;
  unsigned status = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  bool keep_alive = true, head = false, http10 = false, upgrade = false, expects_continue = false;
  bool answered = false;
  bool unread = true;  // input may be left that the client is still sending

  void reset();  // keeps the capacity of its texts
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Worker& worker, Socket socket, std::shared_ptr<Shared> keep);
  ~Connection();

  void start();
  void check_deadline(Clock::time_point now);
  void stop();   // as soon as the present request is answered
  void force();  // at once

  // For the parts that write answers and streams.
  Worker& worker() { return worker_; }
  Socket& socket() { return socket_; }
  void set_deadline(Clock::duration from_now) { deadline_ = Clock::now() + from_now; }
  void clear_deadline() { deadline_ = Clock::time_point::max(); }
  bool timed_out() const { return timed_out_; }
  Task<bool> write(std::string_view data, Exchange& exchange);

  asio::cancellation_signal stream_cancel;  // of an event source or WebSocket handler

 private:
  friend class ParsedBody;
  Task<> run();
  Task<bool> serve();  // one request; false ends the connection
  Task<> linger();
  Task<error_code> read_more();

  std::shared_ptr<Shared> keep_;
  Worker& worker_;
  Socket socket_;
  std::string peer_, input_;
  std::size_t consumed_ = 0;
  Exchange exchange_;
  Clock::time_point deadline_ = Clock::time_point::max();
  asio::cancellation_signal cancel_;
  bool idle_ = true, timed_out_ = false, streaming_ = false;
};

// reply.cpp: sends an answer; false when the connection cannot go on.
Task<bool> send_response(Connection& connection, Exchange& exchange, Response& response);
Task<bool> send_error(Connection& connection, Exchange& exchange, const Error& error, std::string_view allow = {});
Task<bool> send_page(Connection& connection, Exchange& exchange, const Page& page);
std::string response_head(Connection& connection, const Exchange& exchange, unsigned status, std::string_view content_type);

// events.cpp: runs the source until it ends or the client goes.
Task<> run_events(Connection& connection, Exchange& exchange, EventSource source);

// websocket.cpp: the handshake and the open socket.
Task<> run_websocket(Connection& connection, Exchange& exchange, std::function<Task<>(WebSocket&)> handler);

// A task with its own cancellation whose end can be awaited.
struct Running {
  explicit Running(Context& context) : ended(context.get_executor(), Clock::time_point::max()) {}
  Timer ended;
  bool done = false;
  std::exception_ptr error;

  template <class Slot>
  void spawn(Context& context, Task<> task, Slot slot) {
    auto finish = [this](std::exception_ptr e) {
      done = true;
      error = e;
      ended.cancel();
    };
    asio::co_spawn(context, std::move(task), asio::bind_cancellation_slot(slot, std::move(finish)));
  }
  Task<> wait() {
    while (!done) co_await ended.async_wait(tuple_awaitable);
  }
};
void log_failure(std::exception_ptr error, std::string_view what, const Request& request);

}  // namespace virserver::http
