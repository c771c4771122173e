// Tests against real tools. `make deps` installs them all, so scripts/test sets VIRSERVER_REQUIRE_TOOLS=1 and an absent one
// is a failure; elsewhere the test says aloud what it could not do and is skipped.
#pragma once
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#define NEEDS(file)                                                                                \
  if (const std::filesystem::path needed(file); !std::filesystem::exists(needed)) {                \
    std::fprintf(stderr, "NOT TESTED: %s is not installed (run make deps)\n", needed.c_str());     \
    const char* require = std::getenv("VIRSERVER_REQUIRE_TOOLS");                                  \
    if (require && std::string_view(require) == "1") GTEST_FAIL() << needed << " is not installed"; \
    GTEST_SKIP() << needed << " is not installed";                                                 \
  }
