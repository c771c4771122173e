// A real QEMU with a bridge over it and a TCP port in front, in a thread of its own, and Debian's gdb as its client.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "gdb/server_connection.hpp"

namespace virserver::gdb::test {

struct Machine {
  std::string name;  // of the program in firmware/
  std::string qemu;
  std::vector<std::string> arguments;  // machine, processor
  Architecture architecture;
  std::string gdb_architecture;  // for `set architecture`; empty: gdb finds out
};
extern const Machine kMachines[];
const Machine& machine(std::string_view name);
std::filesystem::path image(const Machine& machine);

class Qemu {
 public:
  // `image` is loaded when not empty; `stopped`: -S.
  Qemu(const Machine& machine, std::string image, bool stopped);
  ~Qemu();
  std::string gdb_path() const { return (directory_ / "gdb").string(); }
  Fd connect() const;             // to the stub
  std::string monitor(std::string_view line) const;  // by the human monitor
  bool running() const;           // the machine
  void kill();

 private:
  std::filesystem::path directory_;
  pid_t pid_ = -1;
};

// The bridge and its port; everything of it lives on one thread.
class Board {
 public:
  explicit Board(const Machine& machine, bool stopped = false, std::string image = "default");
  ~Board();

  int port() const { return port_; }
  Bridge& bridge() { return *bridge_; }
  Qemu& qemu() { return *qemu_; }
  void power_off();                       // kills QEMU and tells the bridge
  void power_on(bool stopped = false);

  // Runs a call of the bridge on its thread and waits for it.
  template <class T>
  T on_bridge(std::function<Task<T>(Bridge&)> call) {
    return asio::co_spawn(io_, call(*bridge_), asio::use_future).get();
  }

 private:
  Task<> accept_loop();
  Task<> serve(asio::ip::tcp::socket socket);
  Task<Result<Target::Connection>> dial();
  Task<Result<void>> reset();
  Task<Result<std::string>> monitor(std::string command);
  Task<Result<Bytes>> read_running(std::uint64_t address, std::size_t size);

  const Machine& machine_;
  std::string image_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<Qemu> qemu_;
  std::unique_ptr<Bridge> bridge_;
  std::unique_ptr<TaskScope> scope_;
  std::set<ServerConnection*> connections_;
  asio::ip::tcp::acceptor acceptor_{io_};
  int port_ = 0;
  std::thread thread_;
};

// A client that speaks packets itself, over TCP.
class RawClient {
 public:
  explicit RawClient(int port);
  void send_raw(std::string_view bytes);
  std::string receive();               // the next packet's payload; "-" for a refusal, "<closed>", "<nothing>" after 10 s
  std::string ask(std::string_view payload);
  void no_ack();                       // greets, and agrees on no acknowledgements
  void hang_up() { socket_.reset(); }

 private:
  Fd socket_;
  PacketReader reader_{PacketReader::From::stub};
  std::string input_;
};

// gdb-multiarch -batch with these commands after `target remote`; its output, both streams.
std::string run_gdb(const Machine& machine, int port, const std::vector<std::string>& commands);
// A gdb that goes on while the test does something else.
class GdbProcess {
 public:
  GdbProcess(const Machine& machine, int port, const std::vector<std::string>& commands);
  ~GdbProcess();
  std::string wait();                       // for its end; the output
  bool wait_for(std::string_view text);     // until it has said this; false after 20 s or its end
  void interrupt();                         // Ctrl-C
  void kill();
  const std::string& output() const { return output_; }

 private:
  bool read_some();
  pid_t pid_ = -1;
  Fd out_;
  std::string output_;
};

}  // namespace virserver::gdb::test
