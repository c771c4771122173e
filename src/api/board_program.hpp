// A program that comes along with a question about boards; nothing of it is kept.
#pragma once
#include <boost/json/object.hpp>

#include <optional>
#include <string>

#include "api/api.hpp"
#include "image/image.hpp"

namespace virserver::api {

struct BoardProgram {
  std::string name = "program";
  Bytes content;
  image::Options options;  // format and load address as asked for
};

// The parts of a multipart body: `program` (the file), `type` and `load_address` for it; every other part becomes a
// text member of `fields` when its name is one of `known`. Errors: INVALID_REQUEST, PAYLOAD_TOO_LARGE.
struct BoardForm {
  boost::json::object fields;
  std::optional<BoardProgram> program;
};
Task<Result<BoardForm>> read_board_form(http::Request& request, std::vector<std::string_view> known, std::uint64_t max_image_bytes);

// The image at the address that was asked for or, for a raw binary without one, at `fallback`. Runs on the pool.
Task<Result<image::Image>> parse_program(asio::thread_pool& pool, const BoardProgram& program, std::optional<std::uint64_t> fallback);

boost::json::object program_summary(const BoardProgram& program, const image::Image& image);

}  // namespace virserver::api
