#include "session/debug/register_journal.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace virserver::session {
namespace {

namespace fs = std::filesystem;
using registers::Bank;

// A counter of reads, and a register that keeps what is written.
Bank make_bank() {
  registers::Block block{.name = "X", .base = 0x40000000, .size = 8};
  registers::Field next{.name = "NEXT", .low = 0, .count = 32, .rule = registers::Stream{{1, 2, 3, 4, 5, 6, 7}, true}};
  block.registers.push_back({.name = "STREAM", .offset = 0, .fields = {next}});
  block.registers.push_back({.name = "KEPT", .offset = 4, .writable = UINT32_MAX});
  return Bank({block}, false);
}

class RegisterJournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/vs-journal-XXXXXX";
    directory = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(directory); }

  static void read(Bank& bank, RegisterJournal& journal, std::uint64_t now) {
    (void)bank.read(0x40000000, 4, now);
    journal.append({.now = now, .address = 0x40000000, .kind = RegisterJournal::Kind::read, .width = 4}, bank);
  }
  static void write(Bank& bank, RegisterJournal& journal, std::uint64_t value, std::uint64_t now) {
    (void)bank.write(0x40000004, 4, value, now);
    journal.append({.now = now, .address = 0x40000004, .value = value, .kind = RegisterJournal::Kind::write, .width = 4}, bank);
  }
  static std::string text(const Bank& bank) { return boost::json::serialize(bank.save()); }

  fs::path directory;
};

TEST_F(RegisterJournalTest, ABankGoesOnWhereItWas) {
  Bank bank = make_bank();
  RegisterJournal journal;
  ASSERT_TRUE(journal.begin(directory / "r", bank));
  for (std::uint64_t i = 0; i < 5; ++i) read(bank, journal, 100 + i);
  write(bank, journal, 0xabcd, 200);
  // The server was killed: nothing was closed.
  Bank later = make_bank();
  RegisterJournal again;
  const auto now = again.resume(directory / "r", later);
  ASSERT_TRUE(now) << now.error().message;
  EXPECT_EQ(*now, 200u);
  EXPECT_EQ(text(later), text(bank));
  // And once more, after more accesses.
  read(later, again, 300);
  Bank last = make_bank();
  RegisterJournal third;
  EXPECT_EQ(third.resume(directory / "r", last).value_or(0), 300u);
  EXPECT_EQ(text(last), text(later));
}

TEST_F(RegisterJournalTest, AResetIsOne) {
  Bank bank = make_bank();
  RegisterJournal journal;
  ASSERT_TRUE(journal.begin(directory / "r", bank));
  write(bank, journal, 5, 10);
  (void)bank.reset(20);
  journal.append({.now = 20, .kind = RegisterJournal::Kind::reset}, bank);
  Bank later = make_bank();
  RegisterJournal again;
  ASSERT_TRUE(again.resume(directory / "r", later));
  EXPECT_EQ(text(later), text(bank));
}

TEST_F(RegisterJournalTest, StaysSmallAndExact) {
  Bank bank = make_bank();
  RegisterJournal journal;
  ASSERT_TRUE(journal.begin(directory / "r", bank));
  for (std::uint64_t i = 0; i < 3 * RegisterJournal::compact_after + 5; ++i) read(bank, journal, i);
  std::uintmax_t bytes = 0;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(directory / "r")) bytes += entry.file_size(), ++files;
  EXPECT_EQ(files, 2);
  EXPECT_LT(bytes, 70'000u);
  Bank later = make_bank();
  RegisterJournal again;
  ASSERT_TRUE(again.resume(directory / "r", later));
  EXPECT_EQ(text(later), text(bank));
}

TEST_F(RegisterJournalTest, WhatIsNoJournalIsRefused) {
  Bank bank = make_bank();
  const auto before = text(bank);
  RegisterJournal journal;
  EXPECT_EQ(journal.resume(directory / "absent", bank).error().code, ErrorCode::NOT_FOUND);
  for (const char* content : {"", "{}", "[1]", R"({"journal":1,"now_ns":0,"bank":{}})", R"({"journal":-1,"now_ns":0,"bank":{}})"}) {
    std::ofstream(directory / "registers.json") << content;
    EXPECT_EQ(journal.resume(directory, bank).error().code, ErrorCode::BOARD_INVALID) << content;
    EXPECT_EQ(text(bank), before) << content;
  }
}

}  // namespace
}  // namespace virserver::session
