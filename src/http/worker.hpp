// Private to src/http: what the threads share, and what each owns.
#pragma once
#include <atomic>
#include <list>

#include "base/task_scope.hpp"
#include "http/access_log.hpp"
#include "http/contract.hpp"
#include "http/origin.hpp"
#include "http/pages.hpp"
#include "http/router.hpp"
#include "http/server.hpp"

namespace virserver::http {

using Clock = std::chrono::steady_clock;
using Context = asio::io_context;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Context::executor_type>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Context::executor_type>;

class Connection;
struct Shared;

// Belongs to one thread, as do its connections.
class Worker {
 public:
  Worker(Shared& shared, Context& context);

  void start(std::shared_ptr<Shared> keep);
  void begin_stop();
  Task<> finish_stop();

  std::string_view date() const { return date_; }  // of the Date header, renewed by the tick
  std::string next_request_id();
  void record(const Access& access);
  void leave(Connection& connection);

  Shared& shared;
  Context& context;
  Acceptor acceptor;
  bool stopping = false;

 private:
  Task<> accept(std::shared_ptr<Shared> keep);
  Task<> tick(std::shared_ptr<Shared> keep);
  void refresh_date();

  std::list<std::shared_ptr<Connection>> connections_;
  TaskScope tasks_;  // what listens and ticks ends with finish_stop(): nothing of ours outlives a context
  Timer tick_, left_;
  std::string date_, time_, lines_, id_prefix_;
  std::uint64_t next_id_ = 0;
};

struct Shared {
  ServerConfig config;
  std::shared_ptr<const Contract> contract;
  Handlers handlers;
  Router router;
  Pages pages;
  OriginPolicy policy;
  AccessLog access_log;
  std::function<void(const Access&)> on_access;
  std::vector<std::unique_ptr<Worker>> workers;
  std::atomic<std::uint32_t> connections = 0;
  std::uint16_t port = 0;

  Shared(ServerConfig c, Handlers h, std::function<void(const Access&)> a);
};

}  // namespace virserver::http
