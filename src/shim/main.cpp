// virserver-shim ENGINE_DIR CONSOLE_DIR: supervises one emulator. See protocol.hpp and docs on processes.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/confine.hpp"
#include "shim/supervisor.hpp"

using virserver::shim::Options;

namespace {

int usage() {
  fputs("usage: virserver-shim ENGINE_DIR CONSOLE_DIR [--reduced] [--die-with-server] [--memory BYTES]\n"
        "                      [--file-size BYTES] [--read-only PATH]...\n"
        "Supervises one emulator for virserver, which starts it; not meant to be started by hand.\n",
        stderr);
  return 2;
}

bool parse(int argc, char** argv, Options& options) {
  if (argc < 3 || argv[1][0] != '/' || argv[2][0] != '/') return false;
  options.engine_dir = argv[1];
  options.console_dir = argv[2];
  for (int i = 3; i < argc; ++i) {
    const auto is = [&](const char* name) { return strcmp(argv[i], name) == 0; };
    const bool has_value = i + 1 < argc;
    if (is("--reduced")) options.reduced = true;
    else if (is("--die-with-server")) options.die_with_server = true;
    else if (is("--memory") && has_value) options.memory = strtoull(argv[++i], nullptr, 10);
    else if (is("--file-size") && has_value) options.file_size = strtoull(argv[++i], nullptr, 10);
    else if (is("--read-only") && has_value) options.read_only.push_back(argv[++i]);
    else return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  close_range(3, ~0U, 0);
  prctl(PR_SET_NAME, "virserver-shim");
  if (argc == 2 && strcmp(argv[1], "--probe") == 0) return 0;  // the server tries its sandbox with this
  Options options;
  if (!parse(argc, argv, options)) return usage();
  prctl(PR_SET_DUMPABLE, 0);  // the emulator has the same user and must not trace us
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  signal(SIGPIPE, SIG_IGN);
  for (int s : {SIGTERM, SIGINT, SIGHUP}) signal(s, SIG_IGN);  // the end comes from the server or the emulator
  umask(077);
  const bool landlocked = options.reduced && virserver::shim::confine_by_landlock(options);
  virserver::shim::Supervisor supervisor(std::move(options), landlocked);
  if (!supervisor.start()) return 1;
  return supervisor.run();
}
