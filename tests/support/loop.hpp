// Runs coroutines of a test to their end, on an event loop of the test's own.
#pragma once
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/asio.hpp"

namespace virserver::testing_support {

class Loop {
 public:
  explicit Loop(std::chrono::seconds patience) : patience_(patience) {}

  asio::io_context io{1};

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    auto wrap = [](Task<T> inner, std::optional<T>* out) -> Task<> { out->emplace(co_await std::move(inner)); };
    start(wrap(std::move(task), &result));
    wait([&] { return result.has_value(); }, "a coroutine");
    return std::move(*result);
  }
  void run(Task<> task) {
    auto wrap = [](Task<> inner) -> Task<bool> {
      co_await std::move(inner);
      co_return true;
    };
    run(wrap(std::move(task)));
  }
  void start(Task<> task) {
    asio::co_spawn(io, std::move(task), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  }
  template <class Condition>
  void wait(Condition condition, std::string what) {
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("waited in vain for " + what);
      io.restart();
      io.run_one_for(std::chrono::milliseconds(50));
    }
  }

 private:
  std::chrono::seconds patience_;
};

}  // namespace virserver::testing_support
