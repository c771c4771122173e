// The wire format between virserver and virserver-shim. Shared by both; no Boost, no fmt, no exceptions.
//
// A SOCK_SEQPACKET unix socket named `control` in the engine's directory; one message a packet, at most kMaxMessage
// bytes: a Header, then fields in the order given below, integers little endian, strings and lists with a u32 length.
// The shim speaks first (hello, then the ends of all consoles); the server answers with its own hello. The newest
// connection replaces an older one. Unknown message types are ignored by both sides, so types can be added; a field
// is only ever added at the end. Everything the shim sends can be forged by a hostile emulator: check it.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace virserver::shim {

static_assert(std::endian::native == std::endian::little, "the protocol is little endian");

inline constexpr std::uint32_t kMagic = 0x4d495356;  // "VSIM"
inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::size_t kMaxMessage = 60 * 1024;
inline constexpr std::size_t kMaxInput = 32 * 1024;             // bytes of one input message
inline constexpr std::size_t kInputQueue = 1024 * 1024;         // bytes a console holds for the emulator
inline constexpr std::size_t kMaxLaunch = 8 * 1024 * 1024;      // bytes of launch data in the memfd
inline constexpr std::string_view kControlName = "control";
inline constexpr std::string_view kLockName = "lock";
inline constexpr std::string_view kExitName = "exit.json";
inline constexpr std::string_view kEmulatorConsole = "emulator";  // stdout and stderr of the emulator
inline constexpr std::string_view kReadyLine = "virserver-shim ready\n";  // on stdout once `control` listens

enum class Type : std::uint16_t {
  hello = 1,         // u32 magic, u16 version, u32 features, u32 flags (shim: ShimFlag; server: 0)
  exec = 2,          // u32 size; SCM_RIGHTS: a memfd with the Launch data
  exec_result = 3,   // i32 errno (0: started), str what failed, i32 emulator's pid in its namespace
  input = 4,         // str console, str bytes
  input_result = 5,  // u16 InputCode; `ok` when the emulator has taken every byte of the request
  dial = 6,          // str unix socket name in the engine directory, or empty; u16 port on 127.0.0.1
  dial_result = 7,   // i32 errno (0: connected; SCM_RIGHTS: the socket)
  signal = 8,        // i32 signal for the emulator; no answer
  kill = 9,          // end the whole tree without an exit status; no answer but the end
  output = 10,       // str console, u64 offset after the newest byte in the log
  exited = 11,       // u8 1 if by a signal, i32 exit code or signal; exit.json is written
};
enum Feature : std::uint32_t { feature_consoles = 1, feature_dial = 2 };
enum ShimFlag : std::uint32_t { flag_executed = 1, flag_reduced = 2, flag_landlock = 4, flag_die_with_server = 8 };
enum class InputCode : std::uint16_t { ok = 0, no_such_console = 1, closed = 2, busy = 3 };
enum class Kind : std::uint8_t { socketpair = 0, pty = 1, tcp = 2, fifo = 3 };

struct Header {
  std::uint16_t type;
  std::uint16_t reserved = 0;
  std::uint32_t id;  // chosen by the server, repeated in the result; 0 in notices
};

class Writer {
 public:
  Writer() = default;
  Writer(Type type, std::uint32_t id) { put(Header{static_cast<std::uint16_t>(type), 0, id}); }
  template <class T>
  Writer& put(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    data_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Writer& string(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    data_.append(text);
    return *this;
  }
  Writer& strings(const std::vector<std::string>& list) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const auto& text : list) string(text);
    return *this;
  }
  const std::string& data() const { return data_; }

 private:
  std::string data_;
};

// Reads past the end give zeros and clear ok(): check once after all fields.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}
  template <class T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (data_.size() < sizeof value) {
      ok_ = false;
      data_ = {};
      return value;
    }
    std::memcpy(&value, data_.data(), sizeof value);
    data_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view string() {
    const auto size = get<std::uint32_t>();
    if (data_.size() < size) {
      ok_ = false;
      data_ = {};
      return {};
    }
    const auto text = data_.substr(0, size);
    data_.remove_prefix(size);
    return text;
  }
  std::vector<std::string> strings() {
    std::vector<std::string> list;
    for (auto n = get<std::uint32_t>(); ok_ && n > 0; --n) list.emplace_back(string());
    return list;
  }
  bool ok() const { return ok_; }

 private:
  std::string_view data_;
  bool ok_ = true;
};

struct LaunchConsole {
  std::string name;
  Kind kind = Kind::socketpair;
  std::int32_t child_fd = -1;
  std::uint16_t port = 0;
  std::uint64_t first_offset = 0;
};

// What `exec` starts; travels in a memfd because an argv may exceed a message.
struct Launch {
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::vector<LaunchConsole> consoles;
  std::uint64_t log_bound = 0;
  std::uint64_t emulator_first_offset = 0;
  bool terminal = false;  // stdin, stdout and stderr are a terminal, and the console `emulator` takes input
};

inline std::string encode(const Launch& launch) {
  Writer w;
  w.put(kMagic).put(kVersion).strings(launch.argv).strings(launch.env);
  w.put(static_cast<std::uint32_t>(launch.consoles.size()));
  for (const auto& c : launch.consoles)
    w.string(c.name).put(c.kind).put(c.child_fd).put(c.port).put(c.first_offset);
  w.put(launch.log_bound).put(launch.emulator_first_offset).put(std::uint8_t{launch.terminal});
  return w.data();
}

inline bool decode(std::string_view data, Launch& launch) {
  Reader r(data);
  if (r.get<std::uint32_t>() != kMagic || r.get<std::uint16_t>() == 0) return false;
  launch.argv = r.strings();
  launch.env = r.strings();
  for (auto n = r.get<std::uint32_t>(); r.ok() && n > 0; --n) {
    LaunchConsole c;
    c.name = r.string();
    c.kind = r.get<Kind>();
    c.child_fd = r.get<std::int32_t>();
    c.port = r.get<std::uint16_t>();
    c.first_offset = r.get<std::uint64_t>();
    launch.consoles.push_back(std::move(c));
  }
  launch.log_bound = r.get<std::uint64_t>();
  launch.emulator_first_offset = r.get<std::uint64_t>();
  const bool whole = r.ok() && !launch.argv.empty();
  launch.terminal = r.get<std::uint8_t>() != 0;  // a server of before does not say
  return whole;
}

// A console's name becomes part of file names.
inline bool valid_console_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  for (char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) return false;
  return true;
}

}  // namespace virserver::shim
