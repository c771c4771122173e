// Runs every file of a fuzz target's corpus, whole and cut off at many places, in every build.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// The target aborts where a promise is broken, so surviving is the result.
TEST(Fuzz, CorpusAndItsPrefixes) {
  int files = 0;
  std::istringstream folders(VIRSERVER_CORPUS);
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      SCOPED_TRACE(entry.path().string());
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(file), {}};
      for (std::size_t size = 0; size <= content.size(); size += 1 + size / 16)
        EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), size), 0);
      EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size()), 0);
      ++files;
    }
  }
  EXPECT_GE(files, 3) << "the corpus is missing from " << VIRSERVER_CORPUS;
}

}  // namespace
