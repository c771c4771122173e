#include "cli/api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include <filesystem>
#include <fstream>

#include "fake_server.hpp"
#include "cli/private_server.hpp"
#include "cli/upload.hpp"

namespace virserver::cli {
namespace {
using testing::HasSubstr;

template <class T>
Outcome<T> await(const FakeServer& server, std::function<Task<Outcome<T>>(Client&)> call) {
  asio::io_context io(1);
  Client client(io.get_executor(), parse_server(server.url()).value());
  auto future = asio::co_spawn(io, call(client), asio::use_future);
  io.run();
  return future.get();
}

// Two pages of sessions.
FakeAnswer sessions(const FakeRequest& request) {
  if (request.target.find("/sessions/") != std::string::npos)
    return {404, R"({"error":"no session","code":"SESSION_NOT_FOUND","details":{},"request_id":"r"})"};
  if (request.target.find("cursor=n%2F1") != std::string::npos)
    return {200, R"({"items":[{"id":"ses-02aa","name":"gamma"},{"id":"ses-03cc","name":"twin"}],"next_cursor":null,"total":4})"};
  return {200, R"({"items":[{"id":"ses-01aa","name":"alpha"},{"id":"ses-01ab","name":"twin"}],"next_cursor":"n/1","total":4})"};
}

Outcome<boost::json::value> find(const std::string& given) {
  FakeServer server(sessions);
  return await<boost::json::value>(server, [given](Client& client) { return find_session(client, given); });
}

TEST(FindSession, ByUniquePrefixOrExactName) {
  EXPECT_EQ(text(find("ses-02").value(), "name"), "gamma");
  EXPECT_EQ(text(find("03").value(), "id"), "ses-03cc");
  EXPECT_EQ(text(find("alpha").value(), "id"), "ses-01aa");
  EXPECT_EQ(text(find("ses-01ab").value(), "id"), "ses-01ab");
}

TEST(FindSession, AmbiguityIsAUsageErrorWithTheCandidates) {
  for (const char* given : {"ses-01", "twin"}) {
    const auto found = find(given);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().status, exit_usage);
    EXPECT_THAT(found.error().message, HasSubstr("ses-01ab  twin"));
  }
  const auto none = find("alp");
  ASSERT_FALSE(none) << "names must be exact";
  EXPECT_EQ(none.error().code, "SESSION_NOT_FOUND");
}

TEST(Client, NobodyThereIsUnreachable) {
  std::string url;
  {
    FakeServer server(sessions);
    url = server.url();
  }
  asio::io_context io(1);
  Client client(io.get_executor(), parse_server(url).value());
  auto future = asio::co_spawn(io, client.get("/health"), asio::use_future);
  io.run();
  const auto answer = future.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().status, exit_unreachable);
  EXPECT_EQ(answer.error().code, "SERVER_UNREACHABLE");
}

TEST(Client, AnAnswerOfAnotherProgramIsSaidToBeOne) {
  FakeServer server([](const FakeRequest&) { return FakeAnswer{404, "<html>"}; });
  const auto answer = await<Answer>(server, [](Client& client) { return client.get("/api/v1/capabilities"); });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().status, exit_failed);
  EXPECT_EQ(answer.error().code, "HTTP_404");
}

struct TempDir {
  std::filesystem::path path;
  TempDir() {
    std::string name = testing::TempDir() + "/virctl-test-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path); }
};

TEST(Upload, SendsTheFileAndItsFacts) {
  const TempDir directory;
  const std::string file = directory.path / "fw image.bin";
  std::ofstream(file) << std::string(300'000, 'z');
  FakeServer server([](const FakeRequest&) { return FakeAnswer{201, R"({"id":"prg-1"})"}; });
  const auto answer = await<Answer>(server, [&](Client& client) {
    return upload(client, Upload{.session_id = "ses-1", .file = file, .role = "bootloader", .load_address = "0x1000", .start = true});
  });
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].target,
            "/api/v1/sessions/ses-1/programs?name=fw%20image.bin&role=bootloader&load_address=0x1000&start=true");
  EXPECT_EQ(server.requests()[0].body, std::string(300'000, 'z'));
}

TEST(Upload, AMissingFileIsAUsageError) {
  FakeServer server(sessions);
  const auto answer = await<Answer>(server, [](Client& client) { return upload(client, Upload{.session_id = "s", .file = "/nonexistent"}); });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().status, exit_usage);
  EXPECT_TRUE(server.requests().empty());
}

TEST(Board, IsAFileOrATemplate) {
  const TempDir directory;
  const std::string file = directory.path / "b.yaml";
  std::ofstream(file) << "nodes: []\n";
  boost::json::object body;
  ASSERT_TRUE(add_board(body, file));
  EXPECT_EQ(body.at("board_config").as_string(), "nodes: []\n");
  boost::json::object other;
  ASSERT_TRUE(add_board(other, "microbit"));
  EXPECT_EQ(other.at("board_template").as_string(), "microbit");
  boost::json::object none;
  EXPECT_FALSE(add_board(none, "./missing.yaml"));
}

TEST(PrivateServer, IsFoundBesideOrInPath) {
  const TempDir directory;
  const auto program = directory.path / "virserver";
  EXPECT_EQ(find_virserver(directory.path / "virctl", "/nonexistent"), "");
  std::ofstream(program) << "#!/bin/sh\n";
  EXPECT_EQ(find_virserver(directory.path / "virctl", ""), "") << "not executable";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  EXPECT_EQ(find_virserver(directory.path / "virctl", ""), program);
  EXPECT_EQ(find_virserver("/nonexistent/virctl", ("/a:" + directory.path.string()).c_str()), program);
}

}  // namespace
}  // namespace virserver::cli
