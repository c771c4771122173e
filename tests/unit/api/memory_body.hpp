// A request body from memory that comes in pieces of a chosen size.
#pragma once
#include <algorithm>
#include <cstring>
#include <string>

#include "http/handler.hpp"

namespace virserver::api {

class MemoryBody : public http::BodyStream {
 public:
  MemoryBody(std::string_view body, std::size_t piece) : body_(body), piece_(piece) {}
  Task<Result<std::size_t>> read(std::span<std::byte> buffer) override {
    const std::size_t n = std::min({buffer.size(), piece_, body_.size() - at_});
    if (n) std::memcpy(buffer.data(), body_.data() + at_, n);
    at_ += n;
    co_return n;
  }
  std::optional<std::uint64_t> content_length() const override { return body_.size(); }

 private:
  std::string_view body_;
  std::size_t piece_, at_ = 0;
};

template <class T>
T complete(Task<T> task) {
  asio::io_context context;
  auto future = asio::co_spawn(context, std::move(task), asio::use_future);
  context.run();
  return future.get();
}

}  // namespace virserver::api
