#include "backend/qemu/qmp.hpp"

#include <boost/json.hpp>

#include "support.hpp"

namespace virserver::backend::qemu {
namespace {

using namespace std::chrono_literals;
using testing::Peer;
namespace json = boost::json;

class QmpTest : public ::testing::Test {
 protected:
  QmpTest() {
    auto [ours, theirs] = testing::socket_pair();
    peer.emplace(io, std::move(theirs));
    client.emplace(io.get_executor(), std::move(ours), 4096);
    client->on_event = [this](std::string_view name, const json::object&) { events.emplace_back(name); };
  }
  ~QmpTest() override {
    testing::run(io, client->stop());
  }

  Task<> greet() {
    co_await peer->say(std::string(testing::greeting));
    co_await peer->hear();
    co_await peer->say("{\"return\": {}, \"id\": 0}\r\n");
  }
  void connect() {
    asio::co_spawn(io, greet(), asio::detached);
    auto version = testing::run(io, client->handshake(2s));
    ASSERT_TRUE(version) << version.error().message;
    EXPECT_EQ(version->at("qemu").at("major").as_int64(), 7);
  }
  Result<json::value> ask(std::string text, std::chrono::milliseconds timeout = 2000ms) {
    auto answer = [](Peer* p, std::string reply) -> Task<> {
      co_await p->hear();
      co_await p->say(std::move(reply));
    };
    asio::co_spawn(io, answer(&*peer, std::move(text)), asio::detached);
    return testing::run(io, client->execute("query-status", {}, timeout));
  }

  asio::io_context io{1};
  std::optional<Peer> peer;
  std::optional<QmpClient> client;
  std::vector<std::string> events;
};

TEST_F(QmpTest, HandshakeTellsTheVersion) { connect(); }

TEST_F(QmpTest, ReadsRepliesThatComeInPieces) {
  connect();
  auto pieces = [](Peer* p) -> Task<> {
    co_await p->hear();
    auto executor = co_await asio::this_coro::executor;
    for (char c : std::string("{\"return\": {\"running\": true}, \"id\": 1}\n")) {
      std::string one(1, c);
      co_await p->say(std::move(one));
      co_await asio::post(executor, asio::use_awaitable);
    }
  };
  asio::co_spawn(io, pieces(&*peer), asio::detached);
  auto answer = testing::run(io, client->execute("query-status", {}, 2s));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->at("running").as_bool());
}

TEST_F(QmpTest, DeliversEventsBetweenReplies) {
  connect();
  auto answer = ask("{\"event\": \"STOP\"}\n{\"return\": {}, \"id\": 1}\n{\"event\": \"RESUME\", \"data\": {}}\n");
  ASSERT_TRUE(answer);
  testing::run(io, client->execute("later", {}, 20ms));
  EXPECT_EQ(events, (std::vector<std::string>{"STOP", "RESUME"}));
}

TEST_F(QmpTest, MatchesConcurrentCommandsById) {
  connect();
  std::optional<Result<json::value>> first, second;
  auto call = [](QmpClient* c, std::string name, std::optional<Result<json::value>>* out) -> Task<> {
    out->emplace(co_await c->execute(std::move(name), {}, 2000ms));
  };
  asio::co_spawn(io, call(&*client, "one", &first), asio::detached);
  asio::co_spawn(io, call(&*client, "two", &second), asio::detached);
  auto swapped = [](Peer* p) -> Task<bool> {
    co_await p->hear();
    co_await p->hear();
    co_await p->say("{\"return\": \"b\", \"id\": 2}\n{\"return\": \"a\", \"id\": 1}\n");
    co_return true;
  };
  testing::run(io, swapped(&*peer));
  while (!first || !second) io.run_one();
  EXPECT_EQ((*first)->as_string(), "a");
  EXPECT_EQ((*second)->as_string(), "b");
}

TEST_F(QmpTest, HandsOnWhatQemuRefuses) {
  connect();
  auto answer = ask("{\"id\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"no such device\"}}\n");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::UNSUPPORTED_BY_BACKEND);
  EXPECT_NE(answer.error().message.find("no such device"), std::string::npos);
}

TEST_F(QmpTest, TimesOutAndTakesTheLateAnswerQuietly) {
  connect();
  auto late = testing::run(io, client->execute("slow", {}, 20ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::ENGINE_TIMEOUT);
  testing::run(io, peer->hear());
  auto answer = ask("{\"return\": 1, \"id\": 1}\n{\"return\": 2, \"id\": 2}\n");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->as_int64(), 2);
}

struct Hostile {
  const char* name;
  std::string bytes;
};
class QmpHostileTest : public QmpTest, public ::testing::WithParamInterface<Hostile> {};
TEST_P(QmpHostileTest, EndsTheConnectionWithAnError) {
  connect();
  auto answer = ask(GetParam().bytes);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::ENGINE_PROTOCOL) << answer.error().message;
  auto next = testing::run(io, client->execute("next", {}, 2s));
  EXPECT_EQ(next.error().code, ErrorCode::ENGINE_PROTOCOL);
}
INSTANTIATE_TEST_SUITE_P(All, QmpHostileTest,
                         ::testing::Values(Hostile{"garbage", "hello\n"}, Hostile{"array", "[1]\n"}, Hostile{"half_json", "{\"return\": {\n"},
                                           Hostile{"wrong_id", "{\"return\": {}, \"id\": 77}\n"}, Hostile{"negative_id", "{\"return\": {}, \"id\": -1}\n"},
                                           Hostile{"text_id", "{\"return\": {}, \"id\": \"1\"}\n"}, Hostile{"no_id", "{\"return\": {}}\n"},
                                           Hostile{"unknown_kind", "{\"hello\": 1}\n"}, Hostile{"second_greeting", std::string(testing::greeting)},
                                           Hostile{"nameless_event", "{\"event\": 3}\n"}, Hostile{"endless_line", std::string(8192, 'x')},
                                           Hostile{"deep", "{\"return\": " + std::string(500, '[') + std::string(500, ']') + ", \"id\": 1}\n"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(QmpTest, DeathInTheMiddleOfAMessageAnswersEveryWaiter) {
  connect();
  auto die = [](Peer* p) -> Task<> {
    co_await p->hear();
    co_await p->say("{\"return\": {\"run");
    p->close();
  };
  asio::co_spawn(io, die(&*peer), asio::detached);
  auto answer = testing::run(io, client->execute("query-status", {}, 5s));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::ENGINE_DIED);
}

TEST_F(QmpTest, SilentPeerTimesOut) {
  auto version = testing::run(io, client->handshake(20ms));
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().code, ErrorCode::ENGINE_TIMEOUT);
}

}  // namespace
}  // namespace virserver::backend::qemu
