// The pages in docs/zh-CN against the English ones. Which are translated is what the tables in docs/zh-CN/README.md say.
#include <gmock/gmock.h>

#include <set>

#include "documents.hpp"

namespace virserver::docs {
namespace {
namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const fs::path english = fs::path(VIRSERVER_SOURCE_DIR) / "docs";
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
  for (const std::string& page : pages_in(chinese)) {
    if (page == "README.md" || !fs::exists(english / page)) continue;
    EXPECT_THAT(differences(read_text(english / page), read_text(chinese / page)), IsEmpty()) << page;
  }
}

}  // namespace
}  // namespace virserver::docs
