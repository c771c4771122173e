// virctl as a whole: reads the command line, runs the command, reports failures.
#pragma once
#include <CLI/App.hpp>

#include <memory>

#include "cli/command.hpp"

namespace virserver::cli {

// The tree of all registered commands. `globals` and `invocation` must outlive it.
std::unique_ptr<CLI::App> make_app(Globals& globals, Invocation& invocation);

// "virctl: error: text (CODE)" and the hint below it, with places and findings from the details.
std::string describe(const Failure& failure);

// The program; returns the exit status.
int run_virctl(int argc, char** argv);

}  // namespace virserver::cli
