// Between records and column values.
#pragma once
#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/rows.hpp"

namespace virserver::store {

inline Value field(std::string text) { return text; }
inline Value field(std::uint64_t number) { return static_cast<std::int64_t>(number); }  // 2^63 and above keep their bits
inline Value field(Timestamp time) { return std::int64_t{time.time_since_epoch().count()}; }
inline Value field(const boost::json::object& object) { return boost::json::serialize(object); }
template <class T>
Value field(const std::optional<T>& value) {
  return value ? field(*value) : Value{};
}

// Reads a row's columns in order. A value of another type, or text that is not JSON, makes `failed()` true (the file
// was changed by something else); the reads then give empty values.
class FieldReader {
 public:
  explicit FieldReader(std::vector<Value>& row) : row_(row) {}

  std::string text();
  std::int64_t integer();
  std::uint64_t number() { return static_cast<std::uint64_t>(integer()); }
  std::optional<std::uint64_t> optional_number();
  Timestamp time() { return Timestamp(std::chrono::microseconds(integer())); }
  std::optional<Timestamp> optional_time();
  boost::json::value json();
  boost::json::object object();

  bool failed() const { return failed_; }

 private:
  Value* next();
  bool next_is_null() const { return at_ < row_.size() && row_[at_].index() == 0; }

  std::vector<Value>& row_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// All rows of a result through `read(FieldReader&) -> Row`; STORAGE_ERROR when one cannot be read.
template <class Read>
auto read_rows(ResultSet& result, Read read) -> Result<std::vector<decltype(read(std::declval<FieldReader&>()))>> {
  std::vector<decltype(read(std::declval<FieldReader&>()))> out;
  out.reserve(result.rows.size());
  for (auto& row : result.rows) {
    FieldReader reader(row);
    out.push_back(read(reader));
    if (reader.failed())
      return fail(ErrorCode::STORAGE_ERROR, "a row in the database is damaged; restore the data directory from a backup");
  }
  return out;
}

}  // namespace virserver::store
