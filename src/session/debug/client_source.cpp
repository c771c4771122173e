#include "session/debug/client_source.hpp"

namespace virserver::session {

Task<Result<std::optional<ConditionSource::Register>>> ClientSource::read_register(std::string name) {
  const gdb::Register* reg = client_.description().find(name);
  if (!reg) co_return std::nullopt;
  if (reg->bits > 64) co_return fail(ErrorCode::INVALID_REQUEST, "the register {} has {} bits; a condition takes up to 64", name, reg->bits);
  auto value = co_await client_.read_register(*reg, client_.current_thread());
  if (!value) co_return pass(value);
  co_return Register{debugger_.number(*value), reg->bits};
}

// By the index of names, which is quick once the program is read.
Task<Result<std::optional<ConditionSource::Symbol>>> ClientSource::find_symbol(std::string name) {
  for (const auto& program : symbols_->programs())
    if (const auto found = program.info->symbols_named(name); !found.empty()) co_return Symbol{found.front().address, found.front().size};
  co_return std::nullopt;
}

Task<Result<Bytes>> ClientSource::read_memory(std::uint64_t address, std::size_t size) {
  co_return co_await client_.read_memory(address, size, client_.current_thread());
}

bool ClientSource::big_endian() const { return debugger_.host_.plan.big_endian; }

bool ClientSource::words_of_64_bits() const {
  const gdb::Register* pc = client_.description().program_counter();
  return pc && pc->bits == 64;
}

}  // namespace virserver::session
