// What of a running machine can be driven and seen from outside: buttons, LEDs, pins, sensors, ADC channels.
#pragma once
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace virserver::backend {

struct DeviceProperty {
  std::string name;               // "pressed", "temperature", "in3"
  std::string type;               // boolean or number
  boost::json::value value;       // null: not known, nobody has set it yet
  bool writable = false;
  std::string unit = {};          // where the emulator's model has one
};

struct DeviceState {
  std::string name;               // in its machine: "gpioPortA.UserButton"
  std::string kind;               // button, led, gpio, sensor, adc
  std::string model;              // the emulator's type
  std::vector<DeviceProperty> properties;
};

// A property that the board itself changed.
struct DeviceChange {
  std::string device, property;
  boost::json::value value;
  std::optional<std::uint64_t> at_ns = {};  // of the guest's time, where it was seen as it happened
};

}  // namespace virserver::backend
