// The machine inside a QEMU process.
#pragma once
#include <memory>

#include "backend/machine.hpp"

namespace virserver::backend::qemu {

class InterruptLines;
class QemuEngine;

inline constexpr const char* stub_socket = "gdb";  // in the engine's directory

class QemuMachine final : public Machine {
 public:
  explicit QemuMachine(QemuEngine& engine);
  ~QemuMachine() override;

  const gdb::Quirks& quirks() const override;
  std::string version() const override;
  Task<Result<Stub>> open_stub() override;
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size) override;
  Task<Result<std::string>> monitor(std::string command) override;
  Task<Result<void>> set_interrupt(unsigned line, bool level) override;
  Task<Result<void>> reset() override;

 private:
  QemuEngine& engine_;
  std::unique_ptr<InterruptLines> lines_;  // once a line was driven
  std::uint64_t reads_ = 0;  // names the files
};

}  // namespace virserver::backend::qemu
