#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/async_mutex.hpp"
#include "base/blocking.hpp"
#include "base/broadcast.hpp"
#include "base/task_scope.hpp"

namespace virserver {
namespace {

using std::chrono_literals::operator""ms;

void run(asio::io_context& context, Task<> task) {
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr error) { failure = error; });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

TEST(AsyncMutexTest, ServesInOrder) {
  asio::io_context context(1);
  AsyncMutex mutex(context.get_executor());
  std::vector<int> order;
  auto user = [&](int number) -> Task<> {
    const auto lock = co_await mutex.lock();
    asio::steady_timer timer(context, 1ms);
    co_await timer.async_wait(asio::use_awaitable);
    order.push_back(number);
  };
  for (int i = 0; i < 5; ++i) asio::co_spawn(context, user(i), asio::detached);
  context.run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_FALSE(mutex.locked());
}

TEST(AsyncMutexTest, ACancelledWaiterLeavesTheQueue) {
  asio::io_context context(1);
  AsyncMutex mutex(context.get_executor());
  TaskScope scope(context.get_executor(), "test");
  bool third = false;
  auto main = [&]() -> Task<> {
    auto lock = co_await mutex.lock();
    auto wait = [&]() -> Task<> {
      const auto never = co_await mutex.lock();
      ADD_FAILURE() << "was cancelled";
    };
    scope.spawn(wait());
    co_await asio::post(asio::use_awaitable);
    co_await scope.stop();
    lock.release();
    const auto again = co_await mutex.lock();
    third = true;
  };
  run(context, main());
  EXPECT_TRUE(third);
}

TEST(BroadcastTest, NothingIsLostBetweenWaits) {
  asio::io_context context(1);
  Broadcast source;
  std::atomic<int> value = 0;
  std::atomic<int> seen = 0;
  auto reader = [&]() -> Task<> {
    const auto watch = source.watch(context.get_executor());
    while (seen < 1000) {
      co_await watch->wait();
      seen = value.load();
    }
  };
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) {
      ++value;
      source.notify();
    }
    while (seen < 1000) {  // the watch may have been made after the last notification
      source.notify();
      std::this_thread::yield();
    }
  });
  run(context, reader());
  writer.join();
  EXPECT_EQ(seen, 1000);
}

TEST(BroadcastTest, TimesOutAndIsCancelled) {
  asio::io_context context(1);
  Broadcast source;
  bool cancelled = false;
  TaskScope scope(context.get_executor(), "test");
  auto main = [&]() -> Task<> {
    const auto watch = source.watch(context.get_executor());
    EXPECT_FALSE(co_await watch->wait(1ms));
    auto forever = [&]() -> Task<> {
      try {
        co_await watch->wait();
      } catch (const boost::system::system_error&) {
        cancelled = true;
      }
    };
    scope.spawn(forever());
    co_await asio::post(asio::use_awaitable);
    co_await scope.stop();
  };
  run(context, main());
  EXPECT_TRUE(cancelled);
}

TEST(TaskScopeTest, StopWaitsForEveryTask) {
  asio::io_context context(1);
  TaskScope scope(context.get_executor(), "test");
  int ended = 0;
  auto task = [&]() -> Task<> {
    asio::steady_timer timer(context, std::chrono::hours(1));
    co_await timer.async_wait(tuple_awaitable);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    timer.expires_after(5ms);
    co_await timer.async_wait(tuple_awaitable);
    ++ended;
  };
  auto main = [&]() -> Task<> {
    for (int i = 0; i < 3; ++i) scope.spawn(task());
    co_await asio::post(asio::use_awaitable);
    co_await scope.stop();
    EXPECT_EQ(ended, 3);
    scope.spawn(task());  // ignored
    EXPECT_EQ(scope.running(), 0u);
  };
  run(context, main());
}

TEST(Blocking, RunsElsewhereAndComesBack) {
  asio::io_context context(1);
  asio::thread_pool pool(1);
  const auto here = std::this_thread::get_id();
  auto main = [&]() -> Task<> {
    auto work = [] { return std::this_thread::get_id(); };
    const auto there = co_await blocking(pool, work);
    EXPECT_NE(there, here);
    EXPECT_EQ(std::this_thread::get_id(), here);
  };
  run(context, main());
}

// The caller is cancelled while its task is busy on another thread: a session that is deleted while its row is written.
TEST(RunOn, TheCallersCancellationDoesNotReachTheTask) {
  for (int round = 0; round < 100; ++round) {
    asio::io_context context(1);
    asio::thread_pool pool(1);
    TaskScope scope(context.get_executor(), "test");
    std::promise<void> begun, cancelled;
    bool untouched = false;
    auto task = [&]() -> Task<bool> {
      begun.set_value();
      cancelled.get_future().wait();
      co_await asio::post(asio::use_awaitable);  // what the cancellation has sent to this thread comes first
      const auto state = co_await asio::this_coro::cancellation_state;
      co_return state.cancelled() == asio::cancellation_type::none;
    };
    auto caller = [&]() -> Task<> { untouched = co_await run_on(pool.get_executor(), task()); };
    auto main = [&]() -> Task<> {
      scope.spawn(caller());
      co_await asio::post(asio::use_awaitable);
      begun.get_future().wait();
      asio::post(context, [&] { cancelled.set_value(); });  // runs once stop() has cancelled and waits
      co_await scope.stop();
    };
    run(context, main());
    pool.join();
    ASSERT_TRUE(untouched);
  }
}

}  // namespace
}  // namespace virserver
