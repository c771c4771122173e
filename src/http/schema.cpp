// The only file that includes valijson.
//
// Traps: valijson sees neither integers above 2^63 nor text after a NUL, and gives whole bodies to std::regex, which
// overflows the stack on long text. `explain` runs first and bounds what reaches a pattern; `presentable` hides the rest.
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <limits>

#include "http/references.hpp"
#include "http/validate.hpp"

namespace virserver::http {

using boost::json::value;

class Schema {
 public:
  explicit Schema(value source) : source_(std::move(source)) {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::BoostJsonAdapter(source_), compiled_);
  }
  const value& source() const { return source_; }
  const valijson::Schema& compiled() const { return compiled_; }

 private:
  value source_;
  valijson::Schema compiled_;
};

namespace {

bool is_presentable(const value& v) {
  switch (v.kind()) {
    case boost::json::kind::uint64: return false;
    case boost::json::kind::string: return std::string_view(v.get_string()).find('\0') == std::string_view::npos;
    case boost::json::kind::array:
      for (const value& item : v.get_array())
        if (!is_presentable(item)) return false;
      return true;
    case boost::json::kind::object:
      for (const auto& [name, member] : v.get_object())
        if (name.find('\0') != std::string_view::npos || !is_presentable(member)) return false;
      return true;
    default: return true;
  }
}

std::string visible(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c) result += c;
    else result += "\xef\xbf\xbd";  // one character stays one character
  }
  return result;
}

value presentable(const value& v) {
  switch (v.kind()) {
    case boost::json::kind::uint64: return std::numeric_limits<std::int64_t>::max();
    case boost::json::kind::string: return boost::json::string(visible(v.get_string()));
    case boost::json::kind::array: {
      boost::json::array result;
      for (const value& item : v.get_array()) result.push_back(presentable(item));
      return result;
    }
    case boost::json::kind::object: {
      boost::json::object result;
      for (const auto& [name, member] : v.get_object()) result[visible(name)] = presentable(member);
      return result;
    }
    default: return v;
  }
}

// ["<root>", "[\"nodes\"]", "[0]"] -> "/nodes/0"
std::string pointer_of(const std::vector<std::string>& context) {
  std::string result;
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string_view token = context[i];
    if (token.starts_with('[')) token = token.substr(1, token.size() - 2);
    if (token.starts_with('"') && token.size() >= 2) token = token.substr(1, token.size() - 2);
    result += "/" + escape_pointer(token);
  }
  return result;
}

}  // namespace

std::shared_ptr<const Schema> compile(value schema) { return std::make_shared<const Schema>(std::move(schema)); }

std::vector<Violation> validate(const Schema& schema, const value& v, std::string_view prefix) {
  std::vector<Violation> violations;
  explain(schema.source(), v, std::string(prefix), violations);
  if (!violations.empty()) return violations;

  thread_local valijson::Validator validator;  // caches regular expressions, not thread-safe
  value copy;
  const bool direct = is_presentable(v);
  if (!direct) copy = presentable(v);
  const valijson::adapters::BoostJsonAdapter adapter(direct ? v : copy);
  if (validator.validate(schema.compiled(), adapter, nullptr)) return violations;
  valijson::ValidationResults results;
  validator.validate(schema.compiled(), adapter, &results);
  for (const auto& error : results) {
    violations.push_back({std::string(prefix) + pointer_of(error.context), error.description});
    if (violations.size() == 20) break;
  }
  return violations;
}

Error invalid(std::vector<Violation> violations) {
  boost::json::array errors;
  for (const Violation& violation : violations)
    errors.push_back(boost::json::object{{"pointer", violation.pointer}, {"message", violation.message}});
  const Violation& first = violations.front();
  std::string message = fmt::format("{} {}", first.pointer.empty() ? "the body" : first.pointer, first.message);
  if (first.pointer.empty() && first.message.starts_with("the ")) message = first.message;
  else if (first.message.starts_with("the ")) message = fmt::format("{}: {}", first.pointer, first.message);
  if (violations.size() > 1) message += fmt::format(" (and {} more, see details)", violations.size() - 1);
  Error error{ErrorCode::INVALID_REQUEST, std::move(message)};
  error.details["errors"] = std::move(errors);
  return error;
}

}  // namespace virserver::http
