// What the bridge costs: the same packets to QEMU's own port and through the bridge's, both TCP, in turns in one run.
//
// usage: bench_gdb QEMU IMAGE [ROUNDS] [CLIENTS] [ADDRESS] [MACHINE ARGUMENTS...]
// of a Cortex-M; ADDRESS is in its RAM. Prints the median round trip of register and memory packets, single steps a second, and bulk reads, each direct, bridged,
// and the difference or ratio; the last with CLIENTS gdbs attached.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "gdb/server_connection.hpp"

extern char** environ;

using namespace virserver;
using namespace virserver::gdb;
using Clock = std::chrono::steady_clock;

namespace {

Fd connect_to(const sockaddr* address, socklen_t size, int family) {
  for (int i = 0; i < 2000; ++i) {
    Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), address, size) == 0) return fd;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  throw std::runtime_error("nobody listens");
}

Fd connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address, AF_UNIX);
}

Fd connect_tcp(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Fd fd = connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address, AF_INET);
  const int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

int free_port() {
  asio::io_context io;
  return asio::ip::tcp::acceptor(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)).local_endpoint().port();
}

class Qemu {
 public:
  // Its stub listens on `port`, or, for 0, on a unix socket.
  Qemu(const std::vector<std::string>& base, int port) {
    std::string name = "/tmp/vs-bench-gdb-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    auto command = base;
    command.insert(command.end(), {"-display", "none", "-nodefaults", "-S", "-gdb",
                                   port ? fmt::format("tcp:127.0.0.1:{}", port) : "unix:" + path() + ",server=on,wait=off"});
    std::vector<char*> argv;
    for (auto& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (::posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) != 0) throw std::runtime_error("QEMU is missing");
  }
  ~Qemu() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(directory_);
  }
  std::string path() const { return (directory_ / "gdb").string(); }

 private:
  std::filesystem::path directory_;
  pid_t pid_ = -1;
};

// A gdb's end of a connection, with acknowledgements as QEMU wants them or without.
class Line {
 public:
  Line(Fd socket, bool acks) : socket_(std::move(socket)), acks_(acks) {}
  std::string ask(std::string_view payload) {
    std::string bytes = acks_ ? "+" : "";
    append_frame(bytes, payload);
    if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error("the connection broke");
    for (;;) {
      while (!view_.empty()) {
        auto item = reader_.next(view_);
        if (item && item->kind == PacketReader::Kind::packet) return std::move(item->payload);
      }
      const auto n = ::read(socket_.get(), buffer_.data(), buffer_.size());
      if (n <= 0) throw std::runtime_error("the connection broke");
      view_ = {buffer_.data(), static_cast<std::size_t>(n)};
    }
  }

 private:
  Fd socket_;
  bool acks_;
  PacketReader reader_{PacketReader::From::stub};
  std::vector<char> buffer_ = std::vector<char>(1u << 20);
  std::string_view view_;
};

// The bridge of the second QEMU behind a port, on a thread of its own.
class Served {
 public:
  explicit Served(const Qemu& qemu) : qemu_(qemu) {
    Target target;
    target.dial = [this] { return dial(); };
    target.quirks = kQemu7;
    bridge_ = std::make_unique<Bridge>(io_.get_executor(), std::move(target));
    asio::co_spawn(io_, accept_loop(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Served() {
    auto end = [](Served& self) -> Task<> {
      self.acceptor_.close();
      for (auto& connection : self.connections_) connection->close();
      asio::steady_timer timer(self.io_, std::chrono::milliseconds(200));
      co_await timer.async_wait(tuple_awaitable);
      co_await self.bridge_->stop();
    };
    asio::co_spawn(io_, end(*this), asio::use_future).get();
    io_.stop();
    thread_.join();
  }
  int port() const { return acceptor_.local_endpoint().port(); }

 private:
  Task<Result<Target::Connection>> dial() {
    Target::Connection connection;
    connection.socket = connect_unix(qemu_.path());
    co_return connection;
  }
  Task<> accept_loop() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(tuple_awaitable);
      if (ec) co_return;
      connections_.push_back(std::make_unique<ServerConnection>(*bridge_, socket_stream(std::move(socket))));
      asio::co_spawn(io_, connections_.back()->run(), asio::detached);
    }
  }
  const Qemu& qemu_;
  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_{io_, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::vector<std::unique_ptr<ServerConnection>> connections_;
  std::unique_ptr<Bridge> bridge_;
  std::thread thread_;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

double time_one(Line& line, std::string_view packet) {
  const auto start = Clock::now();
  line.ask(packet);
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

struct Pair {
  double direct, bridged;
};

// Short turns: what the machine does beside it hits both.
Pair measure(Line& direct, Line& bridged, std::string_view packet, int rounds) {
  std::vector<double> d, b;
  for (int i = 0; i < rounds; ++i) {
    for (int j = 0; j < 20; ++j) d.push_back(time_one(direct, packet));
    for (int j = 0; j < 20; ++j) b.push_back(time_one(bridged, packet));
  }
  return {median(std::move(d)), median(std::move(b))};
}

void print(std::string_view what, Pair pair) {
  fmt::print("{:<28} direct {:7.1f} us  bridged {:7.1f} us  added {:6.1f} us\n", what, pair.direct, pair.bridged, pair.bridged - pair.direct);
}

Pair measure_bulk(Line& direct, Line& bridged, std::uint64_t address, std::size_t size, int rounds) {
  std::vector<double> d, b;
  const auto read_all = [&](Line& line, std::size_t part) {
    const auto start = Clock::now();
    for (std::size_t at = 0; at < size; at += part) line.ask(fmt::format("m{:x},{:x}", address + at, part));
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
  };
  for (int i = 0; i < rounds; ++i) {
    d.push_back(read_all(direct, 0x800));     // what QEMU takes
    b.push_back(read_all(bridged, 0x4000));   // what gdb asks for when it may
  }
  return {median(std::move(d)), median(std::move(b))};
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2) {
    fmt::print(stderr, "usage: bench_gdb QEMU IMAGE [ROUNDS] [CLIENTS] [ADDRESS] [MACHINE ARGUMENTS...]\n");
    return 2;
  }
  const int rounds = words.size() > 2 ? std::stoi(words[2]) : 200, clients = words.size() > 3 ? std::stoi(words[3]) : 20;
  const auto memory = words.size() > 4 ? parse_hex(words[4]).value_or(0) : 0x20000000;
  std::vector<std::string> command{words[0], "-kernel", words[1]};
  if (words.size() > 5) command.insert(command.end(), words.begin() + 5, words.end());
  else command.insert(command.end(), {"-M", "mps2-an385"});
  const int port = free_port();
  Qemu first(command, port), second(command, 0);
  Served served(second);
  const auto greet = [](Line& line) {
    line.ask("qSupported:multiprocess+;swbreak+;hwbreak+");
    line.ask("qXfer:features:read:target.xml:0,800");
    line.ask("?");
  };
  const auto bridged_line = [&] {
    auto line = std::make_unique<Line>(connect_tcp(served.port()), false);
    line->ask("QStartNoAckMode");
    greet(*line);
    return line;
  };
  Line direct(connect_tcp(port), true);
  greet(direct);
  auto bridged = bridged_line();
  print("g", measure(direct, *bridged, "g", rounds));
  print("pf", measure(direct, *bridged, "pf", rounds));
  const auto small = fmt::format("m{:x},4", memory);
  print("m 4 bytes", measure(direct, *bridged, small, rounds));
  print("m 2048 bytes", measure(direct, *bridged, fmt::format("m{:x},800", memory), rounds));
  const auto write = fmt::format("M{:x},4:00112233", memory);
  print("M 4 bytes", measure(direct, *bridged, write, rounds));
  // A branch to itself: the firmware may wait for an interrupt, and a step of that does not end.
  for (Line* line : {&direct, bridged.get()}) {
    line->ask(fmt::format("M{:x},2:fee7", memory));
    line->ask(fmt::format("Pf={:08x}", __builtin_bswap32(static_cast<std::uint32_t>(memory))));
  }
  const auto step = measure(direct, *bridged, "vCont;s:p1.1", rounds);
  fmt::print("single steps                 direct {:6.0f}/s  bridged {:6.0f}/s  ratio {:.2f}\n", 1e6 / step.direct, 1e6 / step.bridged,
             step.direct / step.bridged);
  const auto bulk = measure_bulk(direct, *bridged, memory, 64 * 1024, rounds / 4 + 1);
  fmt::print("64 KiB of memory             direct {:7.0f} us  bridged {:7.0f} us  ratio {:.2f}\n", bulk.direct, bulk.bridged,
             bulk.direct / bulk.bridged);
  std::vector<std::unique_ptr<Line>> others;
  for (int i = 1; i < clients; ++i) others.push_back(bridged_line());
  print(fmt::format("g, {} clients attached", clients), measure(direct, *bridged, "g", rounds));
  const auto crowded = measure(direct, *bridged, "vCont;s:p1.1", rounds);
  fmt::print("single steps, {} clients     direct {:6.0f}/s  bridged {:6.0f}/s  ratio {:.2f}\n", clients, 1e6 / crowded.direct,
             1e6 / crowded.bridged, crowded.direct / crowded.bridged);
}
