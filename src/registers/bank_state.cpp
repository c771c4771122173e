// The bank's state as JSON, for snapshots and for a server that starts again.
#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>

#include "registers/bank.hpp"

namespace virserver::registers {
namespace {
namespace json = boost::json;

constexpr std::uint64_t version = 1;

template <class T>
T number(const json::object& object, std::string_view key) {
  return object.at(key).to_number<T>();  // throws: absent, no number, out of range
}

// The most that a field's progress can be; nothing: it has none.
std::optional<std::uint64_t> most(const Field& field) {
  if (const auto* follow = std::get_if<Follow>(&field.rule); follow && follow->after_reads) return follow->after_reads;
  if (const auto* stream = std::get_if<Stream>(&field.rule)) return stream->values.size() - 1;
  return std::nullopt;
}

}  // namespace

json::object Bank::save() const {
  json::object blocks;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    json::object block;
    for (std::size_t r = 0; r < states_[b].size(); ++r) {
      const Register& reg = blocks_[b].registers[r];
      const State& state = states_[b][r];
      json::object saved{{"stored", state.stored}, {"reads", state.reads}, {"writes", state.writes}};
      json::object progress;
      for (const auto& [field, count] : state.progress) progress[reg.fields[field].name] = count;
      if (!progress.empty()) saved["progress"] = std::move(progress);
      block[reg.name] = std::move(saved);
    }
    blocks[blocks_[b].name] = std::move(block);
  }
  json::array raised_lines;
  for (const unsigned line : raised()) raised_lines.emplace_back(line);
  return {{"version", version}, {"origin_ns", origin_}, {"raised", std::move(raised_lines)}, {"blocks", std::move(blocks)}};
}

Result<> Bank::load(const json::object& saved) {
  try {
    if (number<std::uint64_t>(saved, "version") != version) return fail(ErrorCode::BOARD_INVALID, "the register models' state is of another version");
    auto states = states_;
    const auto& blocks = saved.at("blocks").as_object();
    if (blocks.size() != blocks_.size()) throw std::out_of_range("another number of blocks");
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      const auto& block = blocks.at(blocks_[b].name).as_object();
      if (block.size() != states[b].size()) throw std::out_of_range("another number of registers");
      for (std::size_t r = 0; r < states[b].size(); ++r) {
        const Register& reg = blocks_[b].registers[r];
        const auto& entry = block.at(reg.name).as_object();
        State state{number<std::uint32_t>(entry, "stored"), {}, number<std::uint64_t>(entry, "reads"), number<std::uint64_t>(entry, "writes")};
        std::size_t known = 0;
        if (const auto* progress = entry.if_contains("progress")) {
          for (std::size_t f = 0; f < reg.fields.size(); ++f) {
            if (!progress->as_object().contains(reg.fields[f].name)) continue;
            const auto count = number<std::uint32_t>(progress->as_object(), reg.fields[f].name);
            if (count > most(reg.fields[f]).value_or(0)) throw std::out_of_range("a field is further than it can be");
            if (count) state.progress[f] = count;
            ++known;
          }
          if (known != progress->as_object().size()) throw std::out_of_range("another set of fields");
        }
        states[b][r] = std::move(state);
      }
    }
    auto lines = lines_;
    for (auto& [line, level] : lines) level = false;
    for (const auto& line : saved.at("raised").as_array()) lines.at(line.to_number<unsigned>()) = true;
    origin_ = number<std::uint64_t>(saved, "origin_ns");
    states_ = std::move(states);
    lines_ = std::move(lines);
    return {};
  } catch (const std::exception& error) {
    return fail(ErrorCode::BOARD_INVALID, "the state is not one of this board's register models: {}", error.what());
  }
}

}  // namespace virserver::registers
