// What crosses the wall around an emulator: launch data and messages. Whatever the bytes, reading stays inside them, and
// launch data that is accepted survives the round trip.
#include <cstdint>
#include <cstdlib>

#include "shim/protocol.hpp"

using namespace virserver::shim;

namespace {

void check_launch(std::string_view data) {
  Launch launch;
  if (!decode(data, launch)) return;
  if (launch.argv.empty()) std::abort();
  Launch again;
  if (!decode(encode(launch), again)) std::abort();
  if (encode(again) != encode(launch)) std::abort();
}

// The fields of every message the shim may send, in the order that protocol.hpp gives.
void check_message(std::string_view data) {
  Reader reader(data);
  const auto header = reader.get<Header>();
  std::size_t text = 0;
  switch (static_cast<Type>(header.type)) {
    case Type::hello:
      reader.get<std::uint32_t>(), reader.get<std::uint16_t>(), reader.get<std::uint32_t>(), reader.get<std::uint32_t>();
      break;
    case Type::exec_result: reader.get<std::int32_t>(), text = reader.string().size(), reader.get<std::int32_t>(); break;
    case Type::input:
      if (const auto name = reader.string(); valid_console_name(name) && name.find('/') != name.npos) std::abort();
      text = reader.string().size();
      break;
    case Type::dial: text = reader.string().size(), reader.get<std::uint16_t>(); break;
    case Type::output: text = reader.string().size(), reader.get<std::uint64_t>(); break;
    default: for (const auto& one : reader.strings()) text += one.size(); break;
  }
  if (text > data.size()) std::abort();
  if (!reader.ok() && (reader.get<std::uint8_t>() != 0 || !reader.string().empty())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_launch(text);
  check_message(text);
  return 0;
}
