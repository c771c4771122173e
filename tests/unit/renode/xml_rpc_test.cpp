#include "backend/renode/xml_rpc.hpp"

#include <gtest/gtest.h>

#include "answers.hpp"

namespace virserver::backend::renode {
namespace {

using testing::chunked;
using testing::failed;
using testing::http;
using testing::passed;

TEST(XmlRpc, ARequestCarriesTheLineAsText) {
  const auto request = keyword_request("echo \"<a> & b\"");
  EXPECT_NE(request.find("<string>echo \"&lt;a&gt; &amp; b\"</string>"), request.npos);
  const auto head = request.find("\r\n\r\n");
  ASSERT_NE(head, request.npos);
  EXPECT_NE(request.find(fmt::format("Content-Length: {}\r\n", request.size() - head - 4)), request.npos);
}

TEST(XmlRpc, ReadsWhatACommandPrinted) {
  const auto answer = parse_answer(passed("first &amp; &lt;second&gt;\r\r\n\r\r\nthird\r\r\n"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->passed);
  EXPECT_EQ(answer->output, "first & <second>\n\nthird");
}

// As it comes over the wire.
TEST(XmlRpc, ReadsAnIndentedAnswer) {
  const auto answer = parse_answer(
      "<?xml version=\"1.0\"?>\n<methodResponse>\n  <params>\n    <param>\n      <value>\n        <struct>\n          <member>\n            <name>return</name>\n"
      "            <value>\n              <string>hi\r\r\n</string>\n            </value>\n          </member>\n          <member>\n            <name>status</name>\n"
      "            <value>\n              <string>PASS</string>\n            </value>\n          </member>\n        </struct>\n      </value>\n    </param>\n"
      "  </params>\n</methodResponse>");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->passed);
  EXPECT_EQ(answer->output, "hi");
}

TEST(XmlRpc, ACommandMayPrintNothing) {
  const auto without = parse_answer(
      "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>status</name><value><string>PASS</string></value></member>"
      "</struct></value></param></params></methodResponse>");
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->passed);
  EXPECT_EQ(without->output, "");
}

TEST(XmlRpc, ReadsValuesWithAndWithoutAType) {
  const auto plain = parse_answer(
      "<methodResponse><params><param><value><struct><member><name>status</name><value>PASS</value></member>"
      "<member><name>return</name><value><boolean>1</boolean></value></member></struct></value></param></params></methodResponse>");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->output, "1");
}

TEST(XmlRpc, GivesTheReasonOfAFailureWithoutItsException) {
  const auto answer = parse_answer(failed("KeywordException: Could not execute command 'nosuch': No such command or device: nosuch\n"));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->passed);
  EXPECT_EQ(answer->error, "No such command or device: nosuch");
  EXPECT_EQ(parse_answer(failed("Something: else\n"))->error, "Something: else");
  EXPECT_EQ(parse_answer(failed(""))->error, "Renode gave no reason");
}

TEST(XmlRpc, AFaultIsAnError) {
  const auto answer = parse_answer(
      "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member>"
      "<member><name>faultString</name><value><string>Keyword \"NoSuchKw\" not found</string></value></member></struct></value></fault></methodResponse>");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::ENGINE_PROTOCOL);
  EXPECT_NE(answer.error().message.find("NoSuchKw"), std::string::npos);
}

class XmlRpcHostileTest : public ::testing::TestWithParam<std::string> {};
TEST_P(XmlRpcHostileTest, IsRefused) {
  const auto answer = parse_answer(GetParam());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::ENGINE_PROTOCOL);
  EXPECT_FALSE(answer.error().message.empty());
}
std::string deep() {
  std::string text = "<methodResponse>";
  for (int i = 0; i < 200; ++i) text += "<value>";
  return text;
}
INSTANTIATE_TEST_SUITE_P(
    All, XmlRpcHostileTest,
    ::testing::Values("", "hello", "<html></html>", "<methodResponse></methodResponse>", "<methodResponse><params>", deep(),
                      "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><methodResponse>&c;</methodResponse>",
                      passed("x").substr(0, 200), passed("\x01"), passed("\xff"),
                      "<methodResponse><params><param><value><struct><member><name>status</name><value>MAYBE</value></member></struct></value></param></params></methodResponse>",
                      "<methodResponse><params><param><value><struct><member><name>status</name><value>PASS</value></member>"
                      "<member><name>status</name><value>FAIL</value></member></struct></value></param></params></methodResponse>",
                      "<methodResponse><params><param><value><struct><member><name>status</name><value><struct></struct></value></member></struct></value></param></params></methodResponse>"));

TEST(Http, ReadsAnAnswerInEveryWayItIsCut) {
  for (const std::string& whole : {http("some body"), chunked({"some", " body"})})
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      const auto answer = parse_http(whole.substr(0, cut), 100);
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_EQ(answer->size, cut == whole.size() ? cut : 0);
      if (answer->size) {
        EXPECT_EQ(answer->body, "some body");
        EXPECT_TRUE(answer->keep_alive);
      }
    }
}

TEST(Http, TellsAConnectionThatIsClosed) {
  EXPECT_FALSE(parse_http("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 10)->keep_alive);
  EXPECT_FALSE(parse_http("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 10)->keep_alive);
}

TEST(Http, RefusesWhatIsNoAnswer) {
  for (const std::string& text :
       {std::string("SSH-2.0-x\r\n\r\n"), std::string("HTTP/1.1 abc\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\n\r\n"), std::string(20000, 'x'),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"), std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(100, '0')}) {
    const auto answer = parse_http(text, 100);
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().code, ErrorCode::ENGINE_PROTOCOL);
  }
}

}  // namespace
}  // namespace virserver::backend::renode
