// What happened to a bank of register models, on disk, so that a server that starts again goes on where the last one ended:
// the bank's state, and every access since. An access costs one small write and no JSON.
//
// In a directory of the session that no sandbox sees. Not synced: it outlives the server, not the host, as an engine does.
#pragma once
#include <cstdint>
#include <filesystem>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "registers/bank.hpp"

namespace virserver::session {

class RegisterJournal {
 public:
  enum class Kind : std::uint8_t { read = 1, write = 2, reset = 3 };
  struct Entry {
    std::uint64_t now = 0, address = 0, value = 0;
    Kind kind = Kind::read;
    std::uint8_t width = 0;
    std::uint8_t unused[6] = {};
  };
  static_assert(sizeof(Entry) == 32);
  static constexpr std::uint64_t compact_after = 2048;  // entries: 64 KiB

  // Begins anew with the state of `bank`; what was there before is gone. Error: STORAGE_ERROR.
  Result<void> begin(std::filesystem::path directory, const registers::Bank& bank);
  // Brings `bank` to where the journal ends and goes on there. The time of its last entry. Errors: STORAGE_ERROR, NOT_FOUND
  // (no journal), BOARD_INVALID (of another bank).
  Result<std::uint64_t> resume(std::filesystem::path directory, registers::Bank& bank);

  // After the bank was called. Errors are kept quiet but for the first: the machine runs on, only a restart would miss it.
  void append(const Entry& entry, const registers::Bank& bank);
  void close() { file_ = Fd(); }

 private:
  Result<void> compact(const registers::Bank& bank, std::uint64_t now);
  std::filesystem::path state_path() const { return directory_ / "registers.json"; }
  std::filesystem::path entries_path(std::uint64_t number) const;

  std::filesystem::path directory_;
  std::uint64_t number_ = 0;  // of the file of entries that follows the state
  std::uint64_t entries_ = 0;
  Fd file_;
};

// One call of the bank again, as resume() does it.
void replay(const RegisterJournal::Entry& entry, registers::Bank& bank);

}  // namespace virserver::session
