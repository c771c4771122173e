#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace virserver::process {

class TemporaryDir : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/vs-unit-process-XXXXXX";
    dir = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(dir); }
  void file(const std::string& name, const std::string& content) { std::ofstream(dir / name) << content; }

  std::filesystem::path dir;
};

}  // namespace virserver::process
