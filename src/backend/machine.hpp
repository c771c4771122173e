// An emulated node, as a debugger needs it: its RSP stub and what no stub can do.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "backend/devices.hpp"
#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"
#include "gdb/downloads.hpp"
#include "gdb/quirks.hpp"

namespace virserver::backend {

// Belongs to its engine and lives as long; all calls on the engine's executor.
class Machine {
 public:
  virtual ~Machine() = default;

  virtual const gdb::Quirks& quirks() const = 0;
  virtual std::string version() const = 0;  // "QEMU 7.2.22", for people
  // Where the machine has something, for a stub that makes up the rest (gdb::Quirks::tells_unmapped).
  virtual std::vector<gdb::MemoryRange> mapped() const { return {}; }

  struct Stub {
    Fd socket;
    bool was_running = false;  // before the connection stopped it
  };
  // Connects to the stub, which stops a running machine. That stop, and the resume that follows it, are no EngineEvents.
  // Errors: ENGINE_TIMEOUT, ENGINE_DIED.
  virtual Task<Result<Stub>> open_stub() = 0;

  // Memory beside the running processor, as the processor addresses it; also of a standing machine, where it is faster than
  // the stub. Errors: MEMORY_UNMAPPED, UNSUPPORTED_BY_BACKEND, those of the engine.
  virtual Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size) = 0;

  // Stops a running machine whose stub does not hear then (gdb::Quirks::Interrupt::outside); the stub tells of the stop.
  virtual Task<Result<void>> interrupt() {
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "this backend's stub is interrupted by itself");
  }

  // A register of a standing machine that its stub answers wrongly (gdb::Quirks::outside_registers).
  virtual Task<Result<std::uint64_t>> read_register(std::string name) {
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "register {} cannot be had beside the stub", name);
  }

  // A command of the emulator's own monitor and what it prints.
  virtual Task<Result<std::string>> monitor(std::string command) = 0;

  // Drives an input of the interrupt controller, whether the machine runs or stands. Lines are numbered as boards number
  // them: NVIC and PLIC by their inputs, a GIC by interrupt id (its first input is 32). Errors: UNSUPPORTED_BY_BACKEND,
  // INVALID_REQUEST (no such line), ENGINE_TIMEOUT, ENGINE_DIED.
  virtual Task<Result<void>> set_interrupt(unsigned line, bool level) {
    (void)line, (void)level;
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "this backend drives no interrupt lines");
  }

  // Buttons, LEDs, pins, sensors and ADC channels of the running or standing machine, as they are now. After the first call
  // the engine tells what the board itself changes in them (EngineEvent::Kind::device). Errors: UNSUPPORTED_BY_BACKEND.
  virtual Task<Result<std::vector<DeviceState>>> devices() {
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "this backend offers no devices");
  }
  // A writable property of a device that devices() told, with a value of its type. Errors: UNSUPPORTED_BY_BACKEND,
  // INVALID_REQUEST (the emulator refused the value, with its words).
  virtual Task<Result<void>> set_device(std::string device, std::string property, boost::json::value value) {
    (void)device, (void)property, (void)value;
    co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "this backend offers no devices");
  }

  // A hardware reset; the loaded images are put back. A standing machine stands, a running one runs afterwards.
  virtual Task<Result<void>> reset() = 0;
};

}  // namespace virserver::backend
