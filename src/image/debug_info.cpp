#include "image/debug_info.hpp"

#include <new>

#include "image/debug_info_impl.hpp"

namespace virserver::image {
namespace {

// Runs `call` under the lock. A file that makes libdw run out of memory has no DWARF from then on.
template <class Impl, class Call>
auto locked(Impl& impl, Call call) -> decltype(call(impl)) {
  const std::lock_guard lock(impl.mutex);
  try {
    return call(impl);
  } catch (const std::bad_alloc&) {
    impl.give_up_dwarf();
  }
  return call(impl);
}

}  // namespace

DebugInfo::DebugInfo(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DebugInfo::~DebugInfo() = default;

Result<std::shared_ptr<const DebugInfo>> DebugInfo::make(Result<Mapping> mapping) {
  if (!mapping) return pass(mapping);
  Result<ElfFile> file = ElfFile::open(std::move(*mapping));
  if (!file) return pass(file);
  return std::shared_ptr<const DebugInfo>(new DebugInfo(std::make_unique<Impl>(std::move(*file))));
}

Result<std::shared_ptr<const DebugInfo>> DebugInfo::open(const std::filesystem::path& path) { return make(Mapping::file(path)); }

Result<std::shared_ptr<const DebugInfo>> DebugInfo::parse(std::span<const std::byte> content) {
  return make(Mapping::copy(content));
}

Architecture DebugInfo::architecture() const { return impl_->file.architecture(); }
bool DebugInfo::big_endian() const { return impl_->file.big_endian(); }
bool DebugInfo::code_big_endian() const {
  const ElfFile& file = impl_->file;
  return file.big_endian() && !(file.architecture() == Architecture::arm && (file.header().e_flags & EF_ARM_BE8));
}
bool DebugInfo::is_64() const { return impl_->file.is_64(); }
std::optional<char> DebugInfo::arm_profile() const { return impl_->file.arm_profile(); }
bool DebugInfo::has_symbols() const { return !impl_->symbols.empty(); }
bool DebugInfo::has_lines() const { return impl_->file.section(".debug_line") || impl_->file.section(".zdebug_line"); }

std::vector<std::string> DebugInfo::notes() const {
  return locked(*impl_, [](Impl& impl) {
    impl.dwarf();
    return impl.notes;
  });
}

std::vector<Symbol> DebugInfo::symbols_named(std::string_view name) const {
  return locked(*impl_, [&](Impl& impl) { return impl.symbols.named(name); });
}
SymbolList DebugInfo::search(const SymbolQuery& query) const {
  return locked(*impl_, [&](Impl& impl) { return impl.symbols.search(query); });
}
std::optional<SymbolAt> DebugInfo::symbol_at(std::uint64_t address) const { return impl_->symbols.at(address); }
std::vector<ContentRange> DebugInfo::contents(std::uint64_t address, std::uint64_t size) const {
  return impl_->symbols.contents(address, size);
}
Bytes DebugInfo::bytes(std::uint64_t address, std::size_t size) const {
  return locked(*impl_, [&](Impl& impl) { return impl.file.bytes(address, size); });
}

Location DebugInfo::locate(std::uint64_t address) const {
  return locked(*impl_, [&](Impl& impl) { return impl.locate(address); });
}
std::optional<LineRange> DebugInfo::line_range(std::uint64_t address) const {
  return locked(*impl_, [&](Impl& impl) { return impl.line_range(address); });
}
LineMatch DebugInfo::find_line(std::string_view file, std::uint32_t line) const {
  return locked(*impl_, [&](Impl& impl) { return impl.find_line(file, line); });
}
std::vector<std::string> DebugInfo::source_files() const {
  return locked(*impl_, [](Impl& impl) { return impl.source_files(); });
}
std::vector<LineAddress> DebugInfo::find_function(std::string_view name) const {
  return locked(*impl_, [&](Impl& impl) { return impl.find_function(name); });
}
std::optional<Function> DebugInfo::function_at(std::uint64_t address) const {
  return locked(*impl_, [&](Impl& impl) { return impl.function_at(address); });
}

std::string DebugInfo::describe(std::uint64_t address) const {
  const Location location = locate(address);
  std::string text;
  if (!location.frames.empty()) {
    const SourceFrame& frame = location.frames.front();
    const std::string& file = frame.position.file;
    text = fmt::format("{}:{}", file.substr(file.rfind('/') + 1), frame.position.line);
    if (!frame.function.empty()) text += fmt::format(" in {}", frame.function);
  } else if (location.symbol) {
    text = location.symbol->symbol.demangled;
    if (location.symbol->offset) text += fmt::format("+{:#x}", location.symbol->offset);
  }
  return text;
}

}  // namespace virserver::image
