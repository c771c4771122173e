// target.xml by expat. Only what a debugger's user sees is kept: names, numbers, widths, groups.
#include <expat.h>

#include <charconv>
#include <memory>
#include <set>

#include "gdb/target_description.hpp"

namespace virserver::gdb {
namespace {

constexpr std::size_t max_document = 1u << 20, max_documents = 64, max_registers = 8192, max_depth = 32, max_text = 256;

using Attributes = const XML_Char**;

std::string_view attribute(Attributes attributes, std::string_view name) {
  for (; *attributes; attributes += 2)
    if (name == attributes[0]) return attributes[1];
  return {};
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_float(std::string_view type) { return contains(type, "ieee") || contains(type, "float") || type == "i387_ext"; }

// The group where the description gives none: the type tells float and vector, a core feature is general. Views of one
// register as vectors and as a number (unions) are a vector register if they are wider than a number.
RegisterGroup guess_group(const Register& reg, bool vectors, bool floats) {
  if (vectors) return reg.bits > 64 ? RegisterGroup::vector : RegisterGroup::floating;
  if (floats || is_float(reg.type)) return RegisterGroup::floating;
  const std::string_view feature = reg.feature;
  if (feature.ends_with(".core") || feature.ends_with(".cpu") || feature.ends_with(".m-profile")) return RegisterGroup::general;
  if (contains(feature, "fpu") || contains(feature, "vfp") || contains(feature, "fpa")) return RegisterGroup::floating;
  return RegisterGroup::special;
}

struct Reader {
  std::string architecture;
  std::vector<Register> registers;
  std::vector<std::string> includes;
  std::set<std::string, std::less<>> vector_types, float_types;
  std::string feature, composite, text, problem;
  int next_number = 0;
  std::size_t depth = 0, documents = 0;
  const std::map<std::string, std::string, std::less<>>* known = nullptr;  // null: only list the includes
  XML_Parser parser = nullptr;

  void refuse(std::string why) {
    if (problem.empty()) problem = std::move(why);
    XML_StopParser(parser, XML_FALSE);
  }
  void start(std::string_view name, Attributes attributes);
  void end(std::string_view name);
  void add_register(Attributes attributes);
  void add_field(std::string_view type);
  RegisterGroup group_of(std::string_view said, const Register& reg) const;
  void include(std::string_view href);
  Result<void> parse(std::string_view xml);
};

void Reader::add_register(Attributes attributes) {
  if (registers.size() >= max_registers) return refuse("has too many registers");
  Register reg;
  reg.name = attribute(attributes, "name").substr(0, max_text);
  const auto bits = number(attribute(attributes, "bitsize"));
  const auto given = attribute(attributes, "regnum");
  const auto index = given.empty() ? next_number : number(given);
  if (reg.name.empty() || !bits || !index) return refuse("has a register without name, width or number");
  reg.bits = static_cast<unsigned>(*bits);
  reg.number = *index;
  const auto type = attribute(attributes, "type").substr(0, max_text);
  reg.type = type.empty() ? "int" : type;
  reg.feature = feature;
  reg.group = group_of(attribute(attributes, "group"), reg);
  next_number = reg.number < INT32_MAX ? reg.number + 1 : 0;
  registers.push_back(std::move(reg));
}

RegisterGroup Reader::group_of(std::string_view said, const Register& reg) const {
  if (said == "float") return RegisterGroup::floating;
  if (said == "vector") return RegisterGroup::vector;
  if (said == "general") return RegisterGroup::general;
  if (said.empty()) return guess_group(reg, vector_types.contains(reg.type), float_types.contains(reg.type));
  return RegisterGroup::special;  // "system", "cp_regs", ...
}

void Reader::add_field(std::string_view type) {
  if (vector_types.contains(type)) vector_types.insert(composite);
  else if (is_float(type) || float_types.contains(type)) float_types.insert(composite);
}

void Reader::include(std::string_view href) {
  if (href.empty() || href.size() > max_text) return refuse("includes a document without a name");
  if (!known) {
    if (includes.size() < max_documents) includes.emplace_back(href);
    return;
  }
  const auto document = known->find(href);
  if (document == known->end()) return refuse(fmt::format("includes '{}', which the emulator does not have", href));
  XML_Parser outer = parser;
  const auto outer_depth = depth;
  auto result = parse(document->second);
  parser = outer;
  depth = outer_depth;
  if (!result) refuse(std::move(result.error().message));
}

void Reader::start(std::string_view name, Attributes attributes) {
  if (++depth > max_depth) return refuse("is nested too deeply");
  text.clear();
  if (name == "feature") feature = attribute(attributes, "name").substr(0, max_text);
  else if (name == "reg") add_register(attributes);
  else if (name == "vector") vector_types.emplace(attribute(attributes, "id").substr(0, max_text));
  else if (name == "union" || name == "struct") composite = attribute(attributes, "id").substr(0, max_text);
  else if (name == "field" && !composite.empty()) add_field(attribute(attributes, "type"));
  else if (name == "xi:include" || name == "include") include(attribute(attributes, "href"));
}

void Reader::end(std::string_view name) {
  --depth;
  if (name == "architecture" && architecture.empty()) architecture = text;
  if (name == "union" || name == "struct") composite.clear();
  text.clear();
}

Result<void> Reader::parse(std::string_view xml) {
  if (++documents > max_documents) return fail(ErrorCode::ENGINE_PROTOCOL, "includes too many documents");
  if (xml.size() > max_document) return fail(ErrorCode::ENGINE_PROTOCOL, "is too large");
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> owner(XML_ParserCreate("UTF-8"), XML_ParserFree);
  parser = owner.get();
  XML_SetUserData(parser, this);
  XML_SetElementHandler(
      parser,
      [](void* self, const XML_Char* name, Attributes attributes) { static_cast<Reader*>(self)->start(name, attributes); },
      [](void* self, const XML_Char* name) { static_cast<Reader*>(self)->end(name); });
  XML_SetCharacterDataHandler(parser, [](void* self, const XML_Char* data, int size) {
    auto& text = static_cast<Reader*>(self)->text;
    if (text.size() < max_text) text.append(data, static_cast<std::size_t>(size));
  });
  XML_SetEntityDeclHandler(parser, [](void* self, const XML_Char*, int, const XML_Char*, int, const XML_Char*, const XML_Char*,
                                      const XML_Char*, const XML_Char*) {
    static_cast<Reader*>(self)->refuse("declares an entity");
  });
  const auto status = XML_Parse(parser, xml.data(), static_cast<int>(xml.size()), XML_TRUE);
  if (!problem.empty()) return fail(ErrorCode::ENGINE_PROTOCOL, "{}", problem);
  if (status != XML_STATUS_OK)
    return fail(ErrorCode::ENGINE_PROTOCOL, "is not XML at line {}: {}", XML_GetCurrentLineNumber(parser),
                XML_ErrorString(XML_GetErrorCode(parser)));
  return {};
}

Error in_words(Error error) {
  error.message = "the emulator's target description " + error.message;
  return error;
}

}  // namespace

Result<TargetDescription> parse_target_description(const std::map<std::string, std::string, std::less<>>& documents) {
  const auto root = documents.find("target.xml");
  if (root == documents.end()) return fail(ErrorCode::ENGINE_PROTOCOL, "the emulator has no target.xml");
  Reader reader;
  reader.known = &documents;
  if (auto result = reader.parse(root->second); !result) return fail(in_words(std::move(result.error())));
  return TargetDescription::make(std::move(reader.architecture), std::move(reader.registers));
}

Result<std::vector<std::string>> included_documents(std::string_view xml) {
  Reader reader;
  if (auto result = reader.parse(xml); !result) return fail(in_words(std::move(result.error())));
  return std::move(reader.includes);
}

}  // namespace virserver::gdb
