#include "api/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <fstream>
#include <unordered_map>

#include "api/api.hpp"

namespace virserver::api {

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter().Name("virserver_http_requests_total").Help("Requests answered").Register(registry);
  prometheus::Family<prometheus::Histogram>& durations =
      prometheus::BuildHistogram().Name("virserver_http_request_duration_seconds").Help("From the first byte of a request to its answer").Register(registry);
  prometheus::Family<prometheus::Gauge>& sessions =
      prometheus::BuildGauge().Name("virserver_sessions").Help("Sessions by state").Register(registry);
  prometheus::Gauge& memory =
      prometheus::BuildGauge().Name("virserver_resident_memory_bytes").Help("Resident memory of the server itself").Register(registry).Add({});
  prometheus::Gauge& descriptors =
      prometheus::BuildGauge().Name("virserver_open_fds").Help("Open file descriptors of the server itself").Register(registry).Add({});
  const std::uint64_t instance = [] {
    static std::atomic<std::uint64_t> next = 0;
    return ++next;
  }();
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count(const http::Access& access) {
  struct Series {
    prometheus::Counter* requests;
    prometheus::Histogram* durations;
  };
  // Families look labels up under a lock: each thread keeps the series it has met.
  thread_local std::unordered_map<std::string, Series> known;
  thread_local std::uint64_t owner = 0;
  if (owner != impl_->instance) {
    known.clear();
    owner = impl_->instance;
  }
  thread_local std::string key;
  key.assign(access.operation_id);
  key += ' ';
  key += static_cast<char>('0' + access.status / 100);
  auto found = known.find(key);
  if (found == known.end()) {
    const std::string operation = access.operation_id.empty() ? "none" : std::string(access.operation_id);
    const Series series{&impl_->requests.Add({{"operation", operation}, {"status", std::to_string(access.status / 100) + "xx"}}),
                        &impl_->durations.Add({{"operation", operation}}, prometheus::Histogram::BucketBoundaries{
                                                  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5})};
    found = known.emplace(key, series).first;
  }
  found->second.requests->Increment();
  found->second.durations->Observe(static_cast<double>(access.duration.count()) / 1e6);
}

std::string Metrics::text(session::Registry& sessions) {
  const auto counts = sessions.count_by_state();
  for (int i = 0; i <= static_cast<int>(session::State::destroyed); ++i) {
    const std::string name(to_string(static_cast<session::State>(i)));
    const auto found = counts.find(name);
    impl_->sessions.Add({{"state", name}}).Set(found == counts.end() ? 0 : static_cast<double>(found->second));
  }
  std::uint64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  impl_->memory.Set(static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  std::error_code ec;
  impl_->descriptors.Set(static_cast<double>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd", ec), std::filesystem::directory_iterator())));
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

void bind_metrics(http::Handlers& handlers, Context& context) {
  handlers.bind("getMetrics", [&context](http::Request&) -> Task<Result<http::Response>> {
    http::Response response;
    response.body = context.metrics.text(context.sessions);
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    co_return response;
  });
}

}  // namespace virserver::api
