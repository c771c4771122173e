#include "board/templates.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/bytes.hpp"
#include "base/embedded.hpp"
#include "board/parse.hpp"
#include "board/reader.hpp"

namespace virserver::board {
namespace {

constexpr std::string_view template_fields[] = {"id", "name", "description", "tags", "findings", "config"};

std::vector<std::string> texts(Problems& problems, Fields& fields, std::string_view key, std::size_t max_items, std::size_t max_length) {
  std::vector<std::string> result;
  if (const auto* list = fields.array(key, max_items)) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto& item = (*list)[i];
      if (item.is_string() && !item.get_string().empty() && item.get_string().size() <= max_length) result.emplace_back(item.get_string());
      else problems.add(fmt::format("{}/{}", fields.at(key), i), fmt::format("must be text of 1 to {} bytes, is {}", max_length, shown(item)));
    }
  }
  return result;
}

Result<Template> parse(const Document& document) {
  const Document* positions = document.positions.empty() ? nullptr : &document;
  Problems problems(positions);
  Fields fields(problems, "", document.value, template_fields);
  Template result;
  for (const std::string_view key : {"id", "config"}) fields.required(key);
  if (const auto id = fields.text("id", 128)) {
    result.id = *id;
    if (!valid_template_id(*id))
      fields.error("id", "must begin with a lower-case letter or digit and go on with these, '.', ':' or '-'");
  }
  result.name = fields.text("name", 256).value_or("");
  result.description = fields.text("description", 4096).value_or("");
  result.tags = texts(problems, fields, "tags", 32, 64);
  result.findings = texts(problems, fields, "findings", 64, 1024);
  if (!problems.empty()) return fail(problems.error());

  Document config{document.value.at("config"), {}, {}};
  for (auto [from, to] : {std::pair(&document.positions, &config.positions), std::pair(&document.key_positions, &config.key_positions)})
    for (const auto& [pointer, place] : *from)
      if (pointer == "/config" || pointer.starts_with("/config/")) to->emplace(pointer.substr(7), place);
  auto board = positions ? parse_board(config) : parse_board(config.value);
  if (!board) {
    for (auto& entry : board.error().details["errors"].as_array())
      entry.as_object()["pointer"] = "/config" + std::string(entry.as_object()["pointer"].as_string());
    return pass(board);
  }
  result.config = std::move(*board);
  for (const Node& node : result.config.nodes)
    for (const auto& target : node.targets)
      if (std::ranges::find(result.backends, std::string_view(target.key())) == result.backends.end())
        result.backends.emplace_back(target.key());
  if (result.name.empty()) result.name = result.id;
  return result;
}

std::vector<Template> load_builtins() {
  std::vector<Template> templates;
  for (const embedded::File& file : embedded::boards()) {
    auto document = parse_document(file.text());
    if (!document) throw std::runtime_error(fmt::format("the built-in board {} is broken: {}", file.path, document.error().message));
    auto parsed = parse(*document);
    if (!parsed) throw std::runtime_error(fmt::format("the built-in board {} is broken: {}", file.path, parsed.error().message));
    templates.push_back(std::move(*parsed));
  }
  std::ranges::sort(templates, {}, &Template::id);
  return templates;
}

}  // namespace

const std::vector<Template>& builtin_templates() {
  static const std::vector<Template> templates = load_builtins();
  return templates;
}

const Template* find_builtin(std::string_view id) {
  const auto& all = builtin_templates();
  const auto found = std::ranges::find(all, id, &Template::id);
  return found == all.end() ? nullptr : &*found;
}

bool valid_template_id(std::string_view id) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !id.empty() && id.size() <= 128 && plain(id[0]) &&
         std::ranges::all_of(id, [&](char c) { return plain(c) || c == '.' || c == ':' || c == '-'; });
}

std::vector<std::string> findings_on(std::string_view backend, const std::vector<std::string>& findings) {
  static constexpr std::pair<std::string_view, std::string_view> prefixes[] = {{"QEMU: ", "qemu"}, {"Renode: ", "renode"}, {"SkyEye: ", "skyeye"}};
  std::vector<std::string> concerned;
  for (const std::string& finding : findings) {
    const auto found = std::ranges::find_if(prefixes, [&](const auto& each) { return finding.starts_with(each.first); });
    if (found == std::end(prefixes)) concerned.push_back(finding);
    else if (found->second == backend) concerned.push_back(finding.substr(found->first.size()));
  }
  return concerned;
}

Result<Template> parse_template(const boost::json::value& value) {
  return parse(Document{value, {}, {}});
}

boost::json::object to_json(const Template& value) {
  boost::json::object result{{"id", value.id}, {"name", value.name}, {"description", value.description}};
  result["tags"] = boost::json::array(value.tags.begin(), value.tags.end());
  result["findings"] = boost::json::array(value.findings.begin(), value.findings.end());
  result["config"] = to_json(value.config);
  return result;
}

}  // namespace virserver::board
