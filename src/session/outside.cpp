// Session: interrupt lines, devices, spans of time.
#include "session/outside.hpp"

#include <boost/json.hpp>

#include "base/broadcast.hpp"
#include "session/here.hpp"

namespace virserver::session {
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto pulse_length = 1ms;
constexpr auto first_look = 2ms, last_look = 50ms;  // at a span that is under way
constexpr auto stop_patience = 2s;                  // between the end of a span and the debugger's word of it

Error off() { return {ErrorCode::TARGET_OFF, "the board is off: power it on first"}; }

}  // namespace

void Session::tell_device(const backend::DeviceChange& change, std::string_view by) {
  const json::value at = change.at_ns ? json::value(*change.at_ns) : json::value(nullptr);
  services_.events.append("session.device", id_,
                          {{"device", change.device}, {"property", change.property}, {"value", change.value}, {"by", by}, {"virtual_time_ns", at}});
}

// In the words of the capabilities. A backend that has not told yet is asked by the call itself.
Result<void> Session::require_feature(const char* name) const {
  const auto info = services_.backends.info(row_.backend);
  if (!info || info->status == backend::Status::probing) return {};
  const auto feature = info->features.find(name);
  if (feature == info->features.end() || feature->second.available) return {};
  return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{}", feature->second.reason);
}

Task<Result<InterruptLine>> Session::drive_interrupt(std::variant<std::uint64_t, std::string> wanted, LineAction action) {
  auto drive = [](std::shared_ptr<Session> self, std::variant<std::uint64_t, std::string> which, LineAction how) -> Task<Result<InterruptLine>> {
    if (auto able = self->require_feature("irq"); !able) co_return pass(able);
    auto line = find_interrupt(self->row_.board, which);
    if (!line) co_return pass(line);
    const auto engine = self->engine_;
    if (!engine) co_return fail(off());
    if (!engine->machine()) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{} drives no interrupt lines", self->row_.backend);
    auto& machine = *engine->machine();
    if (how != LineAction::lower) {
      auto raised = co_await machine.set_interrupt(line->number, true);
      if (!raised) co_return pass(raised);
    }
    if (how == LineAction::pulse) {
      asio::steady_timer timer(self->executor_, pulse_length);
      co_await timer.async_wait(tuple_awaitable);
      if (self->engine_ != engine) co_return fail(ErrorCode::ENGINE_DIED, "the board was switched off during the pulse");
    }
    if (how != LineAction::raise) {
      auto lowered = co_await machine.set_interrupt(line->number, false);
      if (!lowered) co_return pass(lowered);
    }
    co_return *line;
  };
  co_return co_await here(drive(shared_from_this(), std::move(wanted), action));
}

Task<Result<std::vector<backend::DeviceState>>> Session::devices() {
  auto look = [](std::shared_ptr<Session> self) -> Task<Result<std::vector<backend::DeviceState>>> {
    if (auto able = self->require_feature("devices"); !able) co_return pass(able);
    const auto engine = self->engine_;
    if (!engine) co_return fail(off());
    if (!engine->machine()) co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{} offers no devices", self->row_.backend);
    co_return co_await engine->machine()->devices();
  };
  co_return co_await here(look(shared_from_this()));
}

Task<Result<backend::DeviceState>> Session::set_device(std::string name, json::object values) {
  auto set = [](std::shared_ptr<Session> self, std::string wanted, json::object what) -> Task<Result<backend::DeviceState>> {
    auto before = co_await self->devices();
    if (!before) co_return pass(before);
    auto device = find_device(*before, wanted);
    if (!device) co_return pass(device);
    for (const auto& [property, value] : what)
      if (auto checked = check_value(**device, property, value); !checked) co_return pass(checked);
    for (const auto& [property, value] : what) {
      const auto engine = self->engine_;
      if (!engine) co_return fail(off());
      auto done = co_await engine->machine()->set_device((*device)->name, std::string(property), value);
      if (!done) co_return pass(done);
      const backend::DeviceChange change{(*device)->name, std::string(property), value};
      self->tell_device(change, "api");
    }
    auto after = co_await self->devices();
    if (!after) co_return pass(after);
    auto now = find_device(*after, (*device)->name);
    if (!now) co_return pass(now);
    co_return **now;
  };
  co_return co_await here(set(shared_from_this(), std::move(name), std::move(values)));
}

// Of one span; kept by the one who watches it and the request that waits.
struct Session::Span {
  std::uint64_t from_ns = 0;
  bool done = false, complete = false;
  std::optional<Error> failed;
  Broadcast finished;
};

bool Session::stands() const { return debugger_attached() ? bridge_->state() == gdb::TargetState::stopped : engine_->paused(); }

Task<> Session::watch_span(std::shared_ptr<Session> self, std::shared_ptr<Span> span) {
  struct Done {
    Span& span;
    ~Done() {
      span.done = true;
      span.finished.notify();
    }
  } const done{*span};
  const auto engine = self->engine_;
  const unsigned resets = self->resets_;
  asio::steady_timer timer(self->executor_);
  std::chrono::milliseconds pause = first_look;
  for (; self->engine_ == engine && self->resets_ == resets && !self->scope_.stopping(); pause = std::min<std::chrono::milliseconds>(2 * pause, last_look)) {
    const bool stood = self->stands();  // before it is asked: else the end of the span itself would pass for something else
    auto over = co_await engine->span_over();
    if (!over) span->failed = over.error();
    else span->complete = *over;
    if (!over || *over || stood) break;
    timer.expires_after(pause);
    co_await timer.async_wait(tuple_awaitable);
  }
  if (span->complete) {
    const auto until = std::chrono::steady_clock::now() + stop_patience;
    while (self->engine_ == engine && self->debugger_attached() && !self->stands() && !self->scope_.stopping() && std::chrono::steady_clock::now() < until) {
      timer.expires_after(first_look);
      co_await timer.async_wait(tuple_awaitable);
    }
  }
  if (self->engine_ == engine && !self->scope_.stopping()) {
    if (span->complete) self->set_state(State::paused, "its span of time is over");
    auto ended = co_await engine->end_span();
    if (!ended && !span->failed) span->failed = ended.error();
    if (self->engine_ == engine && self->state_ != State::paused && self->stands()) self->set_state(State::paused);
  }
}

Task<Result<SpanResult>> Session::run_for(SpanRequest request) {
  auto run = [](std::shared_ptr<Session> self, SpanRequest how) -> Task<Result<SpanResult>> {
    if (auto able = self->require_feature("run_for"); !able) co_return pass(able);
    auto span = std::make_shared<Span>();
    {
      auto lock = co_await self->operation_.lock();
      if (auto settled = self->require_settled(); !settled) co_return pass(settled);
      if (const auto before = self->span_; before && self->engine_ && self->stands()) {  // which something else ended just now
        const auto watch = before->finished.watch(self->executor_);
        while (!before->done) co_await watch->wait(last_look);
      }
      const auto engine = self->engine_;
      if (!engine) co_return fail(off());
      if (!self->stands()) co_return fail(ErrorCode::TARGET_RUNNING, "the processor runs: pause it first; a span of time begins where it stands");
      auto begun = co_await engine->begin_span(how.nanoseconds, how.full_speed);
      if (!begun) co_return pass(begun);
      span->from_ns = engine->virtual_time_ns().value_or(0);
      auto resumed = self->debugger_attached() ? co_await self->bridge_->resume(self->debug_owner_, {}) : co_await engine->resume();
      if (!resumed) {
        co_await engine->end_span();
        co_return pass(resumed);
      }
      if (self->engine_ == engine) self->set_state(State::running);
      self->span_ = span;
      self->scope_.spawn(watch_span(self, span));
    }
    const auto deadline = std::chrono::steady_clock::now() + how.timeout;
    const auto watch = span->finished.watch(self->executor_);
    while (!span->done && !(how.give_up && how.give_up())) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left <= 0ms) break;
      co_await watch->wait(std::min<std::chrono::milliseconds>(left, 200ms));
    }
    if (span->failed) co_return fail(*span->failed);
    auto state = co_await self->debugger_->state(false);  // a debugger costs the guest speed: it comes when somebody asks for more
    if (!state) co_return pass(state);
    if (span->complete && state->reason == StopReason::pause) {
      state->message = "its span of time is over";
      if (state->location) state->message += " at " + to_text(*state->location);
    }
    SpanResult result{std::move(*state), span->complete};
    if (self->engine_) result.virtual_time_ns = self->engine_->virtual_time_ns();
    if (result.virtual_time_ns && *result.virtual_time_ns > span->from_ns) result.ran_ns = *result.virtual_time_ns - span->from_ns;
    co_return result;
  };
  co_return co_await here(run(shared_from_this(), std::move(request)));
}

}  // namespace virserver::session
