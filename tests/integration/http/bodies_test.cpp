#include "integration/http/fixture.hpp"

namespace virserver::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Bodies : public ServerTest {};

TEST_F(Bodies, JsonIsParsedAndValidated) {
  start();
  Client client(port());
  EXPECT_EQ(body_of(client.post("/echo", R"({"name":"x"})")).at("name"), "x");
  const auto unknown = client.post("/echo", R"({"nmae":"x"})");
  EXPECT_EQ(code_of(unknown), "INVALID_REQUEST");
  EXPECT_EQ(body_of(unknown).at("details").at("errors").at(0).at("pointer"), "/nmae");
  EXPECT_EQ(code_of(client.post("/echo", "{")), "INVALID_JSON");
  EXPECT_EQ(code_of(client.post("/echo", std::string(100000, '['))), "INVALID_JSON");
  EXPECT_EQ(code_of(client.post("/echo", "")), "INVALID_REQUEST");
  EXPECT_THAT(client.get("/hello"), StartsWith("HTTP/1.1 200"));  // the connection survived it all
}

TEST_F(Bodies, TooMuchJsonIsRefusedBeforeItArrives) {
  ServerConfig config;
  config.max_json_bytes = 1000;
  start(config);
  Client client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n");
  EXPECT_EQ(code_of(client.response()), "PAYLOAD_TOO_LARGE");
  client.close();
  Client chunked(port());
  chunked.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + std::string(2048, ' ') + "\r\n0\r\n\r\n");
  EXPECT_EQ(code_of(chunked.response()), "PAYLOAD_TOO_LARGE");
}

TEST_F(Bodies, StreamsTakeLengthAndChunks) {
  ServerConfig config;
  config.max_upload_bytes = 5 << 20;
  start(config);
  Client client(port());
  EXPECT_EQ(body_of(client.post("/upload", std::string(3 << 20, 'x'), "application/octet-stream")).at("bytes"), 3 << 20);
  client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(client.response()).at("bytes"), 11);
  client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: 9000000\r\n\r\n");
  EXPECT_EQ(code_of(client.response()), "PAYLOAD_TOO_LARGE");
}

TEST_F(Bodies, ContinueIsSentOnlyForWantedBodies) {
  start();
  Client client(port());
  client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_THAT(client.response(), StartsWith("HTTP/1.1 100"));
  client.send("abc");
  EXPECT_EQ(body_of(client.response()).at("bytes"), 3);
  client.send("POST /refuse HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  const auto refused = client.response();
  EXPECT_EQ(code_of(refused), "CONFLICT");
  EXPECT_THAT(refused, HasSubstr("Connection: close"));
}

TEST_F(Bodies, UnreadBodies) {
  start();
  Client client(port());
  EXPECT_EQ(code_of(client.post("/refuse", std::string(1000, 'x'), "application/octet-stream")), "CONFLICT");
  EXPECT_THAT(client.get("/hello"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(code_of(client.post("/refuse", std::string(2 << 20, 'x'), "application/octet-stream")), "CONFLICT");
  client.socket().shutdown(asio::ip::tcp::socket::shutdown_send);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Bodies, SlowOrCutBodies) {
  ServerConfig config;
  config.body_timeout = std::chrono::seconds(1);
  start(config);
  Client slow(port());
  slow.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(code_of(slow.response()), "REQUEST_TIMEOUT");
  Client cut(port());
  cut.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  cut.socket().shutdown(asio::ip::tcp::socket::shutdown_send);
  EXPECT_EQ(code_of(cut.response()), "INVALID_REQUEST");
}

TEST_F(Bodies, PulledAnswersAreChunked) {
  start();
  Client client(port());
  client.send("GET /pulled HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto answer = client.until("0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("4\r\nxxxx\r\n4\r\nxxxx\r\n4\r\nxxxx\r\n0\r\n\r\n"));
}

TEST_F(Bodies, FilesAreSentByParts) {
  file = testing::TempDir() + "/vs_file_" + std::to_string(::getpid());
  std::string content(10, '#');
  for (int i = 0; content.size() < 10 + (3u << 20); ++i) content += std::to_string(i);
  std::ofstream(file) << content;
  start();
  Client client(port());
  const auto answer = client.get("/file");
  EXPECT_TRUE(answer.ends_with(content.substr(10, 3u << 20)));
  EXPECT_THAT(client.get("/hello"), StartsWith("HTTP/1.1 200"));
  std::filesystem::remove(file);
  EXPECT_EQ(code_of(client.get("/file")), "STORAGE_ERROR");
}

}  // namespace
}  // namespace virserver::http
