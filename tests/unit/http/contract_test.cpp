#include "http/contract.hpp"

#include <gmock/gmock.h>

namespace virserver::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string contract_with(std::string_view schema) {
  return fmt::format(R"(openapi: 3.1.0
paths:
  /a:
    post:
      operationId: a
      x-role: viewer
      requestBody: {{ required: true, content: {{ application/json: {{ schema: {} }} }} }}
      responses: {{ "204": {{ description: done }} }}
)", schema);
}

std::vector<std::string> lint_of(std::string_view schema) { return lint(yaml_to_json(contract_with(schema))); }

TEST(Contract, OwnContractIsClean) {
  const auto contract = Contract::embedded();
  EXPECT_TRUE(lint(boost::json::parse(contract->json())).empty());
  const Operation* operation = contract->find("createSession");
  ASSERT_NE(operation, nullptr);
  EXPECT_EQ(operation->method, "POST");
  EXPECT_EQ(operation->path, "/api/v1/sessions");
  EXPECT_EQ(operation->role, "developer");
  EXPECT_TRUE(operation->body_required);
  ASSERT_NE(operation->json_body(), nullptr);
  EXPECT_TRUE(contract->find("streamConsoles")->websocket);
  EXPECT_TRUE(contract->find("streamEvents")->answers_with("text/event-stream"));
}

TEST(Contract, YamlTypesAreThoseOfJson) {
  const auto value = yaml_to_json("{a: 1, b: '1', c: true, d: \"true\", e: null, f: 1.5, g: on, h: -3, i: [x], j: 18446744073709551616}");
  EXPECT_EQ(value.at("a"), 1);
  EXPECT_EQ(value.at("b"), "1");
  EXPECT_EQ(value.at("c"), true);
  EXPECT_EQ(value.at("d"), "true");
  EXPECT_TRUE(value.at("e").is_null());
  EXPECT_EQ(value.at("f"), 1.5);
  EXPECT_EQ(value.at("g"), "on");
  EXPECT_EQ(value.at("h"), -3);
  EXPECT_TRUE(value.at("j").is_double());
  EXPECT_THROW(yaml_to_json("{a: 1, a: 2}"), std::runtime_error);
}

TEST(Contract, LintRefusesWhatTheValidatorMishandles) {
  for (const char* schema : {"{ type: object, unevaluatedProperties: false }", "{ type: object, dependentRequired: { a: [b] } }",
                             "{ allOf: [{ type: object }], additionalProperties: false }", "{ not: { type: string } }",
                             "{ type: string, format: uuid }", "{ $ref: '#/nowhere' }", "{ type: text }",
                             "{ $ref: '#/components/schemas/A', description: no }"})
    EXPECT_FALSE(lint_of(schema).empty()) << schema;
  EXPECT_TRUE(lint_of("{ type: object, properties: { not: { type: string } } }").empty());
  EXPECT_THROW(Contract(contract_with("{ not: { type: string } }")), std::runtime_error);
}

TEST(Contract, LintNamesMissingAndDoubleIds) {
  const auto problems = lint(yaml_to_json(R"(
paths:
  /a/{id}:
    get: { operationId: x, x-role: viewer, responses: { "204": { description: d } } }
  /b:
    get: { operationId: x, x-role: king, responses: { "204": { description: d } } }
    post: { responses: { "204": { description: d } } }
)"));
  EXPECT_THAT(problems, testing::UnorderedElementsAre(HasSubstr("path parameters"), HasSubstr("used twice"), HasSubstr("\"king\""),
                                                      HasSubstr("operationId is missing"), HasSubstr("x-role is missing")));
}

TEST(Contract, LintFindsCycles) {
  const auto problems = lint(yaml_to_json(R"(
components: { schemas: { A: { type: array, items: { $ref: '#/components/schemas/A' } } } }
paths: {}
)"));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("refers to itself")));
}

TEST(Contract, ResponsesAreChecked) {
  const auto contract = Contract::embedded();
  const Operation& live = *contract->find("getLiveness");
  const boost::json::value good{{"status", "ok"}, {"version", "1"}, {"parts", boost::json::object{}}};
  EXPECT_TRUE(validate_response(live, 200, "application/json", good));
  boost::json::value bad = good;
  bad.as_object()["surprise"] = 1;
  EXPECT_FALSE(validate_response(live, 200, "application/json", bad));
  EXPECT_FALSE(validate_response(live, 200, "text/html", good));
  EXPECT_FALSE(validate_response(live, 418, "application/json", good));
  const Operation& list = *contract->find("listSessions");
  const boost::json::value error{{"error", "e"}, {"code", "NOT_FOUND"}, {"details", boost::json::object{}}, {"request_id", "r"}};
  EXPECT_TRUE(validate_response(list, 404, "application/json", error));
  EXPECT_FALSE(validate_response(list, 202, "application/json", error));
  EXPECT_TRUE(validate_response(*contract->find("deleteSession"), 204, "", nullptr));
}

}  // namespace
}  // namespace virserver::http
