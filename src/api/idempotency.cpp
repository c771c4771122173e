#include "api/idempotency.hpp"

#include <openssl/sha.h>

#include <boost/json.hpp>

#include <set>

namespace virserver::api {
namespace {

// Keys whose first request is under way on any thread.
class InFlight {
 public:
  bool enter(const std::string& key) {
    std::lock_guard lock(mutex_);
    return keys_.insert(key).second;
  }
  void leave(const std::string& key) {
    std::lock_guard lock(mutex_);
    keys_.erase(key);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> keys_;
};
InFlight in_flight;

std::string fingerprint_of(const http::Request& request, const std::string& content) {
  const std::string text = request.method + "\n" + request.target + "\n" + content;
  std::byte digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), reinterpret_cast<unsigned char*>(digest));
  return to_hex(digest);
}

std::string_view location_of(const http::Response& response) {
  for (const auto& [name, value] : response.headers)
    if (name == "Location") return value;
  return {};
}

}  // namespace

Task<Result<http::Response>> idempotent(Context& context, const http::Request& request, std::string content,
                                        std::function<Task<Result<http::Response>>()> make) {
  const std::string key(request.header("idempotency-key"));
  if (key.empty()) co_return co_await make();
  if (!in_flight.enter(key))
    co_return fail(ErrorCode::CONFLICT, "the first request with this Idempotency-Key is still being worked on; try again");
  struct Leave {
    const std::string& key;
    ~Leave() { in_flight.leave(key); }
  } leave{key};

  const store::Caller caller;
  const std::string fingerprint = fingerprint_of(request, content);
  auto known = co_await context.idempotency.find(caller, key);
  if (!known) co_return pass(known);
  if (*known) {
    if ((*known)->fingerprint != fingerprint)
      co_return fail(ErrorCode::IDEMPOTENCY_MISMATCH, "this Idempotency-Key was used with another request; use a new one");
    http::Response response = http::json_response(boost::json::parse((*known)->body), static_cast<unsigned>((*known)->status));
    if (!(*known)->location.empty()) response.headers.emplace_back("Location", (*known)->location);
    response.headers.emplace_back("Idempotency-Replayed", "true");
    co_return response;
  }
  auto made = co_await make();
  if (!made) co_return made;
  store::IdempotencyRow row;
  row.key = key;
  row.operation_id = request.operation_id;
  row.fingerprint = fingerprint;
  row.status = static_cast<int>(made->status);
  row.location = location_of(*made);
  if (const auto* body = std::get_if<boost::json::value>(&made->body)) row.body = boost::json::serialize(*body);
  row.created_at = now();
  auto kept = co_await context.idempotency.put(caller, std::move(row));
  if (!kept) co_return pass(kept);
  co_return made;
}

}  // namespace virserver::api
