// Frames of the Remote Serial Protocol: `$payload#checksum`.
//
// A payload here is the text between `$` and `#` with run lengths expanded; binary fields in it are still escaped, so that
// a packet that nobody needs to understand passes through unchanged. Which field is binary only its reader knows:
// `unescape` it then.
// Source: gdb's manual, appendix "gdb Remote Serial Protocol", Overview.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace virserver::gdb {

inline constexpr char kInterrupt = '\x03';
inline constexpr std::size_t kMaxPayload = 1u << 20;  // the longest payload a reader takes unless told otherwise

// Cuts a stream of bytes into packets and the single bytes between them. Never fails and never holds more than
// `max_payload` of an unfinished packet: what is wrong with a packet is said in the item that it yields.
class PacketReader {
 public:
  enum class From { stub, client };  // only a stub compresses by run length

  explicit PacketReader(From from, std::size_t max_payload = kMaxPayload) : from_(from), max_payload_(max_payload) {}

  enum class Kind {
    packet,
    notification,  // `%...#xx`, from a stub in non-stop mode
    ack,           // +
    nack,          // -
    interrupt,     // 0x03 outside a packet
    bad_checksum,  // payload as received
    too_long,      // payload cut off
    malformed,     // a run length without a character or with a wrong count
  };
  struct Item {
    Kind kind = Kind::packet;
    std::string payload;
  };

  // The next complete item of what is in `input`, of which it removes what it has used; nothing when more bytes are needed.
  // Bytes that mean nothing between packets are skipped.
  std::optional<Item> next(std::string_view& input);

  bool in_packet() const { return state_ != State::idle; }

 private:
  enum class State { idle, payload, run_length, checksum_high, checksum_low };
  std::optional<Item> finish(char low);
  void start(char kind);
  void take(char c);
  void take_run(std::string_view& input);

  From from_;
  std::size_t max_payload_;
  State state_ = State::idle;
  Kind defect_ = Kind::packet;
  bool notification_ = false;
  std::uint8_t sum_ = 0;
  char checksum_high_ = 0;
  std::string payload_;
};

std::uint8_t checksum(std::string_view payload);

// `$payload#xx`, appended to `out`. The payload must hold no `$` or `#`: escape binary fields first.
void append_frame(std::string& out, std::string_view payload);
std::string frame(std::string_view payload);

std::string escape(std::string_view bytes);     // `}` before # $ } *
std::string unescape(std::string_view field);  // a `}` at the very end is dropped

// Hexadecimal fields; lower case. Empty or odd input, and other characters, give nothing.
std::optional<std::string> from_hex(std::string_view hex);
std::string to_hex(std::string_view bytes);
std::optional<std::uint64_t> parse_hex(std::string_view digits);  // whole text, at most 16 digits, no prefix

}  // namespace virserver::gdb
