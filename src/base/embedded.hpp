// Files that travel inside the binary (see cmake/Embed.cmake).
#pragma once
#include <span>
#include <string_view>

namespace virserver::embedded {

struct File {
  std::string_view path;  // relative to the embedded folder, with forward slashes
  const unsigned char* begin;
  const unsigned char* end;

  std::string_view text() const { return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(end - begin)}; }
};

// Each is defined in the library that embeds it.
std::span<const File> boards();   // boards/*.yaml
std::span<const File> registers();  // registers/*.yaml
std::span<const File> register_models();  // registers/models/*.yaml
std::span<const File> renode_catalogue();  // catalogue/renode/*.yaml
std::span<const File> renode();    // probe.py, machine.py: what a Renode is asked with
std::span<const File> openapi();  // api/openapi.yaml
std::span<const File> web();      // the pages and assets of the web UI and Swagger UI

}  // namespace virserver::embedded
