#include "backend/renode/guest_log.hpp"

#include <algorithm>
#include <charconv>

#include "backend/guest_text.hpp"

namespace virserver::backend::renode {

namespace {

constexpr std::size_t max_line = 2048, max_text = 200, max_name = 64;

bool digit(char c) { return c >= '0' && c <= '9'; }

// The hexadecimal number behind `key`.
std::optional<std::uint64_t> hex_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (ec != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

unsigned size_of(std::string_view text) {
  if (text.contains("QuadWord")) return 8;
  if (text.contains("DoubleWord")) return 4;
  if (text.contains("Word")) return 2;
  return text.contains("Byte") ? 1 : 0;
}

// Takes "[...]" and the space behind it off the front.
std::optional<std::string_view> take_bracket(std::string_view& text) {
  if (!text.starts_with('[')) return std::nullopt;
  const auto end = text.find(']');
  if (end == text.npos) return std::nullopt;
  const auto inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return inside;
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  auto word = take_bracket(line);
  // 12:34:56.7890
  if (word && word->size() >= 8 && digit(word->front()) && (*word)[2] == ':') word = take_bracket(line);
  if (!word || word->empty() || !std::ranges::all_of(*word, [](char c) { return c >= 'A' && c <= 'Z'; })) return std::nullopt;
  LogLine result;
  result.level = printable(*word, 16);
  // The source's name has no space; a text of Renode's own has a colon later, or none.
  if (const auto colon = line.find(": "); colon != line.npos && colon > 0 && line.substr(0, colon).find(' ') == line.npos) {
    result.source = printable(line.substr(0, colon), max_name);
    line.remove_prefix(colon + 2);
  }
  auto rest = line;
  if (const auto where = take_bracket(rest))
    if (const auto pc = hex_after(*where, ": "); pc && where->contains(": 0x")) {
      result.pc = pc;
      line = rest;
    }
  result.text = printable(line, 2 * max_text);
  return result;
}

GuestAccess access_of(const LogLine& line) {
  GuestAccess access;
  access.device = line.source.substr(line.source.rfind('/') + 1);
  const std::string_view text = line.text;
  if (const auto address = hex_after(text, "non existing peripheral at "); address && (text.contains("Read") || text.contains("Write"))) {
    access.kind = GuestAccess::Kind::invalid;
    access.write = text.contains("Write");
    access.address = address;
    access.size = size_of(text);
    access.device.clear();
  } else if (const auto offset = hex_after(text, "Unhandled read from offset "); offset && text.contains("Unhandled read")) {
    access.kind = GuestAccess::Kind::unimplemented;
    access.offset = offset;
  } else if (const auto written = hex_after(text, "Unhandled write to offset ")) {
    access.kind = GuestAccess::Kind::unimplemented;
    access.write = true;
    access.offset = written;
  } else {
    access.text = line.source.empty() ? without_numbers(text, max_text) : without_numbers(line.source + ": " + line.text, max_text);
    return access;
  }
  access.text = printable(text.substr(0, std::min(text.find(", value"), text.size())), max_text);
  if (access.text.ends_with('.')) access.text.pop_back();
  return access;
}

std::optional<Abort> abort_of(const LogLine& line) {
  if (line.level != "ERROR" || !line.text.starts_with("CPU abort")) return std::nullopt;
  Abort abort{hex_after(line.text, "[PC="), line.text};
  while (abort.text.ends_with('.')) abort.text.pop_back();
  return abort;
}

GuestLog::News GuestLog::add(std::string_view piece) {
  News news;
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    if (skipping_) {
      if (end == piece.npos) return news;
      skipping_ = false;
    } else if (partial_.size() + std::min(end, piece.size()) > max_line) {
      partial_.clear();
      if (end == piece.npos) {
        skipping_ = true;
        return news;
      }
    } else if (end == piece.npos) {
      partial_ += piece;
      return news;
    } else {
      partial_ += piece.substr(0, end);
      add_line(partial_, news);
      partial_.clear();
    }
    piece.remove_prefix(end + 1);
  }
  return news;
}

void GuestLog::add_line(std::string_view line, News& news) {
  const auto parsed = parse_log_line(line);
  if (!parsed) return;
  if (parsed->level == "INFO" && parsed->source == "Script" && parsed->text == reset_mark) ++news.resets;
  if (auto abort = abort_of(*parsed)) {
    if (!news.abort) news.abort = std::move(abort);
    return;
  }
  // What has no source is about Renode itself: a download that failed.
  if ((parsed->level != "WARNING" && parsed->level != "ERROR") || parsed->source.empty()) return;
  GuestAccess access = access_of(*parsed);
  access.pc = parsed->pc;
  if (access.text.empty()) return;
  auto same = [&access](const GuestAccess& known) {
    if (known.kind != access.kind || known.write != access.write || known.device != access.device) return false;
    if (access.kind == GuestAccess::Kind::other) return known.text == access.text;
    return known.offset == access.offset && known.address == access.address;
  };
  const auto known = std::ranges::find_if(accesses_, same);
  if (known != accesses_.end()) {
    ++known->count;
  } else if (accesses_.size() >= max_distinct) {
    ++left_out_;
  } else {
    access.count = 1;
    news.accesses.push_back(access);
    accesses_.push_back(std::move(access));
  }
}

}  // namespace virserver::backend::renode
