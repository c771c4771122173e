#include "backend/renode/catalogue.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "base/bytes.hpp"
#include "base/embedded.hpp"
#include "board/parse.hpp"
#include "board/words.hpp"

namespace virserver::backend::renode {
namespace {
namespace json = boost::json;

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  return fmt::format("{}", value.to_number<std::uint64_t>());
}

std::vector<std::string> texts(const json::object& object, std::string_view key) {
  std::vector<std::string> list;
  if (const auto* items = object.if_contains(key))
    for (const auto& item : items->as_array()) list.push_back(text_of(item));
  return list;
}

std::vector<std::pair<std::string, std::string>> pairs(const json::object& object, std::string_view key) {
  std::vector<std::pair<std::string, std::string>> list;
  if (const auto* members = object.if_contains(key))
    for (const auto& [name, value] : members->as_object()) list.emplace_back(name, text_of(value));
  return list;
}

std::uint64_t number(const json::object& object, std::string_view key, std::uint64_t otherwise) {
  const auto* value = object.if_contains(key);
  return value ? value->to_number<std::uint64_t>() : otherwise;
}

// "0-2" stands for three numbered outputs.
std::vector<std::string> expand(const std::vector<std::string>& outputs) {
  std::vector<std::string> all;
  for (const auto& output : outputs) {
    const std::size_t dash = output.find('-');
    const auto first = parse_u64(output.substr(0, dash)), last = dash == std::string::npos ? std::nullopt : parse_u64(output.substr(dash + 1));
    if (!first || !last) all.push_back(output);
    else
      for (std::uint64_t i = *first; i <= *last; ++i) all.push_back(std::to_string(i));
  }
  return all;
}

PropertyRule read_rule(std::string_view name, const json::object& object) {
  PropertyRule rule;
  rule.name = name;
  const std::string_view kind = object.at("kind").as_string();
  rule.kind = kind == "integer" ? PropertyRule::Kind::integer : kind == "boolean" ? PropertyRule::Kind::boolean : PropertyRule::Kind::choice;
  rule.minimum = number(object, "minimum", 0);
  rule.maximum = number(object, "maximum", INT64_MAX);
  rule.choices = texts(object, "values");
  if (rule.kind == PropertyRule::Kind::choice && rule.choices.empty()) throw std::runtime_error(fmt::format("{}: unknown kind {}", name, kind));
  if (const auto* value = object.if_contains("default")) rule.value = text_of(*value);
  rule.from_frequency = rule.value == "frequency";
  if (rule.from_frequency) rule.value = text_of(object.at("fallback"));
  return rule;
}

Shape shape_of(std::string_view word) {
  static const std::map<std::string_view, Shape> shapes = {{"nvic", Shape::nvic}, {"gic", Shape::gic},     {"vic", Shape::vic},     {"sic", Shape::sic},
                                                           {"plic", Shape::plic}, {"clint", Shape::clint}, {"irqmp", Shape::irqmp}};
  return shapes.at(word);
}

Model read_model(std::string_view kind, std::string_view id, const json::object& object) {
  Model model;
  model.id = id;
  model.kind = kind;
  model.vendor = object.at("vendor").as_string();
  model.renode = object.at("renode").as_string();
  model.aliases = texts(object, "aliases");
  model.socs = texts(object, "socs");
  model.names = texts(object, "names");
  model.default_for = texts(object, "default");
  model.size = number(object, "size", 0);
  if (const auto* ranged = object.if_contains("ranged")) model.ranged = ranged->as_bool();
  model.outputs = expand(texts(object, "outputs"));
  model.set = pairs(object, "set");
  model.needs = pairs(object, "needs");
  if (const auto* rules = object.if_contains("properties"))
    for (const auto& [name, rule] : rules->as_object()) model.properties.push_back(read_rule(name, rule.as_object()));
  if (const auto* shape = object.if_contains("shape")) model.shape = shape_of(shape->as_string());
  if (model.size == 0) throw std::runtime_error(fmt::format("{} has no size", id));
  return model;
}

ProcessorModel read_processor(std::string_view id, const json::object& object) {
  ProcessorModel model;
  model.id = id;
  model.renode = object.at("renode").as_string();
  model.cpu_type = object.at("cpu").as_string();
  model.family = object.at("family").as_string();
  model.max_cores = static_cast<unsigned>(number(object, "cores", 1));
  model.page = number(object, "page", model.page);
  model.isa = static_cast<unsigned>(number(object, "isa", 0));
  model.needs_gic = object.contains("gic");
  model.big_endian = object.contains("big_endian");
  model.own_interrupts = object.contains("own_interrupts");
  model.supervisor = object.contains("supervisor");
  if (const auto* others = object.if_contains("others")) model.others = others->as_string();
  if (const auto* timer = object.if_contains("generic_timer")) model.generic_timer = timer->as_string();
  return model;
}

struct Catalogue {
  std::vector<Model> models;
  std::vector<ProcessorModel> processors;
  std::set<std::pair<std::string, std::string>> absent;  // kind, spelling without case and separators
};

std::string squeeze(std::string_view text) {
  std::string key;
  for (const char c : board::lower(text))
    if (!std::string_view(" -_").contains(c)) key += c;
  return key;
}

void read_file(std::string_view text, Catalogue& catalogue) {
  const auto document = board::parse_document(text);
  if (!document) throw std::runtime_error(document.error().message);
  const auto& object = document->value.as_object();
  if (const auto* processors = object.if_contains("processors")) {
    for (const auto& [id, value] : processors->as_object()) catalogue.processors.push_back(read_processor(id, value.as_object()));
    return;
  }
  const std::string kind(object.at("kind").as_string());
  if (board::find_word(board::peripheral_words(), kind) != kind) throw std::runtime_error(fmt::format("{} is no kind of peripheral", kind));
  for (const auto& [id, value] : object.at("models").as_object()) catalogue.models.push_back(read_model(kind, id, value.as_object()));
  for (const auto& spelling : texts(object, "absent")) catalogue.absent.emplace(kind, squeeze(spelling));
}

const Catalogue& catalogue() {
  static const Catalogue all = [] {
    Catalogue read;
    for (const auto& file : embedded::renode_catalogue()) {
      try {
        read_file(file.text(), read);
      } catch (const std::exception& error) {
        throw std::runtime_error(fmt::format("catalogue/renode/{} is malformed: {}", file.path, error.what()));
      }
    }
    return read;
  }();
  return all;
}

bool named(const Model& model, std::string_view spelling) {
  const std::string key = squeeze(spelling);
  return squeeze(model.id) == key || std::ranges::any_of(model.aliases, [&](const auto& alias) { return squeeze(alias) == key; });
}

// Length of the longest entry that `text` begins with, plus 1; 0: none.
std::size_t beginning(const std::vector<std::string>& entries, std::string_view text) {
  std::size_t longest = 0;
  for (const auto& entry : entries)
    if (text.starts_with(entry)) longest = std::max(longest, entry.size() + 1);
  return longest;
}

}  // namespace

const std::vector<Model>& models() { return catalogue().models; }

const ProcessorModel* find_processor_model(std::string_view id) {
  const auto& all = catalogue().processors;
  const auto found = std::ranges::find(all, id, &ProcessorModel::id);
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> processor_ids() {
  std::vector<std::string> ids;
  for (const auto& model : catalogue().processors) ids.push_back(model.id);
  return ids;
}

std::vector<std::string> models_of(std::string_view kind) {
  std::vector<std::string> ids;
  for (const auto& model : models())
    if (model.kind == kind) ids.push_back(model.id);
  return ids;
}

Choice choose_model(const board::Node& node, const board::Peripheral& peripheral, std::string_view family) {
  Choice choice;
  const std::string soc = board::lower(node.soc), name = board::lower(peripheral.name);
  if (const auto* wanted = peripheral.properties.if_contains("model"); wanted && wanted->is_string()) {
    const std::string_view spelling = wanted->get_string();
    std::vector<std::string> spellings;
    for (const auto& model : models()) {
      if (model.kind != peripheral.type) continue;
      if (named(model, spelling) && (!choice.model || beginning(model.socs, soc) > beginning(choice.model->socs, soc))) choice.model = &model;
      spellings.push_back(model.id);
      spellings.insert(spellings.end(), model.aliases.begin(), model.aliases.end());
    }
    if (choice.model) return choice;
    if (catalogue().absent.contains({peripheral.type, squeeze(spelling)})) {
      choice.absent = true;
      return choice;
    }
    choice.unknown = !spellings.empty();
    choice.nearest = nearest(board::lower(spelling.substr(0, 64)), spellings);
    return choice;
  }
  std::pair<std::size_t, std::size_t> best;  // how much of soc and name speaks for it
  for (const auto& model : models()) {
    if (model.kind != peripheral.type) continue;
    const std::pair match{beginning(model.socs, soc), beginning(model.names, name)};
    if ((!model.names.empty() && !match.second) || (!match.first && (!model.socs.empty() || !match.second))) continue;
    if (match > best) {
      best = match;
      choice.model = &model;
    }
  }
  for (const auto& model : models()) {
    if (choice.model) break;
    if (model.kind == peripheral.type && std::ranges::find(model.default_for, family) != model.default_for.end()) choice = {&model, true};
  }
  return choice;
}

}  // namespace virserver::backend::renode
