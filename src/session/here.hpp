// Hopping to a session's thread and back; private to this folder.
#pragma once
#include "base/run_on.hpp"
#include "session/session.hpp"

namespace virserver::session {

template <class T>
Task<T> Session::here(Task<T> task) {
  const auto self = shared_from_this();
  co_return co_await run_on(executor_, std::move(task));
}

// The images of one power-on, read and checked.
struct LoadSet {
  std::vector<store::ProgramRow> rows;
  std::vector<image::Image> images;

  std::vector<backend::LoadImage> list() const {
    std::vector<backend::LoadImage> result;
    for (std::size_t i = 0; i < rows.size(); ++i) result.push_back({rows[i].name, rows[i].role, &images[i]});
    return result;
  }
};

}  // namespace virserver::session
