// What Renode's robot server says, as it says it. Test only.
#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

namespace virserver::testing {

inline std::string xml_text(std::string_view text) {
  std::string result;
  for (char c : text) result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return result;
}
// `text` is XML already.
inline std::string passed(const std::string& text) {
  return fmt::format(
      "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>return</name><value><string>{}</string></value></member>"
      "<member><name>status</name><value><string>PASS</string></value></member></struct></value></param></params></methodResponse>",
      text);
}
inline std::string failed(const std::string& text) {
  return fmt::format(
      "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>status</name><value><string>FAIL</string></value></member>"
      "<member><name>error</name><value><string>{}</string></value></member><member><name>traceback</name><value><string>KeywordException:    at X\n</string>"
      "</value></member></struct></value></param></params></methodResponse>",
      text);
}
inline std::string http(const std::string& body) {
  return fmt::format("HTTP/1.1 200 OK\r\nServer: Microsoft-NetCore/2.0\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}
inline std::string chunked(const std::vector<std::string>& pieces) {
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& piece : pieces) text += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  return text + "0\r\n\r\n";
}

}  // namespace virserver::testing
