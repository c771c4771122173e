#include "backend/skyeye/cli.hpp"

#include <algorithm>
#include <array>

namespace virserver::backend::skyeye {

namespace {

constexpr std::string_view prompts[] = {"(skyeye) ", "(running) "};
constexpr std::string_view complaint = "*** Unknown command: ";
constexpr std::string_view complaint_end = "*** Get commands with 'help' cmd";
constexpr std::size_t max_answer = 1u << 20;

// ESC [ ... letter, as readline sends it to a terminal that is not dumb.
void drop_escapes(std::string& line) {
  for (std::size_t at; (at = line.find('\x1b')) != line.npos;) {
    std::size_t end = at + 1;
    if (end < line.size() && line[end] == '[') ++end;
    while (end < line.size() && !(line[end] >= 'A' && line[end] <= 'Z') && !(line[end] >= 'a' && line[end] <= 'z')) ++end;
    line.erase(at, end - at + 1);
  }
}

std::string plain(std::string line) {
  std::erase(line, '\r');
  drop_escapes(line);
  return line;
}

}  // namespace

void CliText::add(std::string_view bytes) {
  text_.erase(0, at_);
  at_ = 0;
  text_.append(bytes);
}

std::optional<CliText::Item> CliText::next() {
  const std::string_view rest = std::string_view(text_).substr(at_);
  const auto line_end = rest.find('\n');
  for (const auto prompt : prompts) {
    const auto at = rest.substr(0, line_end).find(prompt);
    if (at == rest.npos) continue;
    auto before = plain(std::string(rest.substr(0, at)));
    if (before.find_first_not_of(' ') == before.npos) {
      at_ += at + prompt.size();
      return Item{Item::Kind::prompt, {}, prompt == prompts[1]};
    }
    at_ += at;  // what was printed without an end of line
    return Item{Item::Kind::line, std::move(before), false};
  }
  if (line_end == rest.npos && rest.size() <= max_line) return std::nullopt;
  const bool whole = line_end <= max_line;
  Item item{Item::Kind::line, plain(std::string(rest.substr(0, whole ? line_end : max_line))), false};
  at_ += whole ? line_end + 1 : max_line;
  return item;
}

Result<std::string> user_command(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (text.empty() || text.size() > 200 || !printable)
    return fail(ErrorCode::INVALID_REQUEST, "a command for SkyEye is one line of 1 to 200 printable characters");
  std::string name(text.substr(0, text.find(' ')));
  std::ranges::replace(name, '_', '-');
  static constexpr std::array allowed{"help",       "info",      "disassemble",  "show-step", "show-map", "show-pref", "list-modules",
                                      "list-options", "list-machines", "list-bp", "cov-state"};
  if (std::ranges::find(allowed, name) == allowed.end())
    return fail(ErrorCode::UNSUPPORTED_BY_BACKEND,
                "SkyEye's command {} is not passed on: it would change what VirServer keeps, or can crash SkyEye; power, reset, pause, breakpoints, "
                "registers and memory have calls of their own. Passed on are: {}",
                name, fmt::join(allowed, ", "));
  return std::string(text);
}

void Cli::heard(std::string_view bytes) {
  text_.add(bytes);
  while (auto item = text_.next()) {
    if (item->kind == CliText::Item::Kind::prompt) {
      if (heard_ != Heard::complaint) continue;  // a command's own, which may be stale
      answer_.running = item->running;
      heard_ = Heard::prompt;
      waiting_.cancel();
      continue;
    }
    if (item->text.starts_with(complaint)) {
      if (heard_ == Heard::nothing && item->text.substr(complaint.size()) == word_) heard_ = Heard::complaint;
      continue;
    }
    if (item->text == complaint_end || item->text.empty()) continue;
    if (item->text == word_ || item->text == command_) continue;  // a terminal that echoes
    if (on_line) on_line(item->text);
    if (heard_ == Heard::nothing && answer_.text.size() + item->text.size() < max_answer) answer_.text += item->text + "\n";
  }
}

void Cli::close() {
  closed_ = true;
  waiting_.cancel();
}

void Cli::open() {
  closed_ = false;
  text_ = {};
}

Task<Result<Cli::Answer>> Cli::execute(std::string command, std::chrono::milliseconds timeout) {
  const auto lock = co_await lock_.lock();
  if (closed_) co_return fail(ErrorCode::ENGINE_DIED, "SkyEye has ended");
  command_ = std::move(command);
  word_ = fmt::format("vs{}", ++last_);
  answer_ = {};
  heard_ = Heard::nothing;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::string bytes = (command_.empty() ? "" : command_ + "\n") + word_ + "\n";
  auto written = co_await write_(std::move(bytes));
  if (!written && !closed_) co_return pass(written);
  while (heard_ != Heard::prompt && !closed_ && std::chrono::steady_clock::now() < deadline) {
    waiting_.expires_at(deadline);
    co_await waiting_.async_wait(tuple_awaitable);
  }
  if (heard_ == Heard::prompt) co_return std::move(answer_);
  heard_ = Heard::prompt;
  if (closed_) co_return fail(ErrorCode::ENGINE_DIED, "SkyEye has ended");
  co_return fail(ErrorCode::ENGINE_TIMEOUT, "SkyEye did not answer `{}` within {} ms", command_, timeout.count());
}

}  // namespace virserver::backend::skyeye
