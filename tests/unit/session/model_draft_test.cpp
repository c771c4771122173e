#include "session/model_draft.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "board/parse.hpp"
#include "board/register_models.hpp"

namespace virserver::session {
namespace {

using testing::HasSubstr;

backend::EnginePlan plan() {
  backend::EnginePlan p;
  p.backend = "qemu";
  p.architecture = Architecture::arm;
  p.devices = {{"uart", "a-uart", "uart", 0x40013000, 0x400, false, {}}, {"RCC", "unimplemented-device", "other", 0x40023800, 0x400, true, {}}};
  return p;
}

PolledView polled(std::uint64_t address, std::optional<Awaited> awaited) {
  PolledView view;
  view.address = address;
  view.instruction = 0x08000100;
  view.location = "main.c:7 in wait";
  view.awaited = awaited;
  return view;
}

// The draft in a small board: what the reader of boards makes of it.
std::vector<registers::Block> blocks_of(const std::string& draft, const char* soc) {
  const auto document = board::parse_document(draft);
  if (!document) throw std::runtime_error(document.error().message);
  boost::json::object board{{"name", "drafted"}, {"nodes", boost::json::array{boost::json::object{
      {"soc", soc}, {"processor", {{"type", "cortex-m4"}}},
      {"memory", boost::json::array{boost::json::object{{"name", "flash"}, {"type", "flash"}, {"address", 0x08000000}, {"size", 0x10000}}}},
      {"register_models", document->value.at("register_models")}}}}};
  const auto parsed = board::parse_board(boost::json::value(board));
  if (!parsed) throw std::runtime_error(parsed.error().message + boost::json::serialize(parsed.error().details));
  return board::models_for(parsed->nodes.front(), "qemu", "7.2");
}

TEST(ModelDraft, UsesABuiltInModelThatHasTheRegister) {
  auto view = polled(0x40023800, Awaited{0x20000, 0x20000, false});
  view.stub = true;
  view.model = "unimplemented-device";
  const auto draft = draft_models(std::span(&view, 1), plan(), "STM32F407VG");
  EXPECT_THAT(draft, HasSubstr("  - use: stm32f4-rcc  # has RCC_CR, which main.c:7 in wait reads\n"));
  const auto blocks = blocks_of(draft, "STM32F407VG");
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].model, "stm32f4-rcc");
}

TEST(ModelDraft, WritesABlockWithTheAwaitedBits) {
  const PolledView views[] = {polled(0x50001004, Awaited{0x20000, 0x20000, false}), polled(0x50001008, Awaited{0xd, 0x9, false}),
                              polled(0x5000100c, Awaited{0x12, 0x12, true}), polled(0x50001011, Awaited{0x80, 0, false}), polled(0x50001020, std::nullopt)};
  const auto draft = draft_models(views, plan(), "");
  EXPECT_THAT(draft, HasSubstr("# main.c:7 in wait waits until bit 17 is 1\n"));
  EXPECT_THAT(draft, HasSubstr("could not be told"));
  const auto blocks = blocks_of(draft, "mystery");
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].base, 0x50001000u);
  const auto constant = [&](std::uint64_t offset, unsigned low) -> int {
    for (const auto& reg : blocks[0].registers)
      for (const auto& field : reg.fields)
        if (reg.offset == offset && field.low == low)
          if (const auto* rule = std::get_if<registers::Constant>(&field.rule)) return static_cast<int>(rule->value);
    return -1;
  };
  EXPECT_EQ(constant(0x04, 17), 1);
  EXPECT_EQ(constant(0x08, 0), 1);
  EXPECT_EQ(constant(0x08, 2), 2) << "two bits: 0b10";
  EXPECT_EQ(constant(0x0c, 1), 1);
  EXPECT_EQ(constant(0x0c, 4), -1) << "one of several is enough";
  EXPECT_EQ(constant(0x10, 15), 0) << "a byte of the register";
}

TEST(ModelDraft, LeavesWhatWorksAlone) {
  auto view = polled(0x40013000, Awaited{1, 1, false});
  view.model = "a-uart";
  EXPECT_EQ(draft_models(std::span(&view, 1), plan(), "STM32F407VG"), "");
  EXPECT_EQ(draft_models({}, plan(), "STM32F407VG"), "");
  view = polled(0x40013400, Awaited{1, 1, false});  // behind the UART
  EXPECT_THAT(draft_models(std::span(&view, 1), plan(), ""), HasSubstr("rest: keep"));
  view = polled(0x400133fc, Awaited{1, 1, false});  // in its last page, where it has no register: its neighbours stay
  EXPECT_THAT(draft_models(std::span(&view, 1), plan(), ""), testing::Not(HasSubstr("rest: keep")));
}

TEST(ModelDraft, SaysWhatToAddToAModelThatIsPlayed) {
  auto machine = plan();
  machine.register_models = {{"PMC", "the board's own register model", 0x400e0600, 0x200}};
  auto view = polled(0x400e0668, Awaited{1, 1, false});
  view.model = "the board's own register model";
  view.modelled = true;
  const auto draft = draft_models(std::span(&view, 1), machine, "");
  EXPECT_THAT(draft, HasSubstr("# PMC is modelled already: add these registers or fields to that model.\n  - block: PMC\n"));
  EXPECT_EQ(blocks_of(draft, "mystery").size(), 1u);
}

}  // namespace
}  // namespace virserver::session
