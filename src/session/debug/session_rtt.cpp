// The session's RTT consoles: where the running program's control block may be, and its memory.
#include "base/blocking.hpp"
#include "base/log.hpp"
#include "image/debug_info.hpp"
#include "session/here.hpp"

namespace virserver::session {

namespace {
constexpr const char* control_block = "_SEGGER_RTT";
}  // namespace

// Reads pass the processor; a write halts it for a moment that nobody is told of.
class Session::RttPort final : public RttMemory {
 public:
  explicit RttPort(Session& session) : session_(session) {}

  Task<Result<Bytes>> read(std::uint64_t address, std::size_t size) override { co_return co_await session_.read_beside(address, size); }
  Task<Result<void>> write(std::uint64_t address, Bytes bytes) override {
    co_return co_await session_.bridge_->write_memory(address, bytes);
  }

 private:
  Session& session_;
};

void Session::make_rtt() {
  rtt_memory_ = std::make_unique<RttPort>(*this);
  rtt_ = std::make_unique<RttConsoles>(executor_, console_dir(), *rtt_memory_,
                                       [this] { ++console_changes_, output_changed_.notify(); }, [this] { output_changed_.notify(); });
}

// A program that has the control block's symbol is looked at from its start; without one the board's RAM is searched, if
// the session was made with the feature.
void Session::start_rtt() {
  if (!engine_ || !engine_->machine()) return;
  auto begin = [](std::shared_ptr<Session> self, std::shared_ptr<backend::Engine> engine) -> Task<> {
    RttSearch search;
    search.layout.big_endian = self->plan_.big_endian;
    search.layout.pointers_64 = self->plan_.architecture == Architecture::aarch64 || self->plan_.architecture == Architecture::riscv64;
    const auto rows = co_await self->programs();
    if (rows)
      for (const store::ProgramRow& row : *rows) {
        if (row.format != "elf" || row.status == "stopped") continue;
        const auto path = co_await self->services_.blobs.local_path(row.blob);
        if (!path) continue;
        auto look = [file = *path]() -> std::optional<std::uint64_t> {
          const auto info = image::DebugInfo::open(file);
          if (!info) return std::nullopt;
          const auto symbols = (*info)->symbols_named(control_block);
          return symbols.empty() ? std::nullopt : std::optional(symbols.front().address);
        };
        if (const auto symbol = co_await blocking(self->services_.pool, std::move(look))) search.symbols.push_back(*symbol);
      }
    const auto* wanted = self->row_.features.if_contains("rtt");
    if (wanted && wanted->is_bool() && wanted->as_bool())
      for (const backend::MemoryRegion& region : self->plan_.memory)
        if (region.writable) search.ranges.push_back({region.address, region.size});
    co_await self->rtt_->stop();
    if (self->engine_ == engine) self->rtt_->start(std::move(search));
  };
  scope_.spawn(begin(shared_from_this(), engine_));
}

}  // namespace virserver::session
