#include "support.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <stdexcept>

extern char** environ;

namespace virserver::gdb::test {
namespace {

using namespace std::chrono_literals;

pid_t start(const std::vector<std::string>& command, int out) {
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (out >= 0) {
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, out, 2);
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(command[0] + " is missing: run `make deps`");
  return pid;
}

Fd connect_unix(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  for (const auto end = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(2ms)) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  }
  throw std::runtime_error("nobody listens on " + path.string());
}

}  // namespace

const Machine kMachines[] = {
    {"cortex-m0", "qemu-system-arm", {"-M", "microbit"}, Architecture::arm, ""},
    {"cortex-m3", "qemu-system-arm", {"-M", "mps2-an385"}, Architecture::arm, ""},
    {"cortex-m4", "qemu-system-arm", {"-M", "netduinoplus2"}, Architecture::arm, ""},
    {"cortex-a15", "qemu-system-arm", {"-M", "virt", "-cpu", "cortex-a15"}, Architecture::arm, ""},
    {"cortex-a53", "qemu-system-aarch64", {"-M", "virt", "-cpu", "cortex-a53"}, Architecture::aarch64, ""},
    {"riscv32", "qemu-system-riscv32", {"-M", "virt", "-bios", "none"}, Architecture::riscv32, ""},
    {"riscv64", "qemu-system-riscv64", {"-M", "virt", "-bios", "none"}, Architecture::riscv64, ""},
    {"sparc", "qemu-system-sparc", {"-M", "leon3_generic"}, Architecture::sparc, ""},
    {"powerpc", "qemu-system-ppc", {"-M", "bamboo"}, Architecture::ppc, ""},
};

const Machine& machine(std::string_view name) {
  for (const auto& one : kMachines)
    if (one.name == name) return one;
  throw std::runtime_error("no such machine");
}

std::filesystem::path image(const Machine& machine) { return std::filesystem::path(GDB_TEST_FIRMWARE) / (machine.name + ".elf"); }

Qemu::Qemu(const Machine& machine, std::string image, bool stopped) {
  std::string name = "/tmp/vs-gdb-XXXXXX";
  directory_ = ::mkdtemp(name.data());
  std::vector<std::string> command{machine.qemu, "-display", "none", "-nodefaults", "-gdb", "unix:" + gdb_path() + ",server=on,wait=off",
                                   "-monitor", "unix:" + (directory_ / "monitor").string() + ",server=on,wait=off"};
  command.insert(command.end(), machine.arguments.begin(), machine.arguments.end());
  if (!image.empty()) command.insert(command.end(), {"-kernel", image});
  if (stopped) command.push_back("-S");
  const Fd log(::open((directory_ / "log").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  pid_ = start(command, log.get());
  monitor("");  // it listens
}

Qemu::~Qemu() {
  kill();
  std::filesystem::remove_all(directory_);
}

void Qemu::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

Fd Qemu::connect() const { return connect_unix(directory_ / "gdb"); }

std::string Qemu::monitor(std::string_view line) const {
  const Fd fd = connect_unix(directory_ / "monitor");
  constexpr std::string_view prompt = "(qemu) ";
  std::string text;
  const auto until_prompt = [&] {
    char buffer[4096];
    while (!text.ends_with(prompt)) {
      const auto n = ::read(fd.get(), buffer, sizeof buffer);
      if (n <= 0) return;
      text.append(buffer, static_cast<std::size_t>(n));
    }
  };
  until_prompt();
  if (line.empty()) return {};
  text.clear();
  const auto command = std::string(line) + "\n";
  if (::write(fd.get(), command.data(), command.size()) < 0) return {};
  until_prompt();
  text.resize(text.size() - std::min(text.size(), prompt.size()));
  return text.substr(std::min(text.size(), text.find('\n') + 1));  // without the echo
}

bool Qemu::running() const { return monitor("info status").find("running") != std::string::npos; }

Board::Board(const Machine& machine, bool stopped, std::string file) : machine_(machine), image_(std::move(file)) {
  if (image_ == "default") image_ = image(machine).string();
  qemu_ = std::make_unique<Qemu>(machine_, image_, stopped);
  Target target;
  target.dial = [this] { return dial(); };
  target.reset = [this] { return reset(); };
  target.monitor = [this](std::string command) { return monitor(std::move(command)); };
  target.read_memory_running = [this](std::uint64_t address, std::size_t size) { return read_running(address, size); };
  target.quirks = kQemu7;
  target.architecture = machine.architecture;
  target.version = "QEMU under test";
  bridge_ = std::make_unique<Bridge>(io_.get_executor(), std::move(target));
  scope_ = std::make_unique<TaskScope>(io_.get_executor(), "test connections");
  asio::ip::tcp::endpoint loopback(asio::ip::address_v4::loopback(), 0);
  acceptor_.open(loopback.protocol());
  acceptor_.bind(loopback);
  acceptor_.listen();
  port_ = acceptor_.local_endpoint().port();
  scope_->spawn(accept_loop());
  thread_ = std::thread([this] { io_.run(); });
}

Board::~Board() {
  auto end = [](Board& board) -> Task<> {
    board.acceptor_.close();
    for (auto* connection : board.connections_) connection->close();
    while (!board.connections_.empty()) {
      asio::steady_timer timer(board.io_, 1ms);
      co_await timer.async_wait(tuple_awaitable);
    }
    co_await board.scope_->stop();
    co_await board.bridge_->stop();
  };
  asio::co_spawn(io_, end(*this), asio::use_future).get();
  work_.reset();
  thread_.join();
}

Task<> Board::accept_loop() {
  for (;;) {
    auto [ec, socket] = co_await acceptor_.async_accept(tuple_awaitable);
    if (ec) co_return;
    scope_->spawn(serve(std::move(socket)));
  }
}

Task<> Board::serve(asio::ip::tcp::socket socket) {
  ServerConnection connection(*bridge_, socket_stream(std::move(socket)));
  connections_.insert(&connection);
  co_await connection.run();
  connections_.erase(&connection);
}

Task<Result<Target::Connection>> Board::dial() {
  if (!qemu_) co_return fail(ErrorCode::TARGET_OFF, "the board is off");
  Target::Connection connection;
  connection.was_running = qemu_->running();
  connection.socket = qemu_->connect();
  co_return connection;
}

Task<Result<void>> Board::reset() {
  qemu_->monitor("system_reset");
  qemu_->monitor("info status");  // answered by the main loop after the reset
  bridge_->machine_was_reset();
  co_return Result<void>();
}

Task<Result<std::string>> Board::monitor(std::string command) { co_return qemu_->monitor(command); }

Task<Result<Bytes>> Board::read_running(std::uint64_t address, std::size_t size) {
  Bytes bytes;
  const auto text = qemu_->monitor(fmt::format("x /{}xb 0x{:x}", size, address));
  for (std::size_t at = text.find("0x"); at != std::string::npos; at = text.find("0x", at + 1))
    if (text.size() >= at + 4 && bytes.size() < size && (text[at + 4] == ' ' || text[at + 4] == '\r' || text[at + 4] == '\n'))
      bytes.push_back(static_cast<std::byte>(parse_hex(text.substr(at + 2, 2)).value_or(0)));
  if (bytes.size() != size) co_return fail(ErrorCode::MEMORY_UNMAPPED, "there is no memory there");
  co_return bytes;
}

void Board::power_off() {
  qemu_.reset();
  on_bridge<bool>([](Bridge& bridge) -> Task<bool> {
    bridge.engine_ended("the board was powered off");
    co_return true;
  });
}

void Board::power_on(bool stopped) { qemu_ = std::make_unique<Qemu>(machine_, image_, stopped); }

RawClient::RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("nobody listens");
}

void RawClient::send_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string RawClient::receive() {
  for (;;) {
    std::string_view view = input_;
    auto item = reader_.next(view);
    input_.erase(0, input_.size() - view.size());
    if (item && item->kind == PacketReader::Kind::nack) return "-";
    if (item && item->kind == PacketReader::Kind::packet) return std::move(item->payload);
    if (item) continue;
    pollfd poll{socket_.get(), POLLIN, 0};
    if (::poll(&poll, 1, 10'000) <= 0) return "<nothing>";
    char buffer[65536];
    const auto n = ::read(socket_.get(), buffer, sizeof buffer);
    if (n <= 0) return "<closed>";
    input_.append(buffer, static_cast<std::size_t>(n));
  }
}

std::string RawClient::ask(std::string_view payload) {
  send_raw(frame(payload));
  return receive();
}

void RawClient::no_ack() {
  ask("qSupported:multiprocess+;swbreak+;hwbreak+");
  ask("QStartNoAckMode");
}

GdbProcess::GdbProcess(const Machine& machine, int port, const std::vector<std::string>& commands) {
  std::vector<std::string> command{"gdb-multiarch", "-nx", "-q", "-batch", "-iex", "set confirm off", "-iex", "set pagination off", "-iex",
                                   "set width 0", "-iex", "set debuginfod enabled off", image(machine).string()};
  if (!machine.gdb_architecture.empty()) command.insert(command.end(), {"-ex", "set architecture " + machine.gdb_architecture});
  command.insert(command.end(), {"-ex", fmt::format("target remote 127.0.0.1:{}", port)});
  for (const auto& one : commands) command.insert(command.end(), {"-ex", one});
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  out_ = Fd(ends[0]);
  const Fd in(ends[1]);
  pid_ = start(command, in.get());
}

GdbProcess::~GdbProcess() { kill(); }

bool GdbProcess::read_some() {
  char buffer[4096];
  pollfd poll{out_.get(), POLLIN, 0};
  if (::poll(&poll, 1, 20'000) <= 0) return false;
  const auto n = ::read(out_.get(), buffer, sizeof buffer);
  if (n <= 0) return false;
  output_.append(buffer, static_cast<std::size_t>(n));
  return true;
}

std::string GdbProcess::wait() {
  while (read_some()) {}
  kill();
  return output_;
}

bool GdbProcess::wait_for(std::string_view text) {
  while (output_.find(text) == std::string::npos)
    if (!read_some()) return false;
  return true;
}

void GdbProcess::interrupt() { ::kill(pid_, SIGINT); }

void GdbProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string run_gdb(const Machine& machine, int port, const std::vector<std::string>& commands) {
  return GdbProcess(machine, port, commands).wait();
}

}  // namespace virserver::gdb::test
