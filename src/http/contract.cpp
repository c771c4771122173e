#include "http/contract.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/embedded.hpp"
#include "http/references.hpp"
#include "http/validate.hpp"

namespace virserver::http {
namespace {

using boost::json::object;
using boost::json::value;

std::string text(const object& members, std::string_view key) {
  const value* member = members.if_contains(key);
  return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

bool flag(const object& members, std::string_view key) {
  const value* member = members.if_contains(key);
  return member && member->is_bool() && member->get_bool();
}

Parameter::Type type_of(const value& schema) {
  const std::string name = text(schema.get_object(), "type");
  if (name == "integer") return Parameter::Type::integer;
  if (name == "number") return Parameter::Type::number;
  if (name == "boolean") return Parameter::Type::boolean;
  return Parameter::Type::string;
}

Parameter read_parameter(const value& document, const value& item) {
  const object& members = try_resolve(document, item)->get_object();
  Parameter result;
  result.name = text(members, "name");
  const std::string place = text(members, "in");
  if (place == "path") result.place = Parameter::Place::path;
  if (place == "header") result.place = Parameter::Place::header;
  result.required = flag(members, "required");
  const value* declared = try_resolve(document, members.at("schema"));
  if (const value* standard = declared->get_object().if_contains("default")) result.default_value = *standard;
  result.schema = inline_references(document, members.at("schema"));
  result.array = text(result.schema.get_object(), "type") == "array";
  const value* items = result.schema.get_object().if_contains("items");
  result.type = type_of(result.array && items ? *items : result.schema);
  return result;
}

std::shared_ptr<const Schema> object_schema(const std::vector<Parameter>& parameters, Parameter::Place place) {
  object properties;
  boost::json::array required;
  for (const Parameter& parameter : parameters) {
    if (parameter.place != place) continue;
    properties[parameter.name] = parameter.schema;
    if (parameter.required) required.emplace_back(parameter.name);
  }
  if (properties.empty()) return nullptr;
  object schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return compile(std::move(schema));
}

std::vector<MediaType> read_content(const value& document, const object& owner) {
  std::vector<MediaType> result;
  const value* content = owner.if_contains("content");
  if (!content) return result;
  for (const auto& [name, entry] : content->get_object()) {
    MediaType media{std::string(name), nullptr};
    if (media.is_json()) media.schema = compile(inline_references(document, entry.get_object().at("schema")));
    result.push_back(std::move(media));
  }
  return result;
}

Operation read_operation(const value& document, std::string_view path, std::string_view method, const object& path_item,
                         const object& members) {
  Operation result;
  result.id = text(members, "operationId");
  result.path = path;
  result.method = method;
  std::ranges::transform(result.method, result.method.begin(), [](unsigned char c) { return std::toupper(c); });
  result.role = text(members, "x-role");
  result.websocket = flag(members, "x-websocket");
  for (const object* owner : {&path_item, &members}) {
    const value* list = owner->if_contains("parameters");
    if (!list) continue;
    for (const value& item : list->get_array()) result.parameters.push_back(read_parameter(document, item));
  }
  result.path_schema = object_schema(result.parameters, Parameter::Place::path);
  result.query_schema = object_schema(result.parameters, Parameter::Place::query);
  result.header_schema = object_schema(result.parameters, Parameter::Place::header);
  if (const value* body = members.if_contains("requestBody")) {
    const object& shape = try_resolve(document, *body)->get_object();
    result.has_body = true;
    result.body_required = flag(shape, "required");
    result.body = read_content(document, shape);
  }
  for (const auto& [status, response] : members.at("responses").get_object())
    result.responses.push_back({std::string(status), read_content(document, try_resolve(document, response)->get_object())});
  return result;
}

}  // namespace

const MediaType* Operation::json_body() const {
  for (const MediaType& media : body)
    if (media.is_json()) return &media;
  return nullptr;
}

bool Operation::answers_with(std::string_view media_type) const {
  for (const ResponseShape& response : responses)
    for (const MediaType& media : response.content)
      if (media.name == media_type) return true;
  return false;
}

Contract::Contract(std::string yaml) : yaml_(std::move(yaml)) {
  const value document = yaml_to_json(yaml_);
  if (const auto problems = lint(document); !problems.empty())
    throw std::runtime_error(fmt::format("the API contract has mistakes:\n  {}", fmt::join(problems, "\n  ")));
  json_ = boost::json::serialize(document);
  for (const auto& [path, item] : document.at("paths").get_object())
    for (const auto& [method, members] : item.get_object())
      if (method != "parameters")
        operations_.push_back(read_operation(document, path, method, item.get_object(), members.get_object()));
}

std::shared_ptr<const Contract> Contract::embedded() {
  static const auto contract = std::make_shared<const Contract>(std::string(virserver::embedded::openapi().front().text()));
  return contract;
}

const Operation* Contract::find(std::string_view operation_id) const {
  const auto at = std::ranges::find(operations_, operation_id, &Operation::id);
  return at == operations_.end() ? nullptr : &*at;
}

Result<void> validate_response(const Operation& operation, unsigned status, std::string_view content_type, const value& body) {
  const std::string code = std::to_string(status);
  const ResponseShape* shape = nullptr;
  for (const ResponseShape& candidate : operation.responses)
    if (candidate.status == code || (!shape && candidate.status == "default")) shape = &candidate;
  if (!shape) return fail(ErrorCode::INTERNAL, "{} does not promise status {}", operation.id, status);
  if (shape->status == "default" && status < 400)
    return fail(ErrorCode::INTERNAL, "{} does not promise status {}", operation.id, status);
  const std::string_view media_name = content_type.substr(0, content_type.find(';'));
  if (shape->content.empty()) {
    if (body.is_null() && content_type.empty()) return {};
    return fail(ErrorCode::INTERNAL, "{} promises no body for status {}", operation.id, status);
  }
  for (const MediaType& media : shape->content) {
    if (media.name != media_name) continue;
    if (!media.is_json()) return {};
    auto errors = validate(*media.schema, body, "");
    if (errors.empty()) return {};
    Error error = invalid(std::move(errors));
    error.message = fmt::format("the answer of {} with status {} does not match: {}", operation.id, status, error.message);
    return fail(std::move(error));
  }
  return fail(ErrorCode::INTERNAL, "{} does not promise \"{}\" for status {}", operation.id, content_type, status);
}

}  // namespace virserver::http
