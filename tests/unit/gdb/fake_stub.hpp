// A debug stub in the test's own loop: a small machine behind the habits of QEMU 7.2, QEMU 10, Renode or SkyEye.
//
// The machine is a loop of instructions of two bytes from kFirst to kLast, 0x100 bytes of memory at kMemory, sixteen
// registers of four bytes (number 15 is the pc), and breakpoints. A continue runs to the next breakpoint in the loop, or for ever.
#pragma once
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/task_scope.hpp"
#include "gdb/packet.hpp"
#include "gdb/quirks.hpp"

namespace virserver::gdb::test {

inline constexpr std::uint64_t kFirst = 0x100, kLast = 0x120, kMemory = 0x20000000;

class FakeStub {
 public:
  enum class Kind { qemu7, qemu10, renode, skyeye };
  static std::string name(Kind kind) {
    constexpr const char* names[] = {"Qemu7", "Qemu10", "Renode", "SkyEye"};
    return names[static_cast<int>(kind)];
  }
  FakeStub(asio::any_io_executor executor, Kind kind, bool running = false);
  Task<> stop() { return scope_.stop(); }

  Fd connect();  // as a new client
  const Quirks& quirks() const;

  // Every packet in order, and "^C".
  const std::vector<std::string>& received() const { return received_; }
  std::size_t count(std::string_view prefix) const;
  void forget() { received_.clear(); }

  bool running() const { return running_; }
  std::uint64_t pc() const { return pc_; }
  void set_pc(std::uint64_t pc) { pc_ = pc; }
  const std::set<std::string>& breakpoints() const { return breakpoints_; }  // "0,100,2"
  void load_memory() { memory_.assign(memory_.size(), '\0'); }  // as a reset does where an image lies
  void set_breakpoint(std::string text) { breakpoints_.insert(std::move(text)); }

  // To misbehave.
  void send(std::string payload);     // at any time
  void send_raw(std::string bytes);
  void halt();                        // by the emulator's own means (QMP stop, CLI stop)
  void hang_up();
  bool silent = false;                // requests are not answered
  std::string vcont_refusal;          // the answer to a resume, instead of running

 private:
  Task<> serve(int connection);
  Task<> write_rest(std::string bytes);
  Task<> write_later(int connection, std::string payload, std::chrono::microseconds delay);
  void take(std::string packet);
  std::string answer(std::string_view packet);
  std::string query(std::string_view packet);
  std::string memory(std::string_view packet);
  std::string registers(std::string_view packet);
  std::string general() const;
  void resume(bool step);
  void stopped(int signal, std::string_view reason);
  bool breaks(std::uint64_t pc, std::string* reason) const;
  bool is_qemu() const { return kind_ == Kind::qemu7 || kind_ == Kind::qemu10; }

  Kind kind_;
  asio::any_io_executor executor_;
  TaskScope scope_;
  std::unique_ptr<asio::local::stream_protocol::socket> socket_;
  int connection_ = 0;
  bool running_;
  bool described_ = false;  // target.xml was read
  std::uint64_t pc_ = kFirst;
  std::string registers_ = std::string(15 * 4, '\0'), memory_ = std::string(0x100, '\0');
  std::set<std::string> breakpoints_;
  int insertions_ = 0;
  std::vector<std::string> received_;
};

}  // namespace virserver::gdb::test
