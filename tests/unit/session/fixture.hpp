// A registry on a temporary data directory and one thread, over the fake backend.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include "session/registry.hpp"
#include "unit/session/fake_backend.hpp"

namespace virserver::session::testing {

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "virserver-session-XXXXXX").string();
    data_ = ::mkdtemp(pattern.data());
    open();
  }
  void TearDown() override {
    close();
    std::filesystem::remove_all(data_);
  }

  void open() {
    rows_ = store::open_sqlite(data_ / "test.db");
    blobs_ = store::open_disk_blobs(data_ / "blobs", pool_);
    parts_ = std::make_unique<Parts>(*rows_, *blobs_, pool_, context_, data_);
    backend_ = parts_->backend;
  }
  void close() {
    run([this]() -> Task<> { co_await parts_->registry.stop(); }());
    parts_.reset();
    blobs_.reset();
    rows_.reset();
  }

  // Runs a test's coroutine to its end; an exception fails the test.
  void run(Task<> task) {
    std::exception_ptr failure;
    bool done = false;
    auto finished = [&](std::exception_ptr error) {
      failure = error;
      done = true;
    };
    asio::co_spawn(context_, std::move(task), finished);
    while (!done) context_.run_one();
    if (failure) std::rethrow_exception(failure);
  }

  Registry& registry() { return parts_->registry; }
  Task<std::shared_ptr<Session>> make(std::optional<std::uint64_t> ttl = {}) {
    NewSession request;
    request.name = "test";
    request.board.nodes.emplace_back();
    request.ttl_sec = ttl;
    auto made = co_await registry().create(std::move(request));
    if (!made) throw std::runtime_error(made.error().message);
    co_return *made;
  }
  // Lets everything that is ready run.
  Task<> settle() {
    asio::steady_timer timer(context_);
    for (int i = 0; i < 50; ++i) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }
  Task<std::vector<std::string>> states(std::string id) {  // as announced
    const store::Caller caller;
    auto rows = co_await parts_->event_rows.after(caller, 0, 1000, id);
    std::vector<std::string> found;
    for (const store::EventRow& row : *rows)
      if (row.type == "session.state") found.emplace_back(row.data.at("status").as_string());
    co_return found;
  }

  struct Parts {
    Parts(store::Rows& rows, store::Blobs& blobs, asio::thread_pool& pool, asio::io_context& context, const std::filesystem::path& data)
        : sessions(rows), programs(rows), event_rows(rows), backend(new FakeBackend), backends(one(backend), context.get_executor()),
          events(event_rows, context.get_executor()),
          services{pool, sessions, programs, blobs, events, backends, Settings{data, "hst-test", 3, 1, 1 << 20, false}},
          registry(services, {context.get_executor()}) {}
    static std::vector<std::unique_ptr<backend::Backend>> one(FakeBackend* fake) {
      std::vector<std::unique_ptr<backend::Backend>> list;
      list.emplace_back(fake);
      return list;
    }
    store::Sessions sessions;
    store::Programs programs;
    store::Events event_rows;
    FakeBackend* backend;
    Backends backends;
    EventLog events;
    Services services;
    Registry registry;
  };

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  asio::thread_pool pool_{1};
  std::filesystem::path data_;
  std::unique_ptr<store::Rows> rows_;
  std::unique_ptr<store::Blobs> blobs_;
  std::unique_ptr<Parts> parts_;
  FakeBackend* backend_ = nullptr;
};

}  // namespace virserver::session::testing
