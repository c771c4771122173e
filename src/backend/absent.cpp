#include "backend/absent.hpp"

#include <unistd.h>

#include <cstdlib>

namespace virserver::backend {

std::string find_executable(const std::vector<std::string>& names) {
  const char* variable = std::getenv("PATH");
  std::string_view path = variable ? variable : "/usr/bin:/bin";
  while (!path.empty()) {
    const auto colon = path.find(':');
    const std::filesystem::path directory(path.substr(0, colon));
    path.remove_prefix(colon == path.npos ? path.size() : colon + 1);
    if (!directory.is_absolute()) continue;
    for (const auto& name : names) {
      std::error_code ec;
      const auto file = directory / name;
      if (std::filesystem::is_regular_file(file, ec) && ::access(file.c_str(), X_OK) == 0) return file.string();
    }
  }
  return {};
}

namespace {

class Absent final : public Backend {
 public:
  Absent(std::string name, std::vector<std::string> executables, std::string install)
      : name_(std::move(name)), executables_(std::move(executables)), install_(std::move(install)) {}

  std::string_view name() const override { return name_; }

  Task<BackendInfo> discover() override { co_return look(); }

  Task<Result<EnginePlan>> plan(const board::Board&) override {
    Error error = refusal();
    co_return std::unexpected(std::move(error));
  }
  Task<Result<std::unique_ptr<process::EngineProcess>>> prepare(asio::any_io_executor, const EnginePlan&, process::PrepareSpec) override {
    Error error = refusal();
    co_return std::unexpected(std::move(error));
  }
  Task<Result<std::unique_ptr<Engine>>> launch(asio::any_io_executor, const EnginePlan&, LaunchSpec,
                                               std::unique_ptr<process::EngineProcess> prepared) override {
    if (prepared) {
      co_await prepared->kill();
      co_await prepared->stop();
    }
    Error error = refusal();
    co_return std::unexpected(std::move(error));
  }
  Task<Result<std::unique_ptr<Engine>>> adopt(asio::any_io_executor, const EnginePlan&, std::filesystem::path, std::filesystem::path) override {
    Error error = refusal();
    co_return std::unexpected(std::move(error));
  }
  ExitReport ended(const EnginePlan&, const std::filesystem::path&, const std::filesystem::path&) override {
    ExitReport report;
    report.message = look().reason;
    return report;
  }

 private:
  BackendInfo look() const {
    BackendInfo info;
    info.name = name_;
    info.status = Status::absent;
    if (const auto found = find_executable(executables_); !found.empty()) {
      info.executables.emplace_back(found, "");
      info.reason = fmt::format("{} was found, but this version of VirServer does not drive it; use QEMU", found);
    } else {
      info.reason = install_;
    }
    for (const char* feature : feature_names) info.features[feature] = Feature{false, info.reason};
    return info;
  }
  Error refusal() const {
    auto info = look();
    return Error{ErrorCode::BACKEND_ABSENT, fmt::format("the backend {} cannot be used: {}", name_, info.reason),
                 {{"backend", name_}, {"install", install_}}};
  }

  std::string name_;
  std::vector<std::string> executables_;
  std::string install_;
};

}  // namespace

std::unique_ptr<Backend> make_absent(std::string name, std::vector<std::string> executables, std::string install) {
  return std::make_unique<Absent>(std::move(name), std::move(executables), std::move(install));
}

std::unique_ptr<Backend> make_absent_skyeye() {
  return make_absent("skyeye", {"skyeye"}, "skyeye is not installed; build it from https://github.com/skyeyeproject/skyeye");
}

}  // namespace virserver::backend
