#include "session/debug/symbols.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace virserver::session {
namespace json = boost::json;

std::shared_ptr<const Symbols> Symbols::read(const std::vector<ProgramFile>& files) {
  std::vector<Program> programs;
  std::vector<std::string> notes;
  for (const ProgramFile& file : files) {
    auto info = image::DebugInfo::open(file.path);
    if (!info) {
      if (info.error().code != ErrorCode::IMAGE_UNSUPPORTED) notes.push_back(fmt::format("{}: {}", file.name, info.error().message));
      continue;
    }
    for (const std::string& note : (*info)->notes()) notes.push_back(fmt::format("{}: {}", file.name, note));
    programs.push_back({file.id, file.name, std::move(*info)});
  }
  return std::make_shared<const Symbols>(std::move(programs), std::move(notes));
}

Symbols::Symbols(std::vector<Program> programs, std::vector<std::string> notes)
    : programs_(std::move(programs)), notes_(std::move(notes)) {}

// A symbol's size is not always known, so that the nearest symbol below may belong to another program: the one whose
// symbol is closest has the address.
const Symbols::Program* Symbols::program_at(std::uint64_t address) const {
  const Program* best = nullptr;
  std::uint64_t distance = ~std::uint64_t{0};
  for (const Program& program : programs_) {
    const auto found = program.info->symbol_at(address);
    if (!found || found->offset >= distance) continue;
    best = &program;
    distance = found->offset;
  }
  if (best) return best;
  for (const Program& program : programs_)  // stripped, with lines alone
    if (program.info->line_range(address)) return &program;
  return nullptr;
}

CodeLocation Symbols::locate(std::uint64_t address) const {
  CodeLocation result;
  result.address = address;
  const Program* program = program_at(address);
  if (!program) return result;
  const image::Location found = program->info->locate(address);
  if (found.symbol) {
    result.symbol = found.symbol->symbol.demangled;
    result.offset = found.symbol->offset;
  }
  if (!found.frames.empty()) {
    const image::SourceFrame& innermost = found.frames.front();
    result.function = innermost.function;
    result.file = innermost.position.file;
    result.line = innermost.position.line;
    result.column = innermost.position.column;
  }
  return result;
}

std::vector<CodeLocation> Symbols::locate(const std::vector<std::uint64_t>& addresses) const {
  std::vector<CodeLocation> result;
  result.reserve(addresses.size());
  for (const auto address : addresses) result.push_back(locate(address));
  return result;
}

bool Symbols::is_thumb(std::uint64_t address) const {
  const Program* program = program_at(address);
  if (!program) return false;
  const auto ranges = program->info->contents(address, 2);
  return !ranges.empty() && ranges.front().content == image::Content::thumb;
}

Error Symbols::not_found(const std::string& name) const {
  if (programs_.empty())
    return {ErrorCode::LOCATION_NOT_FOUND, fmt::format("'{}' cannot be looked up: no program with symbols is loaded; upload an ELF file, or give an address", name)};
  std::vector<std::string> names;
  image::SymbolQuery query;
  query.text = name.substr(0, std::max<std::size_t>(1, name.size() / 2));
  for (const Program& program : programs_)
    for (const image::Symbol& symbol : program.info->search(query).symbols) names.push_back(symbol.demangled);
  const auto near = nearest(name, names);
  Error error{ErrorCode::LOCATION_NOT_FOUND, fmt::format("the loaded programs have no symbol '{}'{}", name,
                                                         near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, ", ")))};
  json::array list;
  for (const auto& each : near) list.emplace_back(each);
  error.details["near"] = std::move(list);
  return error;
}

Result<Symbols::Place> Symbols::code_of_symbol(const SymbolLocation& wanted) const {
  Place place;
  for (const Program& program : programs_) {
    if (wanted.offset == 0)
      for (const auto& found : program.info->find_function(wanted.name)) place.addresses.push_back(found.address);
    if (!place.addresses.empty()) break;
    for (const auto& symbol : program.info->symbols_named(wanted.name))
      place.addresses.push_back(symbol.address + static_cast<std::uint64_t>(wanted.offset));
    if (!place.addresses.empty()) break;
  }
  if (place.addresses.empty()) return fail(not_found(wanted.name));
  return place;
}

Result<Symbols::Place> Symbols::code_of_line(const LineLocation& wanted) const {
  Place place;
  std::vector<std::string> files;
  for (const Program& program : programs_) {
    const auto match = program.info->find_line(wanted.file, wanted.line);
    files.insert(files.end(), match.files.begin(), match.files.end());
    if (match.addresses.empty()) continue;
    for (const auto& found : match.addresses) place.addresses.push_back(found.address);
    if (match.line != wanted.line) place.note = fmt::format("line {} has no code; this is line {}", wanted.line, match.line);
    break;
  }
  if (!place.addresses.empty()) return place;
  if (!files.empty()) return fail(ErrorCode::LOCATION_NOT_FOUND, "{} has no code at line {} or after it", files.front(), wanted.line);
  std::vector<std::string> known;
  for (const Program& program : programs_)
    for (auto& file : program.info->source_files()) known.push_back(std::move(file));
  if (known.empty())
    return fail(ErrorCode::LOCATION_NOT_FOUND, "source lines cannot be looked up: no program with line information is loaded; build with -g, or give a symbol");
  std::vector<std::string> names;
  for (const auto& file : known) names.push_back(file.substr(file.find_last_of('/') + 1));
  const auto near = nearest(wanted.file, names);
  Error error{ErrorCode::LOCATION_NOT_FOUND, fmt::format("the loaded programs have no source file '{}'{}", wanted.file,
                                                         near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, ", ")))};
  json::array list;
  for (const auto& each : near) list.emplace_back(each);
  error.details["near"] = std::move(list);
  return fail(std::move(error));
}

Result<Symbols::Place> Symbols::find_code(const Location& location) const {
  Result<Place> place;
  if (const auto* address = std::get_if<AddressLocation>(&location)) place = Place{{address->address}, 0, false, {}};
  else if (const auto* symbol = std::get_if<SymbolLocation>(&location)) place = code_of_symbol(*symbol);
  else place = code_of_line(std::get<LineLocation>(location));
  if (!place) return place;
  std::ranges::sort(place->addresses);
  const auto repeated = std::ranges::unique(place->addresses);
  place->addresses.erase(repeated.begin(), repeated.end());
  place->thumb = is_thumb(place->addresses.front());
  return place;
}

Result<Symbols::Place> Symbols::find_data(const Location& location) const {
  if (const auto* address = std::get_if<AddressLocation>(&location)) return Place{{address->address}, 0, false, {}};
  const auto* wanted = std::get_if<SymbolLocation>(&location);
  if (!wanted) return fail(ErrorCode::INVALID_REQUEST, "a source line is no place of data; give an address or a symbol");
  for (const Program& program : programs_) {
    const auto symbols = program.info->symbols_named(wanted->name);
    if (symbols.empty()) continue;
    const bool same = std::ranges::all_of(symbols, [&](const auto& each) { return each.address == symbols.front().address; });
    if (!same && !symbols.front().global)
      return fail(ErrorCode::INVALID_REQUEST, "there are {} symbols '{}', none of them global; give the address (debug/symbols lists them)", symbols.size(), wanted->name);
    const auto& symbol = symbols.front();
    const auto offset = static_cast<std::uint64_t>(wanted->offset);
    const std::uint64_t left = offset < symbol.size ? symbol.size - offset : 0;
    return Place{{symbol.address + offset}, left, symbol.thumb, {}};
  }
  return fail(not_found(wanted->name));
}

Symbols::Match Symbols::describe(const Program& program, image::Symbol symbol) const {
  Match match;
  match.program_id = program.id;
  if (symbol.kind == image::SymbolKind::function)
    if (const auto function = program.info->function_at(symbol.address); function && function->declared) {
      match.file = function->declared->file;
      match.line = function->declared->line;
    }
  match.symbol = std::move(symbol);
  return match;
}

Symbols::Matches Symbols::search(const image::SymbolQuery& query) const {
  Matches result;
  std::size_t skip = query.offset;
  for (const Program& program : programs_) {
    image::SymbolQuery part = query;
    part.offset = skip;
    part.limit = query.limit - result.items.size();
    auto found = program.info->search(part);
    skip -= std::min(skip, found.total);
    result.total += found.total;
    for (auto& symbol : found.symbols) result.items.push_back(describe(program, std::move(symbol)));
  }
  return result;
}

std::vector<Symbols::Match> Symbols::at(std::uint64_t address) const {
  const Program* program = program_at(address);
  auto found = program ? program->info->symbol_at(address) : std::nullopt;
  if (!found) return {};
  const auto offset = found->offset;
  std::vector<Match> result{describe(*program, std::move(found->symbol))};
  result.front().offset = offset;
  return result;
}

}  // namespace virserver::session
