// The session's side of its register models.
#include "backend/register_models.hpp"
#include "base/log.hpp"
#include "board/parse.hpp"
#include "board/register_models.hpp"
#include "session/session.hpp"

namespace virserver::session {

void Session::make_player() {
  const auto* wanted = row_.features.if_contains("register_models");
  if (plan_.register_models.empty() || (wanted && wanted->is_bool() && !wanted->get_bool())) return;
  auto board = board::parse_board(boost::json::value(row_.board));
  if (!board) return log::warn("session {}: its register models are not played: {}", id_, board.error().message);
  auto blocks = backend::played_models(*board, plan_);
  if (blocks.empty()) return;
  RegisterPlayerHost host{*bridge_, plan_, {}, {}};
  host.set_line = [this](unsigned line, bool level) -> Task<Result<void>> {
    const auto engine = engine_;
    if (!engine || !engine->machine()) co_return fail(ErrorCode::TARGET_OFF, "the board is off");
    co_return co_await engine->machine()->set_interrupt(line, level);
  };
  host.on_load = [this](const RegisterLoad& load) {
    const auto cost = static_cast<double>(load.per_second) * static_cast<double>(load.each.count()) / 1e4;
    auto message = fmt::format("the firmware accesses the modelled registers of {} {} times a second: {} us each, {:.0f} % of its time; "
                               "without the model it runs at full speed (features: register_models false)",
                               load.block, load.per_second, load.each.count(), cost);
    services_.events.append("session.warning", id_, {{"message", std::move(message)}, {"block", load.block},
                                                     {"accesses_per_second", load.per_second}, {"us_per_access", load.each.count()}});
  };
  player_ = std::make_unique<RegisterPlayer>(std::move(host), std::move(blocks), board::has_bit_band(board->nodes.front().processor));
}

Task<> Session::start_player(bool adopted) {
  if (!player_) co_return;
  const auto directory = dir_ / "registers";
  if (adopted) co_await player_->adopt(directory);
  else co_await player_->start(directory);
}

// An earlier server may have ended while the machine stood at an access, and nobody but it was going to let it run on.
Task<> Session::resume_at_access(bool was_running) {
  if (!player_ || !was_running || bridge_->state() != gdb::TargetState::stopped) co_return;
  const bool waits = co_await player_->waits_at_access();
  if (!waits) co_return;
  auto resumed = co_await bridge_->resume(debug_owner_, {});
  if (!resumed) log::warn("session {}: it stands at an access to a modelled register: {}", id_, resumed.error().message);
}

}  // namespace virserver::session
