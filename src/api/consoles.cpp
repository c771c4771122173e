// Consoles as plain requests: list, download, type.
#include <boost/json.hpp>

#include "api/api.hpp"
#include "api/paging.hpp"
#include "process/console_log.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

Task<Result<session::ConsoleView>> find_console(const std::shared_ptr<session::Session>& session, std::string name) {
  auto all = co_await session->consoles();
  std::vector<std::string> names;
  for (session::ConsoleView& view : all) {
    if (view.name == name) co_return std::move(view);
    names.push_back(view.name);
  }
  co_return fail(ErrorCode::CONSOLE_NOT_FOUND, "the session has no console '{}'; it has {}", name, fmt::join(names, ", "));
}

Task<Result<http::Response>> download(Context& context, http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  auto console = co_await find_console(*session, request.parameter("console"));
  if (!console) co_return pass(console);
  const std::uint64_t begin = std::max(request.query.at("since").to_number<std::uint64_t>(), console->begin);
  std::uint64_t end = std::max(console->end, begin);
  if (const auto* limit = request.query.if_contains("limit"))
    end = std::min(end, begin + std::min(end - begin, limit->to_number<std::uint64_t>()));

  auto log = std::make_shared<process::ConsoleLog>((*session)->console_dir(), console->name);
  auto at = std::make_shared<std::uint64_t>(begin);
  http::PulledBody body;  // chunked: the oldest output may be dropped while it is read
  body.next = [log, at, end]() -> Task<Result<Bytes>> {
    auto chunk = log->read(*at, static_cast<std::size_t>(std::min<std::uint64_t>(end - *at, 128u << 10)));
    if (!chunk) co_return pass(chunk);
    if (chunk->offset >= end) co_return Bytes{};
    if (chunk->offset + chunk->bytes.size() > end) chunk->bytes.resize(static_cast<std::size_t>(end - chunk->offset));
    *at = chunk->offset + chunk->bytes.size();
    co_return std::move(chunk->bytes);
  };
  http::Response response;
  response.body = std::move(body);
  response.content_type = "application/octet-stream";
  response.headers.emplace_back("X-Console-Offset", std::to_string(begin));
  co_return response;
}

Task<Result<http::Response>> type(Context& context, http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  const json::object& body = request.body.as_object();
  const std::string_view data = body.at("data").as_string();
  Bytes bytes(as_bytes(data).begin(), as_bytes(data).end());
  if (const auto* encoding = body.if_contains("encoding"); encoding && encoding->as_string() == "base64") {
    auto decoded = from_base64(data);
    if (!decoded) co_return fail(ErrorCode::INVALID_REQUEST, "data is not base64");
    bytes = std::move(*decoded);
  }
  auto written = co_await (*session)->write_console(request.parameter("console"), std::move(bytes));
  if (!written) co_return pass(written);
  co_return http::no_content();
}

}  // namespace

void bind_consoles(http::Handlers& handlers, Context& context) {
  handlers.bind("listConsoles", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto session = context.sessions.locate(request.parameter("session_id"));
    if (!session) co_return pass(session);
    const auto consoles = co_await (*session)->consoles();
    json::array items;
    for (const session::ConsoleView& view : consoles)
      items.push_back({{"name", view.name}, {"kind", view.kind}, {"peripheral", view.peripheral}, {"default", view.is_default},
                       {"input", view.input}, {"begin", view.begin}, {"end", view.end}});
    const auto total = items.size();
    co_return http::json_response(list_body(std::move(items), {}, total));
  });
  handlers.bind("getConsoleOutput", [&context](http::Request& request) -> Task<Result<http::Response>> {
    co_return co_await download(context, request);
  });
  handlers.bind("sendConsoleInput", [&context](http::Request& request) -> Task<Result<http::Response>> {
    co_return co_await type(context, request);
  });
}

}  // namespace virserver::api
