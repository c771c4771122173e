// The server side of the comparison: the real server, its own contract's kind of validation and access log on.
#include <cstdlib>
#include <iostream>
#include <thread>

#include "http/contract.hpp"
#include "http/server.hpp"

using namespace virserver;

namespace {
constexpr std::string_view contract = R"(
paths:
  /api/v1/sessions/{session_id}:
    get:
      operationId: getSession
      x-role: public
      parameters:
        - { name: session_id, in: path, required: true, schema: { type: string, maxLength: 64 } }
        - { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 200, default: 50 } }
      responses: { "200": { description: d, content: { application/json: { schema: { type: object } } } } }
)";
}

int main(int argc, char** argv) {
  http::ServerConfig config;
  config.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 18080);
  config.access_log = argc > 2 ? argv[2] : "/dev/null";
  config.contract = std::make_shared<const http::Contract>(std::string(contract));
  http::Handlers handlers;
  handlers.bind("getSession", [](http::Request& request) -> Task<Result<http::Response>> {
    boost::json::object body{{"id", request.path_parameters.at("session_id")}, {"status", "running"}, {"limit", request.query.at("limit")}};
    co_return http::json_response(std::move(body));
  });
  asio::io_context one{1}, two{1};
  http::Server server({&one, &two}, config, std::move(handlers), nullptr);
  server.start();
  std::thread other([&] { two.run(); });
  one.run();
  other.join();
}
