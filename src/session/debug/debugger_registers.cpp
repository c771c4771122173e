// Registers and cores.
#include <boost/json.hpp>

#include <algorithm>

#include "session/debug/debugger_impl.hpp"
#include "session/debug/register_value.hpp"

namespace virserver::session {
namespace {

Error unknown(const gdb::TargetDescription& description, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& reg : description.registers()) names.push_back(reg.name);
  const auto near = nearest(name, names);
  return {ErrorCode::REGISTER_NOT_FOUND,
          fmt::format("the processor has no register '{}'{}", name.substr(0, 64), near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, ", ")))};
}

Result<std::vector<gdb::Register>> choose(const gdb::TargetDescription& description, const RegisterQuery& query) {
  std::vector<gdb::Register> chosen;
  for (const std::string& name : query.names) {
    const gdb::Register* found = description.find(name);
    if (!found) return fail(unknown(description, name));
    chosen.push_back(*found);
  }
  if (!query.names.empty()) return chosen;
  for (const auto& reg : description.registers())
    if (!query.group || reg.group == *query.group) chosen.push_back(reg);
  return chosen;
}

}  // namespace

Task<Result<RegisterSet>> Debugger::registers(RegisterQuery query) {
  RegisterSet set;
  auto read = [this, &set, &query](gdb::Client& client) -> Task<Result<void>> {
    auto chosen = choose(client.description(), query);
    if (!chosen) co_return pass(chosen);
    auto thread = co_await thread_of(client, query.core);
    if (!thread) co_return pass(thread);
    set.core = co_await core_of(client, *thread);
    auto values = co_await client.read_registers(*chosen, *thread);
    if (!values) co_return pass(values);
    for (std::size_t i = 0; i < chosen->size() && i < values->size(); ++i) {
      auto& reg = (*chosen)[i];
      auto& value = (*values)[i];
      if (value) set.registers.push_back({std::move(reg), most_significant_first(std::move(*value), host_.plan.big_endian)});
      else if (!query.names.empty()) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "the emulator does not give {} now", reg.name);
    }
    co_return Result<void>{};
  };
  auto done = co_await at_rest(query.halt, std::move(read));
  if (!done) co_return pass(done);
  co_return set;
}

Task<Result<RegisterSet>> Debugger::write_registers(std::vector<std::pair<std::string, boost::json::value>> values, std::optional<unsigned> core, bool halt) {
  RegisterSet set;
  auto write = [this, &set, &values, core](gdb::Client& client) -> Task<Result<void>> {
    std::vector<gdb::Register> chosen;
    std::vector<Bytes> bytes;
    for (const auto& [name, value] : values) {
      const gdb::Register* found = client.description().find(name);
      if (!found) co_return fail(unknown(client.description(), name));
      auto parsed = register_bytes(value, found->bits, found->name);
      if (!parsed) co_return pass(parsed);
      chosen.push_back(*found);
      bytes.push_back(std::move(*parsed));
    }
    auto thread = co_await thread_of(client, core);
    if (!thread) co_return pass(thread);
    set.core = co_await core_of(client, *thread);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      Bytes target = most_significant_first(bytes[i], host_.plan.big_endian);  // its own inverse
      auto written = co_await client.write_register(chosen[i], std::move(target), *thread);
      if (!written) co_return pass(written);
    }
    auto now_there = co_await client.read_registers(chosen, *thread);
    if (!now_there) co_return pass(now_there);
    for (std::size_t i = 0; i < chosen.size() && i < now_there->size(); ++i)
      if (auto& value = (*now_there)[i]) set.registers.push_back({chosen[i], most_significant_first(std::move(*value), host_.plan.big_endian)});
    co_return Result<void>{};
  };
  auto done = co_await at_rest(halt, std::move(write));
  if (!done) co_return pass(done);
  co_return set;
}

Task<Result<std::vector<ThreadView>>> Debugger::threads(bool halt) {
  std::vector<ThreadView> list;
  auto look = [&list](gdb::Client& client) -> Task<Result<void>> {
    auto threads = co_await client.threads();
    if (!threads) co_return pass(threads);
    const auto current = client.current_thread();
    for (auto& each : *threads) {
      const bool stopped_here = each.id == current;
      list.push_back({static_cast<unsigned>(list.size()), gdb::to_string(each.id), std::move(each.name), stopped_here});
    }
    co_return Result<void>{};
  };
  auto done = co_await at_rest(halt, std::move(look));
  if (!done) co_return pass(done);
  co_return list;
}

}  // namespace virserver::session
