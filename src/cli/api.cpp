#include "cli/api.hpp"

#include <sys/stat.h>

#include <boost/json/serialize.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/text.hpp"

namespace virserver::cli {
namespace json = boost::json;

const json::value& at(const json::value& object, std::string_view member) {
  static const json::value null;
  const auto* found = object.is_object() ? object.get_object().if_contains(member) : nullptr;
  return found != nullptr ? *found : null;
}

std::string text(const json::value& object, std::string_view member) {
  const auto* string = at(object, member).if_string();
  return string != nullptr ? std::string(string->data(), string->size()) : std::string{};
}

std::int64_t number(const json::value& object, std::string_view member, std::int64_t otherwise) {
  error_code ec;
  const json::value& value = at(object, member);
  if (!value.is_number()) return otherwise;
  const auto out = value.to_number<std::int64_t>(ec);
  return ec ? otherwise : out;
}

bool flag(const json::value& object, std::string_view member) {
  const auto* value = at(object, member).if_bool();
  return value != nullptr && *value;
}

const json::array& list(const json::value& object, std::string_view member) {
  static const json::array empty;
  const auto* array = at(object, member).if_array();
  return array != nullptr ? *array : empty;
}

std::string session_path(std::string_view session_id, std::string_view rest) {
  return fmt::format("/api/v1/sessions/{}{}", percent_encode(session_id), rest);
}

Task<Outcome<Answer>> fetch_list(Client& client, ListQuery query) {
  json::array items;
  json::value total;
  std::string cursor = query.cursor;
  for (;;) {
    std::string target = query.path + "?limit=" + std::to_string(query.limit != 0 ? query.limit : 200);
    for (const std::string& term : query.terms) target += "&" + term;
    if (!cursor.empty()) target += "&cursor=" + percent_encode(cursor);
    auto page = co_await client.get(target);
    if (!page || query.limit != 0) co_return page;
    for (const json::value& item : list(page->json, "items")) items.push_back(item);
    total = at(page->json, "total");
    cursor = text(page->json, "next_cursor");
    if (cursor.empty()) break;
  }
  Answer all;
  all.json = json::object{{"items", std::move(items)}, {"next_cursor", nullptr}, {"total", std::move(total)}};
  all.text = json::serialize(all.json);
  co_return all;
}

Outcome<json::value> choose(const json::array& items, std::string_view given, std::string_view id_prefix,
                            std::string_view kind) {
  std::vector<const json::value*> found;
  const auto collect = [&](auto&& fits) {
    if (!found.empty()) return;
    for (const json::value& item : items)
      if (fits(text(item, "id"), text(item, "name"))) found.push_back(&item);
  };
  collect([&](const std::string& id, const std::string&) { return id == given; });
  collect([&](const std::string&, const std::string& name) { return name == given; });
  collect([&](const std::string& id, const std::string&) {
    return !given.empty() && (id.starts_with(given) || (id.starts_with(id_prefix) && id.substr(id_prefix.size()).starts_with(given)));
  });
  if (found.size() == 1) return *found.front();
  if (found.empty()) {
    Failure failure{exit_failed, fmt::format("no {} has the id or name \"{}\", or an id that begins so", kind, printable(given)),
                    kind == "session" ? "SESSION_NOT_FOUND" : "PROGRAM_NOT_FOUND"};
    failure.hint = fmt::format("\"virctl {} list{}\" shows what there is", kind, kind == "session" ? "" : " SESSION");
    return fail(std::move(failure));
  }
  Failure failure{exit_usage, fmt::format("\"{}\" fits {} {}s:", printable(given), found.size(), kind), "AMBIGUOUS"};
  for (const json::value* item : found)
    failure.message += fmt::format("\n  {}  {}", printable(text(*item, "id")), printable(text(*item, "name")));
  failure.hint = "write more of the id";
  return fail(std::move(failure));
}

Task<Outcome<json::value>> find_session(Client& client, std::string given) {
  if (given.starts_with("ses-")) {
    auto exact = co_await client.get(session_path(given));
    if (exact) co_return std::move(exact->json);
    if (exact.error().http_status != 404) co_return pass(exact);
  }
  ListQuery query{.path = "/api/v1/sessions", .terms = {}};
  auto all = co_await fetch_list(client, std::move(query));
  if (!all) co_return pass(all);
  co_return choose(list(all->json, "items"), given, "ses-", "session");
}

Task<Outcome<json::value>> find_program(Client& client, std::string session_id, std::string given) {
  ListQuery query{.path = session_path(session_id, "/programs"), .terms = {}};
  auto all = co_await fetch_list(client, std::move(query));
  if (!all) co_return pass(all);
  co_return choose(list(all->json, "items"), given, "prg-", "program");
}

Outcome<std::string> read_text_file(const std::string& path) {
  constexpr std::size_t bound = 4 << 20;
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec)) return fail(exit_usage, "FILE", "{} is a directory", printable(path));
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(exit_usage, "FILE", "cannot read {}: {}", printable(path), std::strerror(errno));
  std::string out;
  char buffer[16384];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0) {
    out.append(buffer, static_cast<std::size_t>(file.gcount()));
    if (out.size() > bound) return fail(exit_usage, "FILE", "{} is larger than 4 MiB", printable(path));
  }
  return out;
}

Outcome<> add_board(json::object& body, const std::string& board) {
  struct stat status{};
  const bool looks_like_file = board.find('/') != std::string::npos || board.ends_with(".json") ||
                               board.ends_with(".yaml") || board.ends_with(".repl") || board.ends_with(".yml");
  const bool is_file = ::stat(board.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
  if (!looks_like_file && !is_file) {
    body["board_template"] = board;
    return {};
  }
  auto content = read_text_file(board);
  if (!content) return pass(content);
  body["board_config"] = board.ends_with(".repl") ? json::serialize(board_on_platform(*content, board)) : *content;
  return {};
}

json::object board_on_platform(const std::string& text, const std::string& file, json::object models) {
  json::object renode{{"platform_text", text}};
  if (!models.empty()) renode["models"] = std::move(models);
  const json::object target{{"renode", std::move(renode)}};
  return {{"schema", 1}, {"name", std::filesystem::path(file).stem().string()}, {"nodes", json::array{{{"id", "node0"}, {"backend", "renode"}, {"targets", target}}}}};
}

}  // namespace virserver::cli
