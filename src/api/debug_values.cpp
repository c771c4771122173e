// Registers and memory of a session.
#include <boost/json.hpp>

#include "api/api.hpp"
#include "api/debug_json.hpp"
#include "api/debug_query.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

using Answer = Task<Result<http::Response>>;
constexpr std::size_t max_values = 65536;

std::optional<gdb::RegisterGroup> parse_group(std::string_view word) {
  for (const auto group : {gdb::RegisterGroup::general, gdb::RegisterGroup::special, gdb::RegisterGroup::floating, gdb::RegisterGroup::vector})
    if (gdb::to_string(group) == word) return group;
  return std::nullopt;  // all
}

Answer list_registers(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::RegisterQuery query;
  query.core = core_of(request);
  query.halt = halt_of(request);
  if (const auto* names = request.query.if_contains("name"))
    for (const auto& name : names->as_array()) query.names.emplace_back(name.as_string());
  const auto group = text_of(request, "group"), scope = text_of(request, "scope");
  if (group && scope && *group != *scope) co_return fail(ErrorCode::INVALID_REQUEST, "`scope` is the same as `group`: give one of them");
  if (group || scope) query.group = parse_group(group ? *group : *scope);
  auto set = co_await run_on((*session)->executor(), (*session)->debugger().registers(std::move(query)));
  if (!set) co_return pass(set);
  co_return http::json_response(register_set_json(*set));
}

Answer get_register(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::RegisterQuery query;
  query.names = {request.parameter("register")};
  query.core = core_of(request);
  query.halt = halt_of(request);
  auto set = co_await run_on((*session)->executor(), (*session)->debugger().registers(std::move(query)));
  if (!set) co_return pass(set);
  co_return http::json_response(register_json(set->registers.front()));
}

Answer write_register(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  const std::string name = request.parameter("register");
  std::vector<std::pair<std::string, json::value>> values{{name, request.body.as_object().at("value")}};
  auto set = co_await run_on((*session)->executor(), (*session)->debugger().write_registers(std::move(values), core_of(request), halt_of(request)));
  if (!set) co_return pass(set);
  if (set->registers.empty()) co_return fail(ErrorCode::REGISTER_UNAVAILABLE, "{} was written, and the emulator does not give its value", name);
  co_return http::json_response(register_json(set->registers.front()));
}

Answer write_registers(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  std::vector<std::pair<std::string, json::value>> values;
  for (const auto& [name, value] : request.body.as_object().at("registers").as_object()) values.emplace_back(name, value);
  auto set = co_await run_on((*session)->executor(), (*session)->debugger().write_registers(std::move(values), core_of(request), halt_of(request)));
  if (!set) co_return pass(set);
  co_return http::json_response(register_set_json(*set));
}

std::uint64_t value_at(std::span<const std::byte> bytes, bool big_endian) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[big_endian ? i : bytes.size() - 1 - i]);
  return value;
}

Answer read_memory(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::MemoryQuery query;
  query.location = request.query.at("address").as_string();
  if (const auto* size = request.query.if_contains("size")) query.size = size->to_number<std::uint64_t>();
  query.core = core_of(request);
  std::string_view format = request.query.at("format").as_string();
  if (request.header("accept").find("application/octet-stream") != std::string_view::npos) format = "raw";
  std::size_t width = 0;
  if (const auto* wanted = request.query.if_contains("width")) width = wanted->to_number<std::size_t>();
  if (width && query.size && (*query.size % width != 0 || *query.size / width > max_values))
    co_return fail(ErrorCode::INVALID_REQUEST, "size must be a multiple of width, and at most {} values", max_values);

  auto range = co_await run_on((*session)->executor(), (*session)->debugger().read_memory(std::move(query)));
  if (!range) co_return pass(range);
  if (format == "raw") {
    http::Response response;
    response.body = std::string(as_text(range->bytes));
    response.content_type = "application/octet-stream";
    co_return response;
  }
  const bool big_endian = (*session)->debugger().big_endian();
  json::object body{{"address", hex_address(range->address)}, {"size", range->bytes.size()}, {"format", format},
                    {"data", format == "base64" ? to_base64(range->bytes) : to_hex(range->bytes)}, {"endianness", big_endian ? "big" : "little"}};
  if (width) {
    if (range->bytes.size() % width != 0 || range->bytes.size() / width > max_values)
      co_return fail(ErrorCode::INVALID_REQUEST, "'{}' has {} bytes, which is no multiple of width: give a size", std::string_view(request.query.at("address").as_string()), range->bytes.size());
    json::array values;
    for (std::size_t at = 0; at < range->bytes.size(); at += width)
      values.emplace_back(fmt::format("0x{:0{}x}", value_at(std::span(range->bytes).subspan(at, width), big_endian), 2 * width));
    body["width"] = width;
    body["values"] = std::move(values);
  }
  co_return http::json_response(std::move(body));
}

Result<Bytes> bytes_of(const json::object& body, bool big_endian) {
  const auto* data = body.if_contains("data");
  const auto* values = body.if_contains("values");
  const auto* width = body.if_contains("width");
  if ((data != nullptr) == (values != nullptr)) return fail(ErrorCode::INVALID_REQUEST, "give `data`, or `values` with `width`, and not both");
  if (data) {
    const auto* format = body.if_contains("format");
    if (format && format->as_string() == "base64") {
      auto bytes = from_base64(data->as_string());
      if (!bytes) return fail(ErrorCode::INVALID_REQUEST, "data is not base64");
      return std::move(*bytes);
    }
    return from_hex_digits(data->as_string());
  }
  if (!width) return fail(ErrorCode::INVALID_REQUEST, "`values` need `width`: 1, 2, 4 or 8 bytes each");
  const auto size = width->to_number<std::size_t>();
  Bytes bytes;
  for (const auto& value : values->as_array()) {
    auto number = unsigned_number(value, "a value");
    if (!number) return pass(number);
    if (size < 8 && *number >> (8 * size) != 0) return fail(ErrorCode::INVALID_REQUEST, "the value {:#x} does not fit into {} bytes", *number, size);
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(*number >> (8 * (big_endian ? size - 1 - i : i))));
  }
  return bytes;
}

Task<Result<Bytes>> read_body(http::BodyStream& stream, std::uint64_t limit) {
  Bytes bytes;
  std::vector<std::byte> chunk(64u << 10);
  for (;;) {
    auto got = co_await stream.read(chunk);
    if (!got) co_return pass(got);
    if (*got == 0) co_return bytes;
    if (bytes.size() + *got > limit) co_return fail(ErrorCode::PAYLOAD_TOO_LARGE, "one call writes at most {} bytes", limit);
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

Answer write_memory(Context& context, http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  session::MemoryChange change;
  change.core = core_of(request);
  change.halt = halt_of(request);
  auto location = text_of(request, "address");
  Result<Bytes> bytes;
  if (request.stream) {
    bytes = co_await read_body(*request.stream, session::Debugger::max_memory);
  } else {
    const json::object& body = request.body.as_object();
    if (const auto* address = body.if_contains("address")) {
      if (location) co_return fail(ErrorCode::INVALID_REQUEST, "the address is given in the query and in the body");
      auto text = location_text(*address);
      if (!text) co_return pass(text);
      location = std::move(*text);
    }
    bytes = bytes_of(body, (*session)->debugger().big_endian());
  }
  if (!bytes) co_return pass(bytes);
  if (!location) co_return fail(ErrorCode::INVALID_REQUEST, "the address is missing: give it in the query, or in the body");
  if (bytes->size() > session::Debugger::max_memory) co_return fail(ErrorCode::PAYLOAD_TOO_LARGE, "one call writes at most {} bytes", session::Debugger::max_memory);
  const std::size_t size = bytes->size();
  if (const auto* wanted = request.query.if_contains("size"); wanted && wanted->to_number<std::uint64_t>() != size)
    co_return fail(ErrorCode::INVALID_REQUEST, "size is {}, and the data has {} bytes", wanted->to_number<std::uint64_t>(), size);
  change.location = std::move(*location);
  change.bytes = std::move(*bytes);
  auto address = co_await run_on((*session)->executor(), (*session)->debugger().write_memory(std::move(change)));
  if (!address) co_return pass(address);
  co_return http::json_response(json::object{{"address", hex_address(*address)}, {"size", size}});
}

}  // namespace

void bind_debug_values(http::Handlers& handlers, Context& context) {
  handlers.bind("listRegisters", [&context](http::Request& request) { return list_registers(context, request); });
  handlers.bind("getRegister", [&context](http::Request& request) { return get_register(context, request); });
  handlers.bind("writeRegister", [&context](http::Request& request) { return write_register(context, request); });
  handlers.bind("writeRegisters", [&context](http::Request& request) { return write_registers(context, request); });
  handlers.bind("readMemory", [&context](http::Request& request) { return read_memory(context, request); });
  handlers.bind("writeMemory", [&context](http::Request& request) { return write_memory(context, request); });
}

}  // namespace virserver::api
