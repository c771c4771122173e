#include "http/router.hpp"

#include <gmock/gmock.h>

namespace virserver::http {
namespace {

constexpr std::string_view text = R"(
paths:
  /things:
    get: { operationId: list, x-role: viewer, responses: { "204": { description: d } } }
    post: { operationId: make, x-role: viewer, responses: { "204": { description: d } } }
  /things/check:
    post: { operationId: check, x-role: viewer, responses: { "204": { description: d } } }
  /things/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: { operationId: one, x-role: viewer, responses: { "204": { description: d } } }
  /things/{id}/parts/{part}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }, { name: part, in: path, required: true, schema: { type: string } }]
    get: { operationId: part, x-role: viewer, responses: { "204": { description: d } } }
)";

Handler nothing() {
  return [](Request&) -> Task<Result<Response>> { co_return no_content(); };
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() : contract_(std::string(text)) {
    for (const char* name : {"list", "make", "check", "one", "part"}) handlers_.bind(name, nothing());
    router_.emplace(contract_, handlers_);
  }
  std::string operation(std::string_view method, std::string_view path) {
    match_ = router_->find(method, path);
    return match_.route ? match_.route->operation->id : "(" + match_.allow + ")";
  }
  Contract contract_;
  Handlers handlers_;
  std::optional<Router> router_;
  Router::Match match_;
};

TEST_F(RouterTest, FindsOperations) {
  EXPECT_EQ(operation("GET", "/things"), "list");
  EXPECT_EQ(operation("HEAD", "/things"), "list");
  EXPECT_EQ(operation("GET", "/things/a"), "one");
  EXPECT_EQ(match_.values[0], "a");
  EXPECT_EQ(operation("GET", "/things/a/parts/b%20c"), "part");
  EXPECT_EQ(match_.count, 2u);
  EXPECT_EQ(match_.values[1], "b%20c");
}

TEST_F(RouterTest, FixedSegmentsWinButDoNotHide) {
  EXPECT_EQ(operation("POST", "/things/check"), "check");
  EXPECT_EQ(operation("GET", "/things/check"), "one");
}

TEST_F(RouterTest, TellsMissingPathFromMissingMethod) {
  EXPECT_EQ(operation("DELETE", "/things"), "(GET, HEAD, POST)");
  EXPECT_EQ(operation("GET", "/other"), "()");
  EXPECT_EQ(operation("GET", "/things/"), "()");
  EXPECT_EQ(operation("GET", "/things//parts/x"), "()");
  EXPECT_EQ(operation("GET", "things"), "()");
}

TEST_F(RouterTest, HandlersAndOperationsMustMatch) {
  handlers_.bind("extra", nothing());
  EXPECT_THROW(Router(contract_, handlers_), std::runtime_error);
  Handlers few;
  few.bind("list", nothing());
  EXPECT_THROW(Router(contract_, few), std::runtime_error);
}

}  // namespace
}  // namespace virserver::http
