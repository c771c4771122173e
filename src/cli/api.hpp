// The API's resources as the commands need them.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "cli/client.hpp"

namespace virserver::cli {

// Members of an answer that may be missing or null: text() is "" then, number() is `otherwise`.
std::string text(const boost::json::value& object, std::string_view member);
std::int64_t number(const boost::json::value& object, std::string_view member, std::int64_t otherwise = 0);
bool flag(const boost::json::value& object, std::string_view member);
const boost::json::value& at(const boost::json::value& object, std::string_view member);  // null when missing
const boost::json::array& list(const boost::json::value& object, std::string_view member);  // empty when missing

std::string session_path(std::string_view session_id, std::string_view rest = {});

struct ListQuery {
  std::string path;                // without a query
  std::vector<std::string> terms;  // "name=value", encoded
  std::uint64_t limit = 0;         // 0: every page; else one page
  std::string cursor = {};
};
// One page exactly as answered, or all pages as one list with a null `next_cursor`.
Task<Outcome<Answer>> fetch_list(Client& client, ListQuery query);

// The item that `given` means: an exact id, an exact name, or a unique beginning of an id (with or without `id_prefix`,
// "ses-"). Several: a usage failure that lists them. `kind` is for the messages.
Outcome<boost::json::value> choose(const boost::json::array& items, std::string_view given, std::string_view id_prefix,
                                   std::string_view kind);

Task<Outcome<boost::json::value>> find_session(Client& client, std::string given);  // the whole Session
Task<Outcome<boost::json::value>> find_program(Client& client, std::string session_id, std::string given);

// The content of a file of at most 4 MiB.
Outcome<std::string> read_text_file(const std::string& path);

// A board by template id or file: adds board_template, or board_config with the file's text, to `body`.
// It is a file when it exists as one or looks like one (has a '/' or ends in .json, .yaml, .yml, .repl); a .repl is a platform of its own.
Outcome<> add_board(boost::json::object& body, const std::string& board);
// A board on a user's own platform: `text` of a .repl, `file` gives the name; `models` in C#, name -> source.
boost::json::object board_on_platform(const std::string& text, const std::string& file, boost::json::object models = {});

}  // namespace virserver::cli
