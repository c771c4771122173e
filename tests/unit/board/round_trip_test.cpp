// Random valid boards survive to_json, to_yaml and parse_board; what is damaged in one is refused with its place.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "board/parse.hpp"
#include "board/templates.hpp"
#include "board/yaml_text.hpp"
#include "unit/board/random_board.hpp"

namespace virserver::board {
namespace {

using testing::RandomBoard;

TEST(RoundTrip, RandomBoards) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    const auto input = RandomBoard(seed).board();
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, boost::json::serialize(input)));
    const auto first = parse_board(boost::json::value(input));
    ASSERT_TRUE(first) << first.error().message;
    const auto json = to_json(*first);
    const auto second = parse_board(boost::json::value(json));
    ASSERT_TRUE(second) << second.error().message;
    ASSERT_EQ(to_json(*second), json);
    const auto document = parse_document(boost::json::serialize(json));
    ASSERT_TRUE(document);
    const auto third = parse_board(*document);
    ASSERT_TRUE(third) << third.error().message;
    ASSERT_EQ(boost::json::serialize(to_json(*third)), boost::json::serialize(json));
    const std::string yaml = to_yaml(*first, {"seed", "a line\nwith: another"});
    const auto text = parse_document(yaml);
    ASSERT_TRUE(text) << text.error().message << "\n" << yaml;
    const auto fourth = parse_board(*text);
    ASSERT_TRUE(fourth) << fourth.error().message << "\n" << yaml;
    ASSERT_EQ(boost::json::serialize(to_json(*fourth)), boost::json::serialize(json)) << yaml;
  }
}

TEST(RoundTrip, TemplatesAsYaml) {
  for (const auto& known : builtin_templates()) {
    const std::string yaml = to_yaml(known.config);
    const auto document = parse_document(yaml);
    ASSERT_TRUE(document) << known.id << ": " << document.error().message << "\n" << yaml;
    const auto parsed = parse_board(*document);
    ASSERT_TRUE(parsed) << known.id << ": " << parsed.error().message << "\n" << yaml;
    EXPECT_EQ(boost::json::serialize(to_json(*parsed)), boost::json::serialize(to_json(known.config))) << yaml;
  }
  const std::string yaml = to_yaml(find_builtin("microbit")->config, {"why"});
  EXPECT_TRUE(yaml.starts_with("# why\nschema: 1\n")) << yaml;
  EXPECT_NE(yaml.find("- { type: Flash, name: flash, address: 0x00000000, size: 256K, access: RX }"), std::string::npos) << yaml;
}

// Every place in a document, as JSON pointers.
void places(const boost::json::value& value, const std::string& at, std::vector<std::string>& all) {
  all.push_back(at);
  if (const auto* object = value.if_object())
    for (const auto& [key, member] : *object) {
      std::string token(key);
      for (std::size_t i = 0; (i = token.find_first_of("~/", i)) != std::string::npos; i += 2) token.replace(i, 1, token[i] == '~' ? "~0" : "~1");
      places(member, at + "/" + token, all);
    }
  if (const auto* array = value.if_array())
    for (std::size_t i = 0; i < array->size(); ++i) places((*array)[i], fmt::format("{}/{}", at, i), all);
}

// A board with one place damaged is either still valid or refused, and every mistake names a place that is there, or
// one below a place that is (a field that is missing or unknown).
TEST(Damage, IsRefusedWithItsPlace) {
  const boost::json::value damages[] = {nullptr, 0, -1, 18446744073709551615ull, 1e300, true, "", "cortex-m44", "0x10000000000000000", "../x",
                                        boost::json::array{}, boost::json::array{1, "x"}, boost::json::object{}, boost::json::object{{"x", 1}},
                                        boost::json::string(5000, 'a')};
  std::size_t refused = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    boost::json::value document = RandomBoard(seed).board();
    std::vector<std::string> all;
    places(document, "", all);
    std::mt19937 random(seed);
    const std::string place = all[random() % all.size()];
    boost::system::error_code ec;
    *document.find_pointer(place, ec) = damages[random() % std::size(damages)];
    SCOPED_TRACE(fmt::format("seed {}, {}: {}", seed, place, boost::json::serialize(document)).substr(0, 2000));
    const auto board = parse_board(document);
    if (board) {
      const auto again = parse_board(boost::json::value(to_json(*board)));
      ASSERT_TRUE(again) << again.error().message;
      continue;
    }
    ++refused;
    ASSERT_EQ(board.error().code, ErrorCode::BOARD_INVALID);
    for (const auto& error : board.error().details.at("errors").as_array()) {
      std::string pointer(error.as_object().at("pointer").as_string());
      ASSERT_FALSE(error.as_object().at("message").as_string().empty());
      if (!document.find_pointer(pointer, ec)) pointer.resize(pointer.rfind('/'));
      ASSERT_TRUE(document.find_pointer(pointer, ec)) << std::string_view(error.as_object().at("pointer").as_string());
    }
  }
  EXPECT_GT(refused, 100u);
}

}  // namespace
}  // namespace virserver::board
