// What each backend says to a board, and to a program on it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/board_program.hpp"
#include "backend/parts.hpp"

namespace virserver::api {

struct BoardVerdict {
  std::string backend, machine;             // machine: the backend's own name, where it has one
  bool planned = false;                     // the board without the program
  bool exact = false;                       // nothing of the board is approximated or missing
  std::optional<Error> refusal;             // of the board or the program
  boost::json::array findings;              // as the API shows them
  std::vector<backend::Part> parts;         // of the board, and the program's segments
  std::shared_ptr<const image::Image> image;  // the program as this backend would load it

  bool runs() const { return !refusal; }
  std::string_view word() const { return refusal ? "refused" : exact ? "runs" : "approximated"; }
};

// Errors are those of the program itself (IMAGE_*), whatever the board.
Task<Result<std::vector<BoardVerdict>>> board_verdicts(Context& context, const board::Board& board, std::string_view backend, const BoardProgram* program);

}  // namespace virserver::api
