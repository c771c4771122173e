#include "backend/skyeye/installation.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "backend/find_executable.hpp"
#include "backend/probe_process.hpp"
#include "backend/skyeye/cli.hpp"

namespace virserver::backend::skyeye {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_output = 1u << 20, max_names = 500, max_paths = 32;

// "SkyEye 1.3.5" is 1.3.5.
std::string version_in(std::string_view text) {
  for (auto at = text.find("SkyEye "); at != text.npos; at = text.find("SkyEye ", at + 1)) {
    auto version = text.substr(at + 7);
    version = version.substr(0, std::min<std::size_t>(version.find_first_not_of("0123456789."), 20));
    if (!version.empty() && version.front() != '.') return std::string(version);
  }
  return {};
}

// Changes when the file is replaced.
std::string age(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "-";
  return fmt::format("{}.{}.{}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size);
}

// The directory that has to be shown for a file that the process has mapped: a whole Python, or where the file lies.
fs::path home_of(const fs::path& file) {
  fs::path above;
  for (const auto& part : file) {
    if (part.string().starts_with("python") && above.filename() == "lib") return above / part;
    above /= part;
  }
  return file.parent_path();
}

// What a running SkyEye has mapped, and its Python's home, outside of what every sandbox shows.
std::vector<fs::path> mapped_paths(pid_t pid) {
  std::set<fs::path> homes;
  std::ifstream maps(fmt::format("/proc/{}/maps", pid));
  std::string line;
  while (std::getline(maps, line))
    if (const auto at = line.find('/'); at != line.npos) homes.insert(home_of(line.substr(at)));
  std::ifstream environment(fmt::format("/proc/{}/environ", pid), std::ios::binary);
  while (std::getline(environment, line, '\0'))
    if (line.starts_with("PYTHONHOME=/")) homes.insert(fs::path(line.substr(11)));
  std::vector<fs::path> paths;
  for (const auto& home : homes) {
    const auto text = home.string();
    if (text == "/" || text.starts_with("/usr/") || text.starts_with("/lib") || text.starts_with("/proc") || text.starts_with("/dev")) continue;
    const bool inside = std::ranges::any_of(paths, [&](const fs::path& p) { return text.starts_with(p.string() + "/"); });
    if (!inside && paths.size() < max_paths) paths.push_back(home);
  }
  return paths;
}

// Reads until `enough` or the end. What came is kept when the time is over.
Task<> read_until(asio::local::stream_protocol::socket& io, std::string& text, bool (*enough)(std::string_view), std::chrono::milliseconds timeout) {
  auto late = std::make_shared<asio::steady_timer>(io.get_executor(), timeout);
  auto stop = [&io, late](error_code ec) {
    error_code ignored;
    if (!ec) io.cancel(ignored);
  };
  late->async_wait(stop);
  std::array<char, 8192> chunk;
  while (text.size() < max_output && !(enough && enough(text))) {
    auto [ec, n] = co_await io.async_read_some(asio::buffer(chunk), tuple_awaitable);
    if (ec) break;
    text.append(chunk.data(), n);
  }
  late->cancel();
}

}  // namespace

fs::path find_launcher(const fs::path& configured) {
  std::error_code ec;
  if (!configured.empty()) return fs::exists(configured, ec) ? configured : fs::path();
  return find_executable({"skyeye"});
}

Answers read_answers(std::string_view output) {
  Answers answers;
  answers.version = version_in(output);
  std::set<std::string> machines, modules, options, files;
  std::set<std::string>* list = nullptr;
  CliText text;
  text.add(output);
  text.add("\n");
  while (auto item = text.next()) {
    if (item->kind != CliText::Item::Kind::line) {
      list = nullptr;
      continue;
    }
    const auto& line = item->text;
    if (line.starts_with("Machine Name ")) list = &machines;
    else if (line.starts_with("Module Name ")) list = &modules;
    else if (line.starts_with("Option Name ")) list = &options;
    else if (list) {
      std::istringstream words(line);
      std::string name, file;
      words >> name >> file;
      if (!name.empty() && name.size() <= 64 && list->size() < max_names) list->insert(name);
      if (list == &modules && file.starts_with('/')) files.insert(file);
    }
  }
  answers.machines.assign(machines.begin(), machines.end());
  answers.modules.assign(modules.begin(), modules.end());
  answers.options.assign(options.begin(), options.end());
  answers.files.assign(files.begin(), files.end());
  return answers;
}

std::string commercial_version(std::string_view output) {
  const auto version = version_in(output);
  return version.starts_with("1.") || version.starts_with("0.") ? std::string() : version;
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
  const auto executor = co_await asio::this_coro::executor;
  const std::vector<std::string> argv{launcher.string()};
  auto started = ProbeProcess::start(executor, argv);
  if (!started) {
    installation->error = started.error().message;
  } else {
    auto& process = **started;
    asio::local::stream_protocol::socket io(executor, asio::local::stream_protocol(), process.take_io().release());
    // It writes in blocks of 4 KiB as there is no terminal: asked often enough, it shows that it is there while it is.
    std::string commands;
    for (int i = 0; i < 3; ++i) commands += "list-modules\nlist-machines\nlist-options\n";
    std::string text;
    auto [ec, n] = co_await asio::async_write(io, asio::buffer(commands), tuple_awaitable);
    auto answered = [](std::string_view so_far) { return so_far.size() > 4000 || !commercial_version(so_far).empty(); };
    if (!ec) co_await read_until(io, text, answered, timeout_);
    installation->needed = mapped_paths(process.pid());
    const std::string quit = "quit\n";
    if (!ec) std::tie(ec, n) = co_await asio::async_write(io, asio::buffer(quit), tuple_awaitable);
    co_await read_until(io, text, nullptr, 2s);
    co_await process.end(1s);
    auto answers = read_answers(text);
    installation->version = answers.version;
    installation->commercial = !commercial_version(text).empty();
    installation->machines = std::move(answers.machines);
    installation->modules = std::move(answers.modules);
    installation->options = std::move(answers.options);
    if (!launcher.string().starts_with("/usr/")) installation->needed.push_back(launcher);
    if (answers.version.empty())
      installation->error = fmt::format("{} does not say that it is SkyEye{}", launcher.string(), process.errors().empty() ? "" : ": " + process.errors().substr(0, 300));
    else if (!installation->commercial && installation->machines.empty())
      installation->error = fmt::format("SkyEye {} does not tell its machines: the command line did not answer", answers.version);
  }
  std::lock_guard lock(mutex_);
  installations_[key] = installation;
  co_return installation;
}

}  // namespace virserver::backend::skyeye
