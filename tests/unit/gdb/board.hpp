// A bridge over a fake stub, and subscribers that write down what they are told.
#pragma once
#include "fake_stub.hpp"
#include "gdb/bridge.hpp"

namespace virserver::gdb::test {

class Recorder : public Subscriber {
 public:
  void on_stopped(const StopReply& stop, bool waiting) override {
    events.push_back(fmt::format("stopped {}{}", stop.signal, waiting ? " waiting" : ""));
  }
  void on_resumed() override { events.push_back("resumed"); }
  void on_reset() override { events.push_back("reset"); }
  void on_lost(const Error&, bool waiting) override { events.push_back(waiting ? "lost waiting" : "lost"); }
  void on_attached() override { events.push_back("attached"); }

  std::vector<std::string> take() { return std::exchange(events, {}); }
  std::vector<std::string> events;
};

class TestBoard {
 public:
  explicit TestBoard(asio::io_context& io, FakeStub::Kind kind = FakeStub::Kind::qemu7, bool running = true)
      : stub(std::make_unique<FakeStub>(io.get_executor(), kind, running)), bridge(io.get_executor(), target()), io_(io), kind_(kind) {}

  Task<> stop() {
    co_await bridge.stop();
    if (stub) co_await stub->stop();
  }
  Task<> power_off() {
    auto old = std::move(stub);
    bridge.engine_ended("the board was powered off");
    co_await old->stop();
  }
  void power_on(bool running) { stub = std::make_unique<FakeStub>(io_.get_executor(), kind_, running); }

  Target target() {
    Target target;
    target.dial = [this] { return dial(); };
    target.reset = [this] { return reset(); };
    target.monitor = [this](std::string command) { return monitor(std::move(command)); };
    target.interrupt = [this] { return interrupt(); };
    target.quirks = stub->quirks();
    target.architecture = Architecture::arm;
    target.version = "Fake 1.0";
    return target;
  }

  int resets = 0;
  bool reset_loads = false;  // memory is loaded again
  std::vector<std::string> monitored;
  std::unique_ptr<FakeStub> stub;
  Bridge bridge;

 private:
  Task<Result<Target::Connection>> dial() {
    if (!stub) co_return fail(ErrorCode::TARGET_OFF, "the board is off");
    Target::Connection connection;
    connection.was_running = stub->running();
    connection.socket = stub->connect();
    co_return connection;
  }
  Task<Result<void>> reset() {
    ++resets;
    if (reset_loads) stub->load_memory();
    stub->set_pc(kFirst);
    bridge.machine_was_reset();
    co_return Result<void>();
  }
  Task<Result<std::string>> monitor(std::string command) {
    monitored.push_back(command);
    co_return "text of " + command + "\n";
  }
  Task<Result<void>> interrupt() {
    stub->halt();
    co_return Result<void>();
  }
  asio::io_context& io_;
  FakeStub::Kind kind_;
};

}  // namespace virserver::gdb::test
