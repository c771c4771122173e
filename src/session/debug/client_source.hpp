// What a condition asks of a stopped machine.
#pragma once
#include "session/debug/condition.hpp"
#include "session/debug/debugger.hpp"

namespace virserver::session {

class ClientSource final : public ConditionSource {
 public:
  ClientSource(Debugger& debugger, gdb::Client& client, std::shared_ptr<const Symbols> symbols)
      : debugger_(debugger), client_(client), symbols_(std::move(symbols)) {}

  Task<Result<std::optional<Register>>> read_register(std::string name) override;
  Task<Result<std::optional<Symbol>>> find_symbol(std::string name) override;
  Task<Result<Bytes>> read_memory(std::uint64_t address, std::size_t size) override;
  bool big_endian() const override;
  bool words_of_64_bits() const override;

 private:
  Debugger& debugger_;
  gdb::Client& client_;
  std::shared_ptr<const Symbols> symbols_;
};

}  // namespace virserver::session
