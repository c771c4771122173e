// Repositories over the row port, and the blob port. Calls are coroutines in every adapter; they may be made from any
// executor and resume on the caller's. Errors: NOT_FOUND, CONFLICT (a key exists), STORAGE_FULL, STORAGE_ERROR, INVALID_REQUEST.
#pragma once
#include <boost/json/value.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/asio.hpp"
#include "base/error.hpp"
#include "store/records.hpp"
#include "store/rows.hpp"  // the port below the repositories

namespace virserver::store {

class Sessions {
 public:
  explicit Sessions(Rows& rows) : rows_(rows) {}
  Task<Result<void>> insert(const Caller& caller, SessionRow row);
  Task<Result<void>> update(const Caller& caller, SessionRow row);
  Task<Result<void>> remove(const Caller& caller, std::string id);  // with its programs
  Task<Result<SessionRow>> get(const Caller& caller, std::string id);
  Task<Result<Page<SessionRow>>> list(const Caller& caller, ListQuery query);
  Task<Result<std::vector<SessionRow>>> all_of_host(std::string host_id);

 private:
  Rows& rows_;
};

class Programs {
 public:
  explicit Programs(Rows& rows) : rows_(rows) {}
  Task<Result<void>> insert(const Caller& caller, ProgramRow row);
  Task<Result<void>> set_status(const Caller& caller, std::string id, std::string status);
  Task<Result<void>> remove(const Caller& caller, std::string id);
  Task<Result<std::vector<ProgramRow>>> of_session(const Caller& caller, std::string session_id);  // oldest first
  Task<Result<bool>> blob_in_use(std::string blob);

 private:
  Rows& rows_;
};

class Templates {
 public:
  explicit Templates(Rows& rows) : rows_(rows) {}
  Task<Result<void>> insert(const Caller& caller, TemplateRow row);
  Task<Result<void>> update(const Caller& caller, TemplateRow row);
  Task<Result<void>> remove(const Caller& caller, std::string id);
  Task<Result<TemplateRow>> get(const Caller& caller, std::string id);
  Task<Result<std::vector<TemplateRow>>> all(const Caller& caller);  // by id

 private:
  Rows& rows_;
};

class Events {
 public:
  explicit Events(Rows& rows) : rows_(rows) {}
  Task<Result<std::int64_t>> append(const Caller& caller, EventRow row);  // returns the id
  Task<Result<std::vector<EventRow>>> after(const Caller& caller, std::int64_t id, unsigned limit, std::string session_id);
  Task<Result<std::int64_t>> last_id();
  Task<Result<void>> prune(std::uint64_t keep);  // the newest `keep` stay

 private:
  Rows& rows_;
};

class Idempotency {
 public:
  explicit Idempotency(Rows& rows) : rows_(rows) {}
  Task<Result<std::optional<IdempotencyRow>>> find(const Caller& caller, std::string key);
  Task<Result<void>> put(const Caller& caller, IdempotencyRow row);
  Task<Result<void>> prune(Timestamp before);

 private:
  Rows& rows_;
};

// Small documents by key: the capability cache, the host's id.
class Documents {
 public:
  explicit Documents(Rows& rows) : rows_(rows) {}
  Task<Result<std::optional<boost::json::value>>> get(std::string key);
  Task<Result<void>> put(std::string key, boost::json::value value);

 private:
  Rows& rows_;
};

// Content-addressed files. A blob is written aside, synced, hashed while written, and renamed into place: it is whole or absent.
class Blobs {
 public:
  virtual ~Blobs() = default;
  class Writer {
   public:
    virtual ~Writer() = default;  // an uncommitted writer leaves nothing
    virtual Task<Result<void>> write(std::span<const std::byte> bytes) = 0;
    virtual Task<std::string> hash() = 0;             // the sha256 in hex of what was written; ends the writing
    virtual Task<Result<std::string>> commit() = 0;  // the same hash; an equal blob is kept once
    virtual std::filesystem::path staged() const = 0;  // to inspect the content before commit (embedded adapter)
  };
  virtual Task<Result<std::unique_ptr<Writer>>> create() = 0;
  virtual Task<Result<std::filesystem::path>> local_path(std::string sha256) = 0;  // a readable file on this host
  virtual Task<Result<void>> remove(std::string sha256) = 0;
};

// Opens (creating, migrating) the embedded stores below `data`. Throws on failure to open. Error when a newer VirServer wrote it.
std::unique_ptr<Rows> open_sqlite(const std::filesystem::path& file);
std::unique_ptr<Blobs> open_disk_blobs(const std::filesystem::path& dir, asio::thread_pool& pool);

}  // namespace virserver::store
