// Runs for a span of the guest's time, over an engine without an emulator.
#include "unit/session/fixture.hpp"

namespace virserver::session::testing {
namespace {

using namespace std::chrono_literals;

class SpanTest : public SessionTest {
 protected:
  void SetUp() override {
    SessionTest::SetUp();
    backend_->able = true;
  }
  Task<std::shared_ptr<Session>> paused() {
    auto session = co_await make();
    co_await session->power(PowerAction::on, true);
    co_await session->power(PowerAction::pause, true);
    co_return session;
  }
  static SpanRequest span(std::chrono::milliseconds timeout = 10s) { return {5'000'000, true, timeout}; }
};

TEST_F(SpanTest, TheBoardStandsAgainAfterIt) {
  run([this]() -> Task<> {
    const auto session = co_await paused();
    const auto ran = co_await session->run_for(span());
    EXPECT_TRUE(ran) << ran.error().message;
    if (!ran) co_return;
    EXPECT_TRUE(ran->complete);
    EXPECT_EQ(ran->ran_ns, 5'000'000u);
    EXPECT_EQ(ran->virtual_time_ns, 5'001'000u);
    EXPECT_EQ(session->state(), State::paused);
    EXPECT_TRUE(backend_->engine->fast);
    EXPECT_EQ(backend_->engine->spans_ended, 1u);
    backend_->engine->looks_left = 1;
    EXPECT_TRUE((co_await session->run_for(span()))->complete) << "and another one";
  }());
}

TEST_F(SpanTest, WhereItCannotBegin) {
  run([this]() -> Task<> {
    const auto session = co_await make();
    EXPECT_EQ((co_await session->run_for(span())).error().code, ErrorCode::TARGET_OFF);
    co_await session->power(PowerAction::on, true);
    EXPECT_EQ((co_await session->run_for(span())).error().code, ErrorCode::TARGET_RUNNING);
    EXPECT_EQ(backend_->engine->spans_begun, 0u);
  }());
}

TEST_F(SpanTest, ABackendThatCannotSaysSo) {
  run([this]() -> Task<> {
    backend_->able = false;
    const auto session = co_await paused();
    co_await parts_->backends.wait_discovered();
    std::vector<Error> refused;
    refused.push_back((co_await session->run_for(span())).error());
    refused.push_back((co_await session->devices()).error());
    refused.push_back((co_await session->drive_interrupt(std::uint64_t{3}, LineAction::pulse)).error());
    for (const auto& error : refused) {
      EXPECT_EQ(error.code, ErrorCode::UNSUPPORTED_BY_BACKEND);
      EXPECT_EQ(error.message, "the fake cannot do this");
    }
  }());
}

TEST_F(SpanTest, ItGoesOnWhenNobodyWaitsAnyMoreAndAPauseEndsIt) {
  run([this]() -> Task<> {
    const auto session = co_await paused();
    backend_->engine->looks_left = 0;
    const auto waited = co_await session->run_for(span(20ms));
    EXPECT_FALSE(waited->complete);
    EXPECT_EQ(session->state(), State::running);
    EXPECT_EQ((co_await session->run_for(span())).error().code, ErrorCode::TARGET_RUNNING);
    co_await session->power(PowerAction::pause, true);
    backend_->engine->looks_left = 2;  // the first one is looked at once more, and has ended before the next begins
    EXPECT_TRUE((co_await session->run_for(span()))->complete);
    EXPECT_EQ(backend_->engine->spans_begun, 2u);
    EXPECT_EQ(backend_->engine->spans_ended, 2u);
  }());
}

TEST_F(SpanTest, ItEndsWithTheBoard) {
  run([this]() -> Task<> {
    const auto session = co_await paused();
    backend_->engine->looks_left = 0;
    EXPECT_FALSE((co_await session->run_for(span(20ms)))->complete);
    co_await session->power(PowerAction::off, true);
    co_await settle();
    EXPECT_EQ(session->state(), State::stopped);
  }());
}

TEST_F(SpanTest, AResetEndsItAndTheBoardRuns) {
  run([this]() -> Task<> {
    const auto session = co_await paused();
    auto* engine = backend_->engine;
    engine->looks_left = 0;
    engine->stands_at_end = false;
    EXPECT_FALSE((co_await session->run_for(span(20ms)))->complete);
    backend::EngineEvent event{backend::EngineEvent::Kind::reset, ""};
    engine->on_event(event);
    co_await settle();
    EXPECT_EQ(engine->spans_ended, 1u);
    EXPECT_EQ(session->state(), State::running);
  }());
}

}  // namespace
}  // namespace virserver::session::testing
