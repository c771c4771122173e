#include "api/board_program.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "api/multipart.hpp"
#include "base/blocking.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

constexpr std::size_t max_text = 4u << 20;  // of a board

Task<Result<Bytes>> read_file(Multipart& multipart, std::uint64_t max) {
  Bytes content;
  for (;;) {
    auto piece = co_await multipart.read();
    if (!piece) co_return pass(piece);
    if (piece->empty()) co_return content;
    if (piece->size() > max - content.size())
      co_return fail(ErrorCode::PAYLOAD_TOO_LARGE, "the program is larger than the {} MiB that this server takes", max >> 20);
    content.insert(content.end(), piece->begin(), piece->end());
  }
}

Result<void> apply(std::string_view name, const std::string& text, image::Options& options) {
  if (name == "type") {
    options.format = image::parse_format(text);
    if (!options.format) return fail(ErrorCode::INVALID_REQUEST, "the form field 'type' is elf, hex or bin, not '{}'", text);
  } else {
    options.load_address = parse_u64(text);
    if (!options.load_address) return fail(ErrorCode::INVALID_REQUEST, "load_address '{}' is not a number; write 0x08000000 or decimal", text);
  }
  return {};
}

}  // namespace

Task<Result<BoardForm>> read_board_form(http::Request& request, std::vector<std::string_view> known, std::uint64_t max_image_bytes) {
  auto boundary = multipart_boundary(request.content_type);
  if (!boundary) co_return pass(boundary);
  Multipart multipart(*request.stream, std::move(*boundary));
  BoardForm form;
  image::Options options;
  for (;;) {
    auto part = co_await multipart.next();
    if (!part) co_return pass(part);
    if (!*part) break;
    const std::string name = (*part)->name;
    if (name == "program") {
      if (form.program) co_return fail(ErrorCode::INVALID_REQUEST, "there are two parts 'program'; send one");
      form.program.emplace();
      const std::string file = std::filesystem::path((*part)->filename).filename().string();
      if (!file.empty() && file.size() <= 256 && is_utf8(file)) form.program->name = file;
      auto content = co_await read_file(multipart, max_image_bytes);
      if (!content) co_return pass(content);
      form.program->content = std::move(*content);
      continue;
    }
    const bool of_program = name == "type" || name == "load_address";
    if (!of_program && std::ranges::find(known, name) == known.end())
      co_return fail(ErrorCode::INVALID_REQUEST, "unknown form field '{}'; use program, type, load_address{}{}", name, known.empty() ? "" : ", ", fmt::join(known, ", "));
    auto text = co_await multipart.text(max_text);
    if (!text) co_return pass(text);
    if (!is_utf8(*text)) co_return fail(ErrorCode::INVALID_REQUEST, "the form field '{}' is not UTF-8", name);
    if (of_program) {
      if (auto applied = apply(name, *text, options); !applied) co_return pass(applied);
    } else {
      form.fields[name] = *text;
    }
  }
  options.max_bytes = max_image_bytes;
  if (form.program) form.program->options = options;
  co_return form;
}

Task<Result<image::Image>> parse_program(asio::thread_pool& pool, const BoardProgram& program, std::optional<std::uint64_t> fallback) {
  auto parse = [&program, fallback]() -> Result<image::Image> {
    image::Options options = program.options;
    auto image = image::parse(program.content, options);
    if (image || image.error().code != ErrorCode::IMAGE_ADDRESS_REQUIRED || !fallback) return image;
    options.load_address = fallback;
    return image::parse(program.content, options);
  };
  co_return co_await blocking(pool, parse);
}

json::object program_summary(const BoardProgram& program, const image::Image& image) {
  const auto& data = image.metadata;
  json::object object{{"name", program.name}, {"type", to_string(data.format)}, {"size", data.file_size}, {"architecture", nullptr},
                      {"arm_profile", nullptr}, {"entry_point", nullptr}, {"regions", json::array()}};
  if (data.architecture) object["architecture"] = to_string(*data.architecture);
  if (data.arm_profile) object["arm_profile"] = std::string(1, *data.arm_profile);
  if (data.entry) object["entry_point"] = hex_address(*data.entry);
  auto& regions = object["regions"].as_array();
  for (const auto& region : image.regions) regions.push_back({{"address", hex_address(region.address)}, {"size", region.bytes.size()}});
  return object;
}

}  // namespace virserver::api
