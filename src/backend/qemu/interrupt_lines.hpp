// Inputs of the machine's interrupt controller, driven as levels: by QEMU's test protocol beside TCG, which costs the guest
// nothing. Measured: `set_irq_in PATH unnamed-gpio-in N 0|1` takes 30 us, while the machine runs and while it stands.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/async_mutex.hpp"
#include "base/asio.hpp"
#include "base/error.hpp"

namespace virserver::backend::qemu {

class QemuEngine;

// Belongs to its engine. The emulator must have been started with the socket.
class InterruptLines {
 public:
  static constexpr const char* socket_name = "qtest";  // in the engine's directory

  explicit InterruptLines(QemuEngine& engine) : engine_(engine) {}

  // Errors: UNSUPPORTED_BY_BACKEND (no controller), INVALID_REQUEST (no such line), ENGINE_TIMEOUT, ENGINE_DIED.
  Task<Result<void>> set(unsigned line, bool level);

 private:
  Task<Result<void>> connect();
  Task<Result<std::string>> find_controller();

  QemuEngine& engine_;
  std::optional<asio::local::stream_protocol::socket> socket_;
  std::unique_ptr<AsyncMutex> lock_;
  std::string path_;
  unsigned first_ = 0, end_ = 0;  // the lines' numbers
};

}  // namespace virserver::backend::qemu
