#include "unit/session/fixture.hpp"

namespace virserver::session::testing {
namespace {

using std::chrono_literals::operator""ms;

TEST_F(SessionTest, PowerCycleIsAnnouncedInOrder) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    auto on = co_await session->power(PowerAction::on, true);
    EXPECT_EQ(on->state, State::running);
    EXPECT_EQ((co_await session->power(PowerAction::on, true))->state, State::running);  // nothing to do
    EXPECT_EQ((co_await session->power(PowerAction::pause, true))->state, State::paused);
    EXPECT_EQ((co_await session->power(PowerAction::reset, true))->state, State::running);
    EXPECT_EQ((co_await session->power(PowerAction::off, true))->state, State::stopped);
    EXPECT_EQ(backend_->launches, 1);
    co_await settle();
    const std::vector<std::string> expected{"starting", "running", "paused", "resetting", "running", "stopping", "stopped"};
    EXPECT_EQ(co_await states(session->id()), expected);
  }());
}

TEST_F(SessionTest, MovesThatTheStateDoesNotAllowAreRefused) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    for (const PowerAction action : {PowerAction::reset, PowerAction::pause, PowerAction::resume}) {
      const auto refused = co_await session->power(action, true);
      EXPECT_FALSE(refused.has_value());
      if (!refused) EXPECT_EQ(refused.error().code, ErrorCode::SESSION_STATE);
    }
    backend_->delay = 30ms;
    EXPECT_EQ((co_await session->power(PowerAction::on, false))->state, State::starting);
    const auto busy = co_await session->power(PowerAction::off, true);
    EXPECT_FALSE(busy.has_value());
    if (!busy) EXPECT_EQ(busy.error().code, ErrorCode::SESSION_STATE);
  }());
}

TEST_F(SessionTest, AFailedStartIsAnErrorThatTheNextPowerOnLeaves) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    backend_->launch_error = Error{ErrorCode::ENGINE_START_FAILED, "it did not start"};
    const auto failed = co_await session->power(PowerAction::on, true);
    EXPECT_FALSE(failed.has_value());
    const auto view = co_await session->view();
    EXPECT_EQ(view.state, State::error);
    EXPECT_EQ(view.row.state_reason, "it did not start");
    backend_->launch_error.reset();
    EXPECT_EQ((co_await session->power(PowerAction::on, true))->state, State::running);
  }());
}

TEST_F(SessionTest, AnEndOfTheGuestIsNoError) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    co_await session->power(PowerAction::on, true);
    backend_->engine->end(backend::ExitCause::guest_exit, 3);
    const auto view = co_await session->view();
    EXPECT_EQ(view.state, State::stopped);
    EXPECT_EQ(view.row.last_exit.at("exit_code").to_number<int>(), 3);
    co_await session->power(PowerAction::on, true);
    backend_->engine->end(backend::ExitCause::lockup);
    EXPECT_EQ((co_await session->view()).state, State::error);
  }());
}

TEST_F(SessionTest, DeletedWhileStarting) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    backend_->delay = 30ms;
    co_await session->power(PowerAction::on, false);
    const auto gone = co_await registry().remove(session->id());
    EXPECT_TRUE(gone.has_value());
    EXPECT_FALSE(registry().locate(session->id()).has_value());
    EXPECT_FALSE(std::filesystem::exists(data_ / "sessions" / session->id()));
    const auto again = co_await session->power(PowerAction::on, true);
    EXPECT_FALSE(again.has_value());
  }());
}

TEST_F(SessionTest, LimitsAreKept) {
  run([this]() -> Task<> {
    NewSession small;
    small.board.nodes.emplace_back();
    small.resources = {{"memory_mb", 32}};
    const auto refused = co_await registry().create(small);
    EXPECT_EQ(refused.error().code, ErrorCode::RESOURCES_TOO_SMALL);
    EXPECT_EQ(refused.error().details.at("minimum_memory_mb").to_number<int>(), 64);
    small.resources = {{"memory_mb", 0}};  // no limit
    small.features = {{"coverage", true}};
    EXPECT_EQ((co_await registry().create(small)).error().code, ErrorCode::UNSUPPORTED_BY_BACKEND);
    for (int i = 0; i < 3; ++i) co_await make();
    small.features = {};
    EXPECT_EQ((co_await registry().create(small)).error().code, ErrorCode::SESSION_LIMIT);
  }());
}

TEST_F(SessionTest, ComesBackAfterARestart) {
  std::string id;
  run([&]() -> Task<> {
    const auto session = co_await make();
    id = session->id();
    co_await session->power(PowerAction::on, true);
  }());
  close();
  open();
  backend_->adoptable = true;
  run([&]() -> Task<> {
    EXPECT_TRUE((co_await registry().restore()).has_value());
    EXPECT_EQ((co_await (*registry().locate(id))->view()).state, State::running);
  }());
  close();
  open();
  run([&]() -> Task<> {
    EXPECT_TRUE((co_await registry().restore()).has_value());
    const auto view = co_await (*registry().locate(id))->view();
    EXPECT_EQ(view.state, State::error);
    EXPECT_EQ(view.row.state_reason, "it was killed while no server ran");
  }());
}

TEST_F(SessionTest, ExpiresOnlyWhenNobodyUsesIt) {
  run([this]() -> Task<> {
    const auto session = co_await make(1);
    EXPECT_FALSE(session->expired(now()));
    EXPECT_TRUE(session->expired(now() + std::chrono::seconds(2)));
    session->attach();
    EXPECT_FALSE(session->expired(now() + std::chrono::seconds(2)));
    session->detach();
    EXPECT_TRUE(session->expired(now() + std::chrono::seconds(2)));
  }());
}

}  // namespace
}  // namespace virserver::session::testing
