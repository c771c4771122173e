#include "board/words.hpp"

#include <algorithm>
#include <cctype>

namespace virserver::board {
namespace {

constexpr Word peripherals[] = {
    {"uart", "usart serial lpuart uarte serialport"},
    {"gpio", "pio gpioport port"},
    {"timer", "tim pwmtimer lptimer"},
    {"spi", "qspi ssp"},
    {"i2c", "twi iic"},
    {"i2s", "sai"},
    {"adc", ""},
    {"dac", ""},
    {"pwm", ""},
    {"can", "fdcan canfd"},
    {"rtc", "realtimeclock"},
    {"watchdog", "wdt iwdg wwdg"},
    {"dma", "dmac"},
    {"ethernet", "eth mac nic"},
    {"usb", "otg usbotg"},
    {"sd", "sdio sdmmc mmc sdcard"},
    {"interrupt-controller", "nvic gic plic vic intc pic interruptcontroller clint"},
    {"clock", "rcc clockcontroller prci cmu"},
    {"power", "pwr pmu"},
    {"flash-controller", "nvmc flashcontroller flashinterface fmc"},
    {"rng", "trng random"},
    {"crypto", "aes hash cryp"},
    {"crc", ""},
    {"display", "lcd ltdc framebuffer"},
    {"pci", "pcie pcihost"},
    {"virtio", "virtiommio"},
    {"mailbox", "ipc mbox"},
    {"system", "sysctrl syscon syscfg scc fpgaio"},
    {"button", "key"},
    {"led", ""},
    {"sensor", ""},
    {"other", "custom generic mmio"},
};
constexpr Word memories[] = {
    {"flash", "nor norflash internalflash embeddedflash nvm"},
    {"ram", "sram dram sdram psram ddr ccm ccmram dtcm itcm tcm"},
    {"rom", "bootrom prom mrom"},
};
constexpr Word backends[] = {{"auto", "any"}, {"qemu", ""}, {"renode", ""}, {"skyeye", ""}};

std::string squeeze(std::string_view text) {
  std::string key;
  for (const char c : text)
    if (!std::string_view(" -_").contains(c)) key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return key;
}

bool has_alias(std::string_view aliases, std::string_view key) {
  for (std::string_view rest = aliases; !rest.empty();) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, space) == key) return true;
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return false;
}

}  // namespace

std::span<const Word> peripheral_words() { return peripherals; }
std::span<const Word> memory_words() { return memories; }
std::span<const Word> backend_words() { return backends; }

std::string_view find_word(std::span<const Word> words, std::string_view spelling) {
  if (spelling.size() > 64) return {};
  const std::string key = squeeze(spelling);
  for (const Word& word : words)
    if (squeeze(word.canonical) == key || has_alias(word.aliases, key)) return word.canonical;
  return {};
}

std::vector<std::string> word_list(std::span<const Word> words) {
  std::vector<std::string> list;
  for (const Word& word : words) list.emplace_back(word.canonical);
  return list;
}

bool parse_access(std::string_view text, Memory& memory) {
  if (text.size() > 64) return false;
  std::string key = squeeze(text);
  if (key == "readonly" || key == "ro") key = "r";
  if (key == "readwrite") key = "rw";
  if (key == "readexecute") key = "rx";
  if (key == "readwriteexecute") key = "rwx";
  if (key.empty() || key.size() > 3) return false;
  bool read = false, write = false, execute = false;
  for (const char c : key) {
    bool* flag = c == 'r' ? &read : c == 'w' ? &write : c == 'x' ? &execute : nullptr;
    if (!flag || *flag) return false;
    *flag = true;
  }
  if (!read) return false;
  memory.read = read;
  memory.write = write;
  memory.execute = execute;
  return true;
}

std::string access_text(const Memory& memory) {
  std::string text;
  if (memory.read) text += 'R';
  if (memory.write) text += 'W';
  if (memory.execute) text += 'X';
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

}  // namespace virserver::board
