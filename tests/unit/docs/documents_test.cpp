// The documentation against the code: error codes, settings, templates, links.
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "base/error_code.hpp"
#include "documents.hpp"

namespace virserver::docs {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

const fs::path root = VIRSERVER_SOURCE_DIR;

TEST(Documents, HeadingsAndLinksAreFoundOutsideCode) {
  constexpr auto text = "# One\n\nfirst\n```\n# no heading\n[no](link)\n```\n### TWO_X\n404. [a](b.md#c-d) `[x](y)` [e](f)\n";
  const auto found = headings(text);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].text, "One");
  EXPECT_EQ(found[1].level, 3);
  EXPECT_EQ(found[1].first_line, "404. [a](b.md#c-d) `[x](y)` [e](f)");
  EXPECT_THAT(links(text), ElementsAre("b.md#c-d", "f"));
  EXPECT_EQ(anchor("A full disk, `now`"), "a-full-disk-now");
}

TEST(Documents, BrokenLinksAreFound) {
  const fs::path dir = fs::path(testing::TempDir()) / ("virserver-documents-" + std::to_string(::getpid()));
  fs::create_directories(dir);
  std::ofstream(dir / "a.md") << "# Here\n[1](b.md) [2](#here) [3](#gone) [4](a.md#here) [5](https://x.example/y)\n";
  EXPECT_THAT(broken_links(dir / "a.md"), ElementsAre("b.md: no such file", "#gone: no such heading"));
  fs::remove_all(dir);
}

TEST(Documents, EveryErrorCodeHasItsParagraphAndNoneIsLeftOver) {
  std::map<std::string, int> described;
  std::map<std::string, std::string> first_lines;
  for (const Heading& heading : headings(read_text(root / "docs/troubleshooting.md"))) {
    if (heading.level != 3) continue;
    ++described[heading.text];
    first_lines[heading.text] = heading.first_line;
  }
  for (const ErrorCodeInfo& code : error_code_table) {
    const std::string name(code.name);
    EXPECT_EQ(described[name], 1) << name << " needs one heading in docs/troubleshooting.md";
    EXPECT_TRUE(first_lines[name].starts_with(std::to_string(code.http_status) + ". ")) << name << " answers with " << code.http_status;
    described.erase(name);
  }
  for (const auto& [name, count] : described) ADD_FAILURE() << name << " in docs/troubleshooting.md is no error code";
}

TEST(Documents, EverySettingIsDescribed) {
  const std::string source = read_text(root / "src/server/config.cpp");
  const std::string page = read_text(root / "docs/operations.md");
  const std::regex option("(?:add_option|add_flag|set_config)\\(\"(--[a-z-]+)\""), variable("envname\\(\"(VIRSERVER_[A-Z_]+)\"\\)");
  std::set<std::string> names;
  for (const auto& pattern : {option, variable})
    for (std::sregex_iterator at(source.begin(), source.end(), pattern), end; at != end; ++at) names.insert((*at)[1]);
  EXPECT_GT(names.size(), 20u) << "the settings are not where this test looks";
  for (const std::string& name : names) EXPECT_NE(page.find("`" + name), std::string::npos) << name << " is missing in docs/operations.md";
}

TEST(Documents, EveryTemplateIsListed) {
  const std::string page = read_text(root / "docs/boards.md");
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(root / "boards")) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    EXPECT_NE(page.find("`" + entry.path().stem().string() + "`"), std::string::npos) << entry.path().stem() << " is missing in docs/boards.md";
  }
  EXPECT_GE(count, 10u);
}

TEST(Documents, EveryRelativeLinkLeadsSomewhere) {
  const auto documents = project_documents(root);
  EXPECT_GT(documents.size(), 12u);
  for (const fs::path& document : documents) EXPECT_THAT(broken_links(document), IsEmpty()) << document;
}

}  // namespace
}  // namespace virserver::docs
