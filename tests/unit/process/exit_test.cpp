#include "process/engine_process.hpp"
#include "temporary_dir.hpp"

namespace virserver::process {
namespace {

class ExitFile : public TemporaryDir {};

TEST_F(ExitFile, TellsCodeOrSignal) {
  file("exit.json", "{\"version\":1,\"code\":3}\n");
  EXPECT_EQ(EngineProcess::read_exit(dir).code, 3);
  file("exit.json", "{\"version\":1,\"signal\":11}\n");
  EXPECT_EQ(EngineProcess::read_exit(dir).signal, 11);
  EXPECT_FALSE(EngineProcess::read_exit(dir).unknown);
}

TEST_F(ExitFile, ThatIsAbsentOrForgedMeansUnknown) {
  EXPECT_TRUE(EngineProcess::read_exit(dir).unknown);
  EXPECT_TRUE(EngineProcess::read_exit(dir / "gone").unknown);
  for (const char* text : {"", "{", "[]", "{}", "{\"code\":\"3\"}", "{\"code\":-1}", "{\"code\":99999999999999999999}", "{\"code\":256}"}) {
    file("exit.json", text);
    EXPECT_TRUE(EngineProcess::read_exit(dir).unknown) << text;
  }
  file("exit.json", std::string(100000, ' ') + "{\"code\":0}");
  EXPECT_TRUE(EngineProcess::read_exit(dir).unknown);
  std::filesystem::remove(dir / "exit.json");
  file("real.json", "{\"code\":0}");
  std::filesystem::create_symlink("real.json", dir / "exit.json");
  EXPECT_TRUE(EngineProcess::read_exit(dir).unknown);
}

}  // namespace
}  // namespace virserver::process
