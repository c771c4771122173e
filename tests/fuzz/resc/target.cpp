// Whatever the script: the lines that were left aside are its own and have a reason, and the board is a document that can be read.
#include <algorithm>
#include <cstdlib>

#include "board/parse.hpp"
#include "cli/resc.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace virserver;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto resc = cli::read_resc(text);
  const auto lines = std::ranges::count(text, '\n') + 1;
  for (const auto& ignored : resc.ignored)
    if (ignored.line < 1 || ignored.line > lines || ignored.reason.empty()) std::abort();
  for (const auto& program : resc.programs)
    if (program.file.empty()) std::abort();
  if (!board::parse_document(cli::board_yaml(resc))) std::abort();
  return 0;
}
