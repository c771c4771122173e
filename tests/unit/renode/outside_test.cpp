// Devices, interrupt lines and spans of time, against a scripted Renode. The answers are what machine.py prints.
#include "backend/renode/outside.hpp"

#include <boost/json.hpp>

#include <fstream>

#include "backend/renode/engine.hpp"
#include "fake_robot.hpp"

namespace virserver::backend::renode {
namespace {

using namespace std::chrono_literals;
using testing::failed;
using testing::FakeProcess;
using testing::FakeRobot;
using testing::http;
using testing::passed;
using Then = FakeRobot::Step::Then;

constexpr const char* devices_text =
    "vs\tdevice\tsysbus.gpioPortA\tgpio\tSTM32_GPIOPort\r\n\r\n"
    "vs\tproperty\tsysbus.gpioPortA\tin0\tboolean\tnull\tTrue\t\r\n\r\n"
    "vs\tproperty\tsysbus.gpioPortA\tout0\tboolean\tTrue\tFalse\t\r\n\r\n"
    "vs\tdevice\tsysbus.i2c1.bme280\tsensor\tBME280\r\n\r\n"
    "vs\tproperty\tsysbus.i2c1.bme280\ttemperature\tnumber\t36.5\tTrue\tC\r\n\r\n"
    "vs\tend\tdevices\r\n";

TEST(RenodeOutside, DevicesAreRead) {
  const auto devices = parse_devices(devices_text);
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].name, "gpioPortA");
  EXPECT_EQ(devices[0].kind, "gpio");
  EXPECT_EQ(devices[0].model, "STM32_GPIOPort");
  ASSERT_EQ(devices[0].properties.size(), 2u);
  EXPECT_TRUE(devices[0].properties[0].value.is_null());
  EXPECT_TRUE(devices[0].properties[0].writable);
  EXPECT_EQ(devices[0].properties[1].value, true);
  EXPECT_FALSE(devices[0].properties[1].writable);
  EXPECT_EQ(devices[1].name, "i2c1.bme280");
  EXPECT_EQ(devices[1].properties.at(0).value, 36.5);
  EXPECT_EQ(devices[1].properties.at(0).unit, "C");
}

TEST(RenodeOutside, WhatReadsAsNoneIsLeftOut) {
  EXPECT_TRUE(parse_devices("").empty());
  EXPECT_TRUE(parse_devices("vs\tdevice\tsysbus.a\tled\n").empty()) << "a field is missing";
  EXPECT_TRUE(parse_devices("vs\tdevice\tsysbus.\xff\tled\tLED\n").empty()) << "no text";
  EXPECT_TRUE(parse_devices("device\tsysbus.a\tled\tLED\n").empty()) << "no mark";
  const auto strays = parse_devices(
      "vs\tproperty\tsysbus.a\ton\tboolean\tTrue\tFalse\t\nvs\tdevice\tsysbus.a\tled\tLED\nvs\tproperty\tsysbus.b\ton\tboolean\tTrue\tFalse\t\n"
      "vs\tproperty\tsysbus.a\ton\tboolean\tmaybe\tFalse\t\nvs\tproperty\tsysbus.a\ton\tnumber\t1,5\tFalse\t\nvs\tproperty\tsysbus.a\ton\ttext\tTrue\tFalse\t\n");
  ASSERT_EQ(strays.size(), 1u);
  EXPECT_TRUE(strays[0].properties.empty());
  std::string flood = "vs\tdevice\tsysbus.a\tgpio\tX\n";
  for (int i = 0; i < 10'000; ++i) flood += fmt::format("vs\tproperty\tsysbus.a\tin{}\tboolean\tnull\tTrue\t\n", i);
  EXPECT_EQ(parse_devices(flood).at(0).properties.size(), 4096u);
}

TEST(RenodeOutside, ChangesAndTimesAreRead) {
  const auto changes = parse_changes(
      "vs\tchange\tsysbus.gpioPortD.UserLED\ton\tTrue\t1500000\n\nvs\tchange\tsysbus.gpioPortD\tout12\tFalse\tnull\n"
      "vs\tchange\tx\ty\t7\tnull\nvs\tend\tchanges\n");
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].device, "gpioPortD.UserLED");
  EXPECT_EQ(changes[0].value, true);
  EXPECT_EQ(changes[0].at_ns, 1'500'000u);
  EXPECT_EQ(changes[1].at_ns, std::nullopt);
  const auto time = parse_machine_time("vs\ttime\t26000010\tTrue\tFalse\n");
  ASSERT_TRUE(time);
  EXPECT_EQ(time->nanoseconds, 26'000'010u);
  EXPECT_TRUE(time->span);
  EXPECT_FALSE(time->stands);
  for (const char* text : {"", "vs\ttime\t-1\tTrue\tFalse", "vs\ttime\t1\tTrue", "vs\ttime\tx\tTrue\tFalse", "time\t1\tTrue\tFalse"}) EXPECT_FALSE(parse_machine_time(text)) << text;
}

TEST(RenodeOutside, ElapsedTimeIsRead) {
  EXPECT_EQ(parse_elapsed_time("Elapsed Virtual Time: 00:00:01.503000000\nElapsed Host Time: 00:00:09.1\n"), 1'503'000'000u);
  EXPECT_EQ(parse_elapsed_time("Elapsed Virtual Time: 01:02:03.5"), 3'723'500'000'000u);
  EXPECT_EQ(parse_elapsed_time("Elapsed Virtual Time: 2.00:00:00.000000001"), 172'800'000'000'001u);
  for (const char* text : {"", "Elapsed Virtual Time: ", "Elapsed Virtual Time: 1:2", "Elapsed Virtual Time: 1:2:3", "Elapsed Virtual Time: 1:2:3.0000000000",
                           "Elapsed Virtual Time: a:b:c.d", "Elapsed Virtual Time: 99999999999999999999.00:00:00.1"})
    EXPECT_FALSE(parse_elapsed_time(text)) << text;
}

class RenodeOutsideTest : public ::testing::Test {
 protected:
  RenodeOutsideTest() {
    robot.by_line["version"] = {http(passed("Renode, version 1.16.1")), Then::go_on};
    says("include @machine.py", "");
    auto owned = std::make_unique<FakeProcess>(io);
    fake = owned.get();
    const auto connect = robot.dial();
    fake->dial_port = [connect](std::uint16_t, std::chrono::milliseconds timeout) { return connect(timeout); };
    RenodeEngine::Options options;
    options.version = "1.16.1";
    options.command_timeout = 300ms;
    engine = std::make_unique<RenodeEngine>(io.get_executor(), std::move(owned), std::move(options));
    engine->on_event = [this](const EngineEvent& event) {
      if (event.kind == EngineEvent::Kind::device) changes.insert(changes.end(), event.changes.begin(), event.changes.end());
    };
    EXPECT_TRUE(testing::run(io, engine->connect(2s)));
  }
  ~RenodeOutsideTest() override {
    testing::run(io, engine->stop());
    io.restart();
    io.run_for(20ms);
  }
  void says(const std::string& line, const std::string& text) { robot.by_line[line] = {http(passed(text)), Then::go_on}; }
  void refuses(const std::string& line, const std::string& why) {
    robot.by_line[line] = {http(failed(fmt::format("KeywordException: Could not execute command '{0}': There was an error: Command '{0}' failed{1}\n", line, why))), Then::go_on};
  }
  bool heard(std::string_view line) const { return std::ranges::find(robot.lines, line) != robot.lines.end(); }
  void pass_time(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }
  Result<void> set(const std::string& device, const std::string& property, boost::json::value value) {
    return testing::run(io, engine->machine()->set_device(device, property, std::move(value)));
  }

  asio::io_context io{1};
  FakeRobot robot{io};
  FakeProcess* fake = nullptr;
  std::unique_ptr<RenodeEngine> engine;
  std::vector<DeviceChange> changes;
};

TEST_F(RenodeOutsideTest, TheScriptIsReadOnce) {
  says("vs_devices", devices_text);
  EXPECT_EQ(testing::run(io, engine->machine()->devices())->size(), 2u);
  EXPECT_EQ(testing::run(io, engine->machine()->devices())->size(), 2u);
  EXPECT_EQ(std::ranges::count(robot.lines, "include @machine.py"), 1);
}

TEST_F(RenodeOutsideTest, AnAnswerWithoutItsEndIsNone) {
  says("vs_devices", "vs\tdevice\tsysbus.a\tled\tLED\n");
  EXPECT_EQ(testing::run(io, engine->machine()->devices()).error().code, ErrorCode::ENGINE_PROTOCOL);
  EXPECT_EQ(fake->killed, 0);
}

TEST_F(RenodeOutsideTest, ValuesBecomeCheckedCommands) {
  says("vs_set \"sysbus.gpioPortA.UserButton\" \"pressed\" \"1\"", "vs\tend\tset\n");
  says("vs_set \"sysbus.i2c1.bme280\" \"temperature\" \"-36.5\"", "vs\tend\tset\n");
  EXPECT_TRUE(set("gpioPortA.UserButton", "pressed", true));
  EXPECT_TRUE(set("i2c1.bme280", "temperature", -36.5));
  refuses("vs_set \"sysbus.i2c1.bme280\" \"temperature\" \"1e+300\"", "Value was either too large or too small");
  const auto huge = set("i2c1.bme280", "temperature", 1e300);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, ErrorCode::INVALID_REQUEST);
  EXPECT_EQ(huge.error().message, "temperature of i2c1.bme280 cannot be 1E300: Value was either too large or too small");
}

TEST_F(RenodeOutsideTest, NamesCannotSayMoreThanAName) {
  const auto before = robot.lines.size();
  for (const char* name : {"", "a\"", "a\" \"b", "a; quit", "a\nquit", "$x", "a b", "../a", "`a`", "a\\"}) {
    EXPECT_EQ(set(name, "pressed", true).error().code, ErrorCode::INVALID_REQUEST) << name;
    EXPECT_EQ(set("button", name, true).error().code, ErrorCode::INVALID_REQUEST) << name;
  }
  EXPECT_EQ(robot.lines.size(), before) << "nothing of it reached Renode";
}

TEST_F(RenodeOutsideTest, InterruptLines) {
  says("vs_interrupt 38 1", "vs\tend\tinterrupt\n");
  EXPECT_TRUE(testing::run(io, engine->machine()->set_interrupt(38, true)));
  says("vs_interrupt 7 0", "vs\tnone\tinterrupt\n");
  EXPECT_EQ(testing::run(io, engine->machine()->set_interrupt(7, false)).error().code, ErrorCode::UNSUPPORTED_BY_BACKEND);
  refuses("vs_interrupt 4095 1", "Index was outside the bounds of the array.");
  const auto none = testing::run(io, engine->machine()->set_interrupt(4095, true));
  EXPECT_EQ(none.error().code, ErrorCode::INVALID_REQUEST);
  EXPECT_NE(none.error().message.find("no line 4095: Index was outside"), std::string::npos) << none.error().message;
}

TEST_F(RenodeOutsideTest, TheBoardsOwnChangesAreToldWhileItRunsAndOnceWhenItStands) {
  says("vs_devices", devices_text);
  says("vs_changes", "vs\tend\tchanges\n");
  says("start", "");
  says("pause", "");
  ASSERT_TRUE(testing::run(io, engine->machine()->devices()));
  pass_time(250ms);
  EXPECT_FALSE(heard("vs_changes")) << "it stands";
  ASSERT_TRUE(testing::run(io, engine->resume()));
  pass_time(250ms);
  EXPECT_TRUE(heard("vs_changes"));
  EXPECT_TRUE(changes.empty());
  says("vs_changes", "vs\tchange\tsysbus.gpioPortD.UserLED\ton\tTrue\t1500000\nvs\tend\tchanges\n");
  ASSERT_TRUE(testing::run(io, engine->pause()));
  pass_time(350ms);
  ASSERT_FALSE(changes.empty()) << "what was changed just before it stood";
  EXPECT_EQ(changes[0].device, "gpioPortD.UserLED");
  const auto told = changes.size();
  pass_time(350ms);
  EXPECT_EQ(changes.size(), told) << "nobody looks at what stands";
  says("vs_set \"sysbus.a\" \"pressed\" \"1\"", "vs\tend\tset\n");
  ASSERT_TRUE(set("a", "pressed", true));
  pass_time(250ms);
  EXPECT_EQ(changes.size(), told + 1) << "what follows from a change from outside, though it stands";
}

TEST_F(RenodeOutsideTest, WhatChangesInAShortRunIsTold) {
  says("vs_devices", devices_text);
  says("vs_changes", "vs\tchange\tsysbus.gpioPortD.UserLED\ton\tTrue\t1500000\nvs\tend\tchanges\n");
  says("start", "");
  says("pause", "");
  ASSERT_TRUE(testing::run(io, engine->machine()->devices()));
  ASSERT_TRUE(testing::run(io, engine->resume()));
  ASSERT_TRUE(testing::run(io, engine->pause()));
  pass_time(350ms);
  EXPECT_FALSE(changes.empty());
}

TEST_F(RenodeOutsideTest, ASpanEndsStanding) {
  says("vs_span 10000000 0", "vs\ttime\t5000000\tTrue\tTrue\n");
  says("vs_time", "vs\ttime\t7000000\tTrue\tFalse\n");
  says("vs_settle 0", "vs\ttime\t15000000\tFalse\tTrue\n");
  says("start", "");
  says("pause", "");
  ASSERT_TRUE(testing::run(io, engine->begin_span(10'000'000, true)));
  EXPECT_EQ(engine->virtual_time_ns(), 5'000'000u);
  ASSERT_TRUE(testing::run(io, engine->resume()));
  EXPECT_EQ(testing::run(io, engine->span_over()).value(), false);
  says("vs_time", "vs\ttime\t15000000\tFalse\tTrue\n");
  EXPECT_EQ(testing::run(io, engine->span_over()).value(), true);
  EXPECT_FALSE(engine->paused()) << "the emulation runs with a machine that stands";
  ASSERT_TRUE(testing::run(io, engine->end_span()));
  EXPECT_TRUE(engine->paused());
  EXPECT_EQ(robot.lines.back(), "pause");
  EXPECT_EQ(engine->virtual_time_ns(), 15'000'000u);
}

TEST_F(RenodeOutsideTest, ASpanThatAResetEndedLeavesTheMachineRunning) {
  says("vs_settle 0", "vs\ttime\t7000000\tFalse\tFalse\n");
  says("start", "");
  ASSERT_TRUE(testing::run(io, engine->resume()));
  ASSERT_TRUE(testing::run(io, engine->end_span()));
  EXPECT_FALSE(engine->paused());
  EXPECT_FALSE(heard("pause"));
}

TEST_F(RenodeOutsideTest, AnAdoptedOneForgetsASpanThatNobodyWaitsFor) {
  says("emulation IsStarted", "True");
  says("vs_settle 0", "vs\ttime\t7000000\tFalse\tTrue\n");
  says("pause", "");
  ASSERT_TRUE(testing::run(io, engine->ask_state()));
  EXPECT_TRUE(engine->paused()) << "it was over while no server was there";
}

}  // namespace
}  // namespace virserver::backend::renode
