#include "gdb/client.hpp"

#include <sys/socket.h>

#include "base/log.hpp"
#include "gdb/reply.hpp"

namespace virserver::gdb {
namespace {

constexpr std::size_t read_size = 64 * 1024;
// A stop that came within this time of its resume makes the next one expected as soon: steps, accesses in a row.
constexpr std::chrono::milliseconds soon(1);

// A local or TCP socket; the family decides how Asio names its ends, nothing else.
asio::generic::stream_protocol protocol_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) address.ss_family = AF_UNIX;
  return {address.ss_family, 0};
}

bool is_output(std::string_view payload) { return payload.size() > 1 && payload[0] == 'O' && payload != "OK"; }

// Requests whose reply has the form of a stop.
bool asks_for_stop(std::string_view payload) { return payload == "?" || payload.starts_with("vAttach") || payload.starts_with("vRun"); }

}  // namespace

Client::Client(asio::any_io_executor executor, Fd socket, const Quirks& quirks, Architecture fallback)
    : executor_(executor), socket_(executor), quirks_(quirks), fallback_(fallback), scope_(executor, "debug stub"),
      lock_(executor), buffer_(read_size), reply_spin_(quirks.spin), stop_spin_(quirks.spin), reply_timer_(executor) {
  const auto protocol = protocol_of(socket.get());
  error_code ec;
  socket_.assign(protocol, socket.release(), ec);
  if (!ec) socket_.non_blocking(true, ec);
  if (ec) failure_ = Error{ErrorCode::ENGINE_DIED, fmt::format("the debug connection cannot be used: {}", ec.message())};
  else scope_.spawn(read_loop());
}

Client::~Client() = default;

Task<> Client::stop() {
  if (!failure_) failure_ = Error{ErrorCode::ENGINE_DIED, "the debug connection was closed"};
  on_closed = nullptr;
  on_stop = nullptr;
  error_code ignored;
  socket_.close(ignored);
  reply_timer_.cancel();
  co_await scope_.stop();
  const auto last = co_await lock_.lock();  // whoever was waiting has its answer
}

void Client::close_with(Error why) {
  if (failure_) return;
  failure_ = std::move(why);
  running_ = false;
  error_code ignored;
  socket_.close(ignored);
  reply_timer_.cancel();
  if (on_closed) on_closed(*failure_);
}

Task<> Client::read_loop() {
  while (!failure_) {
    auto [ec] = co_await socket_.async_wait(asio::socket_base::wait_read, tuple_awaitable);
    if (ec) co_return;
    while (take_input()) {}
  }
}

// What has come is read here and nowhere else, by whoever looks first: packets stay in order. False: nothing is there.
bool Client::take_input() {
  if (failure_) return false;
  error_code ec;
  const auto n = socket_.receive(asio::buffer(buffer_), 0, ec);
  if (ec == asio::error::would_block || ec == asio::error::interrupted) return false;
  if (ec) {
    close_with({ErrorCode::ENGINE_DIED, "the emulator closed its debug connection"});
    return false;
  }
  std::string_view input(buffer_.data(), n);
  while (auto item = reader_.next(input)) {
    accept(std::move(*item));
    if (failure_) return false;
  }
  return n == buffer_.size();
}

Task<> Client::spin_for_stop() {
  stop_spin_.until([this] {
    take_input();
    return !running_ || failure_.has_value();
  });
  co_return;
}

void Client::accept(PacketReader::Item item) {
  using Kind = PacketReader::Kind;
  if (item.kind == Kind::ack || item.kind == Kind::interrupt || item.kind == Kind::notification) return;
  if (item.kind != Kind::packet)
    return close_with({ErrorCode::ENGINE_PROTOCOL, item.kind == Kind::nack ? "the emulator's debug stub refused a packet as damaged"
                                                                           : "the emulator's debug stub sent a damaged packet"});
  owes_ack_ = true;
  if (expected_ > replies_.size()) {
    if (is_stop_reply(item.payload) && !stop_is_reply_) {
      if (auto stop = parse_stop_reply(item.payload)) accept_stop(std::move(*stop));
      return;
    }
    if (is_output(item.payload)) {
      const auto text = from_hex(std::string_view(item.payload).substr(1));
      if (output_ && text && output_->size() + text->size() <= kMaxPayload) *output_ += *text;
      return;
    }
    replies_.push_back(std::move(item.payload));
    if (expected_ == replies_.size()) reply_timer_.cancel();
    return;
  }
  if (writes_owed_ > 0) {
    --writes_owed_;
    if (item.payload == "OK") return;
    return close_with({ErrorCode::ENGINE_PROTOCOL, fmt::format("the debug stub answered '{}' to a register that was written", item.payload.substr(0, 80))});
  }
  if (auto stop = parse_stop_reply(item.payload)) return accept_stop(std::move(*stop));
  if (!running_ || is_output(item.payload)) return;  // a copy of an old reply, or what a guest prints through the debugger
  if (item.payload.starts_with('F')) {
    // The guest asks the debugger for a file: none here, and it would wait for ever.
    std::string answer = no_ack_ ? "" : "+";
    append_frame(answer, "F-1,270f");  // EUNKNOWN
    error_code ignored;
    socket_.send(asio::buffer(answer), 0, ignored);
    owes_ack_ = false;
    return;
  }
  // The resume was refused: the machine stands where it stood.
  log::warn("the debug stub answered '{}' to a resume", item.payload.substr(0, 80));
  StopReply stop;
  stop.reason = StopReply::Reason::other;
  stop.thread = current_thread_;
  accept_stop(std::move(stop));
}

void Client::accept_stop(StopReply stop) {
  last_stop_at_ = std::chrono::steady_clock::now();
  ++stops_seen_;
  if (!running_) return;  // nobody asked: from attaching, or a copy
  running_ = false;
  stops_seen_ = 1;
  selected_.reset();
  if (stop.kind == StopReply::Kind::stopped) {
    if (stop.thread) current_thread_ = *stop.thread;
    else stop.thread = current_thread_;
  }
  if (on_stop) on_stop(stop);
}

Result<void> Client::usable() const {
  if (failure_) return fail(*failure_);
  if (running_ && !quirks_.answers_while_running)
    return fail(ErrorCode::TARGET_RUNNING, "the machine runs; pause it first");
  return {};
}

Task<Result<void>> Client::write(std::string bytes) {
  auto uncancelled = asio::bind_cancellation_slot(asio::cancellation_slot(), tuple_awaitable);
  auto [ec, n] = co_await asio::async_write(socket_, asio::buffer(bytes), std::move(uncancelled));
  if (ec && !failure_) close_with({ErrorCode::ENGINE_DIED, "the emulator closed its debug connection"});
  if (failure_) co_return fail(*failure_);
  co_return Result<void>();
}

Task<Result<Client::Replies>> Client::exchange(std::span<const std::string> payloads, std::string* output) {
  if (!quirks_.answers_while_running) co_await wait_out_stop_copies();
  if (auto ok = usable(); !ok) co_return pass(ok);
  std::string bytes;
  if (owes_ack_ && !no_ack_) bytes += '+';
  owes_ack_ = false;
  for (const auto& payload : payloads) append_frame(bytes, payload);
  replies_.clear();
  expected_ = payloads.size();
  stop_is_reply_ = payloads.size() == 1 && asks_for_stop(payloads[0]);
  output_ = output;
  reply_timer_.expires_after(output ? 4 * quirks_.reply_timeout : quirks_.reply_timeout);
  // Left early, by an exception too, the replies that are still to come would be taken for others'.
  struct End {
    Client& client;
    bool owed = false;
    ~End() {
      if (owed) client.close_with({ErrorCode::ENGINE_PROTOCOL, "a call to the debug stub was broken off"});
      client.expected_ = 0;
      client.output_ = nullptr;
    }
  } end{*this};
  auto written = co_await write(std::move(bytes));
  end.owed = true;
  if (written && !output) {
    reply_spin_.until([this] {
      take_input();
      return replies_.size() >= expected_ || failure_.has_value();
    });
  }
  while (written && !failure_ && replies_.size() < expected_) {
    auto uncancelled = asio::bind_cancellation_slot(asio::cancellation_slot(), tuple_awaitable);
    auto [ec] = co_await reply_timer_.async_wait(std::move(uncancelled));
    if (!ec && replies_.size() < expected_)
      close_with({ErrorCode::ENGINE_TIMEOUT, "the emulator's debug stub did not answer in time"});
  }
  end.owed = false;
  if (!written) co_return pass(written);
  if (replies_.size() < expected_) co_return fail(*failure_);
  co_return std::move(replies_);
}

Task<Result<std::string>> Client::ask(std::string payload, std::string* output) {
  auto replies = co_await exchange(std::span(&payload, 1), output);
  if (!replies) co_return pass(replies);
  co_return std::move(replies->front());
}

Task<Result<void>> Client::make_current(ThreadId thread) {
  if (single_thread_ || thread.thread <= 0 || selected_ == thread) co_return Result<void>();
  auto reply = co_await ask("Hg" + to_string(thread));
  if (!reply) co_return pass(reply);
  if (*reply != "OK") co_return fail(ErrorCode::NOT_FOUND, "the machine has no thread {}{}", to_string(thread), reason_of(*reply));
  selected_ = thread;
  co_return Result<void>();
}

Task<Result<std::string>> Client::request(std::string payload, std::optional<ThreadId> thread, std::string* output) {
  const auto lock = co_await lock_.lock();
  if (thread) {
    auto current = co_await make_current(*thread);
    if (!current) co_return pass(current);
  }
  const bool registers = payload == "g" || (payload.starts_with('p') && payload.size() > 1 && payload.size() < 8);
  if (registers) co_return co_await ask_registers(std::move(payload));
  co_return co_await ask(std::move(payload), output);
}

Task<> Client::wait_out_stop_copies() {
  while (stops_seen_ > 0 && stops_seen_ < quirks_.stop_replies && !failure_) {
    const auto until = last_stop_at_ + quirks_.stop_trail;
    if (std::chrono::steady_clock::now() >= until) break;
    asio::steady_timer timer(executor_, until);
    auto uncancelled = asio::bind_cancellation_slot(asio::cancellation_slot(), tuple_awaitable);
    co_await timer.async_wait(std::move(uncancelled));
  }
}

Task<Result<void>> Client::resume(std::string payload, std::vector<RegisterValue> writes) {
  const bool together = quirks_.pipeline > 1 && writes_single_registers_ && writes.size() < static_cast<std::size_t>(quirks_.pipeline);
  if (!together) {
    for (RegisterValue& write : writes) {
      auto written = co_await write_register(std::move(write.reg), std::move(write.value), current_thread_);
      if (!written) co_return pass(written);
    }
    writes.clear();
  }
  const auto lock = co_await lock_.lock();
  co_await wait_out_stop_copies();
  if (failure_) co_return fail(*failure_);
  if (running_) co_return fail(ErrorCode::TARGET_RUNNING, "the machine runs already");
  if (!writes.empty()) {
    auto current = co_await make_current(current_thread_);
    if (!current) co_return pass(current);
  }
  std::string bytes;
  if (owes_ack_ && !no_ack_) bytes += '+';
  owes_ack_ = false;
  for (const RegisterValue& write : writes) append_frame(bytes, fmt::format("P{:x}={}", write.reg.number, to_hex(as_text(write.value))));
  append_frame(bytes, payload);
  writes_owed_ = writes.size();
  outside_.clear();
  running_ = true;
  stops_seen_ = 0;
  auto written = co_await write(std::move(bytes));
  const bool stopped_soon = last_stop_at_ - resumed_at_ < soon;
  resumed_at_ = std::chrono::steady_clock::now();
  if (written && stopped_soon) scope_.spawn(spin_for_stop());  // later: who resumes does not expect the stop yet
  co_return written;
}

std::string Client::resume_packet() const { return vcont_.empty() ? "c" : "vCont;c"; }

std::string Client::step_packet(ThreadId thread) const {
  if (vcont_.empty()) return "s";
  return thread.thread > 0 ? "vCont;s:" + to_string(thread) : "vCont;s";
}

Result<void> Client::interrupt() {
  if (failure_) return fail(*failure_);
  if (!running_) return {};
  // QEMU takes 0x03 for the answer to its last packet unless that was acknowledged.
  const std::string_view bytes = owes_ack_ && !no_ack_ ? "+\x03" : "\x03";
  owes_ack_ = false;
  error_code ec;
  socket_.send(asio::buffer(bytes), 0, ec);
  if (ec) return fail(ErrorCode::ENGINE_DIED, "the emulator does not take an interrupt: {}", ec.message());
  return {};
}

}  // namespace virserver::gdb
