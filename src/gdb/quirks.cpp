// Measured; each value says where it comes from in words, so that it can be measured again.
#include "gdb/quirks.hpp"

namespace virserver::gdb {
using namespace std::chrono_literals;

// 7.2: an unsolicited T02 when attaching to a running machine; `m` of 0x801 bytes is E22; several requests in one write are
// answered in order; `c` at a breakpoint stops again before the first instruction,
// `s` does not; breakpoints survive a reset.
const Quirks kQemu7{.name = "QEMU 7",
                    .max_memory_bytes = 0x800,
                    .pipeline = 16,
                    .spin = 100us,
                    .step_off_breakpoints = true};

// 10.0: no unsolicited stop; announces a stop only for a machine that was resumed through the stub.
const Quirks kQemu10{.name = "QEMU 10",
                      .max_memory_bytes = 0x800,
                     .pipeline = 16,
                     .spin = 100us,
                     .step_off_breakpoints = true};

// A stop is followed by one or two copies, 0.1 to 5 ms later, also after the next request. Memory has no limit but costs
// more than linearly: 1 KiB packets are the fastest. A write to no memory is OK.
const Quirks kRenode{.name = "Renode",
                     .stop_trail = 6ms,
                     .stop_replies = 3,
                     .answers_while_running = true,
                     .max_memory_bytes = 1024,
                     .abort_is_final = true};

// 0x03 is not heard while running, and a stop that was asked for on the command line looks like any other; a breakpoint at the
// pc is hit again by continue and step; the 256th insertion fails. `g` and `p` of cpsr give another register, those of the
// floating-point registers zeros; writes to them are OK and do nothing. A stop is told while the stub's own thread still counts as
// a processor: a request then ends SkyEye (`Assertion cell != NULL`), about once in 300 stops.
const Quirks kSkyEye{.name = "SkyEye",
                     .stop_trail = 4ms,
                     .stop_replies = 2,
                     .interrupt = Quirks::Interrupt::outside,
                     .max_memory_bytes = 512,
                     .step_off_breakpoints = true,
                     .step_hits_breakpoints = true,
                     .outside_registers = "cpsr",
                     .absent_registers = "f0 f1 f2 f3 f4 f5 f6 f7 fps",
                     .reset_reconnects = true,
                     .watchpoints = false,
                     .tells_unmapped = false,
                     .breakpoint_insertions = 255};

}  // namespace virserver::gdb
