#include "backend/renode/installation.hpp"

#include <boost/json.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "backend/find_executable.hpp"
#include "backend/probe_process.hpp"
#include "backend/renode/facts_json.hpp"
#include "backend/renode/plan.hpp"
#include "backend/renode/platform.hpp"
#include "backend/renode/start.hpp"
#include "base/log.hpp"

namespace virserver::backend::renode {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::uintmax_t max_cached = 16u << 20;
constexpr auto version_timeout = 20s;

// "Renode v1.16.1" is 1.16.1.
std::string version_in(std::string_view text) {
  const auto at = text.find("Renode v");
  if (at == text.npos) return {};
  text.remove_prefix(at + 8);
  return std::string(text.substr(0, std::min<std::size_t>(text.find_first_not_of("0123456789.abcdefghijklmnopqrstuvwxyz-+"), 40)));
}

// Changes when the file is replaced.
std::string age(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "-";
  return fmt::format("{}.{}.{}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size);
}

std::optional<boost::json::value> read_cached(const fs::path& file) {
  std::error_code ec;
  const auto size = fs::file_size(file, ec);
  if (ec || size > max_cached) return std::nullopt;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  auto value = boost::json::parse(text.str(), ec);
  if (ec) return std::nullopt;
  return value;
}

// Written aside and renamed: another server may read it meanwhile.
void write_cached(const fs::path& file, const boost::json::value& value) {
  std::error_code ec;
  fs::create_directories(file.parent_path(), ec);
  const fs::path aside = file.string() + fmt::format(".{}", ::getpid());
  {
    std::ofstream out(aside, std::ios::binary);
    out << boost::json::serialize(value);
    if (!out) ec = std::make_error_code(std::errc::io_error);
  }
  if (!ec) fs::rename(aside, file, ec);
  if (!ec) return;
  log::debug("what Renode said could not be kept in {}: {}", file.string(), ec.message());
  fs::remove(aside, ec);
}

std::string file_name(std::string_view kind, std::string_view key) {
  return fmt::format("renode-{}-{:016x}.json", kind, std::hash<std::string_view>{}(key));
}

constexpr std::string_view compilation_failed = "Errors during compilation";

// Renode's complaint in the output of a probe: "Error E04: ...", "Failed to download ...".
std::string complaint(const std::string& text) {
  std::istringstream lines(text);
  std::string line, found;
  while (std::getline(lines, line)) {
    std::erase(line, '\r');
    if (line.empty() || line.starts_with("vs\t") || line.starts_with("Renode, version")) continue;
    if (line.starts_with("(monitor)") || line.starts_with("(machine") || line == "Renode is quitting") continue;
    if (!found.empty()) found += "; ";
    found += line.substr(0, 300);
    if (found.size() > 600) break;
  }
  return found;
}

// "/.../Magic.cs(6,67): error CS0103: The name 'x' does not exist": the first one.
std::optional<Finding> compiler_complaint(const std::string& text) {
  std::istringstream lines(text);
  bool failed = false;
  for (std::string line; std::getline(lines, line);) {
    failed = failed || line.contains(compilation_failed);
    const auto at = line.find(": error CS"), bracket = line.rfind('(', at);
    if (!failed || at == line.npos || bracket == line.npos) continue;
    const auto slash = line.rfind('/', bracket);
    const auto name = line.substr(slash == line.npos ? 0 : slash + 1, bracket - (slash == line.npos ? 0 : slash + 1));
    std::erase(line, '\r');
    return Finding{Severity::error, "/nodes/0/targets/renode/models/" + name.substr(0, name.rfind('.')), fmt::format("the model does not compile: {}", line.substr(slash == line.npos ? 0 : slash + 1, 300))};
  }
  if (!failed) return std::nullopt;
  return Finding{Severity::error, "/nodes/0/targets/renode/models", "a model does not compile, and Renode does not say why"};
}

// Whether it could not do something that the platform says. Register names come from a download, the last thing that most
// platforms load; without it they work. Other lines may be what a platform's own code prints.
bool refused(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.contains("Error E") || line.contains(compilation_failed) || (line.contains("There was an error executing command") && !line.contains("ApplySVD"))) return true;
  return false;
}

}  // namespace

fs::path find_launcher(const fs::path& configured) {
  std::error_code ec;
  if (!configured.empty()) return fs::exists(configured, ec) ? configured : fs::path();
  return find_executable({"renode"});
}

std::vector<fs::path> needed_paths(const Installation& installation) {
  std::vector<fs::path> paths;
  auto need = [&paths](fs::path path) {
    std::error_code ec;
    for (int hops = 0; hops < 2; ++hops) {  // a link, and what it leads to
      if (path.empty() || !path.is_absolute() || !fs::exists(path, ec)) return;
      const fs::path plain = path.lexically_normal();
      const bool there = plain.string().starts_with("/usr/") ||
                         std::ranges::any_of(paths, [&](const fs::path& p) { return plain == p || plain.string().starts_with(p.string() + "/"); });
      if (!there && plain != "/") paths.push_back(plain.has_filename() ? plain : plain.parent_path());
      path = fs::canonical(path, ec);
    }
  };
  need(installation.facts.program);
  need(installation.facts.root);
  // The runtime's directory is shared/Microsoft.NETCore.App/VERSION below the one that has `host` and `dotnet` as well.
  const fs::path runtime(installation.facts.runtime);
  need(runtime.parent_path().filename() == "Microsoft.NETCore.App" ? runtime.parent_path().parent_path().parent_path() : runtime);
  need(installation.launcher);
  return paths;
}

Library::Library(Settings settings) : settings_(std::move(settings)) {
  std::error_code ec;
  fs::remove_all(settings_.work, ec);
  fs::create_directories(settings_.work, ec);
  fs::permissions(settings_.work, fs::perms::others_exec, fs::perm_options::add, ec);  // for the sandbox's user
}

Task<std::shared_ptr<const Installation>> Library::inspect(fs::path launcher, bool again_if_broken) {
  const std::string key = launcher.string() + " " + age(launcher);
  {
    std::lock_guard lock(mutex_);
    const auto found = installations_.find(key);
    if (found != installations_.end() && (found->second->error.empty() || !again_if_broken)) co_return found->second;
  }
  auto installation = std::make_shared<Installation>();
  installation->launcher = launcher;
  auto keep = [this, key, installation] {
    std::lock_guard lock(mutex_);
    installations_[key] = installation;
  };
  const fs::path cached = settings_.cache / file_name("install", key);
  // The launcher may be a script that stays the same while the program behind it is replaced.
  if (const auto value = read_cached(cached); value && value->is_object()) {
    auto facts = facts_from_json(value->get_object());
    const auto* version = value->get_object().if_contains("version");
    const auto* seen = value->get_object().if_contains("age");
    if (facts && version && version->is_string() && seen && seen->is_string() &&
        seen->get_string() == age(fs::path(facts->program) / "Infrastructure.dll") + age(fs::path(facts->program) / "renode")) {
      installation->version = version->get_string();
      installation->facts = std::move(*facts);
      keep();
      co_return installation;
    }
  }
  std::error_code ec;
  fs::create_directories(settings_.cache, ec);
  std::vector<std::string> ask_version{launcher.string(), "--version"};
  ProbeSettings settings;
  settings.environment = {"DOTNET_CLI_TELEMETRY_OPTOUT=1"};
  settings.home = settings_.cache.string();
  auto text = co_await run_text(std::move(ask_version), version_timeout, 64 * 1024, std::move(settings));
  if (text) installation->version = version_in(*text);
  if (!text) installation->error = text.error().message;
  else if (installation->version.empty()) installation->error = fmt::format("{} --version does not say that it is Renode", launcher.string());
  if (installation->error.empty()) {
    std::vector<Command> commands{Command("vs_install"), Command("vs_types")};
    auto answer = co_await ask_renode(launcher, settings_.work, std::move(commands), settings_.timeout);
    if (!answer) installation->error = answer.error().message;
    else if (!answer->facts.has("install") || !answer->facts.has("types") || answer->facts.types.empty())
      installation->error = fmt::format("{} does not tell what it has: {}", launcher.string(), complaint(answer->text));
    else installation->facts = std::move(answer->facts);
  }
  if (installation->error.empty()) {
    auto value = facts_to_json(installation->facts);
    value["version"] = installation->version;
    value["age"] = age(fs::path(installation->facts.program) / "Infrastructure.dll") + age(fs::path(installation->facts.program) / "renode");
    write_cached(cached, value);
  }
  keep();
  co_return installation;
}

Task<Result<std::shared_ptr<const Library::Platform>>> Library::platform(std::shared_ptr<const Installation> installation, std::string file) {
  Source source;
  source.key = fmt::format("{} {}", file, age(fs::path(installation->facts.root) / "platforms" / file));
  source.file = "platforms/" + file;
  return load(std::move(installation), std::move(source));
}

Task<Result<std::shared_ptr<const Library::Platform>>> Library::own_platform(std::shared_ptr<const Installation> installation, std::vector<SourceFile> files) {
  Source source;
  source.key = "own";
  for (const auto& file : files) source.key += fmt::format(" {} {} {}", file.name, file.text.size(), file.text);
  source.file = platform_file_name;
  source.files = std::move(files);
  return load(std::move(installation), std::move(source));
}

Task<Result<std::shared_ptr<const Library::Platform>>> Library::load(std::shared_ptr<const Installation> installation, Source source) {
  const std::string key = fmt::format("{} {} {}", installation->facts.program, installation->version, source.key);
  {
    std::lock_guard lock(mutex_);
    if (const auto found = platforms_.find(key); found != platforms_.end()) co_return found->second;
  }
  auto platform = std::make_shared<Platform>();
  auto keep = [this, key, platform] {
    std::lock_guard lock(mutex_);
    if (platforms_.size() > 128) platforms_.clear();
    platforms_[key] = platform;
  };
  const fs::path cached = settings_.cache / file_name("platform", key);
  const bool shipped = source.files.empty();  // what users bring is not kept on disk
  if (const auto value = shipped ? read_cached(cached) : std::nullopt; value && value->is_object()) {
    auto facts = facts_from_json(value->get_object());
    const auto* warning = value->get_object().if_contains("warning");
    if (facts && warning && warning->is_string()) {
      platform->facts = std::move(*facts);
      platform->warning = warning->get_string();
      keep();
      co_return platform;
    }
  }
  auto path = File::parse(source.file);
  if (!path) co_return pass(path);
  std::vector<Command> commands;
  for (const auto& file : source.files)
    if (file.name.ends_with(model_ending)) {
      auto model = File::parse(file.name);
      if (!model) co_return pass(model);
      commands.push_back(Command("include").file(*model));
    }
  for (auto& command : {Command("mach create"), Command("machine LoadPlatformDescription").file(*path), Command("vs_machine")}) commands.push_back(command);
  std::optional<Confinement> confinement({settings_.host, settings_.sandbox, needed_paths(*installation)});
  auto answer = co_await ask_renode(installation->launcher, settings_.work, std::move(commands), settings_.timeout, std::move(confinement), source.files);
  if (!answer) co_return pass(answer);
  const std::string said = complaint(answer->text);
  if (refused(answer->text) || !answer->facts.has("machine") || answer->facts.cpus.empty()) {
    if (shipped) co_return fail(ErrorCode::BOARD_UNPLANNABLE, "Renode cannot load its {}: {}", source.file, said.empty() ? "it has no processor" : said);
    auto finding = said.empty() ? Finding{Severity::error, "", "the platform has no processor"} : explain_platform_error(answer->text, {});
    finding.pointer = "/nodes/0/targets/renode/platform_text";
    if (auto compiler = compiler_complaint(answer->text)) finding = std::move(*compiler);
    co_return fail(unplannable({finding}, fmt::format("Renode cannot run this board: {}", finding.message)));
  }
  platform->facts = std::move(answer->facts);
  platform->warning = said;
  keep();
  if (!shipped) co_return platform;
  auto value = facts_to_json(platform->facts);
  value["warning"] = platform->warning;
  write_cached(cached, value);
  co_return platform;
}

}  // namespace virserver::backend::renode
