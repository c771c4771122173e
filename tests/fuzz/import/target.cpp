// Files of other emulators, whatever is in them: every ignored line has a reason, and what is written is a board, of which
// nothing but the reader's own keys came from the text. The first byte picks the reader.
#include <cstdlib>
#include <string_view>

#include "board/parse.hpp"
#include "cli/resc.hpp"
#include "cli/skyeye_conf.hpp"

namespace {

void check(const std::vector<virserver::cli::IgnoredLine>& ignored) {
  for (const auto& line : ignored)
    if (line.reason.empty() || line.line < 1) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace virserver;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    const auto resc = cli::read_resc(text);
    check(resc.ignored);
    if (!board::parse_document(cli::board_yaml(resc))) std::abort();
    return 0;
  }
  const auto conf = cli::read_skyeye_conf(text);
  check(conf.ignored);
  if (conf.mach.empty()) return 0;
  const auto document = board::parse_document(cli::board_yaml(conf));
  if (!document) std::abort();
  const auto& node = document->value.at("nodes").as_array().at(0).as_object();
  if (node.at("backend").as_string() != "skyeye" || node.at("targets").at("skyeye").at("mach").as_string() != std::string_view(conf.mach)) std::abort();
  return 0;
}
