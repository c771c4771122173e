// The XML-RPC that Renode's robot server speaks: requests to run a keyword, and its answers.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace virserver::backend::renode {

// One HTTP request that runs the monitor command `line`.
std::string keyword_request(std::string_view line);

// What the keyword came to. A failure of the command is not a failure of the answer.
struct KeywordAnswer {
  bool passed = false;
  std::string output;  // of one that passed, blank lines at its end removed
  std::string error;   // of one that did not: Renode's words, without the names of its exceptions
};
// The body of an answer. Hostile input: entities, deep nesting and foreign shapes are refused. Error: ENGINE_PROTOCOL.
Result<KeywordAnswer> parse_answer(std::string_view xml);

// An HTTP answer at the front of `data`. `size` is nothing while more bytes are needed.
struct HttpAnswer {
  std::size_t size = 0;       // of head and body; 0: not complete yet
  int status = 0;
  bool keep_alive = false;
  std::string body;
};
// Error: ENGINE_PROTOCOL (no HTTP, or larger than `max_body`).
Result<HttpAnswer> parse_http(std::string_view data, std::size_t max_body);

}  // namespace virserver::backend::renode
