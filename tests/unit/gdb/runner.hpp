// Runs a test's coroutine on a loop of its own, with an end.
#pragma once
#include <gmock/gmock.h>

#include <chrono>

#include "base/asio.hpp"

namespace virserver::gdb::test {

// Fails the test when the coroutine does not end in ten seconds, or ends with an exception.
inline void run(asio::io_context& io, Task<> task) {
  bool done = false;
  auto ended = [&](std::exception_ptr e) {
    done = true;
    if (e) {
      try {
        std::rethrow_exception(e);
      } catch (const std::exception& exception) {
        ADD_FAILURE() << exception.what();
      }
    }
    io.stop();
  };
  asio::co_spawn(io, std::move(task), ended);
  io.restart();
  io.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(done) << "it hangs";
}

// Lets everything that is under way happen.
inline Task<> settle(std::chrono::milliseconds time = std::chrono::milliseconds(20)) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(tuple_awaitable);
}

}  // namespace virserver::gdb::test
