// The API contract as data: api/openapi.yaml read once, checked, and asked for routes and schemas.
//
// Immutable after loading and therefore safe to read from every thread.
#pragma once
#include <boost/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace virserver::http {

class Schema;  // a compiled schema, see validate.hpp

struct Parameter {
  enum class Place { path, query, header };
  enum class Type { string, integer, number, boolean };
  std::string name;
  Place place = Place::query;
  Type type = Type::string;  // of the value, or of each item of an array
  bool array = false;        // given by repetition
  bool required = false;
  std::optional<boost::json::value> default_value;
  boost::json::value schema;  // without references
};

struct MediaType {
  std::string name;  // "application/json"
  std::shared_ptr<const Schema> schema;
  bool is_json() const { return name == "application/json"; }
};

struct ResponseShape {
  std::string status;  // "200" or "default"
  std::vector<MediaType> content;
};

struct Operation {
  std::string id, method, path, role;
  bool websocket = false;
  std::vector<Parameter> parameters;
  std::shared_ptr<const Schema> path_schema, query_schema, header_schema;  // objects; null without such parameters
  bool has_body = false, body_required = false;
  std::vector<MediaType> body;
  std::vector<ResponseShape> responses;

  const MediaType* json_body() const;
  bool answers_with(std::string_view media_type) const;
};

class Contract {
 public:
  // Throws std::runtime_error with every mistake when the text is not a contract this server can keep.
  explicit Contract(std::string yaml);
  static std::shared_ptr<const Contract> embedded();  // api/openapi.yaml of this build

  const std::vector<Operation>& operations() const { return operations_; }
  const Operation* find(std::string_view operation_id) const;
  const std::string& yaml() const { return yaml_; }
  const std::string& json() const { return json_; }

 private:
  std::string yaml_, json_;
  std::vector<Operation> operations_;
};

// What is wrong with a contract document, in sentences that name the JSON pointer; empty when nothing is. Only keywords
// that the validator is known to handle correctly pass.
std::vector<std::string> lint(const boost::json::value& document);

// YAML of trusted files: plain scalars become numbers, booleans and null by the JSON rules, quoted ones stay strings.
boost::json::value yaml_to_json(const std::string& yaml);

// For contract tests: does the answer match what the operation promises? `body` is null without one.
Result<void> validate_response(const Operation& operation, unsigned status, std::string_view content_type,
                               const boost::json::value& body);

}  // namespace virserver::http
