#include "backend/qemu/machine.hpp"

#include <boost/json.hpp>

#include "backend/engine_files.hpp"
#include "backend/qemu/engine.hpp"
#include "backend/qemu/interrupt_lines.hpp"

namespace virserver::backend::qemu {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto dial_timeout = 5s;
constexpr std::size_t max_monitor_output = 4u << 20;

}  // namespace

QemuMachine::QemuMachine(QemuEngine& engine) : engine_(engine) {}
QemuMachine::~QemuMachine() = default;

Task<Result<void>> QemuMachine::set_interrupt(unsigned line, bool level) {
  if (!lines_) lines_ = std::make_unique<InterruptLines>(engine_);
  co_return co_await lines_->set(line, level);
}

const gdb::Quirks& QemuMachine::quirks() const { return engine_.version_major() >= 10 ? gdb::kQemu10 : gdb::kQemu7; }

std::string QemuMachine::version() const { return "QEMU " + engine_.version(); }

Task<Result<Machine::Stub>> QemuMachine::open_stub() {
  Stub stub;
  stub.was_running = !engine_.paused();
  if (stub.was_running) engine_.hide_next_stop();
  auto socket = co_await engine_.process().dial(std::string(stub_socket), dial_timeout);
  if (!socket) {
    engine_.show_stops();
    co_return pass(socket);
  }
  stub.socket = std::move(*socket);
  co_return stub;
}

// QMP's memsave walks the processor's page tables and works while it runs; 1 MiB takes 2 ms, a tenth of what RSP takes.
Task<Result<Bytes>> QemuMachine::read_memory(std::uint64_t address, std::size_t size) {
  if (size == 0) co_return Bytes();
  const std::string name = fmt::format("memory{}.bin", reads_++);
  if (address > static_cast<std::uint64_t>(INT64_MAX)) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "QEMU saves no memory at addresses as high as {}", hex_address(address));
  json::object arguments{{"val", address}, {"size", size}, {"filename", name}, {"cpu-index", 0}};
  auto saved = co_await engine_.execute("memsave", std::move(arguments));
  auto bytes = take_engine_file(engine_.directory(), name, size);
  if (saved) co_return bytes;
  if (saved.error().code != ErrorCode::UNSUPPORTED_BY_BACKEND) co_return pass(saved);
  Error error{ErrorCode::MEMORY_UNMAPPED, fmt::format("{} bytes at {} are not all memory", size, hex_address(address))};
  error.details = {{"address", hex_address(address)}, {"size", size}};
  co_return fail(std::move(error));
}

Task<Result<std::string>> QemuMachine::monitor(std::string command) {
  auto text = co_await engine_.monitor(std::move(command));
  if (text && text->size() > max_monitor_output) text->resize(max_monitor_output);
  co_return text;
}

Task<Result<void>> QemuMachine::reset() { co_return co_await engine_.reset_only(); }

}  // namespace virserver::backend::qemu
