#include "integration/http/fixture.hpp"

namespace virserver::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Requests : public ServerTest {};

TEST_F(Requests, KeepAliveAndHeaders) {
  start();
  Client client(port());
  const auto first = client.get("/hello", "X-Request-Id: mine-1\r\n");
  EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(first, HasSubstr("X-Request-Id: mine-1\r\n"));
  EXPECT_THAT(first, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_EQ(body_of(first).at("limit"), 5);
  const auto second = client.get("/hello?limit=7", "X-Request-Id: bad id\r\n");
  EXPECT_EQ(body_of(second).at("limit"), 7);
  EXPECT_THAT(std::string(body_of(second).at("id").as_string()), StartsWith("req-"));
}

TEST_F(Requests, PipelinedRequestsAreAnsweredInOrder) {
  start();
  Client client(port());
  std::string many;
  for (int i = 0; i < 10; ++i) many += fmt::format("GET /hello?limit={} HTTP/1.1\r\nHost: localhost\r\n\r\n", i);
  client.send(many);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(body_of(client.response()).at("limit"), i);
}

TEST_F(Requests, PathsAndMethods) {
  start();
  Client client(port());
  EXPECT_EQ(code_of(client.get("/nothing")), "NOT_FOUND");
  client.send("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto refused = client.response();
  EXPECT_EQ(code_of(refused), "METHOD_NOT_ALLOWED");
  EXPECT_THAT(refused, HasSubstr("Allow: GET, HEAD\r\n"));
  client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.response(true);
  EXPECT_THAT(head, HasSubstr("Content-Length: "));
  const auto next = client.get("/hello");  // no body came with HEAD
  EXPECT_THAT(next, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(code_of(client.post("/echo", "a=1", "application/x-www-form-urlencoded")), "UNSUPPORTED_MEDIA_TYPE");
  const auto upgrade = client.get("/socket");
  EXPECT_THAT(upgrade, StartsWith("HTTP/1.1 426"));
  EXPECT_EQ(code_of(upgrade), "UPGRADE_REQUIRED");
  EXPECT_EQ(code_of(client.get("/hello?limit=11")), "INVALID_REQUEST");
}

TEST_F(Requests, ForeignHostsAndOrigins) {
  start();
  Client client(port());
  client.send("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(code_of(client.response()), "FOREIGN_ORIGIN");
  client.send("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(code_of(client.response()), "FOREIGN_ORIGIN");
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(code_of(client.response()), "FOREIGN_ORIGIN");
  EXPECT_EQ(code_of(client.get("/events", "Origin: null\r\n")), "FOREIGN_ORIGIN");
  EXPECT_THAT(client.get("/hello", "Origin: http://evil.example\r\n"), StartsWith("HTTP/1.1 200"));
  client.send("GET /hello HTTP/1.1\r\n\r\n");
  EXPECT_EQ(code_of(client.response()), "INVALID_REQUEST");
}

TEST_F(Requests, HugeHeadersAndTargets) {
  start();
  Client headers(port());
  headers.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  const std::string line = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 10000 && headers.send(line); ++i) {}
  const auto answer = headers.response();
  if (!answer.empty()) {  // a reset may overtake the answer when ten megabytes were sent
    EXPECT_EQ(code_of(answer), "HEADERS_TOO_LARGE");
  }
  Client some(port());
  some.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Filler: " + std::string(40000, 'x') + "\r\n\r\n");
  EXPECT_EQ(code_of(some.response()), "HEADERS_TOO_LARGE");
  EXPECT_TRUE(some.at_end());
  Client target(port());
  EXPECT_EQ(code_of(target.get("/" + std::string(9000, 'a'))), "URI_TOO_LONG");
  Client endless(port());
  endless.send("GET /" + std::string(40000, 'a'));
  EXPECT_EQ(code_of(endless.response()), "URI_TOO_LONG");
}

TEST_F(Requests, GarbageIsRefused) {
  start();
  Client client(port());
  client.send("\x16\x03\x01 nonsense\r\n\r\n");
  EXPECT_EQ(code_of(client.response()), "INVALID_REQUEST");
  EXPECT_TRUE(client.at_end());
  Client smuggler(port());
  smuggler.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}");
  EXPECT_EQ(code_of(smuggler.response()), "INVALID_REQUEST");
  EXPECT_TRUE(smuggler.at_end());
}

TEST_F(Requests, SlowHeadersEnd) {
  ServerConfig config;
  config.header_timeout = std::chrono::seconds(1);
  start(config);
  Client client(port());
  client.send("GET /hello HT");
  EXPECT_EQ(code_of(client.response()), "REQUEST_TIMEOUT");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Requests, IdleConnectionsAreClosedQuietly) {
  ServerConfig config;
  config.idle_timeout = std::chrono::seconds(1);
  start(config);
  Client client(port());
  EXPECT_EQ(client.response(), "");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Requests, ConnectionsAreLimited) {
  ServerConfig config;
  config.max_connections = 2;
  start(config);
  Client one(port()), two(port());
  EXPECT_THAT(one.get("/hello"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(two.get("/hello"), StartsWith("HTTP/1.1 200"));
  Client three(port());
  EXPECT_EQ(code_of(three.response()), "TOO_MANY_REQUESTS");
  one.close();
  EXPECT_TRUE(eventually([&] { return Client(port()).get("/hello").starts_with("HTTP/1.1 200"); }));
}

TEST_F(Requests, ExceptionsBecomeInternalErrorsWithoutTheirText) {
  start();
  Client client(port());
  const auto answer = client.get("/throw");
  EXPECT_EQ(code_of(answer), "INTERNAL");
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
  EXPECT_THAT(client.get("/hello"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Requests, PagesComeCompressedAndTagged) {
  start();
  Client client(port());
  const auto page = client.get("/swagger/index.html");
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self'"));
  const auto packed = client.get("/swagger/swagger-ui.css", "Accept-Encoding: gzip\r\n");
  EXPECT_THAT(packed, HasSubstr("Content-Encoding: gzip\r\n"));
  const auto plain = client.get("/swagger/swagger-ui.css");
  EXPECT_THAT(plain, Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(plain, HasSubstr(".swagger-ui"));
  const std::size_t at = page.find("ETag: ") + 6;
  const std::string tag = page.substr(at, page.find('\r', at) - at);
  EXPECT_THAT(client.get("/swagger/index.html", "If-None-Match: " + tag + "\r\n"), StartsWith("HTTP/1.1 304"));
  EXPECT_THAT(client.get("/openapi.yaml"), HasSubstr("operationId: hello"));
  EXPECT_EQ(body_of(client.get("/openapi.json")).at("paths").at("/hello").at("get").at("operationId"), "hello");
}

TEST_F(Requests, AccessLogHasEveryRequest) {
  const std::string path = testing::TempDir() + "/vs_access_" + std::to_string(::getpid());
  ServerConfig config;
  config.access_log = path;
  start(config);
  Client client(port());
  client.get("/hello");
  client.get("/nothing");
  const auto lines = [&] {
    std::ifstream in(path);
    std::vector<boost::json::value> result;
    for (std::string line; std::getline(in, line);) result.push_back(boost::json::parse(line));
    return result;
  };
  ASSERT_TRUE(eventually([&] { return lines().size() == 2; }));
  EXPECT_EQ(lines()[0].at("operation_id"), "hello");
  EXPECT_EQ(lines()[1].at("status"), 404);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace virserver::http
