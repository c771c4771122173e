#include "http/parameters.hpp"

#include <algorithm>
#include <charconv>

#include "base/bytes.hpp"
#include "http/references.hpp"
#include "http/text.hpp"

namespace virserver::http {
namespace {

using boost::json::value;

// The typed value, or the text itself when it is not of the type: the schema then says what was expected.
value typed(Parameter::Type type, const std::string& text) {
  const char* end = text.data() + text.size();
  switch (type) {
    case Parameter::Type::integer: {
      std::int64_t number = 0;
      if (auto [rest, ec] = std::from_chars(text.data(), end, number); ec == std::errc() && rest == end) return number;
      std::uint64_t large = 0;
      if (auto [rest, ec] = std::from_chars(text.data(), end, large); ec == std::errc() && rest == end) return large;
      break;
    }
    case Parameter::Type::number: {
      double number = 0;
      if (auto [rest, ec] = std::from_chars(text.data(), end, number); ec == std::errc() && rest == end && number - number == 0) return number;
      break;
    }
    case Parameter::Type::boolean:
      if (text == "true" || text == "1") return true;
      if (text == "false" || text == "0") return false;
      break;
    case Parameter::Type::string: break;
  }
  return boost::json::string(text);
}

const Parameter* find(const Operation& operation, Parameter::Place place, std::string_view name) {
  for (const Parameter& parameter : operation.parameters)
    if (parameter.place == place && parameter.name == name) return &parameter;
  return nullptr;
}

void put(boost::json::object& target, const Parameter& parameter, const std::string& text, std::string_view place,
         std::vector<Violation>& violations) {
  value converted = typed(parameter.type, text);
  if (parameter.array) {
    value& list = target[parameter.name];
    if (!list.is_array()) list.emplace_array();
    list.get_array().push_back(std::move(converted));
  } else if (target.contains(parameter.name)) {
    violations.push_back({fmt::format("/{}/{}", place, escape_pointer(parameter.name)), "is given more than once"});
  } else {
    target[parameter.name] = std::move(converted);
  }
}

void read_query(const Operation& operation, std::string_view query, Request& request, std::vector<Violation>& violations) {
  while (!query.empty() && violations.size() < 20) {
    const std::size_t ampersand = query.find('&');
    const std::string_view item = query.substr(0, ampersand);
    query.remove_prefix(ampersand == std::string_view::npos ? query.size() : ampersand + 1);
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    const auto name = percent_decode(item.substr(0, equals), true);
    const auto text = percent_decode(equals == std::string_view::npos ? "" : item.substr(equals + 1), true);
    if (!name || !text || !is_utf8(*name) || !is_utf8(*text)) {
      violations.push_back({"/query", "is not valid percent-encoded UTF-8"});
      return;
    }
    const Parameter* parameter = find(operation, Parameter::Place::query, *name);
    if (parameter) {
      put(request.query, *parameter, *text, "query", violations);
      continue;
    }
    std::vector<std::string> known;
    for (const Parameter& candidate : operation.parameters)
      if (candidate.place == Parameter::Place::query) known.push_back(candidate.name);
    const auto near = nearest(*name, known, 1);
    const std::string hint = !near.empty() ? fmt::format("; did you mean \"{}\"?", near[0])
                             : known.empty() ? "; this call takes no query parameters"
                                             : fmt::format("; known are {}", fmt::join(known, ", "));
    violations.push_back({"/query/" + escape_pointer(std::string_view(*name).substr(0, valid_utf8_prefix(std::string_view(*name).substr(0, 64)))), "is not known here" + hint});
  }
}

void append(std::vector<Violation>& all, std::vector<Violation> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Result<void> read_parameters(const Operation& operation, std::span<const std::string_view> names,
                             std::span<const std::string_view> values, std::string_view query, Request& request) {
  std::vector<Violation> violations;
  for (std::size_t i = 0; i < std::min(names.size(), values.size()); ++i) {
    const auto text = percent_decode(values[i]);
    const Parameter* parameter = find(operation, Parameter::Place::path, names[i]);
    if (!text || !is_utf8(*text))
      violations.push_back({fmt::format("/path/{}", names[i]), "is not valid percent-encoded UTF-8"});
    else if (parameter)
      put(request.path_parameters, *parameter, *text, "path", violations);
  }
  read_query(operation, query, request, violations);
  if (!violations.empty()) return fail(invalid(std::move(violations)));

  for (const Parameter& parameter : operation.parameters)
    if (parameter.place == Parameter::Place::query && parameter.default_value && !request.query.contains(parameter.name))
      request.query[parameter.name] = *parameter.default_value;

  // The validator looks at values: lend the objects to one and take them back.
  const auto check = [&](const Schema& schema, boost::json::object& object, std::string_view prefix) {
    value lent(std::move(object));
    append(violations, validate(schema, lent, prefix));
    object = std::move(lent.get_object());
  };
  if (operation.path_schema) check(*operation.path_schema, request.path_parameters, "/path");
  if (operation.query_schema) check(*operation.query_schema, request.query, "/query");
  if (operation.header_schema) {
    boost::json::object headers;
    for (const Parameter& parameter : operation.parameters) {
      if (parameter.place != Parameter::Place::header) continue;
      for (const auto& [name, text] : request.headers)
        if (iequals(name, parameter.name)) {
          if (!is_utf8(text)) violations.push_back({"/header/" + escape_pointer(parameter.name), "is not valid UTF-8"});
          else put(headers, parameter, text, "header", violations);
        }
    }
    check(*operation.header_schema, headers, "/header");
  }
  if (!violations.empty()) return fail(invalid(std::move(violations)));
  return {};
}

Result<value> read_json(const Schema* schema, std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 32;
  boost::json::stream_parser parser({}, options);
  boost::system::error_code ec;
  const std::size_t used = parser.write_some(text.data(), text.size(), ec);
  if (!ec && used < text.size() && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos)
    ec = boost::json::make_error_code(boost::json::error::extra_data);
  if (!ec) parser.finish(ec);
  if (ec) {
    std::string reason = ec == boost::json::error::too_deep ? "it is nested more than 32 levels deep" : ec.message();
    Error error{ErrorCode::INVALID_JSON, fmt::format("the body is not acceptable JSON: {} (at byte {})", reason, used)};
    error.details["offset"] = used;
    return fail(std::move(error));
  }
  value result = parser.release();
  if (schema)
    if (auto violations = validate(*schema, result, ""); !violations.empty()) return fail(invalid(std::move(violations)));
  return result;
}

}  // namespace virserver::http
