#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "cli/json_text.hpp"
#include "cli/vscode.hpp"

namespace virserver::cli {
namespace {

namespace json = boost::json;

VscodeSetup cortex_m() {
  VscodeSetup setup;
  setup.session_id = "ses-1";
  setup.session_name = "blinky";
  setup.server = "http://127.0.0.1:8080";
  setup.program = "${workspaceFolder}/build/fw.elf";
  setup.gdb = "gdb-multiarch";
  setup.virctl = "/usr/bin/virctl";
  setup.device = "STM32F407VG";
  setup.cortex_m = true;
  setup.port = 50000;
  return setup;
}

const json::object* find(const json::array& items, std::string_view key, std::string_view value) {
  for (const json::value& item : items)
    if (item.at(key).as_string() == value) return &item.as_object();
  return nullptr;
}

TEST(Vscode, CortexMUsesCortexDebugsExternalServer) {
  VscodeSetup setup = cortex_m();
  const json::array plain = launch_configurations(setup);
  ASSERT_EQ(plain.size(), 2u);
  EXPECT_EQ(plain[0].at("type"), "cortex-debug");
  EXPECT_EQ(plain[0].at("servertype"), "external");
  EXPECT_EQ(plain[0].at("gdbTarget"), "127.0.0.1:50000");
  EXPECT_EQ(plain[0].at("runToEntryPoint"), "main");
  EXPECT_EQ(plain[1].at("request"), "attach");
  EXPECT_FALSE(plain[0].as_object().contains("svdFile"));
  setup.svd = "chip.svd";
  EXPECT_EQ(launch_configurations(setup)[0].at("svdFile"), "chip.svd");
}

TEST(Vscode, OtherProcessorsUseCppdbg) {
  VscodeSetup setup = cortex_m();
  setup.cortex_m = false;
  const json::array both = launch_configurations(setup);
  EXPECT_EQ(both[0].at("type"), "cppdbg");
  const json::array& reset = both[0].at("customLaunchSetupCommands").as_array();
  EXPECT_EQ(reset[0].at("text"), "target extended-remote 127.0.0.1:50000");
  EXPECT_EQ(reset[1].at("text"), "monitor reset halt");
  EXPECT_EQ(both[1].at("customLaunchSetupCommands").as_array().size(), 1u);  // attaching disturbs nothing
}

TEST(Vscode, EveryConfigurationsTaskExists) {
  for (const bool tunnel : {false, true}) {
    VscodeSetup setup = cortex_m();
    setup.tunnel = tunnel;
    const json::array work = tasks(setup);
    for (const json::value& configuration : launch_configurations(setup))
      EXPECT_TRUE(find(work, "label", configuration.at("preLaunchTask").as_string()));
    for (const json::value& task : work)
      if (const auto* needs = task.as_object().if_contains("dependsOn"))
        for (const json::value& name : needs->as_array()) EXPECT_TRUE(find(work, "label", name.as_string())) << name;
    const json::object* connect = find(work, "label", "VirServer: connect blinky");
    ASSERT_TRUE(connect);
    EXPECT_EQ(connect->contains("isBackground"), tunnel);
  }
}

TEST(Vscode, MergingKeepsWhatIsThereAndReplacesItsOwn) {
  VscodeSetup setup = cortex_m();
  const auto fresh = merged("", "0.2.0", "configurations", "name", launch_configurations(setup));
  ASSERT_TRUE(fresh);
  json::object file = json::parse(*fresh).as_object();
  EXPECT_EQ(file.at("version"), "0.2.0");
  file["inputs"] = json::array{};
  file["configurations"].as_array().push_back({{"name", "mine"}});
  setup.port = 50001;
  const auto again = merged(pretty(file), "0.2.0", "configurations", "name", launch_configurations(setup));
  ASSERT_TRUE(again);
  const json::value result = json::parse(*again);
  EXPECT_TRUE(result.as_object().contains("inputs"));
  ASSERT_EQ(result.at("configurations").as_array().size(), 3u);
  EXPECT_EQ(result.at("configurations").at(0).at("gdbTarget"), "127.0.0.1:50001");
  EXPECT_TRUE(find(result.at("configurations").as_array(), "name", "mine"));
}

TEST(Vscode, FilesThatWouldLoseSomethingAreRefused) {
  const json::array none;
  EXPECT_FALSE(merged("{ // mine\n}", "1", "tasks", "label", none));
  EXPECT_FALSE(merged("{\"tasks\": [],}", "1", "tasks", "label", none));
  EXPECT_FALSE(merged("[]", "1", "tasks", "label", none));
  EXPECT_FALSE(merged("{\"tasks\": 3}", "1", "tasks", "label", none));
  EXPECT_TRUE(merged("{}", "1", "tasks", "label", none));
}

TEST(JsonText, IsReadableAndTheSameValue) {
  const json::value value = json::parse(R"({"a": [1, 2], "b": {"c": "x\"y", "d": []}, "e": [{"f": null}], "g": {}})");
  EXPECT_EQ(pretty(value),
            "{\n  \"a\": [1,2],\n  \"b\": {\n    \"c\": \"x\\\"y\",\n    \"d\": []\n  },\n  \"e\": [\n    {\n      \"f\": null\n    }\n  ],\n  \"g\": {}\n}\n");
  EXPECT_EQ(json::parse(pretty(value)), value);
}

}  // namespace
}  // namespace virserver::cli
