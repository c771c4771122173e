#include "backend/renode/own_platform.hpp"

#include <gtest/gtest.h>

namespace virserver::backend::renode {
namespace {

const std::vector<std::string> shipped{"cpus/stm32f4.repl"};

// The lines of the concerns, those with code negative.
std::vector<int> lines(std::string_view text) {
  std::vector<int> found;
  for (const auto& concern : platform_concerns(text, shipped)) {
    EXPECT_FALSE(concern.message.empty());
    found.push_back(concern.code ? -static_cast<int>(concern.line) : static_cast<int>(concern.line));
  }
  return found;
}
using Lines = std::vector<int>;

TEST(OwnPlatform, WhatOnlyDescribesIsTaken) {
  EXPECT_EQ(lines(R"(// init: x; y
using "platforms/cpus/stm32f4.repl"
led: Miscellaneous.LED @ gpioPortD { invert: true; initialised: 1 }

sysbus:
    init:
        Tag <0x40000000, 0x400> "TIMER" 0x1
        ApplySVD @https://dl.antmicro.com/projects/renode/svd/STM32F40x.svd.gz
    
nextInit: UART.PL011 @ sysbus 0x1000
)"), Lines());
}

TEST(OwnPlatform, FilesThatRenodeDoesNotShip) {
  EXPECT_EQ(lines("using \"other.repl\"\nusing \"platforms/../x.repl\"\nusing \"/etc/x.repl\"\nusing \"platforms/cpus/none.repl\"\nusing\t\"./a.repl\""), (Lines{1, 2, 3, 4, 5}));
}

TEST(OwnPlatform, WhatWouldRunWhatTheUserWrote) {
  EXPECT_EQ(lines("m: Python.PythonPeripheral @ sysbus 0x0"), Lines{-1});
  EXPECT_EQ(lines("sysbus:\n    init:\n        Tag x; python \"import os\""), Lines{-3});
  EXPECT_EQ(lines("sysbus:\n    init add:\n        LoadBinary @/etc/passwd 0x0"), Lines{-3});
  EXPECT_EQ(lines("sysbus:\n    reset:\n        Log `x`"), Lines{-3});
  EXPECT_EQ(lines("sysbus:\n    init:\n        Log $x"), Lines{-3});
  EXPECT_EQ(lines("sysbus: { init: { Log a } }"), Lines{-1});
  EXPECT_EQ(lines("sysbus:\n    init : Log a"), Lines{-2});
  EXPECT_EQ(lines("sysbus:\n    init:\n        Tag a\n\n        Log b; c\n    x: 1; y: 2"), Lines{-5}) << "a section goes on over empty lines and ends with its indentation";
}

TEST(OwnPlatform, NothingHidesOrReachesOut) {
  EXPECT_EQ(lines("/*\n// */ using \"/abs/x.repl\"\n"), Lines{-1});
  EXPECT_EQ(lines("/**/ using \"platforms/cpus/stm32f4.repl\""), Lines{1});
  EXPECT_EQ(lines("using \"platforms/cpus/stm32f4.repl\" // \"x\""), Lines{1});
  for (const char* command : {"CreateFileBackend \"/etc/x\" true", "AddHook 0x0 \"import os\"", "ApplySVD @https://example.org/x", "ApplySVD @https://dl.antmicro.com/../x",
                              "ApplySVD @https://dl.antmicro.com/x true; y", "Tag <0, 1> \"a\" @x", "LoadBinary x 0", "Tagged 1"}) {
    const auto found = lines(std::string("cpu:\n    init:\n        ") + command);
    EXPECT_FALSE(found.empty()) << command;
    for (const int line : found) EXPECT_EQ(line, -3) << command;
  }
  EXPECT_EQ(lines("disk: Storage.Any @ sysbus 0x0\n    file: \"/etc/passwd\"\n"), Lines{-2});
  EXPECT_EQ(lines("a: B.C @ sysbus 0x0 // see https://example.org"), Lines());
  EXPECT_EQ(lines("a: B.C\n    script: '''\n"), Lines{-2});
}

// Renode reads words, not lines: between braces a section may be laid out in any way, and it leaves out every carriage return.
TEST(OwnPlatform, NoLayoutHidesASection) {
  const std::vector<std::string> below{"preinit:\n        python \"1\"", "preinit:\n        Tag a", "preinit add:\n        Tag a", "in\rit:\n        Log a",
                                       "init\r:\n        Log a", "init\u00a0:\n        Log a", "init :\n        Log a", "init  add:\n        Log a",
                                       "\tinit add :\n        Log a", "init:\n    Log a", "init: // c\nLog a"};
  for (const auto& section : below)
    EXPECT_FALSE(lines("u: UART.PL011 @ sysbus 0x0\n    " + section).empty()) << section;
  const std::vector<std::string> braces{"      init:\n  {\n  Log a\n  }", "  init\n  :\n  { Log a }", "  init // c\n  : { Log a }", "  init\n add: { Log a }",
                                        "  size: 1; init: { Log a }", "  reset:\n\n  // c\n  {Log a}", "  x: new A.B { init\n: { Log a } }",
                                        "  x: \"a\\\" // \"; init: { Log a }", "  x: /\" // \"; init: { Log a }", "  init:\n      Tag a;\n }; { Log a }"};
  for (const auto& section : braces)
    EXPECT_FALSE(lines("u: UART.PL011 @ sysbus 0x0 {\n" + section + "\n}\n").empty()) << section;
  EXPECT_EQ(lines("u: A.B @ sysbus 0x0\n    x: \"'/etc/passwd\""), Lines{-2});
  EXPECT_EQ(lines("u: CoSimulated.CoSimulatedPeripheral @ sysbus 0x0"), Lines{-1});
  EXPECT_EQ(lines("u: SystemC.SystemCPeripheral @ sysbus 0x0\nv: SystemC .X @ sysbus 0x0"), (Lines{-1, -2}));
}

TEST(OwnPlatform, WhatOnlyLooksLikeASectionIsTaken) {
  EXPECT_EQ(lines("scss: Miscellaneous.Quark_SystemControlSubsystem @ sysbus 0x0"), Lines());
  EXPECT_EQ(lines("initial: UART.PL011 @ sysbus 0x0 // the reset line, init: see \"/a\"\r\n    name: \"init: reset\"\r\n    // preinit: { x }\r\n"), Lines());
}

TEST(OwnPlatform, AnyTextIsRead) {
  for (const char* text : {"", "\n", "\"", "/*", "init:", "using", "using \"", "init add", "'", "\\"}) lines(text);
}

}  // namespace
}  // namespace virserver::backend::renode
