#include "fake_stub.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace virserver::gdb::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view target_xml =
    R"(<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target><architecture>arm</architecture><xi:include href="core.xml"/></target>)";

std::string core_xml() {
  std::string xml = R"(<feature name="org.gnu.gdb.arm.m-profile">)";
  for (int i = 0; i < 13; ++i) xml += fmt::format(R"(<reg name="r{}" bitsize="32"/>)", i);
  return xml + R"(<reg name="sp" bitsize="32" type="data_ptr"/><reg name="lr" bitsize="32"/><reg name="pc" bitsize="32" type="code_ptr"/></feature>)";
}

std::string little(std::uint64_t value) {
  std::string bytes(4, '\0');
  for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(value >> 8 * i);
  return bytes;
}

std::uint64_t from_little(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

struct Numbers {
  std::uint64_t first = 0, second = 0;
};
Numbers numbers(std::string_view text) {
  const auto comma = text.find(',');
  const auto end = text.find_first_of(":;", comma);
  return {parse_hex(text.substr(0, comma)).value_or(0), parse_hex(text.substr(comma + 1, end - comma - 1)).value_or(0)};
}

}  // namespace

FakeStub::FakeStub(asio::any_io_executor executor, Kind kind, bool running)
    : kind_(kind), executor_(executor), scope_(executor, "fake stub"), running_(running) {
  if (is_qemu()) registers_.resize(15 * 4);
}

const Quirks& FakeStub::quirks() const {
  switch (kind_) {
    case Kind::qemu7: return kQemu7;
    case Kind::qemu10: return kQemu10;
    case Kind::renode: return kRenode;
    default: return kSkyEye;
  }
}

std::size_t FakeStub::count(std::string_view prefix) const {
  return static_cast<std::size_t>(
      std::count_if(received_.begin(), received_.end(), [prefix](const auto& packet) { return packet.starts_with(prefix); }));
}

Fd FakeStub::connect() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no socketpair");
  socket_ = std::make_unique<asio::local::stream_protocol::socket>(executor_, asio::local::stream_protocol(), ends[0]);
  described_ = false;
  ++connection_;
  scope_.spawn(serve(connection_));
  if (running_ && kind_ != Kind::skyeye) {
    running_ = kind_ == Kind::renode;
    if (kind_ == Kind::qemu7) send("T02thread:01;");
    if (kind_ == Kind::renode) send("S05");
  }
  if (kind_ == Kind::renode) running_ = false;
  return Fd(ends[1]);
}

Task<> FakeStub::serve(int connection) {
  PacketReader reader(PacketReader::From::client);
  std::vector<char> buffer(65536);
  while (connection == connection_) {
    auto [ec, n] = co_await socket_->async_read_some(asio::buffer(buffer), tuple_awaitable);
    if (ec) co_return;
    std::string_view input(buffer.data(), n);
    while (auto item = reader.next(input)) {
      if (is_qemu() && running_) stopped(2, "");  // whatever it is
      if (item->kind == PacketReader::Kind::interrupt) {
        received_.push_back("^C");
        if (kind_ == Kind::renode && running_) stopped(2, "");
      }
      if (item->kind == PacketReader::Kind::packet) take(std::move(item->payload));
      if (item->kind == PacketReader::Kind::bad_checksum) throw std::runtime_error("a packet with a wrong checksum");
    }
  }
}

void FakeStub::send_raw(std::string bytes) {
  error_code ec;
  socket_->non_blocking(true);
  const auto n = socket_->write_some(asio::buffer(bytes), ec);
  if (ec) return;
  if (n < bytes.size()) scope_.spawn(write_rest(bytes.substr(n)));
}

// More than the socket holds; nothing else is sent meanwhile.
Task<> FakeStub::write_rest(std::string bytes) { co_await asio::async_write(*socket_, asio::buffer(bytes), tuple_awaitable); }

void FakeStub::send(std::string payload) { send_raw(frame(payload)); }
void FakeStub::halt() { if (running_) stopped(kind_ == Kind::skyeye ? 5 : 2, ""); }
void FakeStub::hang_up() {
  ++connection_;
  socket_->close();
}

void FakeStub::take(std::string packet) {
  received_.push_back(packet);
  if (silent) return;
  send_raw("+");
  const bool resumes = packet.starts_with("vCont;") || packet == "c" || packet == "s" || packet == "bc" || packet == "bs";
  if (!resumes) return send(answer(packet));
  if (!vcont_refusal.empty() || (kind_ == Kind::skyeye && packet.size() > 1)) return send(vcont_refusal);
  resume(packet == "s" || packet.starts_with("vCont;s"));
}

bool FakeStub::breaks(std::uint64_t pc, std::string* reason) const {
  for (const auto& breakpoint : breakpoints_) {
    const auto at = numbers(std::string_view(breakpoint).substr(2));
    if (breakpoint[0] > '1' || at.first != pc) continue;
    if (kind_ == Kind::renode) *reason = breakpoint[0] == '0' ? "swbreak:;" : "hwbreak:;";
    return true;
  }
  return false;
}

void FakeStub::resume(bool step) {
  std::string reason;
  const auto advance = [this] { pc_ = pc_ + 2 > kLast ? kFirst : pc_ + 2; };
  if (step) {
    advance();
    return stopped(5, "");
  }
  // QEMU and SkyEye stop again where they stand on a breakpoint.
  if (kind_ != Kind::renode && breaks(pc_, &reason)) return stopped(5, reason);
  for (std::uint64_t i = kFirst; i <= kLast; i += 2) {
    advance();
    if (breaks(pc_, &reason)) return stopped(5, reason);
  }
  running_ = true;
}

void FakeStub::stopped(int signal, std::string_view reason) {
  running_ = false;
  const auto plain = fmt::format("S{:02x}", signal);
  if (is_qemu()) return send(fmt::format("T{:02x}thread:p01.01;", signal));
  if (kind_ == Kind::skyeye || signal == 2) return send(plain);
  send(reason.empty() ? plain : fmt::format("T{:02x}{}", signal, reason));
  scope_.spawn(write_later(connection_, plain, 500us));
  if (reason.empty()) scope_.spawn(write_later(connection_, plain, 3ms));
}

Task<> FakeStub::write_later(int connection, std::string payload, std::chrono::microseconds delay) {
  asio::steady_timer timer(executor_, delay);
  co_await timer.async_wait(tuple_awaitable);
  if (connection == connection_) send(std::move(payload));
}

std::string FakeStub::answer(std::string_view packet) {
  if (packet == "?") {
    if (is_qemu()) breakpoints_.clear();
    return is_qemu() ? "T05thread:p01.01;" : kind_ == Kind::renode ? "S00" : "S05";
  }
  if (packet.starts_with('q') || packet.starts_with('v') || packet.starts_with('H')) return query(packet);
  if (packet[0] == 'm' || packet[0] == 'M') return memory(packet);
  if (packet[0] == 'g' || packet[0] == 'G' || packet[0] == 'p' || packet[0] == 'P') return registers(packet);
  if (packet[0] == 'Z' || packet[0] == 'z') {
    if (packet[1] > '4') return "";
    if (kind_ == Kind::skyeye && packet[1] > '1') return "E01";
    auto text = std::string(packet.substr(1));
    if (packet[0] == 'z') return breakpoints_.erase(text) ? "OK" : is_qemu() ? "E22" : "OK";
    if (kind_ == Kind::skyeye && ++insertions_ > 255) return "E01";
    breakpoints_.insert(std::move(text));
    return "OK";
  }
  return "";
}

std::string FakeStub::query(std::string_view packet) {
  if (kind_ == Kind::skyeye) return "";
  if (packet.starts_with("qSupported"))
    return is_qemu() ? "PacketSize=1000;qXfer:features:read+;vContSupported+;multiprocess+"
                     : "PacketSize=4000;qXfer:features:read+;swbreak+;hwbreak+";
  if (packet.starts_with("qXfer:features:read:")) {
    described_ = true;
    const auto rest = packet.substr(20);
    const auto colon = rest.find(':');
    const std::string text = rest.substr(0, colon) == "target.xml" ? std::string(target_xml) : rest.substr(0, colon) == "core.xml" ? core_xml() : "";
    if (text.empty()) return "E00";
    const auto [offset, size] = numbers(rest.substr(colon + 1));
    const auto part = std::string_view(text).substr(std::min<std::size_t>(offset, text.size()), std::min<std::size_t>(size, 100));
    return (offset + part.size() < text.size() ? "m" : "l") + escape(part);
  }
  if (packet == "vCont?") return "vCont;c;C;s;S";
  if (packet.starts_with("vAttach")) return "E22";
  if (packet == "qfThreadInfo") return is_qemu() ? "mp01.01" : "m1";
  if (packet == "qsThreadInfo") return "l";
  if (packet.starts_with("qThreadExtraInfo")) return to_hex("CPU#0 [running]");
  if (packet.starts_with('H')) return packet == "Hgp01.09" ? "E22" : "OK";
  if (packet.starts_with("qRcmd,")) {
    send("O" + to_hex("it says\n"));
    return "OK";
  }
  return "";
}

std::string FakeStub::memory(std::string_view packet) {
  const auto [address, size] = numbers(packet.substr(1));
  const bool mapped = address >= kMemory && address + size <= kMemory + memory_.size();
  if (packet[0] == 'm') {
    if (is_qemu() && size > 0x800) return "E22";
    if (!mapped) return kind_ == Kind::skyeye ? std::string(size * 2, '0') : "E14";
    return to_hex(std::string_view(memory_).substr(address - kMemory, size));
  }
  if (!mapped) return is_qemu() ? "E14" : "OK";
  const auto bytes = from_hex(packet.substr(packet.find(':') + 1)).value_or("");
  memory_.replace(address - kMemory, bytes.size(), bytes);
  return "OK";
}

std::string FakeStub::general() const {
  std::string bytes = registers_ + little(pc_);
  if (kind_ == Kind::skyeye) bytes += std::string(8 * 12 + 4 + 4, '\0');
  return bytes;
}

std::string FakeStub::registers(std::string_view packet) {
  if (packet == "g") return to_hex(general());
  if (packet[0] == 'G') {
    const auto bytes = from_hex(packet.substr(1));
    if (kind_ == Kind::renode || !bytes || bytes->size() < 64) return "";
    registers_ = bytes->substr(0, 60);
    pc_ = from_little(std::string_view(*bytes).substr(60, 4));
    return "OK";
  }
  const auto equals = packet.find('=');
  const auto number = parse_hex(packet.substr(1, equals == std::string_view::npos ? equals : equals - 1)).value_or(99);
  if (packet[0] == 'p') {
    if (kind_ == Kind::qemu7 && !described_) return "";
    if (number > 15) return "E14";
    return to_hex(std::string_view(general()).substr(number * 4, 4));
  }
  if (kind_ == Kind::skyeye) return "";
  if (kind_ == Kind::renode && number == 0) return "E.The 'R0' register is read-only.";
  const auto bytes = from_hex(packet.substr(equals + 1)).value_or("");
  if (number == 15) pc_ = from_little(bytes);
  else if (number < 15) registers_.replace(number * 4, bytes.size(), bytes);
  return "OK";
}

}  // namespace virserver::gdb::test
