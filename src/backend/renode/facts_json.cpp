#include "backend/renode/facts_json.hpp"

#include <boost/json.hpp>

namespace virserver::backend::renode {

namespace json = boost::json;

namespace {

constexpr std::int64_t format = 1;  // another number whenever probe.py tells more

json::array strings(const std::vector<std::string>& list) {
  json::array array;
  for (const auto& text : list) array.emplace_back(text);
  return array;
}

std::vector<std::string> strings(const json::value& value) {
  std::vector<std::string> list;
  for (const auto& text : value.as_array()) list.emplace_back(text.as_string());
  return list;
}

json::object type_json(const TypeFact& type) { return {{"name", type.name}, {"interfaces", strings(type.interfaces)}}; }
TypeFact type_fact(const json::object& object) { return {std::string(object.at("name").as_string()), strings(object.at("interfaces"))}; }

}  // namespace

json::object facts_to_json(const ProbeFacts& facts) {
  json::array types, peripherals, cpus, ranges;
  for (const auto& type : facts.types) types.push_back(type_json(type));
  for (const auto& p : facts.peripherals) peripherals.push_back({{"name", p.name}, {"type", type_json(p.type)}});
  for (const auto& c : facts.cpus) cpus.push_back({{"name", c.name}, {"model", c.model}, {"architecture", c.architecture}, {"big_endian", c.big_endian}});
  for (const auto& r : facts.ranges) ranges.push_back({{"name", r.name}, {"address", r.address}, {"size", r.size}});
  return {{"format", format},
          {"program", facts.program},
          {"runtime", facts.runtime},
          {"root", facts.root},
          {"platforms", strings(facts.platforms)},
          {"types", std::move(types)},
          {"peripherals", std::move(peripherals)},
          {"cpus", std::move(cpus)},
          {"ranges", std::move(ranges)},
          {"finished", strings(facts.finished)}};
}

std::optional<ProbeFacts> facts_from_json(const json::object& object) {
  const auto* version = object.if_contains("format");
  if (!version || !version->is_int64() || version->get_int64() != format) return std::nullopt;
  try {
    ProbeFacts facts;
    facts.program = object.at("program").as_string();
    facts.runtime = object.at("runtime").as_string();
    facts.root = object.at("root").as_string();
    facts.platforms = strings(object.at("platforms"));
    for (const auto& value : object.at("types").as_array()) facts.types.push_back(type_fact(value.as_object()));
    for (const auto& value : object.at("peripherals").as_array()) {
      const auto& p = value.as_object();
      facts.peripherals.push_back({std::string(p.at("name").as_string()), type_fact(p.at("type").as_object())});
    }
    for (const auto& value : object.at("cpus").as_array()) {
      const auto& c = value.as_object();
      facts.cpus.push_back({std::string(c.at("name").as_string()), std::string(c.at("model").as_string()), std::string(c.at("architecture").as_string()),
                            c.at("big_endian").as_bool()});
    }
    for (const auto& value : object.at("ranges").as_array()) {
      const auto& r = value.as_object();
      facts.ranges.push_back({std::string(r.at("name").as_string()), r.at("address").to_number<std::uint64_t>(), r.at("size").to_number<std::uint64_t>()});
    }
    facts.finished = strings(object.at("finished"));
    return facts;
  } catch (const std::exception&) {  // a damaged file is asked again
    return std::nullopt;
  }
}

}  // namespace virserver::backend::renode
