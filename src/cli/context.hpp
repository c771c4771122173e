// What every command gets: the global options and the server.
#pragma once
#include <string>
#include <string_view>

#include "cli/client.hpp"

namespace virserver::cli {

struct Globals {
  std::string server;         // --server, else VIRSERVER_URL, else the default
  bool server_given = false;  // by option or environment
  bool json = false;
  bool color = false;         // stderr or stdout is a terminal and nobody said no
};

class Context {
 public:
  Context(asio::any_io_executor executor, Globals globals, Server server)
      : globals_(std::move(globals)), client_(std::move(executor), std::move(server)) {}

  bool json() const { return globals_.json; }
  const Globals& globals() const { return globals_; }
  Client& client() { return client_; }

  // To standard output, checked at the end of the program.
  void out(std::string_view text) const;
  // Exactly what the API answered, with a line break at the end.
  void out_json(const Answer& answer) const;
  void out_json(const boost::json::value& value) const;
  // A line on standard error: "virctl: note: ...".
  void note(std::string_view text) const;
  std::string paint(std::string_view sgr, std::string_view text) const;  // "31" is red; plain without color

 private:
  Globals globals_;
  Client client_;
};

// Writes all of it or fails (a closed pipe, an interrupting signal). For streams, where stdio's buffer would delay.
bool write_all(int fd, std::string_view bytes);

}  // namespace virserver::cli
