// virctl mem read|write
#include <unistd.h>

#include <boost/json/serialize.hpp>

#include <fstream>
#include <iterator>

#include "base/bytes.hpp"
#include "cli/debug.hpp"
#include "cli/text.hpp"

namespace virserver::cli {
namespace {
namespace json = boost::json;

constexpr std::size_t largest = 16u << 20;  // of one call

struct Options {
  Target target;
  std::string address, output, file, hex, text;
  std::optional<std::uint64_t> size;
  unsigned width = 0;
  bool raw = false;
  std::vector<std::string> values;
};

Outcome<> put_bytes(const std::string& output, std::string_view bytes) {
  if (output.empty() || output == "-") {
    if (!write_all(STDOUT_FILENO, bytes)) return fail(exit_failed, "OUTPUT", "cannot write to standard output");
    return {};
  }
  std::ofstream file(output, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) return fail(exit_failed, "FILE", "{} cannot be written", printable(output));
  return {};
}

Task<Outcome<int>> read(Context& context, Options options) {
  const bool raw = options.raw || !options.output.empty();
  if (raw && context.json()) co_return fail(exit_usage, "USAGE", "plain bytes are no JSON: leave out --json, or --raw and --output");
  if (raw && options.output.empty() && ::isatty(STDOUT_FILENO) != 0)
    co_return fail({exit_usage, "plain bytes would disturb the terminal", "USAGE", "name a file with --output, or redirect the output"});
  auto call = co_await DebugCall::to(context, options.target, "/memory");
  if (!call) co_return pass(call);
  call->add("address", options.address);
  if (options.size) call->add("size", std::to_string(*options.size));
  if (raw) {
    call->add("format", "raw");
    auto bytes = co_await call->get_bytes();
    if (!bytes) co_return pass(bytes);
    auto put = put_bytes(options.output, *bytes);
    if (!put) co_return pass(put);
    co_return exit_ok;
  }
  if (options.width != 0) call->add("width", std::to_string(options.width));
  auto answer = co_await call->get();
  if (!answer) co_return pass(answer);
  const json::value& memory = answer->json;
  const std::uint64_t address = address_number(text(memory, "address"));
  if (context.json()) context.out_json(*answer);
  else if (options.width != 0) context.out(value_dump(address, options.width, list(memory, "values")));
  else context.out(hex_dump(address, text(memory, "data")));
  co_return exit_ok;
}

// "-" is standard input.
Outcome<std::string> file_bytes(const std::string& name) {
  std::string bytes;
  if (name == "-") {
    char part[64 * 1024];
    for (ssize_t n; (n = ::read(STDIN_FILENO, part, sizeof part)) != 0 && bytes.size() <= largest;) {
      if (n < 0) return fail(exit_failed, "FILE", "standard input cannot be read");
      bytes.append(part, static_cast<std::size_t>(n));
    }
  } else {
    std::ifstream file(name, std::ios::binary);
    if (!file) return fail(exit_usage, "FILE", "{} cannot be read", printable(name));
    bytes.resize(largest + 1);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (file.bad()) return fail(exit_usage, "FILE", "{} cannot be read", printable(name));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
  }
  if (bytes.empty()) return fail(exit_usage, "FILE", "{} has no bytes", name == "-" ? "standard input" : printable(name));
  if (bytes.size() > largest) return fail(exit_usage, "FILE", "at most 16 MiB can be written by one call");
  return bytes;
}

// The call's body from what is to be written.
Outcome<Request> content(const Options& options) {
  if (!options.values.empty() + !options.file.empty() + !options.hex.empty() + !options.text.empty() != 1)
    return fail(exit_usage, "USAGE", "give what to write: values, or one of --hex, --text and --file");
  if (options.values.empty() && options.width != 0) return fail(exit_usage, "USAGE", "--width is for values");
  if (options.values.empty() && options.hex.empty()) {
    auto bytes = !options.file.empty() ? file_bytes(options.file) : unescape(options.text);
    if (!bytes) return pass(bytes);
    return Request{.method = "POST", .target = {}, .body = std::move(*bytes), .content_type = "application/octet-stream"};
  }
  json::object body;
  if (!options.hex.empty()) {
    body = {{"data", options.hex}, {"format", "hex"}};
  } else {
    json::array values;
    for (const std::string& value : options.values) {
      if (!parse_u64(value)) return fail(exit_usage, "USAGE", "{} is no number: decimal, or hexadecimal with 0x", printable(value));
      values.push_back(json::string(fmt::format("{:#x}", *parse_u64(value))));
    }
    body = {{"values", std::move(values)}, {"width", options.width != 0 ? options.width : 4}};
  }
  return Request{.method = "POST", .target = {}, .body = json::serialize(body), .content_type = "application/json"};
}

Task<Outcome<int>> write(Context& context, Options options) {
  auto request = content(options);
  if (!request) co_return pass(request);
  auto call = co_await DebugCall::to(context, options.target, "/memory");
  if (!call) co_return pass(call);
  call->add("address", options.address);
  auto answer = co_await call->send(std::move(*request));
  if (!answer) co_return pass(answer);
  if (context.json()) context.out_json(*answer);
  else context.out(fmt::format("{}  {} written\n", printable(text(answer->json, "address")), size_text(static_cast<std::uint64_t>(number(answer->json, "size")))));
  co_return exit_ok;
}

void add(CLI::App& root, Invocation& invocation) {
  auto* group = add_command(root, "mem", "read and write memory", "As the processor addresses it: a number (0x20000000), a symbol (counter), or a symbol and an offset (buffer+16).");
  group->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto common = [&](CLI::App* command) {
    add_session_argument(command, options->target.session);
    command->add_option("address", options->address, "A number, or a symbol with or without an offset.")->required()->type_name("ADDRESS");
    command->add_option("--width", options->width, "Bytes of a value, in the target's byte order.")->check(CLI::IsMember({1, 2, 4, 8}))->type_name("1|2|4|8");
    add_core(command, options->target);
  };

  auto* reading = add_command(
      *group, "read", "show memory or save it",
      "Prints a hex dump, or values with --width. Works beside a running processor where the emulator can. Reading a device's registers may have effects "
      "in the device.",
      "EXAMPLES\n  virctl mem read blinky counter\n  virctl mem read blinky 0x20000000 --size 256\n  virctl mem read blinky buffer+16 --size 64 --width 4\n"
      "  virctl mem read blinky 0x20000000 --size 65536 --output ram.bin\n");
  common(reading);
  reading->add_option("--size", options->size, "Bytes; by default the symbol's size, or 4. At most 16 MiB.")->check(CLI::Range(std::uint64_t{1}, std::uint64_t{largest}))->type_name("N");
  reading->add_flag("--raw", options->raw, "The plain bytes.");
  reading->add_option("-o,--output", options->output, "The plain bytes into this file.")->type_name(type_file);
  on_call(reading, invocation, [options](Context& context) { return read(context, *options); });

  auto* writing = add_command(
      *group, "write", "write memory, flash included",
      "Writes values (of 4 bytes without --width), bytes in hexadecimal, a text, or a file's content. After an error, what is before the address that it "
      "names may have been written.",
      "EXAMPLES\n  virctl mem write blinky counter 7\n  virctl mem write blinky 0x20000100 1 2 0xff --width 2 --halt\n"
      "  virctl mem write blinky buffer --text 'hello\\0'\n  virctl mem write blinky 0x20001000 --file block.bin\n");
  common(writing);
  writing->add_option("value", options->values, "Numbers, decimal or hexadecimal with 0x.")->type_name("VALUE");
  writing->add_option("--hex", options->hex, "Bytes as hexadecimal digits.")->type_name("DIGITS");
  writing->add_option("--text", options->text, "A text; \\n \\r \\t \\0 \\e \\\\ \\xNN are understood.")->type_name("TEXT");
  writing->add_option("--file", options->file, "This file's content; - is standard input.")->type_name(type_file);
  add_halt(writing, options->target);
  on_call(writing, invocation, [options](Context& context) { return write(context, *options); });
}

const Command registered{103, &add};

}  // namespace
}  // namespace virserver::cli
