#include "store/migrations.hpp"

namespace virserver::store {
namespace {

constexpr std::string_view kInitial = R"sql(
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT NOT NULL,
  backend TEXT NOT NULL,
  host_id TEXT NOT NULL,
  lease_until BIGINT,
  labels TEXT NOT NULL,
  board TEXT NOT NULL,
  plan TEXT NOT NULL,
  resources TEXT NOT NULL,
  features TEXT NOT NULL,
  board_template TEXT NOT NULL,
  ttl_sec BIGINT,
  engine BIGINT NOT NULL,
  last_exit TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_created ON sessions (project_id, created_at, id);
CREATE INDEX sessions_by_updated ON sessions (project_id, updated_at, id);
CREATE INDEX sessions_by_name ON sessions (project_id, name, id);
CREATE INDEX sessions_by_host ON sessions (host_id, created_at, id);

CREATE TABLE session_labels (
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  label_key TEXT NOT NULL,
  label_value TEXT NOT NULL,
  project_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (session_id, label_key)
);
CREATE INDEX session_labels_by_value ON session_labels (project_id, label_key, label_value);

CREATE TABLE programs (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  format TEXT NOT NULL,
  blob_hash TEXT NOT NULL,
  size BIGINT NOT NULL,
  load_address BIGINT,
  metadata TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX programs_by_session ON programs (session_id, created_at, id);
CREATE INDEX programs_by_blob ON programs (blob_hash);

CREATE TABLE templates (
  id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  document TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, id)
);

CREATE TABLE events (
  id {{serial}},
  project_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  type TEXT NOT NULL,
  session_id TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX events_by_session ON events (session_id, id);

CREATE TABLE idempotency (
  project_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  idem_key TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status BIGINT NOT NULL,
  location TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, idem_key)
);
CREATE INDEX idempotency_by_created ON idempotency (created_at);

CREATE TABLE documents (
  doc_key TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  document TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);
)sql";

constexpr Migration kMigrations[] = {
    {1, kInitial},
    {2, "ALTER TABLE sessions ADD COLUMN gdb_port BIGINT"},
    {3, "ALTER TABLE sessions ADD COLUMN debug TEXT NOT NULL DEFAULT '{}'"},
};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

std::string migration_sql(const Migration& migration, std::string_view serial) {
  constexpr std::string_view kSerial = "{{serial}}";
  std::string sql(migration.sql);
  for (auto at = sql.find(kSerial); at != std::string::npos; at = sql.find(kSerial, at + serial.size()))
    sql.replace(at, kSerial.size(), serial);
  return sql;
}

}  // namespace virserver::store
