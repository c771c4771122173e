#include "http/server.hpp"

#include <algorithm>
#include <ctime>
#include <stdexcept>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/run_on.hpp"
#include "http/connection.hpp"

namespace virserver::http {
namespace {

constexpr std::chrono::milliseconds tick_interval{100};

using Tcp = asio::ip::tcp;

// The first socket is bound without SO_REUSEPORT, so a port that another server has is refused; the option is set
// afterwards, which lets our own other threads bind to it.
Tcp::endpoint bind_first(Acceptor& acceptor, const Tcp::endpoint& endpoint) {
  acceptor.open(endpoint.protocol());
  acceptor.set_option(asio::socket_base::reuse_address(true));
  acceptor.bind(endpoint);
  acceptor.listen();
  return acceptor.local_endpoint();
}

void allow_sharing(Acceptor& acceptor) {
  const int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    throw boost::system::system_error(errno, boost::system::system_category(), "SO_REUSEPORT");
}

void bind_again(Acceptor& acceptor, const Tcp::endpoint& endpoint) {
  acceptor.open(endpoint.protocol());
  acceptor.set_option(asio::socket_base::reuse_address(true));
  allow_sharing(acceptor);
  acceptor.bind(endpoint);
  acceptor.listen();
}

}  // namespace

Shared::Shared(ServerConfig c, Handlers h, std::function<void(const Access&)> a)
    : config(std::move(c)), contract(config.contract ? config.contract : Contract::embedded()), handlers(std::move(h)),
      router(*contract, handlers), pages(virserver::embedded::web()), policy(config.address, config.allowed_hosts, config.allowed_origins),
      access_log(config.access_log), on_access(std::move(a)) {
  pages.add("/openapi.yaml", contract->yaml());
  pages.add("/openapi.json", contract->json());
}

Worker::Worker(Shared& s, Context& c)
    : shared(s), context(c), acceptor(c.get_executor()), tasks_(c.get_executor(), "http"), tick_(c.get_executor()),
      left_(c.get_executor(), Clock::time_point::max()), id_prefix_(new_id("req")) {
  refresh_date();
}

void Worker::start(std::shared_ptr<Shared> keep) {
  tasks_.spawn(accept(keep));
  tasks_.spawn(tick(keep));
}

std::string Worker::next_request_id() { return fmt::format("{}-{}", id_prefix_, ++next_id_); }

void Worker::refresh_date() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc));
  time_ = to_rfc3339(now());
}

void Worker::record(const Access& access) {
  if (shared.on_access) shared.on_access(access);
  if (!shared.access_log.enabled()) return;
  append_record(lines_, access, time_);
  if (lines_.size() > (256u << 10)) shared.access_log.write(lines_);
}

Task<> Worker::accept(std::shared_ptr<Shared> keep) {
  while (!stopping) {
    Socket socket(context.get_executor());
    const auto [ec] = co_await acceptor.async_accept(socket, tuple_awaitable);
    if (stopping) co_return;
    if (ec) {
      if (ec != asio::error::connection_aborted) {  // no descriptors left, most likely
        log::warn("accepting a connection failed: {}", ec.message());
        Timer pause(context.get_executor(), std::chrono::milliseconds(100));
        co_await pause.async_wait(tuple_awaitable);
      }
      continue;
    }
    if (shared.connections.fetch_add(1) >= shared.config.max_connections) {
      shared.connections.fetch_sub(1);
      static constexpr std::string_view body =
          R"({"error":"the limit of connections to this server is reached","code":"TOO_MANY_REQUESTS","details":{},"request_id":"none"})";
      const std::string answer = fmt::format(
          "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: {}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{}", body.size(), body);
      error_code ignored;
      socket.native_non_blocking(true, ignored);
      socket.write_some(asio::buffer(answer), ignored);  // fits any socket buffer
      socket.shutdown(Socket::shutdown_send, ignored);
      continue;
    }
    auto connection = std::make_shared<Connection>(*this, std::move(socket), keep);
    connections_.push_back(connection);
    connection->start();
  }
}

void Worker::leave(Connection& connection) {
  const auto at = std::ranges::find(connections_, &connection, [](const auto& entry) { return entry.get(); });
  if (at == connections_.end()) return;
  connections_.erase(at);
  shared.connections.fetch_sub(1);
  if (connections_.empty()) left_.cancel();
}

Task<> Worker::tick(std::shared_ptr<Shared> keep) {
  while (!stopping || !connections_.empty()) {
    tick_.expires_after(tick_interval);
    co_await tick_.async_wait(tuple_awaitable);
    refresh_date();
    const auto present = Clock::now();
    for (const auto& connection : connections_) connection->check_deadline(present);
    keep->access_log.write(lines_);
  }
}

void Worker::begin_stop() {
  stopping = true;
  error_code ec;
  acceptor.close(ec);
  const auto snapshot = connections_;
  for (const auto& connection : snapshot) connection->stop();
}

Task<> Worker::finish_stop() {
  const auto wait = [this](Clock::duration most) -> Task<> {
    const auto until = Clock::now() + most;
    while (!connections_.empty() && Clock::now() < until) {
      left_.expires_at(until);
      co_await left_.async_wait(tuple_awaitable);
    }
  };
  co_await wait(std::chrono::seconds(5));
  const auto snapshot = connections_;
  for (const auto& connection : snapshot) connection->force();
  co_await wait(std::chrono::seconds(5));
  if (!connections_.empty()) log::error("{} requests did not end when the server stopped", connections_.size());
  co_await tasks_.stop();
  shared.access_log.write(lines_);
}

struct Server::Impl {
  std::shared_ptr<Shared> shared;
  bool started = false;
};

Server::Server(std::vector<asio::io_context*> contexts, ServerConfig config, Handlers handlers, std::function<void(const Access&)> on_access)
    : impl_(std::make_unique<Impl>()) {
  if (contexts.empty()) throw std::logic_error("the server needs an io_context");
  const auto address = asio::ip::make_address(config.address);
  const std::uint16_t wanted = config.port;
  impl_->shared = std::make_shared<Shared>(std::move(config), std::move(handlers), std::move(on_access));
  Shared& shared = *impl_->shared;
  for (asio::io_context* context : contexts) shared.workers.push_back(std::make_unique<Worker>(shared, *context));
  const std::string place = fmt::format("{}:{}", shared.config.address, wanted);
  try {
    const Tcp::endpoint real = bind_first(shared.workers[0]->acceptor, {address, wanted});
    shared.port = real.port();
    if (shared.workers.size() > 1) allow_sharing(shared.workers[0]->acceptor);
    for (std::size_t i = 1; i < shared.workers.size(); ++i) bind_again(shared.workers[i]->acceptor, real);
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(fmt::format("cannot listen on {}: {}", place, error.code().message()));
  }
}

Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->shared->port; }

void Server::start() {
  for (const auto& worker : impl_->shared->workers) {
    Worker* target = worker.get();
    asio::post(target->context, [target, keep = impl_->shared] { target->start(keep); });
  }
  impl_->started = true;
}

Task<> Server::stop() {
  const std::shared_ptr<Shared> shared = impl_->shared;
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  for (const auto& worker : shared->workers) asio::post(worker->context, [target = worker.get(), shared] { target->begin_stop(); });
  for (const auto& worker : shared->workers) co_await run_on(worker->context.get_executor(), worker->finish_stop());
}

}  // namespace virserver::http
