// The machine inside a SkyEye process.
#pragma once
#include "backend/machine.hpp"

namespace virserver::backend::skyeye {

class SkyEyeEngine;

class SkyEyeMachine final : public Machine {
 public:
  explicit SkyEyeMachine(SkyEyeEngine& engine) : engine_(engine) {}

  const gdb::Quirks& quirks() const override { return gdb::kSkyEye; }
  std::string version() const override;
  std::vector<gdb::MemoryRange> mapped() const override;
  Task<Result<Stub>> open_stub() override;
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size) override;
  Task<Result<std::string>> monitor(std::string command) override;
  Task<Result<void>> interrupt() override;
  Task<Result<std::uint64_t>> read_register(std::string name) override;
  Task<Result<void>> reset() override;

 private:
  SkyEyeEngine& engine_;
};

// Of the answer to `info registers`: lines of a name, a tab and a number. Upper and lower case are the same. Pure.
std::optional<std::uint64_t> register_in(std::string_view answer, std::string_view name);

}  // namespace virserver::backend::skyeye
