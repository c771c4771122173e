#include "backend/skyeye/conf.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace virserver::backend::skyeye {

std::vector<Finding> check(const Conf& conf, const Installation& installation) {
  std::vector<Finding> findings;
  auto wrong = [&findings](std::string pointer, std::string message) { findings.push_back({Severity::error, std::move(pointer), std::move(message)}); };
  constexpr const char* target = "/nodes/0/targets/skyeye";
  if (std::ranges::find(installation.machines, conf.mach) == installation.machines.end())
    wrong(std::string(target) + "/mach", fmt::format("this SkyEye ({}) has no machine {}; it has {}", installation.version, conf.mach, fmt::join(installation.machines, ", ")));
  if (conf.arch == "arm" && std::ranges::find(arm_cpus(), conf.cpu, &Cpu::name) == arm_cpus().end())
    wrong(std::string(target) + "/cpu", fmt::format("SkyEye has no Arm processor {}", conf.cpu));
  if (std::ranges::find(conf.banks, Bank::Kind::memory, &Bank::kind) == conf.banks.end()) wrong("/nodes/0/memory", "the board has no memory");
  if (conf.banks.size() > max_banks)
    wrong("/nodes/0/memory", fmt::format("the board has {} ranges of memory and registers, SkyEye takes {}", conf.banks.size(), max_banks));
  const Bank* before = nullptr;
  for (const auto& bank : conf.banks) {
    constexpr std::uint64_t end = std::uint64_t{1} << 32;
    if (bank.size == 0 || bank.address >= end || bank.size > end - bank.address)
      wrong(bank.pointer, fmt::format("{} bytes at {} do not lie in SkyEye's 4 GiB", bank.size, hex_address(bank.address)));
    else if (before && bank.address < before->address + before->size)
      wrong(bank.pointer, fmt::format("the ranges at {} and {} overlap", hex_address(before->address), hex_address(bank.address)));
    before = &bank;
  }
  return findings;
}

std::string to_text(const Conf& conf) {
  std::string text = fmt::format("arch: {}\n", conf.arch);
  if (!conf.cpu.empty()) text += fmt::format("cpu: {}\n", conf.cpu);
  text += fmt::format("mach: {}\n", conf.mach);
  for (const auto& bank : conf.banks)
    text += fmt::format("mem_bank: map={}, type=RW, addr=0x{:08x}, size=0x{:08x}\n", bank.kind == Bank::Kind::memory ? 'M' : 'I', bank.address, bank.size);
  return text;
}

}  // namespace virserver::backend::skyeye
