#include "session/registry.hpp"

#include "backend/register_models.hpp"
#include "board/templates.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "session/plan_json.hpp"

namespace virserver::session {

Registry::Registry(const Services& services, std::vector<asio::any_io_executor> executors)
    : services_(services), executors_(std::move(executors)) {}

Task<Result<void>> Registry::restore() {
  auto rows = co_await services_.sessions.all_of_host(services_.settings.host_id);
  if (!rows) co_return pass(rows);
  for (store::SessionRow& row : *rows) {
    const std::string id = row.id;
    try {
      auto session = std::make_shared<Session>(executors_[next_++ % executors_.size()], services_, std::move(row));
      co_await session->restore();
      std::lock_guard lock(mutex_);
      sessions_[id] = std::move(session);
    } catch (const std::exception& error) {
      log::error("session {} is left aside, its row cannot be understood: {}", id, error.what());
    }
  }
  if (!rows->empty()) log::info("{} sessions are back", size());
  co_return Result<void>{};
}

Task<Result<std::shared_ptr<Session>>> Registry::create(NewSession request) {
  {
    std::lock_guard lock(mutex_);
    if (const std::size_t held = sessions_.size() + creating_; held >= services_.settings.max_sessions)
      co_return fail(ErrorCode::SESSION_LIMIT, "this server holds {} sessions already; delete one or raise max_sessions", held);
    ++creating_;
  }
  struct Leave {
    Registry& registry;
    ~Leave() {
      std::lock_guard lock(registry.mutex_);
      --registry.creating_;
    }
  } leave{*this};
  auto choice = co_await services_.backends.choose(request.board, request.backend);
  if (!choice) co_return pass(choice);

  const std::string backend_name(choice->backend->name());
  if (!request.features.empty()) co_await services_.backends.wait_discovered();
  const auto info = services_.backends.info(backend_name);
  for (const auto& [name, wanted] : request.features) {
    if (!wanted.is_bool() || !wanted.as_bool()) continue;
    const auto feature = info->features.find(std::string(name));
    if (feature == info->features.end())
      co_return fail(ErrorCode::INVALID_REQUEST, "there is no feature '{}'; GET /api/v1/capabilities lists them", std::string_view(name));
    if (!feature->second.available)
      co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "{} on {}: {}", std::string_view(name), backend_name, feature->second.reason);
  }
  for (const char* name : {"cpu_cores", "memory_mb"})  // 0 says "no limit" in older clients
    if (const auto* value = request.resources.if_contains(name); value && value->to_number<double>() == 0) request.resources.erase(name);
  if (const auto* memory = request.resources.if_contains("memory_mb")) {
    const auto limit = memory->to_number<std::uint64_t>();
    if (limit < choice->plan.minimum_memory_mb) {
      Error error{ErrorCode::RESOURCES_TOO_SMALL, fmt::format("memory_mb limits the emulator's process: this board on {} needs at least {}",
                                                              backend_name, choice->plan.minimum_memory_mb)};
      error.details = {{"minimum_memory_mb", choice->plan.minimum_memory_mb}};
      co_return fail(std::move(error));
    }
  }

  if (const auto* models = request.features.if_contains("register_models"); models && models->is_bool() && !models->get_bool())
    backend::switch_register_models_off(choice->plan);

  store::SessionRow row;
  row.id = new_id("ses");
  row.name = request.name;
  if (row.name.empty()) row.name = (request.board_template.empty() ? "board" : request.board_template) + "-" + row.id.substr(row.id.size() - 6);
  row.state = to_string(State::created);
  row.backend = backend_name;
  row.host_id = services_.settings.host_id;
  row.labels = std::move(request.labels);
  row.board = board::to_json(request.board);
  std::vector<backend::Finding> findings;
  for (std::string& text : board::findings_on(backend_name, request.findings)) findings.push_back({backend::Severity::info, "", std::move(text)});
  choice->plan.findings.insert(choice->plan.findings.begin(), findings.begin(), findings.end());
  row.plan = plan_to_json(choice->plan);
  row.resources = std::move(request.resources);
  row.features = std::move(request.features);
  row.board_template = std::move(request.board_template);
  row.ttl_sec = request.ttl_sec;
  row.created_at = row.updated_at = row.last_used_at = now();
  const store::Caller caller;
  row.project_id = caller.project_id;
  row.created_by = caller.principal;

  asio::any_io_executor executor;
  {
    std::lock_guard lock(mutex_);
    executor = executors_[next_++ % executors_.size()];
  }
  const auto session = std::make_shared<Session>(executor, services_, row);
  auto opened = co_await session->open_gdb_port(request.gdb_port);
  if (opened) {
    row.gdb_port = *opened;
    auto kept = co_await services_.sessions.insert(caller, row);
    if (!kept) opened = pass(kept);
  }
  if (!opened) {
    co_await session->stop();
    co_return pass(opened);
  }
  services_.events.append("session.created", row.id, {{"name", row.name}, {"backend", row.backend}});

  bool prestart;
  {
    std::lock_guard lock(mutex_);
    sessions_[row.id] = session;
    prestart = sessions_.size() <= services_.settings.prestarted_sandboxes;
  }
  auto warm = [session] { session->prestart(); };
  if (prestart) asio::post(session->executor(), std::move(warm));
  co_return session;
}

Task<Result<store::Page<SessionView>>> Registry::list(store::Caller caller, store::ListQuery query) {
  auto rows = co_await services_.sessions.list(caller, std::move(query));
  if (!rows) co_return pass(rows);
  store::Page<SessionView> page{{}, std::move(rows->next_cursor), rows->total};
  for (const store::SessionRow& row : rows->items) {
    std::shared_ptr<Session> session;
    {
      std::lock_guard lock(mutex_);
      if (const auto found = sessions_.find(row.id); found != sessions_.end()) session = found->second;
    }
    if (session) page.items.push_back(co_await session->view());  // looking at a list is not use
  }
  co_return page;
}

Result<std::shared_ptr<Session>> Registry::locate(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return fail(ErrorCode::SESSION_NOT_FOUND, "there is no session '{}'", id);
  found->second->touch();
  return found->second;
}

Task<Result<void>> Registry::remove(std::string id) {
  auto session = locate(id);
  if (!session) co_return pass(session);
  auto gone = co_await (*session)->destroy();
  if (gone) {
    std::lock_guard lock(mutex_);
    sessions_.erase(id);
  }
  co_return gone;
}

std::map<std::string, std::size_t> Registry::count_by_state() {
  std::map<std::string, std::size_t> counts;
  for (const auto& session : all()) ++counts[std::string(to_string(session->state()))];
  return counts;
}

std::size_t Registry::size() const {
  std::lock_guard lock(mutex_);
  return sessions_.size();
}

std::vector<std::shared_ptr<Session>> Registry::all() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& [id, session] : sessions_) sessions.push_back(session);
  return sessions;
}

Task<> Registry::expire_forever() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    const Timestamp at = now();
    for (const auto& session : all()) {
      if (!session->expired(at)) continue;
      log::info("session {} was not used for its time to live and is deleted", session->id());
      const auto gone = co_await remove(session->id());
      if (!gone) log::warn("session {}: {}", session->id(), gone.error().message);
    }
  }
}

Task<> Registry::stop() {
  for (const auto& session : all()) co_await session->stop();
}

}  // namespace virserver::session
