#include "http/validate.hpp"

#include <gmock/gmock.h>

#include "http/parameters.hpp"

namespace virserver::http {
namespace {

using testing::HasSubstr;

std::vector<Violation> check(std::string_view schema, std::string_view body) {
  return validate(*compile(boost::json::parse(schema)), boost::json::parse(body), "");
}

struct Case {
  const char *schema, *body, *pointer, *message;
};

TEST(Validate, SaysWhatIsWrongAndWhere) {
  const Case cases[] = {
      {R"({"type":"object","additionalProperties":false,"properties":{"name":{}}})", R"({"nmae":1})", "/nmae", "did you mean \"name\""},
      {R"({"type":"object","required":["name"]})", "{}", "", "the field \"name\" is missing"},
      {R"({"type":"string"})", "3", "", "must be text, not an integer"},
      {R"({"type":["integer","null"]})", "\"x\"", "", "must be an integer or null, not text"},
      {R"({"type":"integer","maximum":200})", "500", "", "must be at most 200, not 500"},
      {R"({"type":"number","exclusiveMinimum":0})", "0", "", "must be more than 0"},
      {R"({"type":"string","enum":["auto","qemu"]})", "\"qmeu\"", "", "did you mean \"qemu\""},
      {R"({"type":"string","pattern":"^a+$"})", "\"b\"", "", "must match ^a+$"},
      {R"({"type":"string","minLength":1})", "\"\"", "", "must not be empty"},
      {R"({"type":"string","maxLength":2})", "\"äöü\"", "", "at most 2 characters, not 3"},
      {R"({"type":"array","items":{"type":"object","properties":{"a/b":{"type":"boolean"}}}})", R"([{},{"a/b":1}])", "/1/a~1b", "must be a boolean"},
      {R"({"type":"object","maxProperties":1})", R"({"a":1,"b":2})", "", "at most 1 fields"},
      {R"({"type":"object","additionalProperties":{"type":"string"}})", R"({"k":1})", "/k", "must be text"},
      {R"({"oneOf":[{"type":"null"},{"type":"object","required":["x"]}]})", "{}", "", "\"x\" is missing"},
  };
  for (const Case& c : cases) {
    const auto violations = check(c.schema, c.body);
    ASSERT_FALSE(violations.empty()) << c.schema << " " << c.body;
    EXPECT_EQ(violations[0].pointer, c.pointer);
    EXPECT_THAT(violations[0].message, HasSubstr(c.message));
  }
}

TEST(Validate, LargeIntegersAreIntegers) {
  EXPECT_TRUE(check(R"({"type":"integer"})", "18446744073709551615").empty());
  EXPECT_TRUE(check(R"({"type":["integer","string"]})", "9223372036854775808").empty());
  EXPECT_FALSE(check(R"({"type":"integer","maximum":1000})", "18446744073709551615").empty());
  EXPECT_FALSE(check(R"({"type":"integer"})", "18446744073709551616").empty());
}

TEST(Validate, TextAfterNulCounts) {
  EXPECT_FALSE(check(R"({"enum":["on"]})", R"("on\u0000x")").empty());
  EXPECT_FALSE(check(R"({"type":"string","maxLength":2})", R"("on\u0000x")").empty());
  EXPECT_TRUE(check(R"({"type":"string","maxLength":4})", R"("\u0000\u0000")").empty());
}

TEST(Validate, LongTextDoesNotReachTheRegularExpression) {
  const std::string text = "\"" + std::string(4 << 20, 'a') + "\"";
  const auto violations = check(R"({"type":"string","pattern":"^(a|b)*$"})", text);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_THAT(violations[0].message, HasSubstr("far too long"));
}

TEST(Validate, NumberOfErrorsIsBounded) {
  std::string body = "[";
  for (int i = 0; i < 1000; ++i) body += "1,";
  EXPECT_LE(check(R"({"type":"array","items":{"type":"string"}})", body + "1]").size(), 20u);
}

TEST(Json, SyntaxErrorsHaveAnOffset) {
  const auto result = read_json(nullptr, "{\"a\": }");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::INVALID_JSON);
  EXPECT_EQ(result.error().details.at("offset"), 6);
  EXPECT_FALSE(read_json(nullptr, "{} x"));
  EXPECT_FALSE(read_json(nullptr, "{"));
  EXPECT_FALSE(read_json(nullptr, ""));
  EXPECT_FALSE(read_json(nullptr, "\"\xff\""));
  EXPECT_TRUE(read_json(nullptr, " {} \n"));
}

TEST(Json, DeepNestingIsRefused) {
  const auto result = read_json(nullptr, std::string(100000, '['));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::INVALID_JSON);
  EXPECT_THAT(result.error().message, HasSubstr("32 levels"));
}

class Parameters : public testing::Test {
 protected:
  Result<void> read(std::string_view query) {
    request = {};
    return read_parameters(*Contract::embedded()->find("listSessions"), {}, {}, query, request);
  }
  std::string pointer(std::string_view query) {
    const auto result = read(query);
    return result ? "valid" : std::string(result.error().details.at("errors").at(0).at("pointer").as_string());
  }
  Request request;
};

TEST_F(Parameters, BecomeTypedValuesWithDefaults) {
  ASSERT_TRUE(read("limit=7&label=a:b&label=c%3Ad&name=x+y"));
  EXPECT_EQ(request.query.at("limit"), 7);
  EXPECT_EQ(request.query.at("label"), (boost::json::array{"a:b", "c:d"}));
  EXPECT_EQ(request.query.at("name"), "x y");
  EXPECT_EQ(request.query.at("sort"), "-created_at");
  ASSERT_TRUE(read(""));
  EXPECT_EQ(request.query.at("limit"), 50);
}

TEST_F(Parameters, MistakesNameTheirPlace) {
  EXPECT_EQ(pointer("limit=500"), "/query/limit");
  EXPECT_EQ(pointer("limit=abc"), "/query/limit");
  EXPECT_EQ(pointer("limit=1&limit=2"), "/query/limit");
  EXPECT_EQ(pointer("limti=1"), "/query/limti");
  EXPECT_EQ(pointer("name=%zz"), "/query");
  EXPECT_EQ(pointer("name=%00"), "/query");
  EXPECT_EQ(pointer("label=x"), "/query/label/0");
  EXPECT_THAT(read("limti=1").error().message, HasSubstr("did you mean \"limit\""));
}

TEST_F(Parameters, HeadersAreChecked) {
  request.headers = {{"idempotency-key", std::string(200, 'k')}};
  const auto result = read_parameters(*Contract::embedded()->find("createSession"), {}, {}, "", request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().details.at("errors").at(0).at("pointer"), "/header/Idempotency-Key");
}

}  // namespace
}  // namespace virserver::http
