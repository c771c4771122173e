// How rules of register models name bits, triggers and conditions. Internal to the folder.
#pragma once
#include <boost/json/value.hpp>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registers/model.hpp"

namespace virserver::board {

struct NameError {
  std::string message;
  std::vector<std::string> suggestions;
};

// 1-32 letters, digits and '_', the first no digit: register and field names.
bool valid_word(std::string_view text);

// 5 or "7:4" as lowest bit and count.
std::optional<std::pair<unsigned, unsigned>> bit_range(const boost::json::value& value);

// The names of a block, seen from one of its registers, or from none.
//   bits:      FIELD | 5 | 7:4 (of this register)   REG.FIELD | REG.5 | REG.7:4 | REG
//   trigger:   bits (ones are written there)   REG=value (just that is written)   write REG   read REG
//   condition: bits (a single one that is 1)   bits=value
class NameScope {
 public:
  template <class T>
  using Named = std::expected<T, NameError>;

  NameScope(const registers::Block& block, std::optional<std::size_t> in) : block_(block), in_(in) {}

  Named<registers::Bits> bits(const boost::json::value& value) const;
  Named<registers::Trigger> trigger(const boost::json::value& value) const;
  Named<registers::Condition> condition(const boost::json::value& value) const;

 private:
  Named<registers::Bits> bits_of(std::string_view text) const;
  Named<registers::Bits> part_of(std::size_t in, std::string_view part) const;
  Named<std::size_t> register_of(std::string_view name) const;

  const registers::Block& block_;
  std::optional<std::size_t> in_;
};

}  // namespace virserver::board
