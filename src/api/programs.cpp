// Programs: upload (multipart or raw), look, start, pause, stop, delete.
#include <boost/json.hpp>

#include "api/idempotency.hpp"
#include "api/multipart.hpp"
#include "api/paging.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

using SessionPtr = std::shared_ptr<session::Session>;

json::object program_json(const store::ProgramRow& row, const session::SessionView& session) {
  const bool loaded = std::ranges::find(session.loaded, row.id) != session.loaded.end();
  std::string_view status = row.status == "stopped" ? "stopped" : row.status == "loaded" ? "loaded" : "uploaded";
  if (loaded && session.state == session::State::running) status = "running";
  if (loaded && session.state == session::State::paused) status = "paused";
  json::object object{{"id", row.id},
                      {"session_id", row.session_id},
                      {"name", row.name},
                      {"type", row.format},
                      {"role", row.role},
                      {"path", "blobs/" + row.blob},
                      {"size", row.size},
                      {"sha256", row.blob},
                      {"load_addr", nullptr},
                      {"status", status},
                      {"created_at", to_rfc3339(row.created_at)}};
  for (const auto& [key, value] : row.metadata) object[key] = value;
  if (const auto& regions = row.metadata.at("regions").as_array(); !regions.empty())
    object["load_addr"] = regions.front().as_object().at("address");
  return object;
}

struct UploadFields {
  std::string name, type, role, load_address;
  bool start = false;
};

Result<session::ProgramUpload> upload_from(UploadFields fields, std::unique_ptr<store::Blobs::Writer> content) {
  session::ProgramUpload upload;
  upload.name = fields.name.empty() ? "program" : std::move(fields.name);
  upload.role = "application";
  if (!fields.role.empty()) {
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
    if (fields.role.size() > 32 || !std::ranges::all_of(fields.role, good) || fields.role.front() == '-' || fields.role.front() == '_')
      return fail(ErrorCode::INVALID_REQUEST, "role '{}' is not a word of a-z, 0-9, - and _ that begins with a letter or digit", fields.role);
    upload.role = std::move(fields.role);
  }
  if (upload.name.size() > 256 || !is_utf8(upload.name))
    return fail(ErrorCode::INVALID_REQUEST, "a program's name is UTF-8 of at most 256 bytes");
  // The earlier API used `type` loosely ("firmware"); words that name no format leave it to recognition.
  if (!fields.type.empty()) upload.format = image::parse_format(fields.type);
  if (!fields.load_address.empty()) {
    upload.load_address = parse_u64(fields.load_address);
    if (!upload.load_address)
      return fail(ErrorCode::INVALID_REQUEST, "load_address '{}' is not a number; write 0x08000000 or decimal", fields.load_address);
  }
  upload.content = std::move(content);
  return upload;
}

Task<Result<void>> copy_raw(http::BodyStream& body, store::Blobs::Writer& writer) {
  Bytes buffer(256u << 10);
  for (;;) {
    auto n = co_await body.read(std::span(buffer));
    if (!n) co_return pass(n);
    if (*n == 0) co_return Result<void>{};
    const auto bytes = std::span<const std::byte>(buffer).first(*n);
    auto written = co_await writer.write(bytes);
    if (!written) co_return written;
  }
}

// Reads the whole body: fields into `fields`, the file into a staged blob.
Task<Result<std::unique_ptr<store::Blobs::Writer>>> receive(Context& context, http::Request& request, UploadFields& fields) {
  auto writer = co_await context.blobs.create();
  if (!writer) co_return writer;
  if (!request.content_type.starts_with("multipart/")) {
    auto copied = co_await copy_raw(*request.stream, **writer);
    if (!copied) co_return pass(copied);
    co_return writer;
  }
  auto boundary = multipart_boundary(request.content_type);
  if (!boundary) co_return pass(boundary);
  Multipart multipart(*request.stream, std::move(*boundary));
  bool have_file = false;
  for (;;) {
    auto part = co_await multipart.next();
    if (!part) co_return pass(part);
    if (!*part) break;
    const std::string name = (*part)->name;
    if (name == "file") {
      if (std::exchange(have_file, true)) co_return fail(ErrorCode::INVALID_REQUEST, "there are two parts 'file'; upload one image a call");
      if (fields.name.empty()) fields.name = std::filesystem::path((*part)->filename).filename().string();
      for (;;) {
        auto piece = co_await multipart.read();
        if (!piece) co_return pass(piece);
        if (piece->empty()) break;
        auto written = co_await (*writer)->write(*piece);
        if (!written) co_return pass(written);
      }
      continue;
    }
    auto text = co_await multipart.text(4096);
    if (!text) co_return pass(text);
    if (name == "name") fields.name = *text;
    else if (name == "type") fields.type = *text;
    else if (name == "role") fields.role = *text;
    else if (name == "load_address") fields.load_address = *text;
    else if (name == "start" && (*text == "true" || *text == "1")) fields.start = true;
    else if (name == "start" && (*text == "false" || *text == "0")) fields.start = false;
    else if (name == "start") co_return fail(ErrorCode::INVALID_REQUEST, "the form field 'start' is true or false, not '{}'", *text);
    else co_return fail(ErrorCode::INVALID_REQUEST, "unknown form field '{}'; use file, name, type, role, load_address, start", name);
  }
  if (!have_file) co_return fail(ErrorCode::INVALID_REQUEST, "the form has no part named 'file'");
  co_return writer;
}

Task<Result<http::Response>> upload(Context& context, http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) co_return pass(session);
  UploadFields fields;
  auto text = [&](const char* name) {
    const auto* value = request.query.if_contains(name);
    return value ? std::string(value->as_string()) : std::string();
  };
  fields = {text("name"), text("type"), text("role"), text("load_address"), request.query.at("start").as_bool()};
  auto received = co_await receive(context, request, fields);
  if (!received) co_return pass(received);
  const bool start = fields.start;
  auto wanted = upload_from(std::move(fields), std::move(*received));
  if (!wanted) co_return pass(wanted);
  auto shared = std::make_shared<session::ProgramUpload>(std::move(*wanted));
  auto make = [session = *session, shared, start]() -> Task<Result<http::Response>> {
    auto row = co_await session->add_program(std::move(*shared));
    if (!row) co_return pass(row);
    if (start) {
      auto started = co_await session->start_program(row->id, session::StartOptions{});
      if (!started) co_return pass(started);
      row = std::move(started);
    }
    const auto view = co_await session->view();
    co_return http::created(program_json(*row, view), fmt::format("/api/v1/sessions/{}/programs/{}", session->id(), row->id));
  };
  const std::string identity = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", co_await shared->content->hash(), shared->name, shared->role,
                                           shared->format ? image::to_string(*shared->format) : "",
                                           shared->load_address ? hex_address(*shared->load_address) : "", start);
  co_return co_await idempotent(context, request, identity, std::move(make));
}

struct Target {
  SessionPtr session;
  std::string program_id;
};
Result<Target> target(Context& context, const http::Request& request) {
  auto session = context.sessions.locate(request.parameter("session_id"));
  if (!session) return pass(session);
  return Target{*session, request.parameter("program_id")};
}

Task<Result<http::Response>> answer(SessionPtr session, Result<store::ProgramRow> row) {
  if (!row) co_return pass(row);
  const auto view = co_await session->view();
  co_return http::json_response(program_json(*row, view));
}

Task<Result<http::Response>> start(Context& context, http::Request& request) {
  auto at = target(context, request);
  if (!at) co_return pass(at);
  session::StartOptions options;
  if (request.body.is_object()) {
    const json::object& body = request.body.as_object();
    if (const auto* args = body.if_contains("args"))
      for (const auto& each : args->as_array()) options.arguments.emplace_back(each.as_string());
    if (const auto* env = body.if_contains("env"); env && !env->as_object().empty())
      co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "an emulated board has no environment; leave env empty");
    if (const auto* trace = body.if_contains("enable_trace"); trace && trace->as_bool())
      co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "tracing is not offered by this server; GET /api/v1/capabilities says why");
    if (const auto* wait = body.if_contains("wait_for_gdb")) options.paused = wait->as_bool();
  }
  auto row = co_await at->session->start_program(at->program_id, std::move(options));
  co_return co_await answer(at->session, std::move(row));
}

}  // namespace

void bind_programs(http::Handlers& handlers, Context& context) {
  handlers.bind("uploadProgram", [&context](http::Request& request) -> Task<Result<http::Response>> {
    co_return co_await upload(context, request);
  });
  handlers.bind("listPrograms", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto session = context.sessions.locate(request.parameter("session_id"));
    if (!session) co_return pass(session);
    auto rows = co_await (*session)->programs();
    if (!rows) co_return pass(rows);
    const auto view = co_await (*session)->view();
    json::array items;
    for (const store::ProgramRow& row : *rows) items.push_back(program_json(row, view));
    const auto total = items.size();
    co_return http::json_response(list_body(std::move(items), {}, total));
  });
  handlers.bind("getProgram", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto at = target(context, request);
    if (!at) co_return pass(at);
    auto row = co_await at->session->program(at->program_id);
    co_return co_await answer(at->session, std::move(row));
  });
  handlers.bind("deleteProgram", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto at = target(context, request);
    if (!at) co_return pass(at);
    auto removed = co_await at->session->remove_program(at->program_id);
    if (!removed) co_return pass(removed);
    co_return http::no_content();
  });
  handlers.bind("startProgram", [&context](http::Request& request) -> Task<Result<http::Response>> {
    co_return co_await start(context, request);
  });
  handlers.bind("pauseProgram", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto at = target(context, request);
    if (!at) co_return pass(at);
    auto row = co_await at->session->program(at->program_id);
    if (!row) co_return pass(row);
    auto paused = co_await at->session->power(session::PowerAction::pause, true);
    if (!paused) co_return pass(paused);
    co_return co_await answer(at->session, std::move(row));
  });
  handlers.bind("stopProgram", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto at = target(context, request);
    if (!at) co_return pass(at);
    auto row = co_await at->session->stop_program(at->program_id);
    co_return co_await answer(at->session, std::move(row));
  });
}

}  // namespace virserver::api
