#include "board/board.hpp"

#include <boost/json/array.hpp>

#include "base/bytes.hpp"
#include "board/words.hpp"

namespace virserver::board {
namespace {

using boost::json::array;
using boost::json::object;

std::string_view memory_text(MemoryType type) {
  return type == MemoryType::flash ? "Flash" : type == MemoryType::rom ? "ROM" : "RAM";
}

void put_text(object& target, std::string_view key, const std::string& text) {
  if (!text.empty()) target[key] = text;
}

object to_json(const Processor& processor) {
  object result{{"type", processor.type}, {"cores", processor.cores}};
  if (processor.type.empty()) result.erase("type");
  if (processor.frequency_hz) result["frequency"] = *processor.frequency_hz;
  if (!processor.features.empty()) result["features"] = processor.features;
  return result;
}

object to_json(const Memory& memory) {
  object result{{"type", memory_text(memory.type)}};
  put_text(result, "name", memory.name);
  result["address"] = hex_address(memory.address);
  result["size"] = memory.size;
  result["access"] = access_text(memory);
  return result;
}

object to_json(const Peripheral& peripheral) {
  object result{{"type", peripheral.type}};
  put_text(result, "name", peripheral.name);
  if (peripheral.address) result["address"] = hex_address(*peripheral.address);
  if (!peripheral.irq.empty()) result["irq"] = array(peripheral.irq.begin(), peripheral.irq.end());
  if (!peripheral.properties.empty()) result["properties"] = peripheral.properties;
  return result;
}

object to_json(const Console& console) {
  object result{{"name", console.name}};
  put_text(result, "peripheral", console.peripheral);
  result["index"] = console.index;
  return result;
}

object to_json(const Node& node);

template <class T>
array list_of(const std::vector<T>& items) {
  array result;
  for (const T& item : items) result.push_back(to_json(item));
  return result;
}

object to_json(const Node& node) {
  object result{{"id", node.id}, {"backend", node.backend}};
  put_text(result, "soc", node.soc);
  if (!node.processor.type.empty() || node.processor.cores != 1 || node.processor.frequency_hz || !node.processor.features.empty())
    result["processor"] = to_json(node.processor);
  if (!node.memory.empty()) result["memory"] = list_of(node.memory);
  if (!node.peripherals.empty()) result["peripherals"] = list_of(node.peripherals);
  if (!node.targets.empty()) result["targets"] = node.targets;
  result["consoles"] = list_of(node.consoles);
  put_text(result, "default_console", node.default_console);
  if (!node.register_models.is_null()) result["register_models"] = node.register_models;
  return result;
}

object to_json(const Resources& resources) {
  object result;
  if (resources.cpu_cores) result["cpu_cores"] = *resources.cpu_cores;
  if (resources.memory_mb) result["memory_mb"] = *resources.memory_mb;
  if (resources.disk_gb) result["disk_gb"] = *resources.disk_gb;
  if (resources.timeout_sec) result["timeout_sec"] = *resources.timeout_sec;
  return result;
}

}  // namespace

boost::json::object to_json(const Board& board) {
  object result;
  put_text(result, "system_id", board.system_id);
  put_text(result, "name", board.name);
  put_text(result, "description", board.description);
  result["nodes"] = list_of(board.nodes);
  if (!board.interconnect.empty()) result["interconnect"] = board.interconnect;
  if (!board.boot.empty()) result["boot"] = board.boot;
  if (object resources = to_json(board.resources); !resources.empty()) result["resources"] = std::move(resources);
  return result;
}

}  // namespace virserver::board
