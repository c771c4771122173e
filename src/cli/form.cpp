#include "cli/form.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/text.hpp"

namespace virserver::cli {

void Form::part(std::string_view head, std::string_view content) {
  while (content.find(boundary_) != content.npos) boundary_ += fmt::format("{:x}", content.size() % 16);
  parts_.emplace_back(head, content);
}

void Form::add(std::string_view name, std::string_view text) {
  part(fmt::format("Content-Disposition: form-data; name=\"{}\"\r\n\r\n", name), text);
}

Outcome<> Form::add_file(std::string_view name, const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ec;
  if (!fs::is_regular_file(path, ec))
    return fail(exit_usage, "FILE", "{} {}", printable(path), fs::exists(path, ec) ? "is not a regular file" : "does not exist");
  if (fs::file_size(path, ec) > 1u << 30 || ec) return fail(exit_usage, "FILE", "{} is larger than 1 GiB", printable(path));
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return fail(exit_usage, "FILE", "cannot read {}", printable(path));
  std::string file_name;
  for (const char c : fs::path(path).filename().string()) file_name += c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' ? '_' : c;
  part(fmt::format("Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: application/octet-stream\r\n\r\n", name, file_name), content);
  return {};
}

Request Form::post(std::string target) && {
  std::string body;
  std::size_t size = 0;
  for (const auto& [head, content] : parts_) size += head.size() + content.size() + boundary_.size() + 8;
  body.reserve(size + boundary_.size() + 8);
  for (const auto& [head, content] : parts_) body.append("--").append(boundary_).append("\r\n").append(head).append(content).append("\r\n");
  body.append("--").append(boundary_).append("--\r\n");
  return {.method = "POST", .target = std::move(target), .body = std::move(body), .content_type = "multipart/form-data; boundary=" + boundary_};
}

}  // namespace virserver::cli
