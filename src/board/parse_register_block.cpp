#include <algorithm>
#include <cctype>
#include <set>

#include "base/bytes.hpp"
#include "board/document_builder.hpp"
#include "board/register_block.hpp"
#include "board/register_names.hpp"
#include "board/registers.hpp"
#include "board/words.hpp"
#include "registers/check.hpp"

namespace virserver::board {
namespace {
namespace json = boost::json;
using namespace registers;

constexpr std::string_view block_fields[] = {"block", "description", "source", "chip", "backends", "base", "size", "irq", "width",
                                             "observe", "rest", "registers", "interrupts", "enabled"};
constexpr std::string_view register_fields[] = {"offset", "width", "reset", "writable", "readable", "observe", "fields"};
constexpr std::string_view field_fields[] = {"bits", "constant", "follows", "after_reads", "set_by", "cleared_by", "write_1_clears",
                                             "write_0_clears", "counts_hz", "down", "stream", "then"};
constexpr std::string_view interrupt_fields[] = {"irq", "when"};
constexpr std::size_t max_rest_size = 0x1000, max_stream = 65536, max_triggers = 16, max_conditions = 16;

std::uint32_t all_of(unsigned width) { return static_cast<std::uint32_t>((std::uint64_t{1} << width) - 1); }

class BlockParser {
 public:
  BlockParser(Problems& problems, Fields& fields, const Node& node) : problems_(problems), fields_(fields), node_(node) {}

  Block parse() {
    fields_.required("block");
    block_.name = fields_.name("block").value_or("");
    block_.source = fields_.text("source", 256).value_or("");
    block_.description = fields_.text("description", 1024).value_or("");
    fields_.boolean("enabled");
    parse_backends();
    parse_place();
    default_width_ = width(fields_, 32);
    default_observe_ = fields_.boolean("observe").value_or(false);
    fields_.required("registers");
    const auto* list = fields_.object("registers");
    if (list && list->size() > max_registers)
      fields_.error("registers", fmt::format("has {} registers; at most {} are accepted", list->size(), max_registers));
    else if (list)
      for (const auto& [name, value] : *list) parse_register(name, value);
    if (const auto rest = fields_.text("rest", 16)) {
      if (*rest != "keep" && *rest != "device") fields_.error("rest", fmt::format("must be keep or device, is {}", shown(json::string(*rest))));
      if (*rest == "keep") keep_rest();
    }
    for (const Later& later : later_) parse_rule(later);
    for (Register& reg : block_.registers)  // software has what no rule drives
      if (!written_.contains(reg.name))
        for (const Field& field : reg.fields)
          if (!std::holds_alternative<std::monostate>(field.rule)) reg.writable &= ~field.mask();
    parse_interrupts();
    if (problems_.count() == problems_before_)
      for (Mistake& mistake : check(block_)) problems_.add(fields_.pointer() + mistake.pointer, std::move(mistake.message));
    return std::move(block_);
  }

 private:
  struct Later {                       // a rule, read when every name is known
    std::size_t in, field;
    std::string pointer;
    const json::value* value;
  };

  static unsigned width(Fields& fields, unsigned otherwise) {
    const auto bits = fields.number("width");
    if (!bits) return otherwise;
    if (*bits == 8 || *bits == 16 || *bits == 32) return static_cast<unsigned>(*bits);
    fields.error("width", fmt::format("must be 8, 16 or 32 bits, is {}", *bits));
    return otherwise;
  }

  void parse_backends() {
    const auto* list = fields_.array("backends", 8);
    if (!list) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string_view text = (*list)[i].is_string() ? std::string_view((*list)[i].get_string()) : std::string_view();
      const std::size_t less = text.find('<');
      const std::string_view word = find_word(backend_words(), text.substr(0, less));
      std::string_view before = less == std::string_view::npos ? std::string_view() : text.substr(less + 1);
      while (before.starts_with(' ')) before.remove_prefix(1);
      const bool version = less == std::string_view::npos || (!before.empty() && before.size() <= 16 && std::isdigit(static_cast<unsigned char>(before[0])) &&
                                                              before.find_first_not_of("0123456789.") == std::string_view::npos);
      if (word.empty() || word == "auto" || !version)
        problems_.add(fmt::format("{}/{}", fields_.at("backends"), i), fmt::format("must be qemu, renode or skyeye, or one with a version, such as \"qemu < 8.2\"; is {}", shown((*list)[i])));
      else block_.backends.push_back({std::string(word), std::string(before)});
    }
  }

  // From the entry, else from the peripheral of this name, else from the chip's table.
  void parse_place() {
    const auto chip = fields_.text("chip", 64);
    names_ = find_register_block(chip.value_or(node_.soc), block_.name);
    const auto peripheral = std::ranges::find_if(node_.peripherals, [&](const Peripheral& p) { return !p.name.empty() && lower(p.name) == lower(block_.name); });
    const bool known = peripheral != node_.peripherals.end();
    if (const auto base = fields_.number("base")) block_.base = *base;
    else if (known && peripheral->address) block_.base = *peripheral->address;
    else if (names_) block_.base = names_->address;
    else if (!fields_.find("base") && !block_.name.empty())
      problems_.add(fields_.pointer(), fmt::format("the field \"base\" is missing: neither a peripheral of the node nor the chip's register names tell where {} is", block_.name));
    if (const auto size = fields_.size("size")) block_.size = *size;
    else if (names_) block_.size = names_->size;
    else if (!fields_.find("size")) fields_.required("size");
    if (const auto irq = fields_.number("irq", {0, 1023})) irq_ = static_cast<unsigned>(*irq);
    else if (known && !peripheral->irq.empty()) irq_ = peripheral->irq.front();
  }

  void parse_register(std::string_view name, const json::value& value) {
    const std::string pointer = fields_.at("registers") + '/' + pointer_token(name);
    if (!valid_word(name)) return problems_.add(pointer, fmt::format("{} is not a name; use 1 to 32 letters, digits and '_', not beginning with a digit", shown(json::string(name))), {}, true);
    Register reg;
    reg.name = name;
    const std::optional<std::uint64_t> known = known_offset(name);
    if (const auto offset = value.is_structured() ? std::nullopt : integer_of(value)) {  // NAME: offset
      reg.offset = *offset;
      reg.width = default_width_;
      reg.writable = all_of(reg.width);
      reg.observe = default_observe_;
      block_.registers.push_back(std::move(reg));
      return;
    }
    Fields fields(problems_, pointer, value, register_fields);
    if (!fields) return;
    if (!known) fields.required("offset");
    reg.offset = fields.number("offset").value_or(known.value_or(0));
    reg.width = width(fields, default_width_);
    reg.reset = static_cast<std::uint32_t>(fields.number("reset", {0, UINT32_MAX}).value_or(0));
    if (fields.find("writable")) written_.insert(reg.name);
    reg.writable = static_cast<std::uint32_t>(fields.number("writable", {0, UINT32_MAX}).value_or(all_of(reg.width)));
    reg.readable = static_cast<std::uint32_t>(fields.number("readable", {0, UINT32_MAX}).value_or(UINT32_MAX));
    reg.observe = fields.boolean("observe").value_or(default_observe_);
    const std::size_t in = block_.registers.size();
    if (const auto* list = fields.object("fields")) {
      if (list->size() > max_fields) fields.error("fields", fmt::format("has {} fields; at most {} are accepted", list->size(), max_fields));
      else
        for (const auto& [field, member] : *list) parse_field(reg, in, fields.at("fields") + '/' + pointer_token(field), field, member);
    }
    block_.registers.push_back(std::move(reg));
  }

  std::optional<std::uint64_t> known_offset(std::string_view name) const {
    if (names_)
      for (const auto& [offset, known] : names_->registers)
        if (known == name) return offset;
    return std::nullopt;
  }

  void parse_field(Register& reg, std::size_t in, const std::string& pointer, std::string_view name, const json::value& value) {
    if (!valid_word(name)) return problems_.add(pointer, fmt::format("{} is not a name; use 1 to 32 letters, digits and '_', not beginning with a digit", shown(json::string(name))), {}, true);
    const bool rule = value.is_object();
    const json::value* bits = rule ? value.get_object().if_contains("bits") : &value;
    if (!bits) return problems_.add(pointer, "the field \"bits\" is missing");
    const auto range = bit_range(*bits);
    if (!range) return problems_.add(rule ? pointer + "/bits" : pointer, fmt::format("must be a bit such as 5, or bits such as 7:4; is {}", shown(*bits)));
    Field field;
    field.name = name;
    field.low = range->first;
    field.count = range->second;
    if (rule) later_.push_back({in, reg.fields.size(), pointer, &value});
    reg.fields.push_back(std::move(field));
  }

  void parse_rule(const Later& later) {
    Fields fields(problems_, later.pointer, *later.value, field_fields);
    const NameScope names(block_, later.in);
    Field& field = block_.registers[later.in].fields[later.field];
    const bool latch = fields.find("set_by") || fields.find("cleared_by") || fields.boolean("write_1_clears").value_or(false) || fields.boolean("write_0_clears").value_or(false);
    std::vector<std::string_view> kinds;
    for (const std::string_view key : {"constant", "follows", "counts_hz", "stream"})
      if (fields.find(key)) kinds.push_back(key);
    if (latch) kinds.push_back("set_by or cleared_by");
    if (kinds.size() > 1) return problems_.add(later.pointer, fmt::format("two rules for one field: {}; a field has one", fmt::join(kinds, ", ")));
    for (const auto& [option, rule] : {std::pair("after_reads", "follows"), std::pair("down", "counts_hz"), std::pair("then", "stream")})
      if (fields.find(option) && !fields.find(rule)) fields.error(option, fmt::format("belongs to a field with \"{}\"", rule));
    if (const auto value = fields.number("constant", {0, UINT32_MAX})) field.rule = Constant{static_cast<std::uint32_t>(*value)};
    if (const auto hz = fields.number("counts_hz", {1, max_counter_hz})) field.rule = Counter{*hz, fields.boolean("down").value_or(false)};
    if (fields.find("stream")) field.rule = parse_stream(fields);
    if (const auto* source = fields.find("follows")) {
      const auto bits = names.bits(*source);
      if (bits) field.rule = Follow{*bits, static_cast<unsigned>(fields.number("after_reads", {0, max_after_reads}).value_or(0))};
      else fields.error("follows", bits.error().message, bits.error().suggestions);
    }
    if (latch) {
      Latch rule;
      parse_triggers(fields, "set_by", names, rule.set_by);
      parse_triggers(fields, "cleared_by", names, rule.cleared_by);
      const Bits self{later.in, field.low, field.count};
      if (fields.boolean("write_1_clears").value_or(false)) rule.cleared_by.push_back({Trigger::Kind::ones, self});
      if (fields.boolean("write_0_clears").value_or(false)) rule.cleared_by.push_back({Trigger::Kind::zeros, self});
      field.rule = std::move(rule);
    }
  }

  Stream parse_stream(Fields& fields) {
    Stream stream;
    const json::value& value = *fields.find("stream");
    if (value.is_string()) {
      for (const unsigned char c : fields.text("stream", max_stream).value_or("")) stream.values.push_back(c);
    } else if (const auto* list = fields.array("stream", max_stream)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        const auto number = integer_of((*list)[i]);
        if (number && *number <= UINT32_MAX) stream.values.push_back(static_cast<std::uint32_t>(*number));
        else problems_.add(fmt::format("{}/{}", fields.at("stream"), i), fmt::format("must be a number of at most 32 bits, is {}", shown((*list)[i])));
      }
    }
    if (const auto then = fields.text("then", 16)) {
      if (*then != "repeat" && *then != "hold") fields.error("then", fmt::format("must be repeat or hold, is {}", shown(json::string(*then))));
      stream.repeat = *then != "hold";
    }
    return stream;
  }

  void parse_triggers(Fields& fields, std::string_view key, const NameScope& names, std::vector<Trigger>& triggers) {
    const auto* value = fields.find(key);
    if (!value) return;
    const auto add = [&](const std::string& pointer, const json::value& item) {
      const auto trigger = names.trigger(item);
      if (trigger) triggers.push_back(*trigger);
      else problems_.add(pointer, trigger.error().message, trigger.error().suggestions);
    };
    if (!value->is_array()) return add(fields.at(key), *value);
    if (const auto* list = fields.array(key, max_triggers))
      for (std::size_t i = 0; i < list->size(); ++i) add(fmt::format("{}/{}", fields.at(key), i), (*list)[i]);
  }

  void keep_rest() {
    if (!block_.size || block_.size > max_rest_size) return fields_.error("rest", fmt::format("keep is for blocks of at most {} bytes", max_rest_size));
    std::vector<bool> taken(block_.size);
    for (const Register& reg : block_.registers)
      for (std::uint64_t byte = reg.offset; byte < block_.size && byte - reg.offset < reg.width / 8; ++byte) taken[byte] = true;
    for (std::uint64_t offset = 0; offset + 4 <= block_.size; offset += 4) {
      if (taken[offset] || taken[offset + 1] || taken[offset + 2] || taken[offset + 3]) continue;
      Register reg;
      reg.name = fmt::format("+{:#x}", offset);
      if (names_)
        if (const auto known = names_->registers.find(offset); known != names_->registers.end()) reg.name = known->second;
      reg.offset = offset;
      reg.writable = UINT32_MAX;
      block_.registers.push_back(std::move(reg));
    }
  }

  void parse_interrupts() {
    const auto* list = fields_.array("interrupts", max_interrupts);
    if (!list) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string pointer = fmt::format("{}/{}", fields_.at("interrupts"), i);
      Fields fields(problems_, pointer, (*list)[i], interrupt_fields);
      if (!fields) continue;
      fields.required("when");
      Interrupt interrupt;
      if (const auto irq = fields.number("irq", {0, 1023})) interrupt.line = static_cast<unsigned>(*irq);
      else if (irq_) interrupt.line = *irq_;
      else if (!fields.find("irq") && !fields_.find("irq") && !std::exchange(irq_missed_, true)) problems_.add(pointer, "the field \"irq\" is missing, here and at the block, and no peripheral of the node has this name and an interrupt number");
      const auto* value = fields.find("when");
      const NameScope names(block_, std::nullopt);
      const auto add = [&](const std::string& at, const json::value& item) {
        const auto condition = names.condition(item);
        if (condition) interrupt.when.push_back(*condition);
        else problems_.add(at, condition.error().message, condition.error().suggestions);
      };
      if (value && !value->is_array()) add(fields.at("when"), *value);
      else if (const auto* conditions = fields.array("when", max_conditions))
        for (std::size_t k = 0; k < conditions->size(); ++k) add(fmt::format("{}/{}", fields.at("when"), k), (*conditions)[k]);
      block_.interrupts.push_back(std::move(interrupt));
    }
  }

  Problems& problems_;
  Fields& fields_;
  const Node& node_;
  std::size_t problems_before_ = problems_.count();
  Block block_;
  const RegisterBlock* names_ = nullptr;
  std::optional<unsigned> irq_;
  bool irq_missed_ = false;
  unsigned default_width_ = 32;
  bool default_observe_ = false;
  std::set<std::string> written_;      // registers that say what is writable
  std::vector<Later> later_;
};

}  // namespace

Block parse_register_block(Problems& problems, const std::string& pointer, const json::value& value, const Node& node) {
  Fields fields(problems, pointer, value, block_fields);
  if (!fields) return {};
  return BlockParser(problems, fields, node).parse();
}

}  // namespace virserver::board
