#include "backend/proposals.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/bytes.hpp"

namespace virserver::backend {

namespace {

struct Judgement {
  std::vector<std::pair<int, std::string>> points;
  void add(int points_for, std::string why) { points.emplace_back(points_for, std::move(why)); }
};

// Tag_CPU_arch values that a Cortex-M executes; the last is its own. ("Addenda to the ABI for the Arm Architecture")
const std::vector<unsigned>* executes(std::string_view processor) {
  static const std::vector<unsigned> v6m{12, 11}, v7m{11, 12, 10}, v7em{11, 12, 10, 13}, v8base{11, 12, 16}, v8main{11, 12, 10, 13, 16, 17},
      v81main{11, 12, 10, 13, 16, 17, 21};
  static const std::map<std::string_view, const std::vector<unsigned>*> table{
      {"cortex-m0", &v6m}, {"cortex-m0plus", &v6m}, {"cortex-m1", &v6m},     {"cortex-m3", &v7m},     {"cortex-m4", &v7em},
      {"cortex-m7", &v7em}, {"cortex-m23", &v8base}, {"cortex-m33", &v8main}, {"cortex-m55", &v81main}, {"cortex-m85", &v81main}};
  const auto found = table.find(processor);
  return found == table.end() ? nullptr : found->second;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool judge_processor(const board::Processor& processor, const image::Image& image, const image::Hints& hints, Judgement& judgement) {
  const auto& data = image.metadata;
  if (!data.architecture) return true;  // HEX and BIN do not say
  if (*data.architecture != processor.architecture) return false;
  const bool big_processor = processor.architecture == Architecture::sparc || processor.architecture == Architecture::ppc || processor.architecture == Architecture::m68k;
  if (processor.architecture != Architecture::mips && data.big_endian != big_processor) return false;
  if (*data.architecture != Architecture::arm) {
    judgement.add(10, fmt::format("it is built for {}", to_string(*data.architecture)));
    return true;
  }
  const auto level = hints.arm_architecture;
  const char profile = data.arm_profile.value_or(level && *level <= 9 ? 'C' : 0);
  if (profile && (profile == 'M') != (processor.profile == 'M')) return false;
  if ((profile == 'R') != (processor.profile == 'R') && profile && profile != 'C') return false;
  if (profile == 'A' && processor.profile == 'C') return false;
  const std::string built = hints.arm_processor.empty() ? "its build attributes" : fmt::format("its build attributes ({})", hints.arm_processor);
  if (const auto* known = executes(processor.id); known && level && profile == 'M') {
    if (std::ranges::find(*known, *level) == known->end()) return false;
    const bool own = known->back() == *level || (known->front() == *level && known->size() == 2);
    if (own) judgement.add(30, fmt::format("{} fit the {} exactly", built, processor.type));
    else judgement.add(10, fmt::format("the {} runs what {} ask for", processor.type, built));
  } else if (profile == processor.profile && profile) {
    judgement.add(20, fmt::format("{} fit the {}", built, processor.type));
  } else {
    judgement.add(5, fmt::format("it is built for Arm, as the {} is", processor.type));
  }
  return true;
}

const board::Memory* memory_at(const board::Node& node, std::uint64_t address) {
  for (const auto& memory : node.memory)
    if (memory.size && address >= memory.address && address - memory.address < memory.size) return &memory;
  return nullptr;
}

bool holds(const board::Node& node, std::uint64_t address, std::uint64_t size) {
  while (size > 0) {
    const auto* memory = memory_at(node, address);
    if (!memory) return false;
    const std::uint64_t step = std::min(size, memory->size - (address - memory->address));
    address += step;
    size -= step;
  }
  return true;
}

bool judge_memory(const board::Node& node, const image::Image& image, Judgement& judgement) {
  for (const auto& region : image.regions) {
    if (region.address + (region.bytes.size() - 1) < region.address || !holds(node, region.address, region.bytes.size())) return false;
  }
  const auto* first = memory_at(node, image.regions.front().address);
  const std::string name = first->name.empty() ? std::string("memory") : first->name;
  if (first->address == image.regions.front().address)
    judgement.add(first->type == board::MemoryType::flash ? 20 : 15, fmt::format("it begins where the {} does, at {}", name, hex_address(first->address)));
  else
    judgement.add(5, fmt::format("all of it lies in the board's memory, from {}", hex_address(image.regions.front().address)));
  return true;
}

std::optional<std::uint32_t> word_at(const image::Image& image, std::uint64_t address) {
  for (const auto& region : image.regions) {
    if (address < region.address || address - region.address + 4 > region.bytes.size()) continue;
    std::uint32_t word = 0;
    for (unsigned i = 0; i < 4; ++i) word |= static_cast<std::uint32_t>(region.bytes[address - region.address + i]) << 8 * i;
    return word;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> target_address(const board::Node& node, std::string_view key) {
  if (const auto* qemu = node.targets.if_contains("qemu"); qemu && qemu->is_object())
    if (const auto* address = qemu->get_object().if_contains(key); address && address->is_number()) return address->to_number<std::uint64_t>();
  return std::nullopt;
}

// Where a Cortex-M finds its vector table. Renode takes it from the image, see vector_table() in load_check.hpp.
std::uint64_t table_address(const board::Node& node, const image::Image& image) {
  if (const auto fixed = target_address(node, "vector_table")) return *fixed;
  if (node.targets.contains("qemu") || !node.targets.contains("renode")) return 0;
  return image.metadata.vector_table.value_or(image.regions.front().address);
}

// Cortex-M: its vector table; others: whether it stands where the processor begins.
bool judge_start(const board::Node& node, const image::Image& image, Judgement& judgement) {
  if (node.processor.profile != 'M') {
    const auto start = target_address(node, "reset_address");
    if (start && *start == image.metadata.entry.value_or(image.regions.front().address))
      judgement.add(20, fmt::format("it starts where the board's processor does, at {}", hex_address(*start)));
    return true;
  }
  const std::uint64_t table = table_address(node, image);
  const auto stack = word_at(image, table), reset = word_at(image, table + 4);
  if (!stack || !reset) return false;
  const auto* ram = *stack >= 4 ? memory_at(node, *stack - 4) : nullptr;
  if (!ram || ram->type != board::MemoryType::ram || !(*reset & 1) || !memory_at(node, *reset & ~1u)) return false;
  if (ram->address + ram->size == *stack) judgement.add(25, fmt::format("its stack begins at the end of the board's RAM, {}", hex_address(*stack)));
  else judgement.add(8, fmt::format("its vector table at {} points to the board's RAM and code", hex_address(table)));
  return true;
}

// Words of the board by which its chip or itself is called.
std::vector<std::string> names_of(const board::Template& known) {
  std::vector<std::string> names;
  auto add = [&](std::string_view text) {
    std::string word;
    for (const char c : lower(text) + " ") {
      if (std::isalnum(static_cast<unsigned char>(c))) {
        word += c;
        continue;
      }
      const bool telling = word.size() >= 5 && std::ranges::any_of(word, [](char each) { return std::isdigit(static_cast<unsigned char>(each)); });
      if (telling && std::isalpha(static_cast<unsigned char>(word.front()))) names.push_back(word);
      word.clear();
    }
  };
  add(known.config.nodes.front().soc);
  add(known.id);
  return names;
}

// How far a word of the image is the name of a chip: its common beginning, where an x stands for any character.
// Different digits right behind it are another member of the family.
int likeness(std::string_view word, std::string_view name) {
  std::size_t same = 0;
  while (same < word.size() && same < name.size() && word[same] == name[same]) ++same;
  const auto common = word.substr(0, same);
  const bool digits = std::ranges::any_of(common, [](char c) { return c >= '0' && c <= '9'; });
  if (same < 5 || !digits) return 0;
  const bool other = same < word.size() && same < name.size() && word[same] != 'x' && std::isdigit(static_cast<unsigned char>(word[same]));
  return static_cast<int>(same) - (other ? 2 : 0);
}

void judge_names(const board::Template& known, const image::Hints& hints, Judgement& judgement) {
  int best = 0;
  std::string word, name;
  for (const auto& candidate : names_of(known))
    for (auto at = hints.words.lower_bound(candidate.substr(0, 5)); at != hints.words.end() && at->starts_with(candidate.substr(0, 5)); ++at)
      if (const int like = likeness(*at, candidate); like > best) {
        best = like;
        word = *at;
        name = candidate;
      }
  if (best > 0) judgement.add(std::min(60, best * 6), fmt::format("it names \"{}\", and the board is or has \"{}\"", word, name));
}

void judge_handlers(const board::Node& node, const image::Hints& hints, Judgement& judgement) {
  std::vector<std::string> found;
  for (const auto& peripheral : node.peripherals) {
    std::string upper(peripheral.name);
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (!upper.empty() && hints.handlers.contains(upper)) found.push_back(peripheral.name);
  }
  if (found.empty()) return;
  const auto count = static_cast<int>(found.size());
  if (found.size() > 6) found.resize(6);
  judgement.add(std::min(20, 2 * count), fmt::format("it has interrupt handlers for {} of the board's peripherals ({})", count, fmt::join(found, ", ")));
}

}  // namespace

void sort_proposals(std::vector<Proposal>& proposals) {
  std::ranges::sort(proposals, [](const Proposal& a, const Proposal& b) { return a.score != b.score ? a.score > b.score : a.board->id < b.board->id; });
}

std::vector<Proposal> propose(std::span<const board::Template* const> boards, const image::Image& image, const image::Hints& hints) {
  std::vector<Proposal> proposals;
  if (image.regions.empty()) return proposals;
  for (const auto* known : boards) {
    if (known->config.nodes.size() != 1) continue;
    const auto& node = known->config.nodes.front();
    Judgement judgement;
    if (!judge_processor(node.processor, image, hints, judgement)) continue;
    if (!judge_memory(node, image, judgement)) continue;
    if (!judge_start(node, image, judgement)) continue;
    judge_names(*known, hints, judgement);
    judge_handlers(node, hints, judgement);
    std::ranges::sort(judgement.points, std::greater{});
    Proposal& proposal = proposals.emplace_back(Proposal{known, 0, {}});
    for (auto& [points, why] : judgement.points) {
      proposal.score += points;
      proposal.reasons.push_back(std::move(why));
    }
  }
  sort_proposals(proposals);
  return proposals;
}

}  // namespace virserver::backend
