// The subcommands of `virctl board` that have a file of their own.
#pragma once
#include "cli/command.hpp"

namespace virserver::cli {

void add_board_show(CLI::App& group, Invocation& invocation);
void add_board_check(CLI::App& group, Invocation& invocation);
void add_board_new(CLI::App& group, Invocation& invocation);
void add_board_import(CLI::App& group, Invocation& invocation);

}  // namespace virserver::cli
