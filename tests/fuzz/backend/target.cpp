// What QEMU says, as a hostile one may say it. The first byte picks the reader: the machine protocol, the memory map, the
// log of what the guest touches in vain, the registers, or the output that tells why it ended.
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "backend/qemu/exit_cause.hpp"
#include "backend/qemu/guest_log.hpp"
#include "backend/qemu/mtree.hpp"
#include "backend/qemu/qmp.hpp"
#include "backend/qemu/registers_text.hpp"

using namespace virserver;
using namespace virserver::backend;

namespace {

constexpr std::size_t max_line = 1024;

// A client that asks two commands while the peer says `text` and closes: each command gets an answer or an error.
Task<> converse(qemu::QmpClient& client, int& answered) {
  auto version = co_await client.handshake(std::chrono::seconds(60));
  if (!version && version.error().message.empty()) std::abort();
  boost::json::object none;
  auto reply = co_await client.execute("query-status", std::move(none), std::chrono::seconds(60));
  if (!reply && reply.error().message.empty()) std::abort();
  auto monitor = co_await client.monitor("info mtree -f -o", std::chrono::seconds(60));
  if (monitor) qemu::parse_machine_map(*monitor);
  else if (monitor.error().message.empty()) std::abort();
  ++answered;
  co_await client.stop();
  ++answered;
}

void check_qmp(std::string_view text) {
  asio::io_context io{1};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  Fd ours(ends[0]), theirs(ends[1]);
  if (::send(theirs.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) std::abort();
  ::shutdown(theirs.get(), SHUT_WR);
  int answered = 0;
  {
    qemu::QmpClient client(io.get_executor(), std::move(ours), max_line);
    client.on_event = [](std::string_view name, const boost::json::object& data) {
      if (name.size() > max_line || data.size() > max_line) std::abort();
    };
    asio::co_spawn(io, converse(client, answered), asio::detached);
    io.run();
    if (!client.closed()) std::abort();
  }
  if (answered != 2) std::abort();
}

template <class Region>
void check_regions(const std::vector<Region>& regions, std::size_t most) {
  if (regions.size() > most) std::abort();
  for (std::size_t i = 0; i < regions.size(); ++i) {
    if (regions[i].size == 0 || regions[i].name.size() > 100) std::abort();
    if (regions[i].address + (regions[i].size - 1) < regions[i].address) std::abort();
    if (i && regions[i].address < regions[i - 1].address) std::abort();
  }
}

void check_machine_map(std::string_view text) {
  const auto map = qemu::parse_machine_map(text);
  check_regions(map.memory, 256);
  check_regions(map.io, 1024);
  if (map.ports.size() > 256) std::abort();
}

// Whole, and in two pieces: a line may arrive in parts.
void check_guest_log(std::string_view text, std::size_t cut) {
  qemu::GuestLog whole, parts;
  whole.add(text);
  cut = std::min(cut, text.size());
  parts.add(text.substr(0, cut));
  parts.add(text.substr(cut));
  if (whole.lines() != parts.lines() || whole.accesses().size() != parts.accesses().size()) std::abort();
  if (whole.accesses().size() > qemu::GuestLog::max_distinct) std::abort();
  std::uint64_t lines = whole.left_out();
  for (const auto& access : whole.accesses()) {
    lines += access.count;
    if (access.text.size() > 200 || access.text.empty() || access.device.size() > 64 || access.size > 64) std::abort();
  }
  if (lines != whole.lines()) std::abort();
}

void check_registers(std::string_view text) {
  const auto samples = qemu::parse_registers(text);
  if (samples.size() > 64) std::abort();
  for (const auto& sample : samples)
    if (sample.registers.size() > 128) std::abort();
}

// The bits say how it ended and what was seen.
void check_exit(unsigned bits, std::string_view output) {
  process::ExitStatus status;
  status.unknown = bits & 1;
  if (bits & 2) status.signal = static_cast<int>(bits >> 8 & 127);
  if (bits & 4) status.code = static_cast<int>(bits >> 8 & 255);
  qemu::Witness witness;
  witness.we_ended_it = bits & 8;
  if (bits & 16) witness.shutdown = output.substr(0, output.find('\n'));
  witness.panicked = bits & 32;
  witness.attended = bits & 64;
  witness.semihosting = bits & 128;
  const auto report = qemu::explain_exit(status, witness, output);
  if (report.message.empty() || report.output.size() > output.size() || to_string(report.cause).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  switch (data[0]) {
    case 'q': check_qmp(text.substr(0, 16384)); break;
    case 'm': check_machine_map(text); break;
    case 'g': check_guest_log(text, data[1] | data[2] << 8); break;
    case 'r': check_registers(text); break;
    case 'x': check_exit(data[1] | data[2] << 8, text); break;
    default: break;
  }
  return 0;
}
