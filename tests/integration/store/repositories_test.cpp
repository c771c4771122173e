// The repositories over every adapter.
#include <boost/json.hpp>

#include <chrono>
#include <set>

#include "support.hpp"

namespace virserver::store {
namespace {

class RepositoriesTest : public StoreTest {
 protected:
  Sessions sessions() { return Sessions(*rows); }
  std::vector<std::string> ids(const ListQuery& query) {
    std::vector<std::string> out;
    auto page = run(sessions().list(me, query));
    if (!page) return {page.error().message};
    for (auto& row : page->items) out.push_back(row.id);
    return out;
  }
};
using Ids = std::vector<std::string>;

TEST_P(RepositoriesTest, ASessionIsThereAfterARestartWithEveryField) {
  auto row = session("ses-1", 1763938800000001, "n\xc3\xa4me");
  row.state_reason = "because";
  row.lease_until = Timestamp(std::chrono::microseconds(5));
  row.labels = {{"team", "a"}};
  row.plan = {{"p", nullptr}};
  row.resources = {{"cpu", 0.5}};
  row.features = {{"trace", true}};
  row.board_template = "stm32";
  row.ttl_sec = 60;
  row.engine = 3;
  row.last_exit = {{"code", -1}};
  ASSERT_TRUE(run(sessions().insert(me, row)));
  restart();
  auto got = run(sessions().get(me, "ses-1"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->project_id, "default");
  EXPECT_EQ(got->created_by, "local");
  EXPECT_EQ(got->name, row.name);
  EXPECT_EQ(got->state_reason, "because");
  EXPECT_EQ(got->lease_until, row.lease_until);
  EXPECT_EQ(got->labels, row.labels);
  EXPECT_EQ(got->board, row.board);
  EXPECT_EQ(got->plan, row.plan);
  EXPECT_EQ(got->resources, row.resources);
  EXPECT_EQ(got->features, row.features);
  EXPECT_EQ(got->board_template, "stm32");
  EXPECT_EQ(got->ttl_sec, 60u);
  EXPECT_EQ(got->engine, 3u);
  EXPECT_EQ(got->last_exit, row.last_exit);
  EXPECT_EQ(got->created_at, row.created_at);
  EXPECT_EQ(run(sessions().all_of_host("host-1"))->size(), 1u);
  EXPECT_EQ(run(sessions().all_of_host("host-2"))->size(), 0u);
}

TEST_P(RepositoriesTest, SessionErrors) {
  ASSERT_TRUE(run(sessions().insert(me, session("ses-1"))));
  EXPECT_EQ(run(sessions().insert(me, session("ses-1"))).error().code, ErrorCode::CONFLICT);
  EXPECT_EQ(run(sessions().update(me, session("ses-2"))).error().code, ErrorCode::NOT_FOUND);
  EXPECT_EQ(run(sessions().remove(me, "ses-2")).error().code, ErrorCode::NOT_FOUND);
  EXPECT_EQ(run(sessions().get(me, "ses-2")).error().code, ErrorCode::NOT_FOUND);
  auto bad = session("ses-3");
  bad.labels = {{"n", 1}};
  EXPECT_EQ(run(sessions().insert(me, bad)).error().code, ErrorCode::INVALID_REQUEST);
  const Caller other{"other", "someone"};
  EXPECT_EQ(run(sessions().get(other, "ses-1")).error().code, ErrorCode::NOT_FOUND);
  EXPECT_EQ(run(sessions().update(other, session("ses-1"))).error().code, ErrorCode::NOT_FOUND);
  EXPECT_EQ(run(sessions().remove(other, "ses-1")).error().code, ErrorCode::NOT_FOUND);
  EXPECT_EQ(run(sessions().list(other, {}))->total, 0u);
}

TEST_P(RepositoriesTest, ListsFilterSortAndCount) {
  auto a = session("ses-a", 3, "zeta"), b = session("ses-b", 2, "alpha"), c = session("ses-c", 1, "mid");
  a.labels = {{"team", "x"}, {"tier", "1"}};
  b.labels = {{"team", "x"}};
  c.labels = {{"team", "y"}};
  c.state = "running";
  c.backend = "renode";
  for (auto& row : {a, b, c}) ASSERT_TRUE(run(sessions().insert(me, row)));
  EXPECT_EQ(ids({}), (Ids{"ses-a", "ses-b", "ses-c"}));
  EXPECT_EQ(ids({.sort = "created_at"}), (Ids{"ses-c", "ses-b", "ses-a"}));
  EXPECT_EQ(ids({.sort = "name"}), (Ids{"ses-b", "ses-c", "ses-a"}));
  EXPECT_EQ(ids({.labels = {{"team", "x"}}}), (Ids{"ses-a", "ses-b"}));
  EXPECT_EQ(ids({.labels = {{"team", "x"}, {"tier", "1"}}}), (Ids{"ses-a"}));
  EXPECT_EQ(ids({.labels = {{"team", "' OR 1=1 --"}}}), Ids{});
  EXPECT_EQ(ids({.state = "running"}), (Ids{"ses-c"}));
  EXPECT_EQ(ids({.state = "running", .backend = "qemu"}), Ids{});
  EXPECT_EQ(ids({.name = "alpha"}), (Ids{"ses-b"}));
  EXPECT_EQ(run(sessions().list(me, {.limit = 1, .labels = {{"team", "x"}}}))->total, 2u);

  a.labels = {{"team", "y"}};  // a changed label is found, the old one is not
  ASSERT_TRUE(run(sessions().update(me, a)));
  EXPECT_EQ(ids({.labels = {{"team", "y"}}}), (Ids{"ses-a", "ses-c"}));
  EXPECT_EQ(ids({.labels = {{"tier", "1"}}}), Ids{});

  for (auto& wrong : {ListQuery{.limit = 0}, ListQuery{.cursor = "zzz"}, ListQuery{.sort = "state"}})
    EXPECT_EQ(run(sessions().list(me, wrong)).error().code, ErrorCode::INVALID_REQUEST);
}

TEST_P(RepositoriesTest, PagesNeitherRepeatNorSkipWhileSessionsComeAndGo) {
  for (std::string sort : {"-created_at", "created_at", "name", "-name", "-updated_at"}) {
    std::set<std::string> expected, seen;
    for (int i = 0; i < 20; ++i) {
      auto id = fmt::format("{}-{:02}", sort, i);
      expected.insert(id);
      ASSERT_TRUE(run(sessions().insert(me, session(id, 100 + i / 4, fmt::format("n{}", i / 4)))));  // ties
    }
    ListQuery query{.limit = 3, .sort = sort};
    int round = 0;
    std::string given_out;
    for (;; ++round) {
      auto page = run(sessions().list(me, query));
      ASSERT_TRUE(page) << page.error().message;
      ASSERT_LE(page->items.size(), 3u);
      for (auto& row : page->items)
        if (expected.contains(row.id)) {
          EXPECT_TRUE(seen.insert(row.id).second) << row.id << " came twice";
          given_out = row.id;
        }
      if (!page->next_cursor) break;
      query.cursor = *page->next_cursor;
      ASSERT_TRUE(run(sessions().insert(me, session(fmt::format("new-{}-{}", sort, round), 102, "n2"))));
      if (round == 2) { ASSERT_TRUE(run(sessions().remove(me, given_out))); }
      ASSERT_LT(round, 40);
    }
    EXPECT_EQ(seen, expected) << sort;
    for (auto& row : run(sessions().list(me, {.limit = 1000}))->items) ASSERT_TRUE(run(sessions().remove(me, row.id)));
  }
}

TEST_P(RepositoriesTest, ProgramsBelongToTheirSession) {
  Programs programs(*rows);
  ProgramRow row;
  row.id = "prg-1";
  row.session_id = "ses-1";
  row.blob = "abc";
  row.load_address = 0xffff'ffff'8000'0000;
  row.status = "uploaded";
  EXPECT_EQ(run(programs.insert(me, row)).error().code, ErrorCode::NOT_FOUND);
  ASSERT_TRUE(run(sessions().insert(me, session("ses-1"))));
  ASSERT_TRUE(run(programs.insert(me, row)));
  EXPECT_EQ(run(programs.insert(me, row)).error().code, ErrorCode::CONFLICT);
  row.id = "prg-0";
  row.created_at = Timestamp(std::chrono::microseconds(9));
  ASSERT_TRUE(run(programs.insert(me, row)));
  ASSERT_TRUE(run(programs.set_status(me, "prg-1", "loaded")));
  EXPECT_EQ(run(programs.set_status(me, "prg-9", "loaded")).error().code, ErrorCode::NOT_FOUND);
  auto all = run(programs.of_session(me, "ses-1"));
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).id, "prg-1");  // oldest first
  EXPECT_EQ(all->at(0).status, "loaded");
  EXPECT_EQ(all->at(0).load_address, row.load_address);
  EXPECT_TRUE(run(programs.blob_in_use("abc")).value());
  ASSERT_TRUE(run(programs.remove(me, "prg-0")));
  EXPECT_EQ(run(programs.remove(me, "prg-0")).error().code, ErrorCode::NOT_FOUND);
  ASSERT_TRUE(run(sessions().remove(me, "ses-1")));
  EXPECT_FALSE(run(programs.blob_in_use("abc")).value());
}

TEST_P(RepositoriesTest, Templates) {
  Templates templates(*rows);
  TemplateRow row;
  row.id = "mine";
  row.document = {{"v", 1}};
  ASSERT_TRUE(run(templates.insert(me, row)));
  EXPECT_EQ(run(templates.insert(me, row)).error().code, ErrorCode::CONFLICT);
  row.document = {{"v", 2}};
  ASSERT_TRUE(run(templates.update(me, row)));
  row.id = "another";
  ASSERT_TRUE(run(templates.insert(me, row)));
  restart();
  Templates again(*rows);
  EXPECT_EQ(run(again.get(me, "mine"))->document, row.document);
  EXPECT_EQ(run(again.all(me))->at(0).id, "another");
  ASSERT_TRUE(run(again.remove(me, "mine")));
  EXPECT_EQ(run(again.get(me, "mine")).error().code, ErrorCode::NOT_FOUND);
  EXPECT_EQ(run(again.remove(me, "mine")).error().code, ErrorCode::NOT_FOUND);
  row.id = "mine";
  EXPECT_EQ(run(again.update(me, row)).error().code, ErrorCode::NOT_FOUND);
}

TEST_P(RepositoriesTest, EventIdsGrowAndAreNeverReused) {
  {
    Events events(*rows);
    EXPECT_EQ(run(events.last_id()).value(), 0);
    for (int i = 1; i <= 10; ++i) {
      EventRow row;
      row.type = "t";
      row.session_id = i % 2 ? "odd" : "even";
      row.data = {{"i", i}};
      EXPECT_EQ(run(events.append(me, row)).value(), i);
    }
    auto odd = run(events.after(me, 3, 2, "odd"));
    ASSERT_EQ(odd->size(), 2u);
    EXPECT_EQ(odd->at(0).id, 5);
    EXPECT_EQ(odd->at(1).id, 7);
    EXPECT_EQ(run(events.after(me, 8, 100, ""))->size(), 2u);
    ASSERT_TRUE(run(events.prune(4)));
    EXPECT_EQ(run(events.after(me, 0, 100, ""))->front().id, 7);
    ASSERT_TRUE(run(events.prune(4)));
    EXPECT_EQ(run(events.after(me, 0, 100, ""))->size(), 4u);
    ASSERT_TRUE(run(events.prune(0)));
    EXPECT_EQ(run(events.last_id()).value(), 10);
  }
  Statement all{"DELETE FROM events", {}, {}};
  ASSERT_TRUE(run(rows->query(all)));
  restart();
  Events events(*rows);
  EXPECT_EQ(run(events.append(me, {})).value(), 11);
}

TEST_P(RepositoriesTest, IdempotencyKeysAreTakenOnce) {
  Idempotency keys(*rows);
  IdempotencyRow row;
  row.key = "k";
  row.status = 201;
  row.body = "{}";
  row.created_at = Timestamp(std::chrono::microseconds(10));
  EXPECT_FALSE(run(keys.find(me, "k"))->has_value());
  ASSERT_TRUE(run(keys.put(me, row)));
  EXPECT_EQ(run(keys.put(me, row)).error().code, ErrorCode::CONFLICT);
  EXPECT_EQ(run(keys.find(me, "k")).value()->status, 201);
  EXPECT_FALSE(run(keys.find({"other", "x"}, "k"))->has_value());
  ASSERT_TRUE(run(keys.prune(Timestamp(std::chrono::microseconds(10)))));
  EXPECT_TRUE(run(keys.find(me, "k"))->has_value());
  ASSERT_TRUE(run(keys.prune(Timestamp(std::chrono::microseconds(11)))));
  EXPECT_FALSE(run(keys.find(me, "k"))->has_value());
}

TEST_P(RepositoriesTest, DocumentsAreReplaced) {
  Documents documents(*rows);
  EXPECT_FALSE(run(documents.get("d"))->has_value());
  ASSERT_TRUE(run(documents.put("d", {{"v", 1}})));
  ASSERT_TRUE(run(documents.put("d", "text")));
  restart();
  EXPECT_EQ(run(Documents(*rows).get("d")).value(), boost::json::value("text"));
}

TEST_P(RepositoriesTest, InsertAndEventTakeLittleTime) {
  constexpr int kRounds = 300;
  Events events(*rows);
  auto store = sessions();
  const auto work = [&]() -> Task<bool> {
    bool good = true;
    for (int i = 0; i < kRounds; ++i) {
      auto row = session(fmt::format("ses-{:04}", i), i);
      row.labels = {{"team", "x"}};
      EventRow event;
      event.type = "session.created";
      auto inserted = co_await store.insert(me, row);
      auto appended = co_await events.append(me, event);
      good = good && inserted && appended;
    }
    co_return good;
  };
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(run(work()));
  const auto each = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start) / kRounds;
  RecordProperty("microseconds", static_cast<int>(each.count()));
  std::printf("session insert + event append: %.0f us\n", each.count());
  EXPECT_LT(each.count(), 20000);  // a loose bound: shared machines are slow at times
}

INSTANTIATE_TEST_SUITE_P(Adapters, RepositoriesTest, testing::ValuesIn(adapters()), adapter_name);

}  // namespace
}  // namespace virserver::store
