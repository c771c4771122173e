// What the store's tests share: the adapters to test, a directory of one's own, and running one coroutine.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "store/store.hpp"

namespace virserver::store {

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "vs-store-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary directory");
    path = name;
  }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

// Runs a coroutine on a thread of its own loop and gives its value.
template <class T>
T run(Task<T> task) {
  asio::io_context loop{1};
  auto result = asio::co_spawn(loop, std::move(task), asio::use_future);
  loop.run();
  return result.get();
}

// One database product: opening the same store again must find what was kept.
struct Adapter {
  std::string name;
  std::function<std::unique_ptr<Rows>(const TempDir&)> open;
  std::string fill_up;  // SQL that makes the store refuse to grow; empty when there is none
};

inline std::vector<Adapter> adapters() {
  return {{"sqlite", [](const TempDir& dir) { return open_sqlite(dir.path / "virserver.db"); },
           "PRAGMA max_page_count = 1"}};  // SQLite takes it as "not above the present size"
}

class StoreTest : public testing::TestWithParam<Adapter> {
 protected:
  StoreTest() : rows(GetParam().open(dir)) {}
  void restart() {
    rows.reset();
    rows = GetParam().open(dir);
  }

  TempDir dir;
  std::unique_ptr<Rows> rows;
  Caller me;
};

inline std::string adapter_name(const testing::TestParamInfo<Adapter>& info) { return info.param.name; }
inline void PrintTo(const Adapter& adapter, std::ostream* out) { *out << adapter.name; }

inline SessionRow session(std::string id, std::int64_t time = 1, std::string name = "board") {
  SessionRow row;
  row.id = std::move(id);
  row.name = std::move(name);
  row.state = "created";
  row.backend = "qemu";
  row.host_id = "host-1";
  row.board = {{"name", "b"}, {"nodes", boost::json::array{1, 2}}};
  row.created_at = row.updated_at = row.last_used_at = Timestamp(std::chrono::microseconds(time));
  return row;
}

}  // namespace virserver::store
