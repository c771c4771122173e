// The machine inside a Renode process.
#pragma once
#include "backend/machine.hpp"

namespace virserver::backend::renode {

class RenodeEngine;

class RenodeMachine final : public Machine {
 public:
  explicit RenodeMachine(RenodeEngine& engine) : engine_(engine) {}

  const gdb::Quirks& quirks() const override { return gdb::kRenode; }
  std::string version() const override;
  Task<Result<Stub>> open_stub() override;
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size) override;
  Task<Result<std::string>> monitor(std::string command) override;
  Task<Result<void>> set_interrupt(unsigned line, bool level) override;
  Task<Result<std::vector<DeviceState>>> devices() override;
  Task<Result<void>> set_device(std::string device, std::string property, boost::json::value value) override;
  Task<Result<void>> reset() override;

 private:
  Task<Result<Bytes>> read_device(std::uint64_t address, std::size_t size);
  Task<Result<Bytes>> print(std::uint64_t address, std::size_t size);
  Task<Result<Bytes>> save(std::uint64_t address, std::size_t size);

  RenodeEngine& engine_;
  std::uint64_t reads_ = 0;
};

// "[ 0x49, 0x40, ]" as `sysbus ReadBytes` prints it; nothing unless it is `size` bytes.
std::optional<Bytes> parse_bytes(std::string_view text, std::size_t size);

}  // namespace virserver::backend::renode
