#include "documents.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace virserver::docs {
namespace fs = std::filesystem;
namespace {

// The lines outside fenced and indented code blocks, without `code` in them.
std::vector<std::string> prose(std::string_view markdown) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(markdown)};
  bool fenced = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      fenced = !fenced;
      continue;
    }
    if (fenced || line.starts_with("    ")) continue;
    lines.push_back(line);
  }
  return lines;
}

std::string without_code(std::string_view line) {
  std::string out;
  bool code = false;
  for (const char c : line) {
    if (c == '`') code = !code;
    else if (!code) out += c;
  }
  return out;
}

bool has_anchor(const fs::path& file, std::string_view wanted) {
  return std::ranges::any_of(headings(read_text(file)), [&](const Heading& heading) { return anchor(heading.text) == wanted; });
}

}  // namespace

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Heading> headings(std::string_view markdown) {
  std::vector<Heading> found;
  for (const std::string& line : prose(markdown)) {
    const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
    if (level > 0 && level < line.size() && line[level] == ' ')
      found.push_back({static_cast<int>(level), line.substr(level + 1), ""});
    else if (!found.empty() && found.back().first_line.empty())
      found.back().first_line = line;
  }
  return found;
}

std::string anchor(std::string_view heading) {
  std::string out;
  for (const char c : heading) {
    if (static_cast<unsigned char>(c) >= 0x80) out += c;  // letters of other scripts stay
    else if (std::isalnum(static_cast<unsigned char>(c))) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (c == ' ' || c == '-') out += '-';
    else if (c == '_') out += c;
  }
  return out;
}

std::vector<std::string> links(std::string_view markdown) {
  std::vector<std::string> found;
  for (const std::string& whole : prose(markdown)) {
    const std::string line = without_code(whole);
    for (std::size_t at = line.find("]("); at != std::string::npos; at = line.find("](", at + 1)) {
      const std::size_t end = line.find(')', at);
      if (end != std::string::npos) found.push_back(line.substr(at + 2, end - at - 2));
    }
  }
  return found;
}

std::vector<std::string> broken_links(const fs::path& file) {
  std::vector<std::string> broken;
  for (const std::string& link : links(read_text(file))) {
    if (link.find("://") != std::string::npos || link.starts_with("mailto:")) continue;
    const std::size_t hash = std::min(link.find('#'), link.size());
    const fs::path target = hash == 0 ? file : file.parent_path() / link.substr(0, hash);
    if (!fs::exists(target)) broken.push_back(link + ": no such file");
    else if (hash < link.size() && !has_anchor(target, std::string_view(link).substr(hash + 1))) broken.push_back(link + ": no such heading");
  }
  return broken;
}

std::vector<fs::path> project_documents(const fs::path& root) {
  std::vector<fs::path> found;
  for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator(); ++at) {
    const std::string name = at->path().filename().string();
    if (at->is_directory() && (name.starts_with('.') || name == "node_modules" || name == "build")) at.disable_recursion_pending();
    else if (at->is_regular_file() && at->path().extension() == ".md") found.push_back(at->path());
  }
  return found;
}

}  // namespace virserver::docs
