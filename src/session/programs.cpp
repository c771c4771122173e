// Programs: uploaded images, what of them is loaded, and starting and stopping them.
#include "base/blocking.hpp"
#include "base/id.hpp"
#include "backend/load_check.hpp"
#include "session/here.hpp"
#include "session/program_json.hpp"

namespace virserver::session {

namespace {
Error not_found(std::string_view id) {
  return {ErrorCode::PROGRAM_NOT_FOUND, fmt::format("the session has no program '{}'", id)};
}
}  // namespace

Task<Result<store::ProgramRow>> Session::add_program(ProgramUpload upload) {
  auto add = [](std::shared_ptr<Session> self, ProgramUpload file) -> Task<Result<store::ProgramRow>> {
    const std::filesystem::path staged = file.content->staged();
    image::Options options{file.format, file.load_address, self->services_.settings.max_image_bytes};
    auto read = [staged, options, plan = self->plan_]() mutable -> Result<image::Image> {
      auto parsed = image::read(staged, options);
      if (!parsed && parsed.error().code == ErrorCode::IMAGE_ADDRESS_REQUIRED) {
        const auto address = backend::default_load_address(plan);
        if (!address) return parsed;
        options.load_address = *address;
        parsed = image::read(staged, options);
      }
      return parsed;
    };
    auto image = co_await blocking(self->services_.pool, std::move(read));
    if (!image) co_return pass(image);
    const backend::LoadImage one{file.name, file.role, &*image};
    auto fits = backend::check_one_of_several(self->plan_, one);
    if (!fits) co_return pass(fits);

    const auto held = co_await self->services_.content_lock->lock();
    auto blob = co_await file.content->commit();
    if (!blob) co_return pass(blob);
    store::ProgramRow row;
    row.id = new_id("prg");
    row.session_id = self->id_;
    row.name = file.name;
    row.role = file.role;
    row.format = image::to_string(image->metadata.format);
    row.blob = *blob;
    row.size = image->metadata.file_size;
    if (image->metadata.format == image::Format::bin) row.load_address = image->regions.front().address;
    row.metadata = metadata_to_json(*image);
    row.status = "uploaded";
    row.created_at = now();
    const store::Caller caller;
    auto kept = co_await self->services_.programs.insert(caller, row);
    if (!kept) {  // nobody else would remove the content
      const auto used = co_await self->services_.programs.blob_in_use(row.blob);
      if (used && !*used) co_await self->services_.blobs.remove(row.blob);
      co_return pass(kept);
    }
    self->debugger_->programs_changed();
    self->services_.events.append("program.uploaded", self->id_, {{"program_id", row.id}, {"name", row.name}, {"role", row.role}});
    co_return row;
  };
  co_return co_await here(add(shared_from_this(), std::move(upload)));
}

Task<Result<std::vector<store::ProgramRow>>> Session::programs() {
  const store::Caller caller;
  co_return co_await services_.programs.of_session(caller, id_);
}

Task<Result<store::ProgramRow>> Session::program(std::string program_id) {
  auto rows = co_await programs();
  if (!rows) co_return pass(rows);
  for (store::ProgramRow& row : *rows)
    if (row.id == program_id) co_return std::move(row);
  co_return fail(not_found(program_id));
}

Task<Result<void>> Session::remove_program(std::string program_id) {
  auto row = co_await program(program_id);
  if (!row) co_return pass(row);
  const store::Caller caller;
  const auto held = co_await services_.content_lock->lock();
  auto removed = co_await services_.programs.remove(caller, program_id);
  if (!removed) co_return removed;
  asio::post(executor_, [self = shared_from_this()] { self->debugger_->programs_changed(); });
  services_.events.append("program.deleted", id_, {{"program_id", program_id}});
  auto used = co_await services_.programs.blob_in_use(row->blob);
  if (used && !*used) co_return co_await services_.blobs.remove(row->blob);
  co_return Result<void>{};
}

// The newest upload of each role that was not stopped; `first_program` (if given) stands for its role.
Task<Result<std::shared_ptr<LoadSet>>> Session::load_images(std::string first_program) {
  auto rows = co_await programs();
  if (!rows) co_return pass(rows);
  std::map<std::string, store::ProgramRow> by_role;
  for (store::ProgramRow& row : *rows)
    if (row.status != "stopped" && row.id != first_program) by_role[row.role] = row;
  for (store::ProgramRow& row : *rows)
    if (row.id == first_program) by_role[row.role] = row;

  auto set = std::make_shared<LoadSet>();
  for (auto& [role, row] : by_role) {
    auto path = co_await services_.blobs.local_path(row.blob);
    if (!path) co_return pass(path);
    const image::Options options{image::parse_format(row.format), row.load_address, services_.settings.max_image_bytes};
    auto read = [file = *path, options] { return image::read(file, options); };
    auto image = co_await blocking(services_.pool, std::move(read));
    if (!image) co_return pass(image);
    set->rows.push_back(std::move(row));
    set->images.push_back(std::move(*image));
  }
  const auto list = set->list();
  auto fits = backend::check_images(plan_, list);
  if (!fits) co_return pass(fits);
  co_return set;
}

Task<Result<store::ProgramRow>> Session::start_program(std::string program_id, StartOptions options) {
  auto start = [](std::shared_ptr<Session> self, std::string id, StartOptions how) -> Task<Result<store::ProgramRow>> {
    auto row = co_await self->program(id);
    if (!row) co_return pass(row);
    if (!how.arguments.empty() && !self->plan_.semihosting)
      co_return fail(ErrorCode::UNSUPPORTED_BY_BACKEND, "args reach a program by semihosting, which this board does not have");
    if (auto settled = self->require_settled(); !settled) co_return pass(settled);
    auto lock = co_await self->operation_.lock();
    if (auto settled = self->require_settled(); !settled) co_return pass(settled);
    auto images = co_await self->load_images(id);  // refused before anything is touched
    if (!images) co_return pass(images);
    const store::Caller caller;
    for (const store::ProgramRow& each : (*images)->rows) {
      if (each.status == "loaded") continue;
      auto marked = co_await self->services_.programs.set_status(caller, each.id, "loaded");
      if (!marked) co_return pass(marked);
    }
    self->set_state(self->engine_ ? State::resetting : State::starting);
    co_await self->end_engine();
    auto launched = co_await self->launch(std::move(*images), std::move(how));
    if (!launched) co_return pass(launched);
    self->services_.events.append("program.started", self->id_, {{"program_id", id}, {"name", row->name}});
    row->status = "loaded";
    co_return row;
  };
  co_return co_await here(start(shared_from_this(), std::move(program_id), std::move(options)));
}

Task<Result<store::ProgramRow>> Session::stop_program(std::string program_id) {
  auto halt = [](std::shared_ptr<Session> self, std::string id) -> Task<Result<store::ProgramRow>> {
    auto row = co_await self->program(id);
    if (!row) co_return pass(row);
    if (auto settled = self->require_settled(); !settled) co_return pass(settled);
    auto lock = co_await self->operation_.lock();
    if (auto settled = self->require_settled(); !settled) co_return pass(settled);
    const store::Caller caller;
    auto marked = co_await self->services_.programs.set_status(caller, id, "stopped");
    if (!marked) co_return pass(marked);
    if (self->engine_ && std::ranges::find(self->loaded_, id) != self->loaded_.end()) {
      self->set_state(State::stopping);
      co_await self->end_engine();
      self->set_state(State::stopped);
      self->prestart();
    }
    self->services_.events.append("program.stopped", self->id_, {{"program_id", id}, {"name", row->name}});
    row->status = "stopped";
    co_return row;
  };
  co_return co_await here(halt(shared_from_this(), std::move(program_id)));
}

}  // namespace virserver::session
