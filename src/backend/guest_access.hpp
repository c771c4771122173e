// What a guest did that the emulator could only shrug at: accesses to devices it does not emulate, and wrong ones.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace virserver::backend {

struct GuestAccess {
  enum class Kind {
    unimplemented,  // a device that is a stub
    invalid,        // no device and no memory at the address
    other,          // something else the emulator calls the guest's error; only `text` tells
  };
  Kind kind = Kind::other;
  bool write = false;
  std::string device;                    // the emulator's name of the device; may be empty
  std::optional<std::uint64_t> offset;   // into the device's registers (unimplemented)
  std::optional<std::uint64_t> address;  // invalid: where
  unsigned size = 0;                     // bytes; 0 unknown
  std::optional<std::uint64_t> pc = {};  // of the processor when it was first seen, where the emulator tells
  std::string text;                      // one printable line, at most 200 bytes; without the value written
  std::uint64_t count = 0;               // times it was seen; the emulator's log is open for short windows only
};

}  // namespace virserver::backend
