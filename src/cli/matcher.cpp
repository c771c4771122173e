#include "cli/matcher.hpp"

#include <re2/re2.h>

#include <algorithm>

#include "cli/text.hpp"

namespace virserver::cli {
namespace {

// Whether the expression can tell the end of its subject: a match on an unfinished line would be premature.
bool looks_at_end(std::string_view expression) {
  bool in_class = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '\\') {
      ++i;
      if (i < expression.size() && !in_class && std::string_view("bBz").find(expression[i]) != std::string_view::npos)
        return true;
    } else if (c == '[') {
      in_class = true;
    } else if (c == ']') {
      in_class = false;
    } else if (c == '$' && !in_class) {
      return true;
    }
  }
  return false;
}

std::string_view without_line_end(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Outcome<Pattern> Pattern::parse(std::string_view source) {
  Pattern pattern;
  pattern.source_ = source;
  if (source.empty()) return fail(exit_usage, "USAGE", "an empty text would match at once");
  const std::size_t last = source.rfind('/');
  const bool regex = source.front() == '/' && last > 0 &&
                     source.find_first_not_of("abcdefghijklmnopqrstuvwxyz", last + 1) == std::string_view::npos;
  if (!regex) {
    pattern.literal_ = source;
    return pattern;
  }
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(8 << 20);
  for (const char flag : source.substr(last + 1)) {
    if (flag != 'i')
      return fail(exit_usage, "USAGE", "the flag \"{}\" of {} is not known; there is only i (ignore case)", flag,
                  printable(source));
    options.set_case_sensitive(false);
  }
  const std::string expression(source.substr(1, last - 1));
  if (expression.empty()) return fail(exit_usage, "USAGE", "an empty expression would match at once");
  auto compiled = std::make_shared<RE2>(expression, options);
  if (!compiled->ok())
    return fail(exit_usage, "USAGE", "{} is not a regular expression (RE2 syntax): {}", printable(source), compiled->error());
  pattern.end_sensitive_ = looks_at_end(expression);
  pattern.regex_ = std::move(compiled);
  return pattern;
}

Matcher::Matcher(std::vector<Pattern> patterns) : patterns_(std::move(patterns)) {
  for (const Pattern& pattern : patterns_) {
    longest_text_ = std::max(longest_text_, pattern.literal_.size());
    any_regex_ |= pattern.regex_ != nullptr;
    any_end_sensitive_ |= pattern.end_sensitive_;
  }
}

// `line_start`: where the line's first byte lies relative to the chunk, biased by line_bound so that it is not negative.
void Matcher::match_line(std::string_view line, std::size_t line_start, std::size_t chunk_size, bool finished,
                         std::optional<Hit>& best) const {
  const std::string_view subject = without_line_end(line);
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    const Pattern& pattern = patterns_[i];
    if (!pattern.regex_ || (pattern.end_sensitive_ && !finished)) continue;
    re2::StringPiece found;
    if (!pattern.regex_->Match(re2::StringPiece(subject.data(), subject.size()), 0, subject.size(), RE2::UNANCHORED,
                               &found, 1))
      continue;
    const std::size_t in_line = static_cast<std::size_t>(found.data() - subject.data()) + found.size();
    const std::size_t biased = line_start + in_line;
    const std::size_t end = std::min(biased > line_bound ? biased - line_bound : 0, chunk_size);
    if (!best || end < best->end || (end == best->end && i < best->pattern)) best = Hit{end, i};
  }
}

std::optional<std::size_t> Matcher::feed(const std::string& console, std::string_view bytes) {
  if (patterns_.empty() || bytes.empty()) return std::nullopt;
  Stream& stream = streams_[console];
  std::optional<Hit> best;

  if (longest_text_ > 0) {
    const std::size_t before = stream.tail.size();
    stream.tail.append(bytes);
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      const std::string& text = patterns_[i].literal_;
      if (text.empty()) continue;
      const std::size_t at = stream.tail.find(text);
      if (at == std::string::npos) continue;
      const std::size_t end = at + text.size() > before ? at + text.size() - before : 0;
      if (!best || end < best->end || (end == best->end && i < best->pattern)) best = Hit{end, i};
    }
    if (stream.tail.size() >= longest_text_) stream.tail.erase(0, stream.tail.size() - (longest_text_ - 1));
  }

  if (any_regex_) {
    std::size_t at = 0;
    while (at < bytes.size()) {
      const std::size_t newline = bytes.find('\n', at);
      const std::size_t stop = std::min(newline == std::string_view::npos ? bytes.size() : newline + 1,
                                        at + line_bound / 2);
      // Half of the bound is kept, so a match shorter than that is seen wherever it lies.
      if (stream.line.size() > line_bound / 2) stream.line.erase(0, stream.line.size() - line_bound / 2);
      const std::size_t line_start = at + line_bound - stream.line.size();
      stream.line.append(bytes.substr(at, stop - at));
      const bool finished = stream.line.ends_with('\n');
      match_line(stream.line, line_start, bytes.size(), finished, best);
      if (finished) stream.line.clear();
      at = stop;
    }
  }
  unsettled_ = any_end_sensitive_ &&
               std::ranges::any_of(streams_, [](const auto& entry) { return !entry.second.line.empty(); });
  return best ? std::optional(best->pattern) : std::nullopt;
}

std::optional<std::size_t> Matcher::settle() {
  unsettled_ = false;
  for (const auto& [console, stream] : streams_) {
    std::optional<Hit> best;
    if (!stream.line.empty()) match_line(stream.line, line_bound, stream.line.size(), true, best);
    if (best) return best->pattern;
  }
  return std::nullopt;
}

}  // namespace virserver::cli
