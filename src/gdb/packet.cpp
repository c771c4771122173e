#include "gdb/packet.hpp"

#include <algorithm>
#include <array>

namespace virserver::gdb {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

constexpr auto hex_values = [] {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = static_cast<signed char>(i);
  for (int i = 0; i < 6; ++i)
    values[static_cast<std::size_t>('a' + i)] = values[static_cast<std::size_t>('A' + i)] = static_cast<signed char>(10 + i);
  return values;
}();
constexpr int hex_value(char c) { return hex_values[static_cast<unsigned char>(c)]; }

// In `*n` the character before is repeated n - 29 times more; n is printable and neither + nor -, which leaves 3 to 97.
constexpr int run_length_bias = 29;
constexpr bool is_run_length(char c) { return c >= ' ' && c <= '~' && c != '#' && c != '$' && c != '+' && c != '-'; }

}  // namespace

// Most of a packet is text that means itself.
void PacketReader::take_run(std::string_view& input) {
  std::size_t n = 0;
  unsigned sum = sum_;
  for (; n < input.size(); ++n) {
    const char c = input[n];
    if (c == '#' || c == '$' || c == '*') break;
    sum += static_cast<unsigned char>(c);
  }
  sum_ = static_cast<std::uint8_t>(sum);
  const auto room = max_payload_ - payload_.size();
  if (n > room) defect_ = Kind::too_long;
  payload_.append(input.substr(0, std::min(n, room)));
  input.remove_prefix(n);
}

std::optional<PacketReader::Item> PacketReader::next(std::string_view& input) {
  while (!input.empty()) {
    if (state_ == State::payload) take_run(input);
    if (input.empty()) break;
    const char c = input.front();
    input.remove_prefix(1);
    switch (state_) {
      case State::idle:
        if (c == '$' || (c == '%' && from_ == From::stub)) start(c);
        else if (c == '+') return Item{Kind::ack, {}};
        else if (c == '-') return Item{Kind::nack, {}};
        else if (c == kInterrupt) return Item{Kind::interrupt, {}};
        break;
      case State::payload:
      case State::run_length:
        take(c);
        break;
      case State::checksum_high:
        checksum_high_ = c;
        state_ = State::checksum_low;
        break;
      case State::checksum_low:
        return finish(c);
    }
  }
  return std::nullopt;
}

void PacketReader::start(char kind) {
  state_ = State::payload;
  defect_ = Kind::packet;
  notification_ = kind == '%';
  sum_ = 0;
  payload_.clear();
}

void PacketReader::take(char c) {
  if (c == '$') return start(c);  // the sender gave up on what it had begun
  if (c == '#') {
    if (state_ == State::run_length) defect_ = Kind::malformed;
    state_ = State::checksum_high;
    return;
  }
  sum_ = static_cast<std::uint8_t>(sum_ + static_cast<unsigned char>(c));
  std::size_t count = 1;
  char what = c;
  if (state_ == State::run_length) {
    state_ = State::payload;
    if (!is_run_length(c) || payload_.empty()) {
      defect_ = Kind::malformed;
      return;
    }
    count = static_cast<std::size_t>(c - run_length_bias);
    what = payload_.back();
  } else if (c == '*' && from_ == From::stub) {
    state_ = State::run_length;
    return;
  }
  if (payload_.size() + count > max_payload_) {
    defect_ = Kind::too_long;
    return;
  }
  payload_.append(count, what);
}

std::optional<PacketReader::Item> PacketReader::finish(char low) {
  state_ = State::idle;
  const int high_value = hex_value(checksum_high_), low_value = hex_value(low);
  const bool good = high_value >= 0 && low_value >= 0 && (high_value << 4 | low_value) == sum_;
  Item item{good ? defect_ : Kind::bad_checksum, std::move(payload_)};
  if (item.kind == Kind::packet && notification_) item.kind = Kind::notification;
  payload_ = {};
  return item;
}

std::uint8_t checksum(std::string_view payload) {
  unsigned sum = 0;
  for (const char c : payload) sum += static_cast<unsigned char>(c);
  return static_cast<std::uint8_t>(sum);
}

void append_frame(std::string& out, std::string_view payload) {
  const auto sum = checksum(payload);
  out.reserve(out.size() + payload.size() + 4);
  out += '$';
  out += payload;
  out += '#';
  out += digits[sum >> 4];
  out += digits[sum & 15];
}

std::string frame(std::string_view payload) {
  std::string out;
  append_frame(out, payload);
  return out;
}

std::string escape(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 16);
  for (const char c : bytes) {
    if (c == '#' || c == '$' || c == '}' || c == '*') {
      out += '}';
      out += static_cast<char>(c ^ 0x20);
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescape(std::string_view field) {
  std::string out;
  out.reserve(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '}') out += field[i];
    else if (++i < field.size()) out += static_cast<char>(field[i] ^ 0x20);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.empty() || hex.size() % 2) return std::nullopt;
  std::string out(hex.size() / 2, '\0');
  int all = 0;  // negative when one is
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
    all |= high | low;
    out[i] = static_cast<char>(high << 4 | low);
  }
  if (all < 0) return std::nullopt;
  return out;
}

std::string to_hex(std::string_view bytes) {
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = digits[static_cast<unsigned char>(bytes[i]) >> 4];
    out[2 * i + 1] = digits[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return out;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const int digit = hex_value(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return value;
}

}  // namespace virserver::gdb
