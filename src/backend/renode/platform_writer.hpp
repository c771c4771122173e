// Lines of a platform under construction. Internal to the folder.
#pragma once
#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backend/renode/catalogue.hpp"
#include "backend/renode/platform.hpp"

namespace virserver::backend::renode {

// What `irq` numbers of the board mean.
struct Controller {
  Shape shape = Shape::plain;
  std::string name;     // in Renode
  unsigned first = 0, last = 0;  // numbers that a board may use
  unsigned offset = 0;           // number of its input 0

  // Renode's destination: "nvic@5", "gic#0@29".
  std::string input(unsigned irq) const;
};

class PlatformWriter {
 public:
  explicit PlatformWriter(const board::Node& node);

  const board::Node& node;
  const ProcessorModel* processor = nullptr;
  std::vector<Controller> controllers;  // their numbers do not overlap
  bool has_gic = false, has_clint = false;
  bool unknown_controller = false;      // the board has one that Renode has not: its interrupts are left out
  std::map<std::string, std::string> made;  // Renode type -> name of the first peripheral of it
  std::vector<bool> done;                   // of the node's peripherals: written by write_controllers
  Platform platform;

  // Adds a line; everything in it must be of fixed words, numbers and names made by `name`.
  template <class... Args>
  void line(const std::string& pointer, fmt::format_string<Args...> format, Args&&... args) {
    platform.text += fmt::format(format, std::forward<Args>(args)...);
    platform.text += '\n';
    platform.pointers.push_back(pointer);
  }
  void add(Severity severity, std::string pointer, std::string message) {
    platform.findings.push_back({severity, std::move(pointer), std::move(message)});
  }
  void error(std::string pointer, std::string message) { add(Severity::error, std::move(pointer), std::move(message)); }

  const Controller* controller_of(unsigned irq) const;

  // An identifier of the platform, used nowhere else yet: letters, digits and underscores, whatever `wish` is.
  std::string name(std::string_view wish);

  // Reserves addresses. An overlap with what is there, or an end past 2^64, is an error at `pointer`, or `instead` of that severity.
  bool claim(std::uint64_t address, std::uint64_t size, const std::string& pointer, const std::string& what, Severity instead = Severity::error);

 private:
  struct Range {
    std::uint64_t first, last;
    std::string what;
  };
  std::vector<Range> ranges_;
  std::set<std::string> names_;
};

// platform_memory.cpp, platform_processor.cpp, platform_controllers.cpp, platform_peripherals.cpp
void write_memory(PlatformWriter& writer);
bool choose_processor(PlatformWriter& writer);  // false: no such processor, nothing more to do
void write_processor(PlatformWriter& writer);
void write_controllers(PlatformWriter& writer);
void write_peripherals(PlatformWriter& writer);
// The lines of a model's properties below its first line.
void write_properties(PlatformWriter& writer, const Model& model, const board::Peripheral& peripheral, const std::string& pointer);

}  // namespace virserver::backend::renode
