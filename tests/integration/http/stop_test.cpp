#include "integration/http/fixture.hpp"

namespace virserver::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Stop : public ServerTest {};

TEST_F(Stop, RunningRequestsAreAnsweredAndIdleConnectionsClosed) {
  start();
  Client busy(port()), idle(port());
  idle.get("/hello");
  busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return slow_started == 1; }));
  stop();
  EXPECT_EQ(slow_ended, 1);
  const auto answer = busy.response();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 204"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_TRUE(idle.at_end());
}

TEST_F(Stop, ClientsThatLeaveDoNotEndTheirRequests) {
  start();
  {
    Client client(port());
    client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return slow_started == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return slow_ended == 1; }));
}

TEST_F(Stop, ASecondServerDoesNotShareThePort) {
  start();
  asio::io_context context, other;
  ServerConfig config;
  config.port = port();
  config.contract = std::make_shared<const Contract>(std::string(test_contract));
  EXPECT_THROW(Server({&context, &other}, config, handlers(), nullptr), std::runtime_error);
}

TEST(Threads, ShareOnePort) {
  asio::io_context one{1}, two{1};
  ServerConfig config;
  config.port = 0;
  config.contract = std::make_shared<const Contract>(std::string("paths: {}"));
  Server server({&one, &two}, config, {}, nullptr);
  server.start();
  std::thread first([&] { one.run(); }), second([&] { two.run(); });
  for (int i = 0; i < 50; ++i) EXPECT_EQ(code_of(Client(server.port()).get("/x")), "NOT_FOUND");
  Server* running = &server;
  EXPECT_THROW(Server({&one}, [&] { ServerConfig c = config; c.port = running->port(); return c; }(), {}, nullptr), std::runtime_error);
  asio::co_spawn(one, server.stop(), asio::use_future).get();
  first.join();
  second.join();
}

}  // namespace
}  // namespace virserver::http
