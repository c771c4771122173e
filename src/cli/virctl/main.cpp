#include "cli/app.hpp"

int main(int argc, char** argv) { return virserver::cli::run_virctl(argc, argv); }
