// The wire to one gdb: packets, acknowledgements, the queue of what is to be sent.
#include "gdb/server_connection.hpp"

#include "base/log.hpp"
#include "gdb/server_connection_impl.hpp"

namespace virserver::gdb {
namespace {

constexpr std::size_t read_size = 16 * 1024;
constexpr std::size_t outgoing_limit = 4 * kServerPacket;  // a client that does not read is not served more

}  // namespace

ServerConnection::ServerConnection(Bridge& bridge, std::unique_ptr<ByteStream> stream)
    : impl_(std::make_unique<Impl>(bridge, std::move(stream))) {}
ServerConnection::~ServerConnection() = default;
Task<> ServerConnection::run() { return impl_->run(); }
void ServerConnection::close() { impl_->close(); }

using Impl = ServerConnection::Impl;

Impl::Impl(Bridge& bridge, std::unique_ptr<ByteStream> stream)
    : bridge_(bridge), stream_(std::move(stream)), scope_(bridge.executor(), "gdb connection"),
      reader_(PacketReader::From::client, 2 * kServerPacket), drained_(bridge.executor()) {}

void Impl::close() {
  closing_ = true;
  stream_->close();
  drained_.cancel();
}

Task<> Impl::run() {
  std::vector<char> buffer(read_size);
  while (!closing_) {
    const auto n = co_await stream_->read(buffer);
    if (n == 0) break;
    std::string_view input(buffer.data(), n);
    while (auto item = reader_.next(input)) {
      co_await serve(std::move(*item));
      if (closing_) break;
      if (outgoing_.size() > outgoing_limit) co_await drained();
    }
  }
  if (owner_ != 0) co_await bridge_.leave(std::exchange(owner_, 0), Bridge::Leave::vanish);
  if (closing_) co_await drained();  // the answer to a detach or kill goes out first
  closing_ = true;
  stream_->close();
  co_await scope_.stop();
}

Task<> Impl::serve(PacketReader::Item item) {
  using Kind = PacketReader::Kind;
  switch (item.kind) {
    case Kind::ack:
    case Kind::notification:
      co_return;
    case Kind::nack:
      if (!no_ack_) send_bytes(last_frame_);
      co_return;
    case Kind::interrupt:
      co_await interrupt();
      co_return;
    case Kind::bad_checksum:
      if (no_ack_) send("E.the packet's checksum is wrong");
      else send_bytes("-");
      co_return;
    case Kind::too_long:
    case Kind::malformed:
      if (!no_ack_) send_bytes("+");
      send(item.kind == Kind::too_long ? "E.the packet is too long" : "E.the packet is malformed");
      co_return;
    case Kind::packet:
      break;
  }
  if (!no_ack_) outgoing_ += '+';
  auto reply = co_await answer(item.payload);
  if (reply) send(*reply);
  else if (!outgoing_.empty()) send_bytes("");
  if (std::exchange(no_ack_next_, false)) no_ack_ = true;
}

void Impl::send(std::string_view payload) {
  last_frame_.clear();
  append_frame(last_frame_, payload);
  send_bytes(last_frame_);
}

void Impl::send_bytes(std::string_view bytes) {
  outgoing_ += bytes;
  if (writing_ || outgoing_.empty()) return;
  writing_ = true;
  scope_.spawn(write_loop());
}

Task<> Impl::write_loop() {
  std::string bytes;
  bool open = true;
  while (open && !outgoing_.empty()) {
    bytes.swap(outgoing_);
    open = co_await stream_->write(bytes);
    bytes.clear();
  }
  writing_ = false;
  if (!open) stream_->close();
  drained_.cancel();
}

Task<> Impl::drained() {
  while (writing_) {
    drained_.expires_after(std::chrono::seconds(30));
    auto [ec] = co_await drained_.async_wait(tuple_awaitable);
    if (ec) continue;
    log::info("a gdb that does not read was disconnected");
    close();
    co_return;
  }
}

// O packets are for a gdb that waits for a stop; at other times they would be taken for a reply.
void Impl::print(std::string_view text) { send("O" + to_hex(text)); }

void Impl::on_stopped(const StopReply& stop, bool) {
  if (waiting_ && !stop.note.empty()) print(fmt::format("[{}]\n", stop.note));
  if (std::exchange(waiting_, false)) send(stop_packet(stop));
}

void Impl::on_lost(const Error& why, bool) {
  if (waiting_) print(fmt::format("[{}; waiting for the board to come back]\n", why.message));
}

void Impl::on_attached() {
  if (waiting_) print("[the board is back; breakpoints are set again]\n");
}

void Impl::on_reset() {
  if (waiting_) print("[the board was reset]\n");
}

}  // namespace virserver::gdb
