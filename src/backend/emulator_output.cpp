#include "backend/emulator_output.hpp"

#include "process/console_log.hpp"

namespace virserver::backend {

namespace {
constexpr std::size_t output_bound = 64 * 1024;
}  // namespace

std::string emulator_output(const std::filesystem::path& console_dir, std::uint64_t offset) {
  process::ConsoleLog log(console_dir, "emulator");
  const auto end = log.end();
  if (end > output_bound) offset = std::max(offset, end - output_bound);
  std::string text;
  while (text.size() < output_bound) {
    auto chunk = log.read(offset, output_bound - text.size());
    if (!chunk || chunk->bytes.empty()) break;
    text += as_text(chunk->bytes);
    offset = chunk->offset + chunk->bytes.size();
  }
  return text;
}

}  // namespace virserver::backend
