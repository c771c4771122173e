#include "backend/renode/xml_rpc.hpp"

#include <expat.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace virserver::backend::renode {

namespace {

constexpr std::size_t max_depth = 16, max_head = 16 * 1024;

std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '&') result += "&amp;";
    else if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else result += c;
  }
  return result;
}

// methodResponse > params|fault > [param >] value > struct > member > name, value > text, or a typed value > text.
struct Reader {
  XML_Parser parser = nullptr;
  std::vector<std::string> open;
  std::map<std::string, std::string, std::less<>> members;
  std::string name, text, problem;
  bool fault = false, answered = false;
  bool typed = false;  // the value was in an element of its own; what follows is the indentation

  void refuse(const char* why) {
    if (problem.empty()) problem = why;
    XML_StopParser(parser, XML_FALSE);
  }
  std::size_t struct_at() const { return static_cast<std::size_t>(std::ranges::find(open, "struct") - open.begin()); }

  void start(std::string_view element) {
    if (open.size() >= max_depth) return refuse("it is nested too deeply");
    if (open.empty() && element != "methodResponse") return refuse("it is no methodResponse");
    if (open.size() == 1 && element == "fault") fault = true;
    if (element == "struct" && struct_at() < open.size()) return refuse("it has a struct in a struct");
    open.emplace_back(element);
    const std::size_t inside = open.size() - std::min(open.size(), struct_at());  // 1: struct, 2: member, 3: name or value
    if (element == "struct") answered = true;
    if (inside == 2) name.clear();
    if (inside >= 3) {
      text.clear();
      typed = false;
    }
  }
  void end() {
    const std::size_t inside = open.size() - std::min(open.size(), struct_at());
    if (inside == 3 && open.back() == "name") name = text;
    if (inside == 3 && open.back() == "value" && !members.emplace(name, std::move(text)).second) refuse("it says something twice");
    if (inside == 4) typed = true;
    open.pop_back();
  }
  void characters(std::string_view more) {
    if (!typed) text += more;
  }
};

using Parser = std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)>;

// The server ends a line with CR CR LF, which XML makes two line ends of.
std::string single_line_ends(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == '\n' && text.substr(i + 1).starts_with('\n')) ++i;
  }
  return result;
}

std::string without_blank_end(std::string text) {
  const auto last = text.find_last_not_of(" \r\n\t");
  text.resize(last == text.npos ? 0 : last + 1);
  return text;
}

// "KeywordException: Could not execute command 'x': reason\n" is "reason" to a user.
std::string plain_error(std::string text) {
  text = without_blank_end(std::move(text));
  constexpr std::string_view command = "KeywordException: Could not execute command '";
  if (text.starts_with(command))
    if (const auto reason = text.find("': ", command.size()); reason != text.npos) text.erase(0, reason + 3);
  if (text.empty()) text = "Renode gave no reason";
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Head {
  std::size_t size = 0;
  int status = 0;
  bool keep_alive = true, chunked = false;
  std::optional<std::size_t> length;
};

Result<Head> parse_head(std::string_view head) {
  auto broken = [] { return fail(ErrorCode::ENGINE_PROTOCOL, "Renode's robot server did not answer in HTTP"); };
  Head result;
  auto next = [&head] {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end == head.npos ? head.size() : end + 2);
    return line;
  };
  const auto status = next();
  if (!status.starts_with("HTTP/1.") || status.size() < 12 || status[8] != ' ') return broken();
  const auto code = number(status.substr(9, 3), 10);
  if (!code) return broken();
  result.status = static_cast<int>(*code);
  result.keep_alive = status[7] != '0';
  while (!head.empty()) {
    const auto line = next();
    const auto colon = line.find(':');
    if (colon == line.npos) return broken();
    const std::string key = lower(line.substr(0, colon));
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    if (key == "content-length") {
      result.length = number(value, 10);
      if (!result.length) return broken();
    } else if (key == "transfer-encoding") {
      result.chunked = lower(value) == "chunked";
      if (!result.chunked) return broken();
    } else if (key == "connection" && lower(value) == "close") {
      result.keep_alive = false;
    }
  }
  return result;
}

// Takes chunks from `data` (the bytes after the head); their end is added to answer.size. Nothing: more is needed.
Result<bool> take_chunks(std::string_view data, std::size_t max_body, HttpAnswer& answer) {
  std::size_t at = 0;
  for (;;) {
    const auto line = data.find("\r\n", at);
    if (line == data.npos) {
      if (data.size() - at > 64) return fail(ErrorCode::ENGINE_PROTOCOL, "Renode's robot server sent a chunk without a size");
      return false;
    }
    const auto size = number(data.substr(at, std::min(line - at, data.substr(at, line - at).find(';'))), 16);
    if (!size || *size > max_body || answer.body.size() + *size > max_body)
      return fail(ErrorCode::ENGINE_PROTOCOL, "Renode's robot server sent a chunk of a size that cannot be");
    at = line + 2;
    if (data.size() - at < *size + 2) return false;
    answer.body += data.substr(at, *size);
    if (data.substr(at + *size, 2) != "\r\n") return fail(ErrorCode::ENGINE_PROTOCOL, "Renode's robot server sent a chunk that does not end");
    at += *size + 2;
    if (*size == 0) {
      answer.size = at;
      return true;
    }
  }
}

}  // namespace

std::string keyword_request(std::string_view line) {
  const std::string body = fmt::format(
      "<?xml version=\"1.0\"?><methodCall><methodName>run_keyword</methodName><params><param><value><string>ExecuteCommand</string></value></param>"
      "<param><value><array><data><value><string>{}</string></value></data></array></value></param></params></methodCall>",
      escaped(line));
  return fmt::format("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

Result<KeywordAnswer> parse_answer(std::string_view xml) {
  Reader reader;
  const Parser parser(XML_ParserCreate("UTF-8"), &XML_ParserFree);
  reader.parser = parser.get();
  XML_SetUserData(parser.get(), &reader);
  XML_SetElementHandler(
      parser.get(), [](void* self, const XML_Char* element, const XML_Char**) { static_cast<Reader*>(self)->start(element); },
      [](void* self, const XML_Char*) { static_cast<Reader*>(self)->end(); });
  XML_SetCharacterDataHandler(parser.get(), [](void* self, const XML_Char* text, int size) {
    static_cast<Reader*>(self)->characters({text, static_cast<std::size_t>(size)});
  });
  XML_SetStartDoctypeDeclHandler(parser.get(), [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    static_cast<Reader*>(self)->refuse("it declares a document type");
  });
  const bool whole = XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), 1) == XML_STATUS_OK;
  if (reader.problem.empty() && !whole) reader.problem = XML_ErrorString(XML_GetErrorCode(parser.get()));
  if (reader.problem.empty() && !reader.answered) reader.problem = "it answers nothing";
  auto said = [&reader](std::string_view key) {
    const auto found = reader.members.find(key);
    return found == reader.members.end() ? std::string() : found->second;
  };
  if (reader.problem.empty() && reader.fault)
    return fail(ErrorCode::ENGINE_PROTOCOL, "Renode's robot server refused the call: {}", said("faultString").substr(0, 300));
  const std::string status = said("status");
  if (reader.problem.empty() && status != "PASS" && status != "FAIL") reader.problem = "it is neither PASS nor FAIL";
  if (!reader.problem.empty()) return fail(ErrorCode::ENGINE_PROTOCOL, "Renode's robot server gave an answer that cannot be read: {}", reader.problem);
  KeywordAnswer answer;
  answer.passed = status == "PASS";
  if (answer.passed) answer.output = without_blank_end(single_line_ends(said("return")));
  else answer.error = plain_error(said("error"));
  return answer;
}

Result<HttpAnswer> parse_http(std::string_view data, std::size_t max_body) {
  HttpAnswer answer;
  const auto end = data.substr(0, max_head).find("\r\n\r\n");
  if (end == data.npos) {
    if (data.size() >= max_head) return fail(ErrorCode::ENGINE_PROTOCOL, "Renode's robot server sent an endless head");
    return answer;
  }
  auto head = parse_head(data.substr(0, end));
  if (!head) return pass(head);
  answer.status = head->status;
  answer.keep_alive = head->keep_alive;
  const std::size_t start = end + 4;
  if (head->chunked) {
    auto complete = take_chunks(data.substr(start), max_body, answer);
    if (!complete) return pass(complete);
    if (*complete) answer.size += start;
    else answer.body.clear();
    return answer;
  }
  if (!head->length || *head->length > max_body) return fail(ErrorCode::ENGINE_PROTOCOL, "Renode's robot server sent a body of a size that cannot be");
  if (data.size() - start < *head->length) return answer;
  answer.body = data.substr(start, *head->length);
  answer.size = start + *head->length;
  return answer;
}

}  // namespace virserver::backend::renode
