// Inside the image library: one backtrace in the making. unwind.cpp drives it, unwind_cfi.cpp and unwind_habit.cpp find
// callers, unwind_return.cpp knows what a return address means.
#pragma once
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "image/cfi.hpp"
#include "image/debug_info_impl.hpp"
#include "image/prologue.hpp"
#include "image/unwind.hpp"
#include "image/unwind_architecture.hpp"

namespace virserver::image {

class Unwinder {
 public:
  // `info` may be null, or be of another architecture: then it is not used.
  Unwinder(const DebugInfo* info, const UnwindInput& input, const UnwindArchitecture& architecture);
  Backtrace run();

 private:
  using Values = std::map<unsigned, std::uint64_t>;  // by DWARF number

  struct State {
    std::uint64_t pc = 0;
    bool exact = false;  // the instruction at pc has not run yet: innermost, or interrupted; else a call returns to pc
    FoundBy found_by = FoundBy::registers;
    Values values;
    std::optional<std::uint64_t> xpsr;

    std::uint64_t lookup() const { return exact || pc == 0 ? pc : pc - 1; }
  };
  // Why there is no caller.
  struct End {
    UnwindEnd end;
    std::string reason;
  };
  using Caller = std::expected<State, End>;

  static std::optional<std::uint64_t> at(const Values& values, unsigned number) {
    const auto found = values.find(number);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  }
  static std::unexpected<End> end(UnwindEnd why, std::string reason) { return std::unexpected(End{why, std::move(reason)}); }
  std::uint64_t mask(std::uint64_t value) const { return arch_.word == 4 ? value & 0xffffffff : value; }

  bool start(State& state) const;
  Caller step(const State& state);
  UnwoundFrame frame(const State& state) const;
  void finish(Backtrace& trace, End why) const;

  std::optional<std::uint64_t> given(std::string_view name) const;
  // What no window has is noted in need_, the first time.
  std::optional<std::uint64_t> memory(std::uint64_t address, unsigned size);
  std::optional<std::uint64_t> word(std::uint64_t address) { return memory(address, arch_.word); }
  bool is_code(std::uint64_t address) const;

  Caller by_cfi(const State& state, const CfiRow& row);
  std::optional<std::uint64_t> inherited(const State& state, const CfiRow& row, std::uint64_t cfa, unsigned n);

  Caller by_habit(const State& state);
  std::optional<Prologue> read_prologue_of(const State& state) const;
  Caller by_prologue(const State& state, const Prologue& prologue, std::optional<std::uint64_t> return_value);
  std::optional<std::uint64_t> link_value(const State& state) const;
  Caller by_frame_pointer(const State& state);
  Caller by_back_chain(const State& state);
  Caller by_window(const State& state);
  std::unexpected<End> no_caller(const State& state) const;

  std::uint64_t return_address(std::uint64_t value) const;
  bool is_exception_return(std::uint64_t value) const;
  Caller returned(State caller, std::uint64_t value, bool signal_frame);
  bool follows_call(std::uint64_t address) const;
  Caller exception_frame(State handler, std::uint64_t exc_return);

  const DebugInfo* info_ = nullptr;
  const CfiTable* cfi_ = nullptr;
  const UnwindInput& input_;
  const UnwindArchitecture& arch_;
  std::optional<MemoryNeed> need_;
  std::uint64_t cfa_ = 0;  // of the frame whose caller is looked for; 0: not known
};

}  // namespace virserver::image
