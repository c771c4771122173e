#include "backend/qemu/machine.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include "backend/qemu/engine.hpp"
#include "backend/qemu/interrupt_lines.hpp"
#include "process/safe_open.hpp"

namespace virserver::backend::qemu {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto dial_timeout = 5s;
constexpr std::size_t max_monitor_output = 4u << 20;

// The emulator wrote it: a regular file of exactly `size` bytes, or it is no answer.
Result<Bytes> take_file(const std::filesystem::path& directory, const std::string& name, std::size_t size) {
  auto dir = process::open_directory(directory);
  if (!dir) return pass(dir);
  const Fd file = process::open_beneath(dir->get(), name, O_RDONLY);
  ::unlinkat(dir->get(), name.c_str(), 0);
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) != size)
    return fail(ErrorCode::ENGINE_PROTOCOL, "the emulator did not write the memory it was asked for");
  Bytes bytes(size);
  for (std::size_t at = 0; at < size;) {
    const auto count = ::read(file.get(), bytes.data() + at, size - at);
    if (count <= 0) return fail(system_error(ErrorCode::STORAGE_ERROR, errno, "reading the emulator's memory file"));
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}

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
  auto bytes = take_file(engine_.directory(), name, size);
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
