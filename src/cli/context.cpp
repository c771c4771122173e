#include "cli/context.hpp"

#include <unistd.h>

#include <boost/json/serialize.hpp>

#include <cstdio>

#include "cli/text.hpp"

namespace virserver::cli {

void Context::out(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), stdout); }

void Context::out_json(const Answer& answer) const {
  if (answer.text.empty()) return;
  out(answer.text);
  if (!answer.text.ends_with('\n')) out("\n");
}

void Context::out_json(const boost::json::value& value) const { out(boost::json::serialize(value) + "\n"); }

void Context::note(std::string_view text) const {
  const std::string line = fmt::format("virctl: note: {}\n", printable_lines(text));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string Context::paint(std::string_view sgr, std::string_view text) const {
  return globals_.color ? fmt::format("\x1b[{}m{}\x1b[0m", sgr, text) : std::string(text);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace virserver::cli
