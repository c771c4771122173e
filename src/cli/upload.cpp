#include "cli/upload.hpp"

#include <filesystem>
#include <fstream>

#include "cli/api.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"

namespace virserver::cli {

Task<Outcome<Answer>> upload(Client& client, Upload what) {
  namespace fs = std::filesystem;
  std::error_code ec;
  if (!fs::is_regular_file(what.file, ec))
    co_return fail(exit_usage, "FILE", "{} {}", printable(what.file), ec || !fs::exists(what.file, ec) ? "does not exist" : "is not a regular file");
  if (!std::ifstream(what.file, std::ios::binary))
    co_return fail(exit_usage, "FILE", "{} cannot be read", printable(what.file));
  const std::string file_name = fs::path(what.file).filename().string();
  std::string target = session_path(what.session_id, "/programs?name=") + percent_encode(what.name.empty() ? file_name : what.name);
  const auto term = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) target += fmt::format("&{}={}", key, percent_encode(value));
  };
  term("type", what.type);
  term("role", what.role);
  term("load_address", what.load_address);
  if (what.start) target += "&start=true";
  Progress progress(client.executor(), "uploading " + file_name);
  Request request{.method = "POST", .target = std::move(target), .content_type = "application/octet-stream", .file = what.file};
  request.progress = [&progress](std::uint64_t sent, std::uint64_t total) { progress.update(sent, total); };
  co_return co_await client.call(std::move(request));
}

}  // namespace virserver::cli
