#include "session/debug/register_journal.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/log.hpp"

namespace virserver::session {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

Error storage_error(int number, const fs::path& path) {
  return system_error(ErrorCode::STORAGE_ERROR, number, fmt::format("{} cannot be written", path.string()));
}

Result<void> write_file(const fs::path& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return fail(storage_error(errno, path));
  return {};
}

}  // namespace

void replay(const RegisterJournal::Entry& entry, registers::Bank& bank) {
  using Kind = RegisterJournal::Kind;
  switch (entry.kind) {
    case Kind::read: (void)bank.read(entry.address, entry.width, entry.now); break;
    case Kind::write: (void)bank.write(entry.address, entry.width, entry.value, entry.now); break;
    case Kind::reset: (void)bank.reset(entry.now); break;
  }
}

fs::path RegisterJournal::entries_path(std::uint64_t number) const { return directory_ / fmt::format("registers-{}.journal", number); }

Result<void> RegisterJournal::begin(fs::path directory, const registers::Bank& bank) {
  close();
  directory_ = std::move(directory);
  number_ = entries_ = 0;
  std::error_code ec;
  fs::remove_all(directory_, ec);
  fs::create_directories(directory_, ec);
  if (ec) return fail(storage_error(ec.value(), directory_));
  return compact(bank, 0);
}

// The new file of entries is there before the state that names it; the old one goes last.
Result<void> RegisterJournal::compact(const registers::Bank& bank, std::uint64_t now) {
  const auto next = entries_path(number_ + 1);
  Fd file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return fail(storage_error(errno, next));
  const json::object state{{"journal", number_ + 1}, {"now_ns", now}, {"bank", bank.save()}};
  const auto aside = directory_ / "registers.json.new";
  if (auto written = write_file(aside, json::serialize(state)); !written) return written;
  std::error_code ec, ignored;
  fs::rename(aside, state_path(), ec);
  if (ec) return fail(storage_error(ec.value(), state_path()));
  fs::remove(entries_path(number_), ignored);
  ++number_;
  entries_ = 0;
  file_ = std::move(file);
  return {};
}

Result<std::uint64_t> RegisterJournal::resume(fs::path directory, registers::Bank& bank) {
  close();
  directory_ = std::move(directory);
  std::ifstream in(state_path());
  if (!in) return fail(ErrorCode::NOT_FOUND, "there is no state of register models in {}", directory_.string());
  std::ostringstream text;
  text << in.rdbuf();
  std::uint64_t now = 0;
  try {
    const auto state = json::parse(text.str()).as_object();
    number_ = state.at("journal").to_number<std::uint64_t>();
    now = state.at("now_ns").to_number<std::uint64_t>();
    if (auto loaded = bank.load(state.at("bank").as_object()); !loaded) return pass(loaded);
  } catch (const std::exception& error) {
    return fail(ErrorCode::BOARD_INVALID, "the state of register models in {} cannot be read: {}", directory_.string(), error.what());
  }
  std::ifstream entries(entries_path(number_), std::ios::binary);
  Entry entry;
  while (entries.read(reinterpret_cast<char*>(&entry), sizeof entry)) {
    replay(entry, bank);
    now = entry.now;
  }
  if (auto done = compact(bank, now); !done) return pass(done);
  return now;
}

// A server that is killed between this and the completion of the access leaves one that is played twice; an orderly end does not.
void RegisterJournal::append(const Entry& entry, const registers::Bank& bank) {
  if (!file_) return;
  bool ok = ::write(file_.get(), &entry, sizeof entry) == static_cast<ssize_t>(sizeof entry);
  if (ok && ++entries_ >= compact_after) ok = compact(bank, entry.now).has_value();
  if (ok) return;
  log::warn("the journal of register models ends: {} cannot be written; a server that starts again begins with the models' reset state",
            directory_.string());
  close();
}

}  // namespace virserver::session
