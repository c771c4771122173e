#include "session/backends.hpp"

#include "base/log.hpp"

namespace virserver::session {

Backends::Backends(std::vector<std::unique_ptr<backend::Backend>> backends, asio::any_io_executor executor)
    : executor_(std::move(executor)) {
  for (auto& backend : backends) {
    auto info = std::make_shared<backend::BackendInfo>();
    info->name = backend->name();
    info->reason = "still asking the installed tools";
    for (const char* feature : backend::feature_names) info->features[feature] = {false, "not known yet"};
    entries_.push_back({std::move(backend), std::move(info)});
  }
}

void Backends::discover() {
  if (started_.exchange(true)) return;
  for (Entry& entry : entries_) {
    auto probe = [](Backends& self, Entry& target) -> Task<> {
      std::shared_ptr<backend::BackendInfo> info;
      try {
        info = std::make_shared<backend::BackendInfo>(co_await target.backend->discover());
      } catch (const std::exception& error) {
        info = std::make_shared<backend::BackendInfo>(*self.info(target.backend->name()));
        info->status = backend::Status::broken;
        info->reason = fmt::format("asking the installed tools failed: {}", error.what());
      }
      log::info("backend {}: {} {}", info->name,
                info->status == backend::Status::available ? "version " + info->version : "not available,", info->reason);
      {
        std::lock_guard lock(self.mutex_);
        target.info = std::move(info);
      }
      self.discovered_.notify();
    };
    asio::co_spawn(executor_, probe(*this, entry), asio::detached);
  }
}

bool Backends::discovering() const {
  bool probing = false;
  for (const auto& info : infos()) probing |= info->status == backend::Status::probing;
  return started_ && probing;
}

Task<> Backends::wait_discovered() {
  discover();
  const auto watch = discovered_.watch(co_await asio::this_coro::executor);
  while (discovering()) co_await watch->wait();
}

std::vector<std::shared_ptr<const backend::BackendInfo>> Backends::infos() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const backend::BackendInfo>> all;
  for (const Entry& entry : entries_) all.push_back(entry.info);
  return all;
}

std::shared_ptr<const backend::BackendInfo> Backends::info(std::string_view name) const {
  std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_)
    if (entry.info->name == name) return entry.info;
  return nullptr;
}

backend::Backend* Backends::find(std::string_view name) const {
  for (const Entry& entry : entries_)
    if (entry.backend->name() == name) return entry.backend.get();
  return nullptr;
}

namespace {
std::string wanted_backend(const board::Board& board, std::string_view wanted) {
  if (!wanted.empty() && wanted != "auto") return std::string(wanted);
  for (const board::Node& node : board.nodes)
    if (!node.backend.empty() && node.backend != "auto") return node.backend;
  return "auto";
}
}  // namespace

Task<std::vector<Backends::Verdict>> Backends::check(const board::Board& board, std::string_view wanted) {
  const std::string name = wanted_backend(board, wanted);
  std::vector<Verdict> verdicts;
  for (const Entry& entry : entries_) {
    if (name != "auto" && entry.backend->name() != name) continue;
    auto plan = co_await entry.backend->plan(board);
    verdicts.push_back({std::string(entry.backend->name()), std::move(plan)});
  }
  co_return verdicts;
}

Task<Result<Backends::Choice>> Backends::choose(const board::Board& board, std::string_view wanted) {
  const std::string name = wanted_backend(board, wanted);
  if (name != "auto" && !find(name))
    co_return fail(ErrorCode::BACKEND_NOT_FOUND, "there is no backend '{}'; use qemu, renode, skyeye or auto", name);
  std::optional<Error> first;
  auto verdicts = co_await check(board, wanted);
  for (Verdict& verdict : verdicts) {
    if (verdict.plan) co_return Choice{find(verdict.backend), std::move(*verdict.plan)};
    // An absent backend explains less than one that looked at the board.
    const bool looked = verdict.plan.error().code != ErrorCode::BACKEND_ABSENT;
    if (!first || (first->code == ErrorCode::BACKEND_ABSENT && looked)) first = std::move(verdict.plan.error());
  }
  co_return fail(std::move(*first));
}

}  // namespace virserver::session
