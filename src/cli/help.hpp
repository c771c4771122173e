// Help in the manner of a manual page.
#pragma once
#include <CLI/FormatterFwd.hpp>

#include <string>

namespace virserver::cli {

class ManualFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace virserver::cli
