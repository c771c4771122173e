#include <algorithm>
#include <array>
#include <set>

#include "http/contract.hpp"
#include "http/references.hpp"

namespace virserver::http {
namespace {

using boost::json::object;
using boost::json::value;

// What valijson's draft 7 and our own messages are known to agree on.
constexpr std::array keywords = {
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
    "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "minProperties", "maxProperties", "oneOf", "anyOf",
    "title", "description", "default", "example", "examples", "format"};
constexpr std::array types = {"object", "array", "string", "integer", "number", "boolean", "null"};
constexpr std::array methods = {"get", "put", "post", "delete", "patch", "head", "options", "trace"};
constexpr std::array roles = {"public", "viewer", "developer", "admin"};

class Linter {
 public:
  explicit Linter(const value& document) : document_(document) {}

  std::vector<std::string> run() {
    if (!document_.is_object()) return {"the contract is not an object"};
    const object& root = document_.get_object();
    if (const value* schemas = find_pointer(document_, "/components/schemas"); schemas && schemas->is_object())
      for (const auto& [name, item] : schemas->get_object()) schema(item, "/components/schemas/" + std::string(name));
    const value* paths = root.if_contains("paths");
    if (!paths || !paths->is_object()) return {"/paths: missing"};
    for (const auto& [path, item] : paths->get_object()) path_item(std::string(path), item);
    return std::move(problems_);
  }

 private:
  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void path_item(const std::string& path, const value& item) {
    const std::string at = "/paths/" + escape_pointer(path);
    if (!item.is_object()) return problem("{}: not an object", at);
    if (!path.starts_with('/')) problem("{}: a path starts with /", at);
    for (const auto& [key, member] : item.get_object()) {
      if (key == "parameters") {
        parameters(member, at + "/parameters");
      } else if (std::ranges::find(methods, key) != methods.end()) {
        operation(path, member, item, at + "/" + std::string(key));
      } else {
        problem("{}: \"{}\" is not known here", at, key);
      }
    }
  }

  void operation(const std::string& path, const value& item, const value& parent, const std::string& at) {
    if (!item.is_object()) return problem("{}: not an object", at);
    const object& members = item.get_object();
    const value* id = members.if_contains("operationId");
    if (!id || !id->is_string() || id->get_string().empty()) {
      problem("{}: operationId is missing", at);
    } else if (!ids_.insert(std::string(id->get_string())).second) {
      problem("{}: operationId \"{}\" is used twice", at, std::string_view(id->get_string()));
    }
    const value* role = members.if_contains("x-role");
    if (!role || !role->is_string())
      problem("{}: x-role is missing", at);
    else if (std::ranges::find(roles, role->get_string()) == roles.end())
      problem("{}: x-role \"{}\" is not known", at, std::string_view(role->get_string()));
    if (const value* list = members.if_contains("parameters")) parameters(*list, at + "/parameters");
    template_names(path, item, parent, at);
    if (const value* body = members.if_contains("requestBody")) content(resolve(*body, at + "/requestBody"), at + "/requestBody");
    const value* responses = members.if_contains("responses");
    if (!responses || !responses->is_object() || responses->get_object().empty())
      return problem("{}: responses are missing", at);
    for (const auto& [status, response] : responses->get_object()) {
      const std::string place = at + "/responses/" + std::string(status);
      content(resolve(response, place), place);
    }
  }

  void template_names(const std::string& path, const value& item, const value& parent, const std::string& at) {
    std::set<std::string> given, wanted;
    for (const value* owner : {&item, &parent}) {
      const value* list = owner->get_object().if_contains("parameters");
      if (!list || !list->is_array()) continue;
      for (const value& entry : list->get_array()) {
        const value* parameter = try_resolve(document_, entry);
        if (!parameter || !parameter->is_object()) continue;
        const value* in = parameter->get_object().if_contains("in");
        const value* name = parameter->get_object().if_contains("name");
        if (in && name && in->is_string() && name->is_string() && in->get_string() == "path")
          given.insert(std::string(name->get_string()));
      }
    }
    for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
      const std::size_t close = path.find('}', open);
      if (close == std::string::npos) return problem("{}: the path template is not closed", at);
      wanted.insert(path.substr(open + 1, close - open - 1));
    }
    if (given != wanted) problem("{}: the path parameters are not those of the template", at);
  }

  void parameters(const value& list, const std::string& at) {
    if (!list.is_array()) return problem("{}: not a list", at);
    for (std::size_t i = 0; i < list.get_array().size(); ++i) {
      const std::string place = fmt::format("{}/{}", at, i);
      const value* parameter = resolve(list.get_array()[i], place);
      if (!parameter || !parameter->is_object()) continue;
      const object& members = parameter->get_object();
      const value* in = members.if_contains("in");
      if (!in || !in->is_string() || (in->get_string() != "path" && in->get_string() != "query" && in->get_string() != "header"))
        problem("{}: `in` must be path, query or header", place);
      if (!members.if_contains("name") || !members.at("name").is_string()) problem("{}: a parameter needs a name", place);
      const value* own = members.if_contains("schema");
      if (!own) {
        problem("{}: a parameter needs a schema", place);
      } else {
        schema(*own, place + "/schema");
      }
    }
  }

  void content(const value* owner, const std::string& at) {
    if (!owner || !owner->is_object()) return;
    const value* media = owner->get_object().if_contains("content");
    if (!media) return;
    if (!media->is_object()) return problem("{}: content is not an object", at);
    for (const auto& [type, entry] : media->get_object()) {
      const std::string place = at + "/content/" + escape_pointer(type);
      if (!entry.is_object() || !entry.get_object().if_contains("schema")) {
        problem("{}: a media type needs a schema", place);
        continue;
      }
      schema(entry.get_object().at("schema"), place + "/schema");
    }
  }

  const value* resolve(const value& item, const std::string& at) {
    const value* target = try_resolve(document_, item);
    if (!target) problem("{}: the reference points nowhere", at);
    return target;
  }

  void schema(const value& item, const std::string& at, int depth = 0) {
    if (depth > 32) return problem("{}: the schema is nested too deeply or refers to itself", at);
    if (!item.is_object()) return problem("{}: a schema must be an object", at);
    const object& members = item.get_object();
    if (members.contains("$ref")) {
      if (members.size() > 1) problem("{}: siblings of $ref are ignored by the validator", at);
      const value* target = resolve(item, at);
      if (target && target != &item) schema(*target, at, depth + 1);
      return;
    }
    for (const auto& [key, member] : members) keyword(key, member, at, depth);
  }

  void keyword(std::string_view key, const value& member, const std::string& at, int depth) {
    const std::string place = at + "/" + std::string(key);
    if (std::ranges::find(keywords, key) == keywords.end())
      return problem("{}: the keyword \"{}\" is outside the subset the validator handles", at, key);
    if (key == "type") {
      const auto check = [&](const value& name) {
        if (!name.is_string() || std::ranges::find(types, name.get_string()) == types.end())
          problem("{}: unknown type", place);
      };
      if (!member.is_array()) return check(member);
      for (const value& name : member.get_array()) check(name);
    } else if (key == "format") {
      if (!member.is_string() || member.get_string() != "binary") problem("{}: formats are not enforced; use a pattern", place);
    } else if (key == "properties") {
      if (!member.is_object()) return problem("{}: not an object", place);
      for (const auto& [name, child] : member.get_object()) schema(child, place + "/" + escape_pointer(name), depth + 1);
    } else if (key == "additionalProperties") {
      if (!member.is_bool()) schema(member, place, depth + 1);
    } else if (key == "items") {
      schema(member, place, depth + 1);
    } else if (key == "oneOf" || key == "anyOf") {
      if (!member.is_array() || member.get_array().empty()) return problem("{}: not a list of schemas", place);
      for (const value& child : member.get_array()) schema(child, place, depth + 1);
    } else if (key == "required" || key == "enum") {
      if (!member.is_array()) problem("{}: not a list", place);
    } else if (key == "pattern") {
      if (!member.is_string()) problem("{}: not text", place);
    } else if (key.starts_with("min") || key.starts_with("max") || key.starts_with("exclusive")) {
      if (!member.is_number()) problem("{}: not a number", place);
    }
  }

  const value& document_;
  std::vector<std::string> problems_;
  std::set<std::string> ids_;
};

}  // namespace

std::vector<std::string> lint(const value& document) { return Linter(document).run(); }

}  // namespace virserver::http
