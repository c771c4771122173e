// Shell completion: the shells ask `virctl __complete WORD...`, which walks the tree of commands and options.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace virserver::cli {

struct Candidates {
  std::vector<std::string> words;
  bool files = false;      // file names fit too
  bool sessions = false;   // ids and names of sessions, to be asked of the server
  bool templates = false;  // ids of templates
};

// `words` are the words after "virctl"; the last one is being typed (it may be empty).
Candidates complete(const CLI::App& root, const std::vector<std::string>& words);

// The script for "bash", "zsh" or "fish"; empty for another shell.
std::string completion_script(std::string_view shell);

}  // namespace virserver::cli
