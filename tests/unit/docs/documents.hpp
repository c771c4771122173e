// What the tests need to know of a Markdown file.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace virserver::docs {

std::string read_text(const std::filesystem::path& file);  // throws when it cannot be read

struct Heading {
  int level = 0;
  std::string text;
  std::string first_line;  // of what stands below it
};
std::vector<Heading> headings(std::string_view markdown);  // not those inside code blocks

// GitHub's anchor of a heading: lower case, spaces become dashes, punctuation goes.
std::string anchor(std::string_view heading);

std::vector<std::string> links(std::string_view markdown);  // targets of [text](target), not inside code

// Every relative link of `file` that leads nowhere: "target: what is wrong".
std::vector<std::string> broken_links(const std::filesystem::path& file);

// What a page and its translation must have in common: one entry a heading, in order ("" for what stands before the first).
struct Section {
  int level = 0;
  std::string heading;                   // differs between languages
  std::vector<std::string> code_blocks;  // fenced ones with their language as first line, and indented ones
  std::vector<std::string> code_spans;   // `like this`, sorted: names, options, paths
  int table_rows = 0;
};
std::vector<Section> sections(std::string_view markdown);

// How `translation` differs from `original`, a line each: headings, code blocks, code spans, rows of tables.
std::vector<std::string> differences(std::string_view original, std::string_view translation);

// README.md, docs/**.md, ...: every Markdown file that belongs to the project.
std::vector<std::filesystem::path> project_documents(const std::filesystem::path& root);

}  // namespace virserver::docs
