#include "image/cfi.hpp"

#include <dwarf.h>

#include <algorithm>

#include "image/byte_reader.hpp"

namespace virserver::image {
namespace {

constexpr std::uint64_t max_section = 256u << 20;
constexpr std::size_t max_entries = 4'000'000;
constexpr std::size_t max_states = 64;         // remembered at a time
constexpr std::size_t max_remembered = 2'000;  // in all
constexpr unsigned max_register = 1024;
constexpr std::size_t max_instructions = 100'000;
constexpr unsigned aarch64_negate_ra_state = 0x2d;  // the same number as SPARC's window_save

// A pointer of .eh_frame; `address` is where it stands. Nothing for encodings that need a running program.
std::optional<std::uint64_t> read_pointer(ByteReader& reader, std::uint8_t encoding, bool is_64, std::uint64_t address) {
  if (encoding == DW_EH_PE_omit) return std::nullopt;
  std::uint64_t value = 0;
  switch (encoding & 0x0f) {
    case DW_EH_PE_absptr: value = reader.unsigned_of(is_64 ? 8 : 4); break;
    case DW_EH_PE_uleb128: value = reader.uleb128(); break;
    case DW_EH_PE_sleb128: value = static_cast<std::uint64_t>(reader.sleb128()); break;
    case DW_EH_PE_udata2: value = reader.u16(); break;
    case DW_EH_PE_udata4: value = reader.u32(); break;
    case DW_EH_PE_udata8: case DW_EH_PE_sdata8: value = reader.u64(); break;
    case DW_EH_PE_sdata2: value = static_cast<std::uint64_t>(static_cast<std::int16_t>(reader.u16())); break;
    case DW_EH_PE_sdata4: value = static_cast<std::uint64_t>(static_cast<std::int32_t>(reader.u32())); break;
    default: return std::nullopt;
  }
  if ((encoding & 0x70) == DW_EH_PE_pcrel) value += address;
  else if ((encoding & 0x70) != 0) return std::nullopt;
  if (reader.failed() || (encoding & DW_EH_PE_indirect)) return std::nullopt;
  return is_64 ? value : value & 0xffffffff;
}

}  // namespace

CfiTable::CfiTable(const ElfFile& file, const SymbolTable& symbols) : file_(file) {
  for (const std::string_view name : {".debug_frame", ".zdebug_frame", ".eh_frame"})
    if (const auto* const section = file.section(name)) read(*section, file.content(*section, max_section), name == ".eh_frame");
  std::erase_if(fdes_, [&](const Fde& fde) { return !kept(fde, symbols); });
  std::ranges::sort(fdes_, {}, [](const Fde& fde) { return std::tuple(fde.begin, fde.end, fde.cie); });
}

bool CfiTable::kept(const Fde& fde, const SymbolTable& symbols) const {
  const auto* const section = file_.executable(fde.begin);
  if (!section || fde.end > section->end()) return false;
  if (fde.begin != 0 || symbols.empty()) return true;
  const auto symbol = symbols.at(0);
  return symbol && symbol->offset == 0 && symbol->symbol.size == fde.end;
}

void CfiTable::read(const ElfFile::Section& section, std::span<const std::byte> content, bool eh_frame) {
  std::map<std::uint64_t, std::size_t> cies;  // by offset
  ByteReader reader(content, file_.big_endian());
  const std::size_t address_size = file_.is_64() ? 8 : 4;
  const auto entry_at = [&](ByteReader& from, std::size_t& id_size) {
    std::uint64_t length = from.u32();
    id_size = 4;
    if (length == 0xffffffff) {
      length = from.u64();
      id_size = eh_frame ? 4 : 8;
    }
    return from.sub(length);
  };
  const auto find_cie = [&](std::uint64_t offset) -> std::optional<std::size_t> {
    if (const auto known = cies.find(offset); known != cies.end()) return known->second;
    if (offset >= content.size()) return std::nullopt;
    ByteReader at(content.subspan(static_cast<std::size_t>(offset)), file_.big_endian());
    std::size_t id_size = 4;
    ByteReader entry = entry_at(at, id_size);
    const std::uint64_t id = entry.unsigned_of(id_size);
    if (at.failed() || entry.failed() || id != (eh_frame ? 0 : id_size == 8 ? ~0ull : 0xffffffff)) return std::nullopt;
    const std::uint64_t where = section.header.sh_addr + static_cast<std::uint64_t>(entry.rest().data() - content.data());
    auto cie = read_cie(entry.rest(), eh_frame, where);
    if (!cie) return std::nullopt;
    cies_.push_back(*cie);
    return cies[offset] = cies_.size() - 1;
  };
  while (!reader.done() && fdes_.size() < max_entries) {
    std::size_t id_size = 4;
    ByteReader entry = entry_at(reader, id_size);
    if (entry.done()) {
      if (reader.failed()) break;
      continue;  // the terminator of one object's part
    }
    const std::uint64_t id_at = static_cast<std::uint64_t>(entry.rest().data() - content.data());
    const std::uint64_t id = entry.unsigned_of(id_size);
    if (id == (eh_frame ? 0 : id_size == 8 ? ~0ull : 0xffffffff)) continue;
    const auto cie = find_cie(eh_frame ? id_at - id : id);
    if (!cie) continue;
    const std::uint64_t pointer_at = section.header.sh_addr + static_cast<std::uint64_t>(entry.rest().data() - content.data());
    const std::uint8_t encoding = eh_frame ? cies_[*cie].pointer_encoding : static_cast<std::uint8_t>(DW_EH_PE_absptr);
    const auto begin = read_pointer(entry, encoding, file_.is_64(), pointer_at);
    const auto size = read_pointer(entry, encoding & 0x0f, address_size == 8, 0);
    if (!begin || !size || *size == 0 || *size > ~*begin) continue;
    if (cies_[*cie].has_length) entry.take(entry.uleb128());
    if (!entry.failed()) fdes_.push_back({*begin, *begin + *size, *cie, entry.rest()});
  }
}

std::optional<CfiTable::Cie> CfiTable::read_cie(std::span<const std::byte> content, bool eh_frame, std::uint64_t address) const {
  ByteReader entry(content, file_.big_endian());
  Cie cie;
  const unsigned version = entry.u8();
  if (version != 1 && version != 3 && version != 4) return std::nullopt;
  std::string_view augmentation = entry.string();
  if (augmentation == "eh") return std::nullopt;  // GCC 2
  if (version == 4 && !eh_frame) entry.take(2);   // sizes of addresses and segment selectors
  cie.code_factor = entry.uleb128();
  cie.data_factor = entry.sleb128();
  cie.return_register = version == 1 ? entry.u8() : static_cast<unsigned>(entry.uleb128());
  if (augmentation.starts_with('z')) {
    cie.has_length = true;
    const std::uint64_t length = entry.uleb128();
    address += entry.position();
    ByteReader data = entry.sub(length);
    for (const char c : augmentation.substr(1)) {
      if (c == 'R') cie.pointer_encoding = data.u8();
      else if (c == 'L') data.u8();
      else if (c == 'S') cie.signal_frame = true;
      else if (c == 'P') {
        const std::uint8_t encoding = data.u8();
        read_pointer(data, encoding & 0x7f, file_.is_64(), address);
      } else if (c != 'B' && c != 'G') {
        break;  // unknown ones are skipped by the length
      }
    }
  } else if (!augmentation.empty() && augmentation != "armcc+") {
    return std::nullopt;
  }
  if (entry.failed()) return std::nullopt;
  cie.program = entry.rest();
  return cie;
}

// Executes instructions up to the one that leaves `address` behind.
class CfiTable::Machine {
 public:
  Machine(const CfiTable& table, const Cie& cie) : table_(table), cie_(cie) {
    row_.return_register = cie.return_register;
    row_.signal_frame = cie.signal_frame;
  }

  bool run(std::span<const std::byte> program, std::uint64_t begin, std::uint64_t address) {
    ByteReader reader(program, table_.file_.big_endian());
    location_ = begin;
    for (std::size_t i = 0; !reader.done(); ++i) {
      if (i == max_instructions || !step(reader)) return false;
      if (location_ > address) return true;
    }
    return true;
  }
  void keep_initial() { initial_ = row_; }
  CfiRow take() { return std::move(row_); }

 private:
  using Kind = CfiRule::Kind;

  bool set(std::uint64_t number, CfiRule rule) {
    if (number >= max_register) return false;
    row_.registers[static_cast<unsigned>(number)] = rule;
    return true;
  }
  bool set_offset(Kind kind, std::uint64_t number, std::int64_t factored) {
    return set(number, {.kind = kind, .offset = multiplied(factored)});
  }
  bool restore(std::uint64_t number) {
    if (number >= max_register) return false;
    const auto found = initial_.registers.find(static_cast<unsigned>(number));
    if (found == initial_.registers.end()) row_.registers.erase(static_cast<unsigned>(number));
    else row_.registers[static_cast<unsigned>(number)] = found->second;
    return true;
  }
  void advance(std::uint64_t delta) { location_ += delta * cie_.code_factor; }
  bool define_cfa(std::uint64_t number, std::int64_t offset) {
    row_.cfa = {.kind = Kind::in_register, .offset = offset, .number = static_cast<unsigned>(number)};
    return number < max_register;
  }
  std::span<const std::byte> block(ByteReader& reader) { return reader.take(reader.uleb128()); }
  std::int64_t multiplied(std::int64_t value) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) * static_cast<std::uint64_t>(cie_.data_factor));
  }

  bool step(ByteReader& reader) {
    const unsigned opcode = reader.u8(), low = opcode & 0x3f;
    switch (opcode & 0xc0) {
      case DW_CFA_advance_loc: advance(low); return true;
      case DW_CFA_offset: return set_offset(Kind::offset, low, static_cast<std::int64_t>(reader.uleb128())) && !reader.failed();
      case DW_CFA_restore: return restore(low);
      default: return extended(opcode, reader) && !reader.failed();
    }
  }

  bool extended(unsigned opcode, ByteReader& reader) {
    std::uint64_t number;
    switch (opcode) {
      case DW_CFA_nop: return true;
      case DW_CFA_set_loc: location_ = reader.unsigned_of(table_.file_.is_64() ? 8 : 4); return true;
      case DW_CFA_advance_loc1: advance(reader.u8()); return true;
      case DW_CFA_advance_loc2: advance(reader.u16()); return true;
      case DW_CFA_advance_loc4: advance(reader.u32()); return true;
      case DW_CFA_offset_extended:
        number = reader.uleb128();
        return set_offset(Kind::offset, number, static_cast<std::int64_t>(reader.uleb128()));
      case DW_CFA_offset_extended_sf: number = reader.uleb128(); return set_offset(Kind::offset, number, reader.sleb128());
      case DW_CFA_GNU_negative_offset_extended:
        number = reader.uleb128();
        return set_offset(Kind::offset, number, -static_cast<std::int64_t>(reader.uleb128() & 0x7fffffff));
      case DW_CFA_val_offset:
        number = reader.uleb128();
        return set_offset(Kind::value_offset, number, static_cast<std::int64_t>(reader.uleb128()));
      case DW_CFA_val_offset_sf: number = reader.uleb128(); return set_offset(Kind::value_offset, number, reader.sleb128());
      case DW_CFA_restore_extended: return restore(reader.uleb128());
      case DW_CFA_undefined: return set(reader.uleb128(), {.kind = Kind::undefined});
      case DW_CFA_same_value: return set(reader.uleb128(), {.kind = Kind::same_value});
      case DW_CFA_register:
        number = reader.uleb128();
        return set(number, {.kind = Kind::in_register, .number = static_cast<unsigned>(reader.uleb128())});
      case DW_CFA_expression:
        number = reader.uleb128();
        return set(number, {.kind = Kind::expression, .expression = block(reader)});
      case DW_CFA_val_expression:
        number = reader.uleb128();
        return set(number, {.kind = Kind::value_expression, .expression = block(reader)});
      case DW_CFA_remember_state:
        if (states_.size() == max_states || ++remembered_ == max_remembered) return false;
        states_.push_back(row_);
        return true;
      case DW_CFA_restore_state:
        if (states_.empty()) return false;
        row_ = std::move(states_.back());
        states_.pop_back();
        return true;
      case DW_CFA_def_cfa: number = reader.uleb128(); return define_cfa(number, static_cast<std::int64_t>(reader.uleb128()));
      case DW_CFA_def_cfa_sf: number = reader.uleb128(); return define_cfa(number, multiplied(reader.sleb128()));
      case DW_CFA_def_cfa_register: return define_cfa(reader.uleb128(), row_.cfa.offset);
      case DW_CFA_def_cfa_offset: row_.cfa.offset = static_cast<std::int64_t>(reader.uleb128()); return true;
      case DW_CFA_def_cfa_offset_sf: row_.cfa.offset = multiplied(reader.sleb128()); return true;
      case DW_CFA_def_cfa_expression: row_.cfa = {.kind = Kind::value_expression, .expression = block(reader)}; return true;
      case DW_CFA_GNU_args_size: reader.uleb128(); return true;
      case aarch64_negate_ra_state:
        // On AArch64 the return address is signed from here on; it is stripped in any case.
        if (table_.file_.architecture() == Architecture::sparc) row_.window_saved = true;
        return true;
      default: return false;
    }
  }

  const CfiTable& table_;
  const Cie& cie_;
  CfiRow row_, initial_;
  std::vector<CfiRow> states_;
  std::uint64_t location_ = 0;
  std::size_t remembered_ = 0;
};

std::optional<CfiRow> CfiTable::row(std::uint64_t address) const {
  auto next = std::ranges::upper_bound(fdes_, address, {}, &Fde::begin);
  if (next == fdes_.begin() || address >= (--next)->end) return std::nullopt;
  const Cie& cie = cies_[next->cie];
  Machine machine(*this, cie);
  if (!machine.run(cie.program, next->begin, ~0ull)) return std::nullopt;
  machine.keep_initial();
  if (!machine.run(next->program, next->begin, address)) return std::nullopt;
  return machine.take();
}

}  // namespace virserver::image
