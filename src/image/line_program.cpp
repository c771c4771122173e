#include "image/line_program.hpp"

#include <dwarf.h>
#include <fmt/format.h>

#include <algorithm>

#include "image/byte_reader.hpp"

namespace virserver::image {
namespace {

constexpr std::size_t max_files = 1 << 20;
constexpr std::size_t max_path = 4096;

class Decoder {
 public:
  Decoder(const LineSections& sections, std::size_t& budget) : sections_(sections), budget_(budget) {}

  LineProgram run(std::uint64_t offset) {
    if (offset > sections_.line.size()) return {};
    ByteReader reader(sections_.line.subspan(static_cast<std::size_t>(offset)), sections_.big_endian);
    std::uint64_t length = reader.u32();
    if (length == 0xffffffff) {
      offset_size_ = 8;
      length = reader.u64();
    }
    ByteReader unit = reader.sub(std::min<std::uint64_t>(length, reader.left()));
    if (read_header(unit)) execute(unit);
    std::ranges::sort(program_.sequences, {}, [](const LineSequence& s) { return std::pair(s.begin, s.first); });
    return std::move(program_);
  }

 private:
  bool read_header(ByteReader& unit) {
    version_ = unit.u16();
    if (version_ < 2 || version_ > 5) return false;
    if (version_ >= 5) unit.take(2);  // sizes of addresses and segment selectors
    const std::uint64_t header_length = unit.unsigned_of(offset_size_);
    ByteReader header = unit.sub(header_length);
    if (unit.failed()) return false;
    min_length_ = header.u8();
    max_ops_ = version_ >= 4 ? std::max<unsigned>(header.u8(), 1) : 1;
    default_statement_ = header.u8() != 0;
    line_base_ = static_cast<std::int8_t>(header.u8());
    line_range_ = header.u8();
    opcode_base_ = header.u8();
    if (header.failed() || line_range_ == 0 || opcode_base_ == 0) return false;
    for (unsigned i = 1; i < opcode_base_; ++i) argument_counts_[i] = header.u8();
    if (version_ >= 5) read_tables_5(header);
    else read_tables_2(header);
    return true;
  }

  void read_tables_2(ByteReader& header) {
    program_.directories.emplace_back();  // 0 is the working directory
    program_.files.emplace_back();        // files count from 1
    for (std::string_view name; !(name = header.string()).empty() && program_.directories.size() < max_files;)
      program_.directories.push_back(name);
    for (std::string_view name; !(name = header.string()).empty() && program_.files.size() < max_files;) add_file(name, header);
  }

  void add_file(std::string_view name, ByteReader& reader) {
    const auto directory = static_cast<std::uint32_t>(reader.uleb128());
    reader.uleb128();  // time of modification
    reader.uleb128();  // length
    program_.files.push_back({name, directory});
  }

  void read_tables_5(ByteReader& header) {
    read_entries(header, [&](const LineProgram::File& entry) { program_.directories.push_back(entry.name); });
    read_entries(header, [&](const LineProgram::File& entry) { program_.files.push_back(entry); });
  }

  template <class Add>
  void read_entries(ByteReader& header, Add add) {
    struct Field {
      std::uint64_t type, form;
    };
    std::vector<Field> fields(header.u8());
    for (Field& field : fields) field = {header.uleb128(), header.uleb128()};
    const std::uint64_t count = header.uleb128();
    if (fields.empty()) return;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, max_files) && !header.failed(); ++i) {
      LineProgram::File entry;
      for (const Field& field : fields) {
        if (field.type == DW_LNCT_path) entry.name = read_string(header, field.form);
        else if (field.type == DW_LNCT_directory_index)
          entry.directory = static_cast<std::uint32_t>(read_number(header, field.form));
        else skip(header, field.form);
      }
      if (!header.failed()) add(entry);
    }
  }

  std::string_view read_string(ByteReader& reader, std::uint64_t form) {
    if (form == DW_FORM_string) return reader.string();
    if (form != DW_FORM_line_strp && form != DW_FORM_strp) {
      skip(reader, form);
      return {};
    }
    const auto table = form == DW_FORM_line_strp ? sections_.line_strings : sections_.strings;
    const std::uint64_t offset = reader.unsigned_of(offset_size_);
    if (offset >= table.size()) return {};
    const auto rest = table.subspan(static_cast<std::size_t>(offset));
    return ByteReader(rest.first(std::min(rest.size(), max_path + 1)), false).string();
  }

  std::uint64_t read_number(ByteReader& reader, std::uint64_t form) {
    switch (form) {
      case DW_FORM_udata: return reader.uleb128();
      case DW_FORM_data1: return reader.u8();
      case DW_FORM_data2: return reader.u16();
      case DW_FORM_data4: return reader.u32();
      case DW_FORM_data8: return reader.u64();
      default: skip(reader, form); return 0;
    }
  }

  void skip(ByteReader& reader, std::uint64_t form) {
    switch (form) {
      case DW_FORM_string: reader.string(); break;
      case DW_FORM_line_strp: case DW_FORM_strp: case DW_FORM_sec_offset: reader.take(offset_size_); break;
      case DW_FORM_udata: case DW_FORM_sdata: case DW_FORM_strx: reader.uleb128(); break;
      case DW_FORM_data1: case DW_FORM_flag: case DW_FORM_strx1: reader.take(1); break;
      case DW_FORM_data2: case DW_FORM_strx2: reader.take(2); break;
      case DW_FORM_data4: case DW_FORM_strx4: reader.take(4); break;
      case DW_FORM_data8: reader.take(8); break;
      case DW_FORM_data16: reader.take(16); break;
      case DW_FORM_block: reader.take(reader.uleb128()); break;
      case DW_FORM_block1: reader.take(reader.u8()); break;
      case DW_FORM_block2: reader.take(reader.u16()); break;
      case DW_FORM_block4: reader.take(reader.u32()); break;
      default: reader.fail();
    }
  }

  struct State {
    std::uint64_t address = 0;
    unsigned op_index = 0;
    std::uint32_t file = 1, line = 1, column = 0;
    bool statement = false, prologue_end = false;
  };

  void execute(ByteReader& unit) {
    begin_sequence();
    while (!unit.done()) {
      const unsigned opcode = unit.u8();
      if (opcode >= opcode_base_) {
        advance((opcode - opcode_base_) / line_range_);
        state_.line += static_cast<std::uint32_t>(line_base_ + static_cast<int>((opcode - opcode_base_) % line_range_));
        if (!emit()) return;
      } else if (opcode == 0) {
        if (!extended(unit)) return;
      } else if (!standard(opcode, unit)) {
        return;
      }
    }
  }

  bool standard(unsigned opcode, ByteReader& unit) {
    switch (opcode) {
      case DW_LNS_copy: return emit();
      case DW_LNS_advance_pc: advance(unit.uleb128()); break;
      case DW_LNS_advance_line: state_.line += static_cast<std::uint32_t>(unit.sleb128()); break;
      case DW_LNS_set_file: state_.file = static_cast<std::uint32_t>(unit.uleb128()); break;
      case DW_LNS_set_column: state_.column = static_cast<std::uint32_t>(unit.uleb128()); break;
      case DW_LNS_negate_stmt: state_.statement = !state_.statement; break;
      case DW_LNS_const_add_pc: advance((255 - opcode_base_) / line_range_); break;
      case DW_LNS_fixed_advance_pc:
        state_.address += unit.u16();
        state_.op_index = 0;
        break;
      case DW_LNS_set_prologue_end: state_.prologue_end = true; break;
      case DW_LNS_set_basic_block: case DW_LNS_set_epilogue_begin: break;
      default:
        for (unsigned i = 0; i < argument_counts_[opcode]; ++i) unit.uleb128();
    }
    return true;
  }

  bool extended(ByteReader& unit) {
    const std::uint64_t length = unit.uleb128();
    ByteReader body = unit.sub(length);
    if (unit.failed() || length == 0) return !unit.failed();
    switch (body.u8()) {
      case DW_LNE_end_sequence: end_sequence(); begin_sequence(); break;
      case DW_LNE_set_address:
        state_.address = body.unsigned_of(std::min<std::size_t>(body.left(), 8));
        state_.op_index = 0;
        break;
      case DW_LNE_define_file:
        if (program_.files.size() < max_files) add_file(body.string(), body);
        break;
      default: break;
    }
    return true;
  }

  void advance(std::uint64_t operations) {
    const std::uint64_t total = state_.op_index + operations;
    state_.address += min_length_ * (total / max_ops_);
    state_.op_index = static_cast<unsigned>(total % max_ops_);
    if (!sections_.is_64) state_.address &= 0xffffffff;
  }

  bool emit() {
    if (budget_ == 0) return false;
    --budget_;
    program_.rows.push_back({.address = state_.address, .line = state_.line, .file = state_.file & 0x1fffffff,
                             .statement = state_.statement, .prologue_end = state_.prologue_end, .column = state_.column});
    state_.prologue_end = false;
    return true;
  }

  void begin_sequence() {
    first_ = program_.rows.size();
    state_ = {.statement = default_statement_};
  }

  void end_sequence() {
    const auto rows = std::span(program_.rows).subspan(first_);
    if (rows.empty()) return;
    if (!std::ranges::is_sorted(rows, {}, &LineRow::address)) std::ranges::sort(rows, {}, &LineRow::address);  // damaged
    if (rows.back().address > state_.address || rows.front().address == state_.address) {
      program_.rows.resize(first_);
      return;
    }
    program_.sequences.push_back({.begin = rows.front().address, .end = state_.address,
                                  .first = static_cast<std::uint32_t>(first_),
                                  .count = static_cast<std::uint32_t>(rows.size())});
  }

  const LineSections& sections_;
  std::size_t& budget_;
  LineProgram program_;
  std::size_t offset_size_ = 4, first_ = 0;
  unsigned version_ = 0, min_length_ = 1, max_ops_ = 1, line_range_ = 1, opcode_base_ = 1;
  int line_base_ = 0;
  bool default_statement_ = false;
  std::uint8_t argument_counts_[256] = {};
  State state_;
};

std::string join(std::string_view directory, std::string_view name) {
  if (directory.empty() || name.starts_with('/')) return std::string(name);
  return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
}

}  // namespace

std::string LineProgram::path(std::size_t file, std::string_view working_directory) const {
  if (file >= files.size()) return {};
  const File& entry = files[file];
  if (entry.name.size() > max_path) return std::string(entry.name.substr(0, max_path));
  std::string_view directory = entry.directory < directories.size() ? directories[entry.directory] : std::string_view();
  std::string_view base = entry.directory != 0 && !directory.empty() && !directory.starts_with('/') ? working_directory : "";
  if (directory.empty()) directory = working_directory;
  if (base.size() + directory.size() + entry.name.size() > max_path) return std::string(entry.name);
  return join(join(base, directory), entry.name);
}

const LineSequence* LineProgram::sequence(std::uint64_t address) const {
  auto next = std::ranges::upper_bound(sequences, address, {}, &LineSequence::begin);
  if (next == sequences.begin() || address >= (--next)->end) return nullptr;
  return &*next;
}

LineProgram decode_lines(const LineSections& sections, std::uint64_t offset, std::size_t& budget) {
  return Decoder(sections, budget).run(offset);
}

}  // namespace virserver::image
