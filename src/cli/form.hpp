// multipart/form-data bodies of the commands that send a file along with words.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/client.hpp"

namespace virserver::cli {

class Form {
 public:
  void add(std::string_view name, std::string_view text);
  // The file's content as the part `name`. A usage failure when it cannot be read or is larger than 1 GiB.
  Outcome<> add_file(std::string_view name, const std::string& path);
  // A POST of everything added.
  Request post(std::string target) &&;

 private:
  void part(std::string_view head, std::string_view content);
  std::string boundary_ = "virctl-form-boundary-7d9f2c61";  // made longer until no content has it
  std::vector<std::pair<std::string, std::string>> parts_;
};

}  // namespace virserver::cli
