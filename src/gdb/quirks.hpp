// The habits of a stub, as data: a new emulator adds a row, not a branch. What cannot be asked of the stub stands here;
// what it says itself (qSupported, vCont?, an empty reply to an unknown packet) is found out at attach.
#pragma once
#include <chrono>
#include <cstddef>
#include <string_view>

namespace virserver::gdb {

struct Quirks {
  std::string_view name;

  // How long copies of a stop reply may still come; a resume waits, and a request where answers_while_running is false.
  std::chrono::microseconds stop_trail{0};
  // How many stop replies one stop sends at most; when all are there nothing is waited for.
  int stop_replies = 1;

  enum class Interrupt { byte, outside };  // 0x03, or only by Target::interrupt
  Interrupt interrupt = Interrupt::byte;

  // Requests are answered while the machine runs and do not stop it.
  bool answers_while_running = false;

  std::size_t max_memory_bytes = 1024;  // of one m or M
  int pipeline = 1;                     // requests that may be on their way at once
  std::chrono::milliseconds reply_timeout{10000};
  // Replies and the stops of steps come within this time as a rule and are waited for awake (Spin); 0: they take longer.
  std::chrono::microseconds spin{0};

  // `c` from an address with a breakpoint hits it again at once: step first.
  bool step_off_breakpoints = false;
  // A step does so too, and never gets off: the breakpoint has to be out meanwhile.
  bool step_hits_breakpoints = false;
  // Registers of the assumed layout (names, separated by spaces) that the stub answers with something else and does not take.
  std::string_view outside_registers;  // only Target::read_register tells
  std::string_view absent_registers;   // nobody does
  // After the processor aborted (X) a resume wedges the stub: only a reset helps.
  bool abort_is_final = false;
  // A reset is another process: the machine stands afterwards, the connection is over, and the stub knows no breakpoints.
  bool reset_reconnects = false;
  bool watchpoints = true;
  // Reads where nothing is answer zeros, and writes OK: only Target::mapped tells where something is.
  bool tells_unmapped = true;
  // Breakpoints that a process of this emulator takes in its life; 0: no limit known.
  int breakpoint_insertions = 0;
};

extern const Quirks kQemu7;   // 7.2
extern const Quirks kQemu10;  // 10.0
extern const Quirks kRenode;
extern const Quirks kSkyEye;

}  // namespace virserver::gdb
