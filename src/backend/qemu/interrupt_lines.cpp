#include "backend/qemu/interrupt_lines.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <deque>

#include "backend/qemu/engine.hpp"

namespace virserver::backend::qemu {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto dial_timeout = 5s;
constexpr std::size_t max_objects = 4096, max_answer = 4096;

// Which property counts a controller's lines, and the number that boards give to its first. A GIC counts its 32 private
// interrupts, which are no inputs of it.
struct Numbering {
  std::string_view type, count;
  unsigned first = 0;
};
constexpr Numbering numberings[] = {{"child<armv7m>", "num-irq"}, {"child<riscv.sifive.plic>", "num-sources"}, {"child<arm_gic>", "num-irq", 32}};
const Numbering* numbering_of(std::string_view type) {
  const auto found = std::ranges::find(numberings, type, &Numbering::type);
  return found == std::end(numberings) ? nullptr : &*found;
}

}  // namespace

// Breadth first: the controller is near the top of the tree.
Task<Result<std::string>> InterruptLines::find_controller() {
  std::deque<std::string> paths{"/machine"};
  std::size_t seen = 0;
  while (!paths.empty() && seen < max_objects) {
    const auto path = std::move(paths.front());
    paths.pop_front();
    json::object arguments{{"path", path}};
    auto list = co_await engine_.execute("qom-list", std::move(arguments));
    if (!list) co_return pass(list);
    if (!list->is_array()) continue;
    for (const auto& entry : list->get_array()) {
      const auto* object = entry.if_object();
      const auto* name = object ? object->if_contains("name") : nullptr;
      const auto* type = object ? object->if_contains("type") : nullptr;
      if (!name || !type || !name->is_string() || !type->is_string() || !std::string_view(type->get_string()).starts_with("child<")) continue;
      auto child = path + "/" + std::string(name->get_string());
      if (const auto* numbering = numbering_of(type->get_string())) {
        json::object question{{"path", child}, {"property", std::string(numbering->count)}};
        auto count = co_await engine_.execute("qom-get", std::move(question));
        if (!count) co_return pass(count);
        error_code ec;
        const auto lines = count->to_number<unsigned>(ec);
        if (ec || lines < numbering->first) co_return fail(ErrorCode::ENGINE_PROTOCOL, "QEMU did not tell how many interrupt lines there are");
        first_ = numbering->first;
        end_ = lines;
        co_return child;
      }
      paths.push_back(std::move(child));
      ++seen;
    }
  }
  co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "this machine of QEMU has no interrupt controller whose lines can be driven");
}

Task<Result<void>> InterruptLines::connect() {
  auto path = co_await find_controller();
  if (!path) co_return pass(path);
  auto socket = co_await engine_.process().dial(std::string(socket_name), dial_timeout);
  if (!socket) co_return pass(socket);
  const auto executor = co_await asio::this_coro::executor;
  asio::local::stream_protocol::socket local(executor);
  error_code ec;
  local.assign(asio::local::stream_protocol(), socket->release(), ec);
  if (ec) co_return fail(ErrorCode::ENGINE_DIED, "the emulator's interrupt lines cannot be reached: {}", ec.message());
  path_ = std::move(*path);
  socket_.emplace(std::move(local));
  co_return Result<void>();
}

Task<Result<void>> InterruptLines::set(unsigned line, bool level) {
  const auto executor = co_await asio::this_coro::executor;
  if (!lock_) lock_ = std::make_unique<AsyncMutex>(executor);
  const auto lock = co_await lock_->lock();
  if (!socket_) {
    auto connected = co_await connect();
    if (!connected) co_return pass(connected);
  }
  // QEMU aborts at a line that is none.
  if (line < first_ || line >= end_)
    co_return fail(ErrorCode::INVALID_REQUEST, "the board's interrupt controller has no line {}: its lines are {} to {}", line, first_, end_ - 1);
  const auto command = fmt::format("set_irq_in {} unnamed-gpio-in {} {}\n", path_, line - first_, level ? 1 : 0);
  auto [written, sent] = co_await asio::async_write(*socket_, asio::buffer(command), tuple_awaitable);
  std::string answer;
  while (!written && answer.find('\n') == std::string::npos && answer.size() < max_answer) {
    char bytes[256];
    auto [ec, size] = co_await socket_->async_read_some(asio::buffer(bytes), tuple_awaitable);
    if (ec) {
      written = ec;
      break;
    }
    answer.append(bytes, size);
  }
  if (written) {
    socket_.reset();
    co_return fail(ErrorCode::ENGINE_DIED, "the emulator's interrupt lines cannot be reached: {}", written.message());
  }
  if (answer.starts_with("OK")) co_return Result<void>();
  co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "QEMU does not drive interrupt line {}: {}", line, answer.substr(0, answer.find('\n')));
}

}  // namespace virserver::backend::qemu
