// The words of the protocol: who answers which packet, the greeting, the ends, and the monitor.
#include <algorithm>

#include "gdb/monitor_words.hpp"
#include "gdb/reply.hpp"
#include "gdb/server_connection_impl.hpp"

namespace virserver::gdb {

using Impl = ServerConnection::Impl;

// The first whose prefix fits; what is not here goes to the emulator as it is.
const Impl::Word Impl::words[] = {
    {"m", &Impl::read_memory},
    {"vCont;", &Impl::vcont},
    {"vCont?", &Impl::vcont_actions},
    {"Z", &Impl::insert},
    {"z", &Impl::remove},
    {"Hg", &Impl::select_general},
    {"Hc", &Impl::select_control},
    {"M", &Impl::write_memory},
    {"X", &Impl::write_binary},
    {"T", &Impl::thread_alive},
    {"c", &Impl::resume_at},
    {"s", &Impl::step_at},
    {"C", &Impl::resume_with_signal},
    {"S", &Impl::step_with_signal},
    {"bc", &Impl::reverse_continue},
    {"bs", &Impl::reverse_step},
    {"?", &Impl::status},
    {"!", &Impl::extended},
    {"D", &Impl::detach},
    {"k", &Impl::kill},
    {"R", &Impl::restart},
    {"vKill", &Impl::kill_process},
    {"vRun", &Impl::restart_and_tell},
    {"vFlashErase:", &Impl::flash_erase},
    {"vFlashWrite:", &Impl::flash_write},
    {"vFlashDone", &Impl::okay},
    {"vMustReplyEmpty", &Impl::unknown},
    {"vCtrlC", &Impl::unknown},
    {"vStopped", &Impl::unknown},
    {"QNonStop", &Impl::unknown},
    {"QStartNoAckMode", &Impl::no_ack},
    {"qSupported", &Impl::supported},
    {"qXfer:features:read:", &Impl::features},
    {"qRcmd,", &Impl::monitor},
    {"qAttached", &Impl::attached},
    {"qTStatus", &Impl::unknown},  // asked before the state is; no stub here has tracepoints
    {"qSymbol:", &Impl::okay},
    {"qfThreadInfo", &Impl::first_threads},
    {"qsThreadInfo", &Impl::more_threads},
    {"qThreadExtraInfo,", &Impl::thread_name},
    {"qCRC:", &Impl::unknown},  // gdb then compares what it reads
    {"qC", &Impl::current_thread},
};

Task<Impl::Answer> Impl::answer(std::string_view packet) {
  co_await enter();
  for (const auto& word : words) {
    if (!packet.starts_with(word.prefix)) continue;
    co_return co_await (this->*word.handler)(packet.substr(word.prefix.size()));
  }
  co_return co_await forward(packet);
}

// A gdb that speaks has come to debug: it joins, and the first of all connects the bridge. It would halt the machine
// anyway when it asks for the state.
Task<> Impl::enter() {
  if (owner_ != 0) co_return;
  owner_ = bridge_.join(*this, Bridge::Role::gdb);
  auto attached = co_await bridge_.attach(Bridge::Then::halt, owner_);
  static_cast<void>(attached);  // a board that is off is answered packet by packet
}

Task<Impl::Answer> Impl::forward(std::string_view packet) {
  auto reply = co_await bridge_.request(std::string(packet), general_);
  if (!reply) co_return error_reply(reply.error());
  co_return std::move(*reply);
}

Task<Impl::Answer> Impl::okay(std::string_view) { co_return "OK"; }
Task<Impl::Answer> Impl::unknown(std::string_view) { co_return ""; }
Task<Impl::Answer> Impl::attached(std::string_view) { co_return "1"; }

Task<Impl::Answer> Impl::extended(std::string_view) {
  extended_ = true;
  co_return "OK";
}

Task<Impl::Answer> Impl::no_ack(std::string_view) {
  no_ack_next_ = true;
  co_return "OK";
}

Task<Impl::Answer> Impl::supported(std::string_view rest) {
  if (rest.starts_with(':')) rest.remove_prefix(1);
  const auto* client = bridge_.client();
  const auto offers = [rest](std::string_view name) { return find_feature(rest, name) == "+"; };
  const auto has = [client](std::string_view name) { return client && client->has_feature(name); };
  form_ = {.multiprocess = offers("multiprocess") && has("multiprocess"), .swbreak = offers("swbreak"), .hwbreak = offers("hwbreak")};
  std::string reply = fmt::format("PacketSize={:x};QStartNoAckMode+;vContSupported+", kServerPacket);
  if (form_.multiprocess) reply += ";multiprocess+";
  if (client && !client->documents().empty()) reply += ";qXfer:features:read+";
  // What else the stub can is passed on.
  constexpr std::string_view ours[] = {"PacketSize", "QStartNoAckMode", "vContSupported", "multiprocess", "qXfer:features:read", "QNonStop"};
  std::string_view theirs = client ? std::string_view(client->features()) : std::string_view();
  while (!theirs.empty()) {
    const auto item = theirs.substr(0, theirs.find(';'));
    theirs.remove_prefix(std::min(theirs.size(), item.size() + 1));
    if (std::none_of(std::begin(ours), std::end(ours), [item](auto name) { return item.starts_with(name); })) reply.append(";").append(item);
  }
  co_return reply;
}

Task<Impl::Answer> Impl::features(std::string_view rest) {
  const auto colon = rest.rfind(':');
  const auto comma = rest.find(',', colon == std::string_view::npos ? 0 : colon);
  if (colon == std::string_view::npos || comma == std::string_view::npos) co_return "E00";
  const auto offset = parse_hex(rest.substr(colon + 1, comma - colon - 1)), size = parse_hex(rest.substr(comma + 1));
  const auto* client = bridge_.client();
  if (!client || !offset || !size) co_return "E00";
  const auto document = client->documents().find(unescape(rest.substr(0, colon)));
  if (document == client->documents().end() || *offset > document->second.size()) co_return "E00";
  const std::string_view text = document->second;
  const auto part = text.substr(*offset, std::min<std::uint64_t>(*size, kServerPacket / 2));
  co_return (*offset + part.size() < text.size() ? "m" : "l") + escape(part);
}

Task<Impl::Answer> Impl::detach(std::string_view) { co_return co_await leave(true); }
Task<Impl::Answer> Impl::kill_process(std::string_view) { co_return co_await leave(true); }

Task<Impl::Answer> Impl::kill(std::string_view) {
  co_await leave(extended_);
  co_return std::nullopt;
}

// A kill must not end a board that others use: the gdb goes, the board runs on if only this gdb held it.
Task<Impl::Answer> Impl::leave(bool stay_connected) {
  waiting_ = false;
  general_.reset();
  control_.reset();
  if (owner_ != 0) co_await bridge_.leave(std::exchange(owner_, 0), Bridge::Leave::detach);
  if (!stay_connected) closing_ = true;
  co_return "OK";
}

Task<Impl::Answer> Impl::restart(std::string_view) {
  auto done = co_await bridge_.reset(owner_, Bridge::Reset::halt);
  static_cast<void>(done);  // R has no reply
  co_return std::nullopt;
}

Task<Impl::Answer> Impl::restart_and_tell(std::string_view) {
  auto done = co_await bridge_.reset(owner_, Bridge::Reset::halt);
  if (!done) co_return error_reply(done.error());
  co_return co_await status({});
}

Task<Impl::Answer> Impl::monitor(std::string_view rest) {
  const auto command = from_hex(rest);
  if (!command) co_return "E.the command is not hexadecimal";
  Result<void> result;
  auto text = co_await run_monitor(*command, result);
  if (!result) text += result.error().message + "\n";
  constexpr std::size_t piece = kServerPacket / 4;
  for (std::size_t at = 0; at < text.size(); at += piece) send("O" + to_hex(std::string_view(text).substr(at, piece)));
  co_return result ? "OK" : "E01";
}

Task<std::string> Impl::run_monitor(std::string command, Result<void>& result) {
  switch (parse_monitor(command)) {
    case MonitorWord::help:
      co_return monitor_help(bridge_.target().quirks.name);
    case MonitorWord::version:
      co_return fmt::format("VirServer; {}\n", bridge_.target().version.empty() ? bridge_.target().quirks.name : bridge_.target().version);
    case MonitorWord::reset:
      result = co_await bridge_.reset(owner_, Bridge::Reset::keep);
      co_return "";
    case MonitorWord::reset_halt:
      result = co_await bridge_.reset(owner_, Bridge::Reset::halt);
      co_return "";
    case MonitorWord::reset_run:
      result = co_await bridge_.reset(owner_, Bridge::Reset::run);
      co_return "";
    case MonitorWord::halt: {
      auto stopped = co_await bridge_.interrupt(owner_);
      if (!stopped) result = pass(stopped);
      co_return "";
    }
    case MonitorWord::resume: {
      Bridge::Resume how{.waits = false};
      result = co_await bridge_.resume(owner_, std::move(how));
      co_return "";
    }
    case MonitorWord::emulator:
      break;
  }
  auto text = co_await bridge_.monitor(std::move(command));
  if (text) co_return std::move(*text);
  result = pass(text);
  co_return "";
}

std::string error_reply(const Error& error) {
  std::string text = "E." + error.message;
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == '#' || c == '$' || c == '}' || c == '*'; }, ' ');
  return text;
}

std::string failure_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::MEMORY_UNMAPPED: return "E14";
    case ErrorCode::TARGET_RUNNING: return "E16";
    default: return "E01";
  }
}

}  // namespace virserver::gdb
