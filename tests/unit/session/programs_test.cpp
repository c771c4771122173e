#include "unit/session/fixture.hpp"

namespace virserver::session::testing {
namespace {

class ProgramsTest : public SessionTest {
 protected:
  Task<Result<store::ProgramRow>> upload(const std::shared_ptr<Session>& session, std::string name, std::string role, std::uint64_t address,
                                         std::string content) {
    auto writer = co_await blobs_->create();
    const std::span<const std::byte> bytes = as_bytes(content);
    co_await (*writer)->write(bytes);
    ProgramUpload upload{std::move(name), std::move(role), image::Format::bin, address, std::move(*writer)};
    co_return co_await session->add_program(std::move(upload));
  }
};

TEST_F(ProgramsTest, PowerOnLoadsTheNewestOfEachRole) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    const auto old = co_await upload(session, "old", "application", 0, "old");
    const auto fresh = co_await upload(session, "new", "application", 0, "new");
    const auto boot = co_await upload(session, "boot", "bootloader", 0x1000, "boot");
    EXPECT_TRUE(old && fresh && boot);
    co_await session->power(PowerAction::on, true);
    EXPECT_EQ(backend_->loaded, (std::vector<std::string>{"new", "boot"}));
  }());
}

TEST_F(ProgramsTest, StartStandsForItsRoleAndStopUnloads) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    const auto old = co_await upload(session, "old", "application", 0, "old");
    const auto fresh = co_await upload(session, "new", "application", 0, "new");
    EXPECT_TRUE((co_await session->start_program(old->id, {})).has_value());
    EXPECT_EQ(backend_->loaded, std::vector<std::string>{"old"});
    EXPECT_TRUE((co_await session->stop_program(old->id)).has_value());
    EXPECT_EQ((co_await session->view()).state, State::stopped);
    EXPECT_TRUE((co_await session->stop_program(fresh->id)).has_value());
    co_await session->power(PowerAction::on, true);
    EXPECT_TRUE(backend_->loaded.empty());
  }());
}

TEST_F(ProgramsTest, WhatCannotRunLeavesTheBoardAlone) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    const auto good = co_await upload(session, "good", "application", 0, "good");
    co_await session->start_program(good->id, {});
    const auto outside = co_await upload(session, "bad", "application", 0x100000, "bad");
    EXPECT_EQ(outside.error().code, ErrorCode::IMAGE_OUTSIDE_MEMORY);
    const auto clash = co_await upload(session, "clash", "bootloader", 2, "clash");
    EXPECT_TRUE(clash.has_value());
    const auto refused = co_await session->start_program(clash->id, {});
    EXPECT_EQ(refused.error().code, ErrorCode::IMAGE_OVERLAP);
    EXPECT_EQ((co_await session->view()).state, State::running);
    EXPECT_EQ(backend_->launches, 1);
    const auto missing = co_await session->start_program("prg-none", {});
    EXPECT_EQ(missing.error().code, ErrorCode::PROGRAM_NOT_FOUND);
  }());
}

TEST_F(ProgramsTest, ContentGoesWithItsLastProgram) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    const auto one = co_await upload(session, "one", "application", 0, "same");
    const auto two = co_await upload(session, "two", "application", 0, "same");
    EXPECT_EQ(one->blob, two->blob);
    EXPECT_TRUE((co_await session->remove_program(one->id)).has_value());
    EXPECT_TRUE((co_await blobs_->local_path(two->blob)).has_value());
    EXPECT_TRUE((co_await registry().remove(session->id())).has_value());
    EXPECT_FALSE((co_await blobs_->local_path(two->blob)).has_value());
  }());
}

}  // namespace
}  // namespace virserver::session::testing
