// Prometheus metrics of the server. Thread-safe; counting a request takes no lock after its first time on a thread.
#pragma once
#include <memory>
#include <string>

#include "http/server.hpp"

namespace virserver::session {
class Registry;
}

namespace virserver::api {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void count(const http::Access& access);
  std::string text(session::Registry& sessions);  // gauges are read now

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace virserver::api
