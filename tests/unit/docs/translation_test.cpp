// README.zh-CN.md and the pages in docs/zh-CN against the English ones. Which are translated is what docs/zh-CN/README.md says.
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "documents.hpp"

namespace virserver::docs {
namespace {
namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const fs::path root = VIRSERVER_SOURCE_DIR;
const fs::path english = root / "docs";
const fs::path chinese = english / "zh-CN";

std::set<std::string> pages_in(const fs::path& folder) {
  std::set<std::string> pages;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".md") pages.insert(entry.path().filename().string());
  return pages;
}

constexpr auto original = "# One\n\n`a` and `b`\n\n    run it\n\n## Two\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```sh\nls\n```\n";

TEST(Translation, WordsMayDiffer) {
  EXPECT_THAT(differences(original, "# 一\n\n`b` 和 `a`\n\n    run it\n\n## 二\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n\n```sh\nls\n```\n"), IsEmpty());
}

TEST(Translation, WhatIsMissingIsNamed) {
  const auto differs = [](std::string from, const std::string& to) {
    std::string text = original;
    text.replace(text.find(from), from.size(), to);
    return differences(original, text);
  };
  EXPECT_THAT(differs("## Two", "Two"), Contains(HasSubstr("heading 'Two' is missing")));
  EXPECT_THAT(differs("## Two", "### Two"), ElementsAre(HasSubstr("heading 'Two' is missing")));
  EXPECT_THAT(differs("```sh\nls\n```\n", ""), ElementsAre("'Two' has 1 code blocks, its translation 0"));
  EXPECT_THAT(differs("ls\n", "ls -l\n"), ElementsAre(HasSubstr("'Two': a code block differs")));
  EXPECT_THAT(differs("    run it", "    run that"), ElementsAre(HasSubstr("'One': a code block differs")));
  EXPECT_THAT(differs("`b`", "`c`"), ElementsAre(HasSubstr("missing: b; only there: c")));
  EXPECT_THAT(differs("| 1 | 2 |\n", ""), ElementsAre("'Two' has 3 rows of tables, its translation 2"));
  EXPECT_THAT(differences(original, std::string(original) + "## More\n"), ElementsAre("the heading 'More' has no original"));
}

TEST(Translation, EveryEnglishPageIsListedAsTranslatedOrNot) {
  std::set<std::string> translated, open;
  for (const std::string& link : links(read_text(chinese / "README.md"))) {
    if (link == "../../README.zh-CN.md") continue;
    if (link.starts_with("../")) open.insert(link.substr(3));
    else translated.insert(link);
  }
  auto listed = translated;
  listed.insert(open.begin(), open.end());
  EXPECT_EQ(listed, pages_in(english)) << "docs/zh-CN/README.md names each page once: as page.md, or as ../page.md while it is not translated";
  EXPECT_EQ(listed.size(), translated.size() + open.size()) << "a page is in both tables of docs/zh-CN/README.md";
  auto there = pages_in(chinese);
  there.erase("README.md");
  EXPECT_EQ(there, translated) << "the pages in docs/zh-CN are those that its README lists as translated";
}

TEST(Translation, PagesAgree) {
  EXPECT_THAT(differences(read_text(root / "README.md"), read_text(root / "README.zh-CN.md")), IsEmpty());
  for (const std::string& page : pages_in(chinese)) {
    if (page == "README.md" || !fs::exists(english / page)) continue;
    EXPECT_THAT(differences(read_text(english / page), read_text(chinese / page)), IsEmpty()) << page;
  }
}

TEST(Translation, EachReadmeLinksTheOther) {
  EXPECT_THAT(links(read_text(root / "README.md")), Contains("README.zh-CN.md"));
  EXPECT_THAT(links(read_text(root / "README.zh-CN.md")), Contains("README.md"));
}

// Error codes are names: their headings are the same in both languages, and so is the status that stands below.
TEST(Translation, ErrorCodesStayEnglish) {
  const auto codes = [](const fs::path& page) {
    std::vector<std::string> found;
    for (const Heading& heading : headings(read_text(page)))
      if (heading.level == 3) found.push_back(heading.text + " " + heading.first_line.substr(0, 4));
    return found;
  };
  const auto originals = codes(english / "troubleshooting.md");
  EXPECT_FALSE(originals.empty());
  EXPECT_EQ(codes(chinese / "troubleshooting.md"), originals);
}

}  // namespace
}  // namespace virserver::docs
