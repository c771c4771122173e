#include <algorithm>
#include <mutex>
#include <regex>
#include <shared_mutex>

#include "base/bytes.hpp"
#include "http/references.hpp"
#include "http/validate.hpp"

namespace virserver::http {
namespace {

using boost::json::object;
using boost::json::value;

constexpr std::size_t max_violations = 20;

std::string_view type_name(const value& v) {
  switch (v.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64: return "integer";
    case boost::json::kind::double_: return "number";
    case boost::json::kind::string: return "string";
    case boost::json::kind::array: return "array";
    case boost::json::kind::object: return "object";
  }
  return "?";
}

std::string with_article(std::string_view type) {
  if (type == "null") return "null";
  if (type == "string") return "text";
  return fmt::format("{} {}", std::string_view("aeio").contains(type[0]) ? "an" : "a", type);
}

bool has_type(std::string_view type, const value& v) {
  const std::string_view actual = type_name(v);
  return actual == type || (type == "number" && actual == "integer");
}

std::string shown(const value& v) {
  std::string text = boost::json::serialize(v);
  if (text.size() > 60) text.resize(valid_utf8_prefix(std::string_view(text).substr(0, 57))), text += "...";
  return text;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

bool matches(const std::string& pattern, std::string_view text) {
  static std::shared_mutex mutex;
  static std::map<std::string, std::regex> cache;  // only patterns of the contract
  {
    std::shared_lock lock(mutex);
    if (const auto at = cache.find(pattern); at != cache.end())
      return std::regex_search(text.begin(), text.end(), at->second);
  }
  std::unique_lock lock(mutex);
  const auto at = cache.try_emplace(pattern, pattern).first;
  return std::regex_search(text.begin(), text.end(), at->second);
}

class Explainer {
 public:
  Explainer(const object& schema, const value& v, const std::string& pointer, std::vector<Violation>& out)
      : schema_(schema), value_(v), pointer_(pointer), out_(out) {}

  void run() {
    if (!type()) return;
    choices();
    if (value_.is_number()) number();
    if (value_.is_string()) string();
    if (value_.is_array()) array();
    if (value_.is_object()) members();
    alternatives();
  }

 private:
  template <class... Args>
  void report(fmt::format_string<Args...> format, Args&&... args) {
    if (out_.size() < max_violations) out_.push_back({pointer_, fmt::format(format, std::forward<Args>(args)...)});
  }
  const value* keyword(std::string_view name) const { return schema_.if_contains(name); }
  std::optional<double> limit(std::string_view name) const {
    const value* at = keyword(name);
    return at ? std::optional(at->to_number<double>()) : std::nullopt;
  }

  bool type() {
    const value* wanted = keyword("type");
    if (!wanted) return true;
    std::vector<std::string> names;
    if (wanted->is_string()) names.emplace_back(wanted->get_string());
    else
      for (const value& name : wanted->get_array()) names.emplace_back(name.get_string());
    for (const std::string& name : names)
      if (has_type(name, value_)) return true;
    for (std::string& name : names) name = with_article(name);
    report("must be {}, not {}", fmt::join(names, " or "), with_article(type_name(value_)));
    return false;
  }

  void choices() {
    if (const value* constant = keyword("const"); constant && *constant != value_) report("must be {}", shown(*constant));
    const value* list = keyword("enum");
    if (!list) return;
    const auto& allowed = list->get_array();
    if (std::ranges::find(allowed, value_) != allowed.end()) return;
    std::vector<std::string> names, words;
    for (const value& choice : allowed) {
      words.push_back(shown(choice));
      if (choice.is_string()) names.emplace_back(choice.get_string());
    }
    std::string hint;
    if (value_.is_string())
      if (const auto near = nearest(value_.get_string(), names, 1); !near.empty()) hint = fmt::format("; did you mean \"{}\"?", near[0]);
    report("must be one of {}, not {}{}", fmt::join(words, ", "), shown(value_), hint);
  }

  void number() {
    const double actual = value_.to_number<double>();
    if (const auto bound = limit("minimum"); bound && actual < *bound) report("must be at least {}, not {}", *bound, shown(value_));
    if (const auto bound = limit("maximum"); bound && actual > *bound) report("must be at most {}, not {}", *bound, shown(value_));
    if (const auto bound = limit("exclusiveMinimum"); bound && actual <= *bound) report("must be more than {}, not {}", *bound, shown(value_));
    if (const auto bound = limit("exclusiveMaximum"); bound && actual >= *bound) report("must be less than {}, not {}", *bound, shown(value_));
  }

  void string() {
    const std::string_view text = value_.get_string();
    const auto low = limit("minLength"), high = limit("maxLength");
    if (low || high) {
      const std::size_t length = characters(text);
      if (low && static_cast<double>(length) < *low) {
        if (length == 0) return report("must not be empty");
        return report("must have at least {} characters, not {}", *low, length);
      }
      if (high && static_cast<double>(length) > *high) return report("must have at most {} characters, not {}", *high, length);
    }
    if (const value* pattern = keyword("pattern")) {
      const std::string expression(pattern->get_string());
      if (text.size() > max_pattern_text) report("must match {} and is far too long for that", expression);
      else if (!matches(expression, text)) report("must match {}, not {}", expression, shown(value_));
    }
  }

  void array() {
    const auto& items = value_.get_array();
    if (const auto low = limit("minItems"); low && static_cast<double>(items.size()) < *low) report("must have at least {} items, not {}", *low, items.size());
    if (const auto high = limit("maxItems"); high && static_cast<double>(items.size()) > *high) return report("must have at most {} items, not {}", *high, items.size());
    const value* schema = keyword("items");
    if (!schema) return;
    for (std::size_t i = 0; i < items.size() && out_.size() < max_violations; ++i)
      explain(*schema, items[i], fmt::format("{}/{}", pointer_, i), out_);
  }

  void members() {
    const object& given = value_.get_object();
    const value* declared = keyword("properties");
    const value* other = keyword("additionalProperties");
    if (const auto low = limit("minProperties"); low && static_cast<double>(given.size()) < *low) report("must have at least {} fields", *low);
    if (const auto high = limit("maxProperties"); high && static_cast<double>(given.size()) > *high) return report("must have at most {} fields, not {}", *high, given.size());
    if (const value* required = keyword("required"))
      for (const value& name : required->get_array())
        if (!given.contains(name.get_string())) report("the field \"{}\" is missing", std::string_view(name.get_string()));
    for (const auto& [name, member] : given) {
      if (out_.size() >= max_violations) return;
      const value* schema = declared ? declared->get_object().if_contains(name) : nullptr;
      if (!schema && other && other->is_bool() && !other->get_bool()) unknown(name, declared);
      if (!schema && other && other->is_object()) schema = other;
      if (schema) explain(*schema, member, pointer_ + "/" + escape_pointer(name), out_);
    }
  }

  void unknown(std::string_view name, const value* declared) {
    std::vector<std::string> known;
    if (declared)
      for (const auto& [key, ignored] : declared->get_object()) known.emplace_back(key);
    const auto near = nearest(name, known, 1);
    const std::string hint = !near.empty() ? fmt::format("; did you mean \"{}\"?", near[0])
                             : known.empty() ? "; nothing is taken here"
                                             : fmt::format("; known are {}", fmt::join(known, ", "));
    out_.push_back({pointer_ + "/" + escape_pointer(name.substr(0, 128)), "is not known here" + hint});
  }

  void alternatives() {
    for (const char* name : {"oneOf", "anyOf"}) {
      const value* list = keyword(name);
      if (!list) continue;
      std::size_t fitting = 0;
      std::vector<Violation> closest;
      bool closest_fits_type = false;  // a form of another type says little about the mistake
      for (const value& choice : list->get_array()) {
        std::vector<Violation> problems;
        explain(choice, value_, pointer_, problems);
        if (problems.empty()) {
          ++fitting;
          continue;
        }
        const value* wanted = choice.get_object().if_contains("type");
        const bool fits_type = !wanted || !wanted->is_string() || has_type(wanted->get_string(), value_);
        if (!closest.empty() && (closest_fits_type || !fits_type)) continue;
        closest = std::move(problems);
        closest_fits_type = fits_type;
      }
      if (fitting == 0) out_.insert(out_.end(), closest.begin(), closest.end());
      if (fitting > 1 && name[0] == 'o') report("fits more than one of the allowed forms");
    }
  }

  const object& schema_;
  const value& value_;
  const std::string& pointer_;
  std::vector<Violation>& out_;
};

}  // namespace

void explain(const value& schema, const value& v, const std::string& pointer, std::vector<Violation>& out) {
  Explainer(schema.get_object(), v, pointer, out).run();
}

}  // namespace virserver::http
