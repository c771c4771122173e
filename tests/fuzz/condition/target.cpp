// Whatever the text: a condition that evaluates the same twice, or an error with a place.
#include <cstdlib>

#include "session/debug/condition.hpp"

namespace {
using namespace virserver;

// Every name and address exists, with values that depend on them.
struct Source : session::ConditionSource {
  Task<Result<std::optional<Register>>> read_register(std::string name) override {
    if (name.size() > 6) co_return std::nullopt;
    co_return Register{0x8000000000000001u + name.size(), name.size() % 2 ? 32u : 64u};
  }
  Task<Result<std::optional<Symbol>>> find_symbol(std::string name) override {
    if (name.size() > 4) co_return std::nullopt;
    co_return Symbol{0x20000000 + name.size(), name.size()};
  }
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size) override {
    if (size != 1 && size != 2 && size != 4 && size != 8) std::abort();
    co_return Bytes(size, static_cast<std::byte>(address));
  }
  bool big_endian() const override { return true; }
  bool words_of_64_bits() const override { return false; }
};

Task<> check(const session::Condition& condition, bool& done) {
  Source source;
  const auto first = co_await condition.evaluate(source), second = co_await condition.evaluate(source);
  if (first.has_value() != second.has_value() || (first && *first != *second)) std::abort();
  if (!first && !first.error().details.contains("column")) std::abort();
  done = true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto condition = session::Condition::parse({reinterpret_cast<const char*>(data), size});
  if (!condition) {
    const auto& details = condition.error().details;
    if (!details.contains("expected") || details.at("column").to_number<std::size_t>() > size + 1) std::abort();
    return 0;
  }
  asio::io_context io(1);
  bool done = false;
  asio::co_spawn(io, check(*condition, done), asio::detached);
  io.run();
  if (!done) std::abort();
  return 0;
}
