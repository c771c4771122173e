// The rows that are kept. Documents (board, plan, labels) are JSON text in one column.
#pragma once
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace virserver::store {

// Who asks: every repository call takes it; constant until access control exists.
struct Caller {
  std::string project_id = "default";
  std::string principal = "local";
};

struct SessionRow {
  std::string id, project_id, created_by, name;
  std::string state, state_reason;
  std::string backend;                 // as chosen
  std::string host_id;                 // the virserver (data directory) that runs it
  std::optional<Timestamp> lease_until;
  boost::json::object labels, board, plan, resources, features;
  std::string board_template;          // may be empty
  std::optional<std::uint64_t> ttl_sec;
  std::uint64_t engine = 0;            // number of the newest engine directory
  std::optional<std::uint64_t> gdb_port;  // of 127.0.0.1
  boost::json::object debug;              // {breakpoints}
  boost::json::object last_exit;       // empty: none
  Timestamp created_at, updated_at, last_used_at;
};

struct ProgramRow {
  std::string id, project_id, created_by, session_id;
  std::string name, role, format;      // role: application, bootloader, ...
  std::string blob;                    // sha256 of the content
  std::uint64_t size = 0;
  std::optional<std::uint64_t> load_address;
  boost::json::object metadata;
  std::string status;                  // uploaded, loaded
  Timestamp created_at;
};

struct TemplateRow {
  std::string id, project_id, created_by;
  boost::json::object document;
  Timestamp created_at, updated_at;
};

struct EventRow {
  std::int64_t id = 0;                 // monotone, never reused
  std::string project_id, created_by;
  std::string type;                    // session.created, session.state, program.uploaded, ...
  std::string session_id;              // may be empty
  boost::json::object data;
  Timestamp created_at;
};

struct IdempotencyRow {
  std::string project_id, key, operation_id, fingerprint;  // sha256 of method, path and body
  int status = 0;
  std::string location, body;
  Timestamp created_at;
};

template <class Row>
struct Page {
  std::vector<Row> items;
  std::optional<std::string> next_cursor;
  std::uint64_t total = 0;
};

struct ListQuery {
  unsigned limit = 50;
  std::string cursor;                  // opaque; empty: from the start. Error INVALID_REQUEST when it is not one of ours
  std::string sort = "-created_at";    // created_at, updated_at, name; "-" descending; ties by id
  std::vector<std::pair<std::string, std::string>> labels;  // all must match
  std::optional<std::string> state, backend, name;
};

}  // namespace virserver::store
