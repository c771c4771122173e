// A saved state of register models: whatever the text, it is refused, or the bank goes on from it and saves the same.
#include <boost/json.hpp>

#include <cstdlib>

#include "board/parse.hpp"
#include "board/register_models.hpp"
#include "registers/bank.hpp"

namespace {
using namespace virserver;

const std::vector<registers::Block>& blocks() {
  static const auto all = [] {
    const auto document = board::parse_document(
        "nodes: [{ processor: { type: cortex-m4 }, register_models: [{ block: X, base: 0x40000000, size: 16, irq: 1, interrupts: [{ when: CR.ON }], registers: {\n"
        "  CR: { offset: 0, fields: { ON: 0, RDY: { bits: 1, follows: ON, after_reads: 2 } } },\n"
        "  DR: { offset: 4, fields: { D: { bits: 7:0, stream: abc }, C: { bits: 31:8, counts_hz: 1000 } } } } }] }]");
    return board::parse_board(*document)->nodes.front().register_blocks;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  boost::system::error_code error;
  const auto value = boost::json::parse({reinterpret_cast<const char*>(data), size}, error);
  if (error || !value.is_object()) return 0;
  registers::Bank bank(blocks(), true);
  const auto before = bank.save();
  if (!bank.load(value.get_object())) {
    if (bank.save() != before) std::abort();
    return 0;
  }
  registers::Bank twin(blocks(), true);
  if (!twin.load(bank.save()) || twin.save() != bank.save()) std::abort();
  for (std::uint64_t i = 0; i < 8; ++i) bank.read(0x40000000 + i, 4, UINT64_MAX);
  return 0;
}
