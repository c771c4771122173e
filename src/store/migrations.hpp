// The schema, as numbered steps. A released step never changes; a change to the schema is a new step at the end.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace virserver::store {

struct Migration {
  int number;             // 1, 2, 3, ...
  std::string_view sql;   // statements separated by ";"; "{{serial}}" is a primary key that counts up and is never reused
};

std::span<const Migration> migrations();

// The step's SQL with the database's own words for {{serial}}.
std::string migration_sql(const Migration& migration, std::string_view serial);

}  // namespace virserver::store
