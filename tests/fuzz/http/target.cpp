// Queries, path segments, headers and JSON bodies against every operation of the contract. The first byte picks the
// operation; the rest is cut at NUL bytes into query, path value, header and body.
#include <cstdlib>

#include "http/parameters.hpp"
#include "http/router.hpp"

using namespace virserver;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const auto contract = http::Contract::embedded();
  if (size == 0) return 0;
  const http::Operation& operation = contract->operations()[data[0] % contract->operations().size()];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto next = [&rest] {
    const std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
  };
  const std::string_view query = next(), path = next(), header = next();

  http::Request request;
  request.headers.emplace_back("idempotency-key", std::string(header));
  request.headers.emplace_back("last-event-id", std::string(header));
  std::vector<std::string_view> names, values;
  for (const http::Parameter& parameter : operation.parameters)
    if (parameter.place == http::Parameter::Place::path) {
      names.push_back(parameter.name);
      values.push_back(path);
    }
  const auto parameters = http::read_parameters(operation, names, values, query, request);
  if (!parameters && parameters.error().message.empty()) std::abort();
  if (const http::MediaType* media = operation.json_body()) {
    const auto body = http::read_json(media->schema.get(), rest);
    if (!body && body.error().code != ErrorCode::INVALID_JSON && body.error().code != ErrorCode::INVALID_REQUEST) std::abort();
    if (!body && body.error().code == ErrorCode::INVALID_REQUEST && !body.error().details.contains("errors")) std::abort();
  }
  return 0;
}
