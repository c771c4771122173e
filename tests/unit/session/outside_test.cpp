#include "session/outside.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace virserver::session {
namespace {
namespace json = boost::json;

const json::object board = json::parse(R"({"nodes":[{"peripherals":[
  {"name":"USART2","irq":[38]},{"name":"EXTI","irq":[6,7,8]},{"name":"GPIOA"},{"name":"odd","irq":["x",-1]},{"irq":[9]}]},{"peripherals":[{"name":"OTHER","irq":[50]}]}]})").as_object();

Result<InterruptLine> find(std::variant<std::uint64_t, std::string> wanted) { return find_interrupt(board, wanted); }

TEST(FindInterrupt, ByNameOrNumber) {
  EXPECT_EQ(find("USART2")->number, 38u);
  EXPECT_EQ(find("usart2")->name, "USART2");
  EXPECT_EQ(find("EXTI[2]")->number, 8u);
  EXPECT_EQ(find(std::uint64_t{7})->name, "EXTI[1]");
  EXPECT_EQ(find(std::uint64_t{99})->name, "");
  EXPECT_EQ(find(std::uint64_t{99})->number, 99u);
}

TEST(FindInterrupt, WhatIsNone) {
  const auto near = find("USART3");
  ASSERT_FALSE(near);
  EXPECT_EQ(near.error().code, ErrorCode::DEVICE_NOT_FOUND);
  EXPECT_EQ(near.error().details.at("suggestions").as_array().at(0), "USART2");
  EXPECT_EQ(find("GPIOA").error().code, ErrorCode::DEVICE_NOT_FOUND) << "it has no interrupt";
  EXPECT_EQ(find("OTHER").error().code, ErrorCode::DEVICE_NOT_FOUND) << "another node's";
  EXPECT_EQ(find("EXTI[3]").error().code, ErrorCode::DEVICE_NOT_FOUND);
  const auto several = find("EXTI");
  EXPECT_EQ(several.error().code, ErrorCode::INVALID_REQUEST);
  EXPECT_NE(several.error().message.find("EXTI[0], EXTI[1], EXTI[2]"), std::string::npos);
  EXPECT_FALSE(find_interrupt({}, std::string("USART2")));
  EXPECT_FALSE(find_interrupt({{"nodes", json::array{1}}}, std::string("USART2")));
}

const std::vector<backend::DeviceState> devices{
    {"gpioPortA", "gpio", "STM32_GPIOPort", {{"in0", "boolean", nullptr, true}, {"out0", "boolean", false, false}}},
    {"gpioPortA.UserButton", "button", "Button", {{"pressed", "boolean", false, true}}},
    {"gpioPortD.UserLED", "led", "LED", {{"on", "boolean", false, false}}},
    {"gpioPortA.red", "led", "LED", {{"on", "boolean", false, false}}},
    {"gpioPortB.red", "led", "LED", {{"on", "boolean", false, false}}},
    {"i2c1.bme280", "sensor", "BME280", {{"temperature", "number", 20.0, true, "C"}}},
};

TEST(FindDevice, ByNameOrItsLastPart) {
  EXPECT_EQ((*find_device(devices, "gpioPortA"))->kind, "gpio");
  EXPECT_EQ((*find_device(devices, "UserButton"))->name, "gpioPortA.UserButton");
  EXPECT_EQ((*find_device(devices, "gpioPortB.red"))->name, "gpioPortB.red");
  for (const char* name : {"red", "UserLed", "", "gpioPortA.", "sysbus.gpioPortA", "\"; quit"}) {
    const auto none = find_device(devices, name);
    ASSERT_FALSE(none) << name;
    EXPECT_EQ(none.error().code, ErrorCode::DEVICE_NOT_FOUND);
  }
  const auto near = find_device(devices, "gpioPortD.UserLed");
  EXPECT_EQ(near.error().details.at("suggestions").as_array().at(0), "gpioPortD.UserLED");
}

TEST(CheckValue, OfTheRightTypeAndOnlyWhatCanBeSet) {
  const auto& port = devices[0];
  const auto& led = devices[2];
  const auto& sensor = devices[5];
  EXPECT_TRUE(check_value(port, "in0", true));
  EXPECT_TRUE(check_value(sensor, "temperature", 36.5));
  EXPECT_TRUE(check_value(sensor, "temperature", -3));
  const auto said = [](const Result<void>& checked) { return checked ? "" : checked.error().message; };
  EXPECT_EQ(said(check_value(port, "in0", 1)), "in0 of gpioPortA takes true or false");
  EXPECT_EQ(said(check_value(sensor, "temperature", true)), "temperature of i2c1.bme280 takes a number");
  EXPECT_EQ(said(check_value(port, "out0", true)), "out0 of gpioPortA is set by the program, not from outside; what can be set: in0");
  EXPECT_EQ(said(check_value(port, "in1", true)), "gpioPortA has no property 'in1'; what can be set: in0");
  EXPECT_EQ(said(check_value(led, "on", true)), "on of gpioPortD.UserLED is set by the program, not from outside; nothing of it can be set");
}

}  // namespace
}  // namespace virserver::session
