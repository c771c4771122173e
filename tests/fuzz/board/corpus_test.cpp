// Runs every file of the corpus through the fuzz target, in every build.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

TEST(BoardFuzz, Corpus) {
  std::size_t files = 0;
  for (const char* folder : {VIRSERVER_CORPUS_DIR, VIRSERVER_BOARDS_DIR, VIRSERVER_EXAMPLES_DIR}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      SCOPED_TRACE(entry.path().string());
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text((std::istreambuf_iterator<char>(file)), {});
      // Every prefix too: a text that is cut off anywhere must end in an error, not a crash.
      for (std::size_t n = 0; n <= text.size(); n += 1 + n / 32) LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(text.data()), n);
      EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(text.data()), text.size()), 0);
      ++files;
    }
  }
  EXPECT_GE(files, 20u);
}
