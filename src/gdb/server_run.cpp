// Run control and threads, as one gdb says them.
#include <algorithm>

#include "base/log.hpp"
#include "gdb/server_connection_impl.hpp"

namespace virserver::gdb {
namespace {
constexpr std::size_t max_actions = 256;
}  // namespace

using Impl = ServerConnection::Impl;

std::string Impl::stop_packet(const StopReply& stop) {
  general_ = stop.thread;
  if (stop.thread) thread_out(*stop.thread);
  return format_stop_reply(stop, form_);
}

std::string Impl::thread_out(ThreadId id) {
  if (form_.multiprocess || !id.process) return to_string(id);
  process_of_[id.thread] = *id.process;
  id.process.reset();
  return to_string(id);
}

std::optional<ThreadId> Impl::thread_in(std::string_view text) const {
  auto id = parse_thread_id(text);
  if (!id || id->process || id->thread <= 0) return id;
  if (const auto process = process_of_.find(id->thread); process != process_of_.end()) id->process = process->second;
  else if (const auto* client = bridge_.client()) id->process = client->current_thread().process;
  return id;
}

Task<Impl::Answer> Impl::status(std::string_view) {
  auto stop = co_await bridge_.interrupt(owner_);
  if (stop) co_return stop_packet(*stop);
  if (stop.error().code == ErrorCode::TARGET_OFF) co_return "W00";  // gdb: "The target is not running"
  co_return error_reply(stop.error());
}

Task<> Impl::interrupt() {
  co_await enter();
  auto stop = co_await bridge_.interrupt(owner_);
  if (stop || !std::exchange(waiting_, false)) co_return;  // on_stopped has told it
  log::info("a gdb's interrupt failed: {}", stop.error().message);
  send("W00");  // it waits for a board that is gone
}

Task<Impl::Answer> Impl::resume(Bridge::Resume how) {
  if (waiting_) co_return "E.this gdb has resumed the machine already";
  waiting_ = true;  // the stop may come before the call returns
  auto resumed = co_await bridge_.resume(owner_, std::move(how));
  if (resumed) co_return std::nullopt;
  if (!std::exchange(waiting_, false)) co_return std::nullopt;
  co_return error_reply(resumed.error());
}

Task<Impl::Answer> Impl::vcont_actions(std::string_view) {
  const auto* client = bridge_.client();
  co_return client && !client->resume_actions().empty() ? client->resume_actions() : "vCont;c;C;s;S";
}

Task<Impl::Answer> Impl::vcont(std::string_view rest) {
  Bridge::Resume how{.kind = Bridge::Resume::Kind::packet, .packet = "vCont"};
  std::size_t count = 0;
  while (!rest.empty()) {
    const auto action = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), action.size() + 1));
    const auto word = action.substr(0, action.find(':'));
    if (word.empty() || ++count > max_actions) co_return "E.vCont is not well formed";
    const char kind = word[0];
    if (kind != 'c' && kind != 'C' && kind != 's' && kind != 'S' && kind != 'r') co_return "E.vCont has an action that is not supported";
    how.packet.append(";").append(word);
    const bool steps = kind != 'c' && kind != 'C';
    if (word.size() < action.size()) {
      const auto thread = thread_in(action.substr(word.size() + 1));
      if (!thread) co_return "E.vCont names a thread that is not well formed";
      how.packet.append(":").append(to_string(*thread));
      if (steps) how.thread = thread;
    }
    how.steps |= steps;
  }
  if (count == 0) co_return "E.vCont is not well formed";
  if (const auto* client = bridge_.client(); client && client->resume_actions().empty())
    how.kind = how.steps ? Bridge::Resume::Kind::step : Bridge::Resume::Kind::resume;
  co_return co_await resume(std::move(how));
}

Task<Impl::Answer> Impl::legacy(std::string_view address, bool steps) {
  if (!address.empty()) co_return "E.resuming at another address is not supported; set the pc first";
  Bridge::Resume how{.kind = steps ? Bridge::Resume::Kind::step : Bridge::Resume::Kind::resume, .thread = control_};
  co_return co_await resume(std::move(how));
}

Task<Impl::Answer> Impl::resume_at(std::string_view rest) { return legacy(rest, false); }
Task<Impl::Answer> Impl::step_at(std::string_view rest) { return legacy(rest, true); }

Task<Impl::Answer> Impl::resume_with_signal(std::string_view rest) {  // a machine takes no signals
  return legacy(rest.size() > 3 ? rest.substr(3) : std::string_view(), false);
}
Task<Impl::Answer> Impl::step_with_signal(std::string_view rest) {
  return legacy(rest.size() > 3 ? rest.substr(3) : std::string_view(), true);
}

Task<Impl::Answer> Impl::reverse_continue(std::string_view) {
  Bridge::Resume how{.kind = Bridge::Resume::Kind::packet, .packet = "bc", .steps = true};
  co_return co_await resume(std::move(how));
}
Task<Impl::Answer> Impl::reverse_step(std::string_view) {
  Bridge::Resume how{.kind = Bridge::Resume::Kind::packet, .packet = "bs", .steps = true};
  co_return co_await resume(std::move(how));
}

Task<Impl::Answer> Impl::select_general(std::string_view rest) {
  const auto thread = thread_in(rest);
  if (!thread) co_return "E.the thread id is not well formed";
  if (thread->thread <= 0) {
    general_.reset();
    co_return "OK";
  }
  general_ = thread;
  co_return "OK";
}

Task<Impl::Answer> Impl::select_control(std::string_view rest) {
  const auto thread = thread_in(rest);
  if (!thread) co_return "E.the thread id is not well formed";
  control_ = thread->thread > 0 ? thread : std::nullopt;
  co_return "OK";
}

Task<Impl::Answer> Impl::thread_alive(std::string_view rest) {
  const auto thread = thread_in(rest);
  if (!thread) co_return "E.the thread id is not well formed";
  auto reply = co_await bridge_.request("T" + to_string(*thread));
  if (!reply) co_return error_reply(reply.error());
  co_return std::move(*reply);
}

Task<Impl::Answer> Impl::thread_name(std::string_view rest) {
  const auto thread = thread_in(rest);
  if (!thread) co_return "E.the thread id is not well formed";
  auto reply = co_await bridge_.request("qThreadExtraInfo," + to_string(*thread));
  if (!reply) co_return error_reply(reply.error());
  co_return std::move(*reply);
}

// The stub keeps the place in its list for one reader only: it is read at once and given in one piece.
Task<Impl::Answer> Impl::first_threads(std::string_view) {
  auto ids = co_await bridge_.thread_ids();
  if (!ids) co_return error_reply(ids.error());
  std::string list;
  for (const auto& id : *ids) {
    list += list.empty() ? 'm' : ',';
    list += thread_out(id);
  }
  co_return list;
}

Task<Impl::Answer> Impl::more_threads(std::string_view) { co_return "l"; }

Task<Impl::Answer> Impl::current_thread(std::string_view) {
  const auto* client = bridge_.client();
  if (general_) co_return "QC" + thread_out(*general_);
  co_return client ? "QC" + thread_out(client->current_thread()) : "";
}

}  // namespace virserver::gdb
