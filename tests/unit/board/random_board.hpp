// Random boards for property tests. Test only.
#pragma once
#include <boost/json.hpp>
#include <fmt/format.h>

#include <random>

#include "board/processors.hpp"
#include "board/words.hpp"

namespace virserver::board::testing {

// Valid boards of one to `most_nodes` nodes, in the spellings that requests may use.
class RandomBoard {
 public:
  explicit RandomBoard(unsigned seed, std::uint64_t most_nodes = 4) : random_(seed), most_nodes_(most_nodes) {}

  boost::json::object board() {
    boost::json::object board{{"nodes", boost::json::array()}};
    auto& nodes = board["nodes"].as_array();
    for (std::uint64_t i = 0, n = 1 + below(most_nodes_); i < n; ++i) nodes.push_back(node(i));
    if (coin()) board["system_id"] = text();
    if (coin()) board["name"] = text();
    if (coin()) board["schema"] = 1;
    if (coin()) board["boot"] = {{"bootrom", text()}, {"bootargs", {text(), text()}}, {"env", {{"K", text()}}}};
    if (coin()) board["resources"] = {{"cpu_cores", 0.5 + static_cast<double>(below(4))}, {"memory_mb", below(4096)}};
    if (coin())
      board["interconnect"] = {{"shared_memory", boost::json::array{{{"id", "m"}, {"address", below(UINT64_MAX / 2)}, {"size", "64K"}, {"nodes", {"n0"}}}}}};
    return board;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_); }
  bool coin() { return below(2); }
  std::string text() {
    static constexpr std::string_view pieces[] = {"a", "B", "7", " ", "\"", "\\", "\n", "\u00e9", ":", "#", "{", "- "};
    std::string result;
    for (std::uint64_t i = 0, n = below(12); i < n; ++i) result += pieces[below(std::size(pieces))];
    return result;
  }
  boost::json::value number(std::uint64_t value) {
    if (coin()) return value;
    return boost::json::string(fmt::format("{:#x}", value));
  }

  // Above every memory; sometimes off.
  boost::json::value register_models() {
    if (below(4) == 0) return coin() ? boost::json::value("OFF") : boost::json::value(false);
    boost::json::array list;
    if (coin()) list.push_back({{"use", "stm32f1-uid"}, {"base", number(UINT64_C(0xFFFF000000000000))}, {"enabled", coin()}});
    if (coin()) list.push_back({{"use", "stm32-usart-txe"}, {"block", "U1"}, {"base", number(UINT64_C(0xFFFF000000001000))}, {"irq", below(1024)}});
    boost::json::object on{{"bits", coin() ? boost::json::value(1) : boost::json::value("1:1")}, {"follows", coin() ? boost::json::value(0) : boost::json::value("CR.0")}};
    list.push_back({{"block", "B"}, {"base", number(UINT64_C(0xFFFF000000002000))}, {"size", coin() ? boost::json::value("4K") : boost::json::value(64)},
                    {"source", text()}, {"rest", coin() ? "keep" : "device"}, {"registers", {{"CR", {{"offset", number(below(16) * 4)}, {"reset", number(below(1u << 31))}, {"fields", {{"RDY", on}}}}}}}});
    return list;
  }

  boost::json::object node(std::uint64_t i) {
    const auto types = processor_types();
    const auto words = peripheral_words();
    boost::json::object node{{"id", fmt::format("n{}", i)}};
    node["processor"] = {{"type", types[below(types.size())].name}, {"cores", 1 + below(8)}};
    if (coin()) node["processor"].as_object()["frequency"] = 1 + below(1'000'000'000);
    if (coin()) node["processor"].as_object()["features"] = {{"fpu", coin()}};
    if (coin()) node["backend"] = coin() ? "Renode" : "auto";
    if (coin()) node["soc"] = text();
    if (coin()) node["targets"] = {{"qemu", {{"machine", "virt"}, {"reset_address", number(below(UINT64_MAX))}}}};
    boost::json::array memory, peripherals;
    std::uint64_t address = below(1u << 20);
    for (std::uint64_t k = 0, n = below(6); k < n; ++k) {
      const std::uint64_t size = 1 + below(1u << 24);
      boost::json::object region{{"type", coin() ? "Flash" : "sram"}, {"address", number(address)}, {"size", number(size)}};
      if (coin()) region["access"] = coin() ? "rx" : "RWX";
      if (coin()) region["name"] = text();
      memory.push_back(region);
      address += size + below(1u << 30);
    }
    for (std::uint64_t k = 0, n = below(8); k < n; ++k) {
      boost::json::object peripheral{{"type", k % 2 ? "USART" : words[below(words.size())].canonical}};
      if (coin()) peripheral["name"] = fmt::format("P{}", k);
      if (coin()) peripheral["address"] = number(below(UINT64_MAX));
      if (coin()) peripheral["irq"] = {below(1024), number(below(1024))};
      if (coin()) peripheral["properties"] = {{text(), text()}};
      peripherals.push_back(peripheral);
    }
    if (coin() || !memory.empty()) node["memory"] = memory;
    if (coin()) node["peripherals"] = peripherals;
    if (coin()) node["register_models"] = register_models();
    if (coin()) {
      node["consoles"] = {{{"name", "c0"}}, {{"name", "c1"}, {"index", 5}}};
      if (coin()) node["default_console"] = "C1";
    }
    return node;
  }

  std::mt19937 random_;
  std::uint64_t most_nodes_;
};

}  // namespace virserver::board::testing
