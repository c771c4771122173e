// The first words with a stub: what it can, which registers there are, where the machine stands.
#include "base/log.hpp"
#include "gdb/client.hpp"
#include "gdb/reply.hpp"

namespace virserver::gdb {
namespace {

constexpr std::size_t max_documents = 64, max_document = 1u << 20, max_threads = 1024;
constexpr int max_processes = 64;  // clusters of processors

}  // namespace

bool Client::has_feature(std::string_view name) const {
  const auto value = find_feature(features_, name);
  return value && *value != "-";
}

Task<Result<StopReply>> Client::negotiate() {
  const auto lock = co_await lock_.lock();
  auto features = co_await ask("qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+");
  if (!features) co_return pass(features);
  features_ = std::move(*features);
  if (const auto size = find_feature(features_, "PacketSize"))
    packet_size_ = std::clamp<std::size_t>(parse_hex(*size).value_or(packet_size_), 64, kMaxPayload);
  if (has_feature("QStartNoAckMode")) {
    auto reply = co_await ask("QStartNoAckMode");
    if (!reply) co_return pass(reply);
    no_ack_ = *reply == "OK";
  }
  // Before any register: QEMU 7.2 sends the layout of the description only once that was read.
  if (has_feature("qXfer:features:read")) {
    auto read = co_await read_description();
    if (!read && failure_) co_return pass(read);
    if (!read) log::warn("the target description is not used: {}", read.error().message);
  }
  if (description_.empty()) description_ = default_description(fallback_);

  auto vcont = co_await ask("vCont?");
  if (!vcont) co_return pass(vcont);
  if (vcont->starts_with("vCont") && vcont->find(";c") != std::string::npos && vcont->find(";s") != std::string::npos)
    vcont_ = std::move(*vcont);

  auto why = co_await ask("?");
  if (!why) co_return pass(why);
  auto stop = parse_stop_reply(*why);
  if (!stop) co_return fail(ErrorCode::ENGINE_PROTOCOL, "the debug stub answered '{}' when asked why the machine stands", why->substr(0, 80));
  if (has_feature("multiprocess")) {
    auto attached = co_await attach_processes();
    if (!attached) co_return pass(attached);
  }
  auto threads = co_await list_threads();
  if (!threads) co_return pass(threads);
  single_thread_ = threads->size() <= 1;
  if (stop->thread) current_thread_ = *stop->thread;
  else if (!threads->empty()) current_thread_ = threads->front();
  if (!stop->thread && current_thread_.thread > 0) stop->thread = current_thread_;

  auto general = co_await ask("g");
  if (!general) co_return pass(general);
  if (!is_error(*general)) general_size_ = general->size() / 2;
  co_return std::move(*stop);
}

// A cluster that is not attached would stand still when the rest is resumed.
Task<Result<void>> Client::attach_processes() {
  for (int process = 2; process <= max_processes; ++process) {
    auto reply = co_await ask(fmt::format("vAttach;{:x}", process));
    if (!reply) co_return pass(reply);
    if (!is_stop_reply(*reply)) break;
  }
  co_return Result<void>();
}

Task<Result<void>> Client::read_description() {
  std::vector<std::string> wanted{"target.xml"};
  while (!wanted.empty()) {
    const auto name = std::move(wanted.back());
    wanted.pop_back();
    if (documents_.contains(name)) continue;
    if (documents_.size() >= max_documents) co_return fail(ErrorCode::ENGINE_PROTOCOL, "it has too many parts");
    auto document = co_await read_document(name);
    if (!document) co_return pass(document);
    auto included = included_documents(*document);
    documents_.emplace(name, std::move(*document));
    if (!included) co_return pass(included);
    for (auto& other : *included) wanted.push_back(std::move(other));
  }
  auto description = parse_target_description(documents_);
  if (!description) co_return pass(description);
  description_ = std::move(*description);
  co_return Result<void>();
}

Task<Result<std::string>> Client::read_document(std::string name) {
  std::string text;
  const auto escaped = escape(name);
  const std::size_t part = std::max<std::size_t>(packet_size_, 64) / 2;  // what comes escaped may double
  for (std::size_t offset = 0;;) {
    auto reply = co_await ask(fmt::format("qXfer:features:read:{}:{:x},{:x}", escaped, offset, part));
    if (!reply) co_return pass(reply);
    const char more = reply->empty() ? 'E' : reply->front();
    if (more != 'm' && more != 'l') co_return fail(ErrorCode::ENGINE_PROTOCOL, "its part '{}' cannot be read{}", name, reason_of(*reply));
    const auto got = unescape(std::string_view(*reply).substr(1));
    text += got;
    offset += got.size();
    if (more == 'l') co_return text;
    if (got.empty() || text.size() > max_document) co_return fail(ErrorCode::ENGINE_PROTOCOL, "its part '{}' has no end", name);
  }
}

Task<Result<std::vector<ThreadId>>> Client::list_threads() {
  std::vector<ThreadId> threads;
  for (std::string packet = "qfThreadInfo";; packet = "qsThreadInfo") {
    auto reply = co_await ask(packet);
    if (!reply) co_return pass(reply);
    if (!reply->starts_with('m')) break;
    std::string_view list = std::string_view(*reply).substr(1);
    while (!list.empty()) {
      const auto item = list.substr(0, list.find(','));
      list.remove_prefix(std::min(list.size(), item.size() + 1));
      const auto id = parse_thread_id(item);
      if (!id || threads.size() >= max_threads)
        co_return fail(ErrorCode::ENGINE_PROTOCOL, "the debug stub's list of threads is not well formed");
      threads.push_back(*id);
    }
    if (threads.empty()) break;
  }
  co_return threads;
}

Task<Result<std::vector<ThreadId>>> Client::thread_ids() {
  const auto lock = co_await lock_.lock();
  auto ids = co_await list_threads();
  if (ids && ids->empty()) ids->push_back(current_thread_);
  co_return ids;
}

Task<Result<std::vector<Client::Thread>>> Client::threads() {
  const auto lock = co_await lock_.lock();
  auto ids = co_await list_threads();
  if (!ids) co_return pass(ids);
  if (ids->empty()) ids->push_back(current_thread_);
  std::vector<Thread> threads;
  for (const auto& id : *ids) {
    Thread thread{id, {}};
    if (id.thread > 0) {
      auto reply = co_await ask("qThreadExtraInfo," + to_string(id));
      if (!reply) co_return pass(reply);
      if (auto name = from_hex(*reply)) thread.name = name->substr(0, valid_utf8_prefix(*name));
    }
    threads.push_back(std::move(thread));
  }
  co_return threads;
}

}  // namespace virserver::gdb
