// The models the installed emulators know: processors, peripherals, buses, merged by id over the backends.
#include <boost/json.hpp>

#include <map>

#include "api/api.hpp"
#include "api/paging.hpp"
#include "api/platforms.hpp"

namespace virserver::api {
namespace json = boost::json;
namespace {

template <class Info>
struct Model {
  Info info;
  std::vector<std::string> backends;
};

std::string_view text(const json::object& query, const char* name) {
  const auto* value = query.if_contains(name);
  return value ? std::string_view(value->as_string()) : std::string_view();
}

// Merges a list over the backends and keeps what `matches` and the common filters let through, sorted by id.
template <class Info, class Matches>
std::vector<Model<Info>> collect(Context& context, const json::object& query, std::vector<Info> backend::BackendInfo::*list,
                                 Matches matches) {
  context.backends.discover();
  std::map<std::string, Model<Info>> models;
  for (const auto& backend : context.backends.infos()) {
    if (const auto wanted = text(query, "backend"); !wanted.empty() && wanted != backend->name) continue;
    for (const Info& info : (*backend).*list) {
      const auto name = text(query, "name");
      if (!name.empty() && info.id.find(name) == std::string::npos && info.name.find(name) == std::string::npos) continue;
      if (!matches(info)) continue;
      auto& model = models.try_emplace(info.id, Model<Info>{info, {}}).first->second;
      if (model.backends.empty() || model.backends.back() != backend->name) model.backends.push_back(backend->name);
    }
  }
  std::vector<Model<Info>> sorted;
  for (auto& [id, model] : models) sorted.push_back(std::move(model));
  return sorted;
}

json::array names(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

constexpr auto by_id = [](const auto& model) -> std::string_view { return model.info.id; };

}  // namespace

void bind_models(http::Handlers& handlers, Context& context) {
  handlers.bind("listProcessors", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto matches = [&](const backend::ProcessorInfo& info) {
      const auto wanted = text(request.query, "architecture");
      return wanted.empty() || wanted == virserver::to_string(info.architecture);
    };
    const auto all = collect(context, request.query, &backend::BackendInfo::processors, matches);
    co_return page(request, all, by_id, [](const auto& model) -> json::object {
      const auto& info = model.info;
      return {{"id", info.id},         {"name", info.name},           {"type", info.type},
              {"architecture", virserver::to_string(info.architecture)}, {"vendor", info.vendor},
              {"max_cores", info.max_cores}, {"features", names(info.features)}, {"backends", names(model.backends)}};
    });
  });
  handlers.bind("listPeripherals", [&context](http::Request& request) -> Task<Result<http::Response>> {
    auto matches = [&](const backend::PeripheralInfo& info) {
      const auto wanted = text(request.query, "type");
      return wanted.empty() || wanted == info.type;
    };
    const auto all = collect(context, request.query, &backend::BackendInfo::peripherals, matches);
    co_return page(request, all, by_id, [](const auto& model) -> json::object {
      const auto& info = model.info;
      return {{"id", info.id}, {"name", info.name}, {"type", info.type}, {"description", info.description},
              {"registers", json::array()}, {"backends", names(model.backends)}};
    });
  });
  handlers.bind("listPlatforms", [&context](http::Request& request) -> Task<Result<http::Response>> {
    context.backends.discover();
    std::vector<Platform> found;
    for (auto& platform : all_platforms(context.backends)) {
      const auto backend = text(request.query, "backend"), architecture = text(request.query, "architecture"), name = text(request.query, "name");
      if (!backend.empty() && backend != platform.backend) continue;
      if (!architecture.empty() && architecture != virserver::to_string(platform.info.architecture)) continue;
      if (!name.empty() && platform.id.find(name) == std::string::npos) continue;
      found.push_back(std::move(platform));
    }
    co_return page(request, found, [](const Platform& each) -> std::string_view { return each.id; }, [](const Platform& each) -> json::object {
      return {{"id", each.id},
              {"backend", each.backend},
              {"name", each.info.id},
              {"description", each.info.description},
              {"architecture", virserver::to_string(each.info.architecture)},
              {"processor", each.info.default_processor},
              {"max_cores", each.info.max_cores},
              {"board", each.board}};
    });
  });
  handlers.bind("listBuses", [&context](http::Request& request) -> Task<Result<http::Response>> {
    const auto all = collect(context, request.query, &backend::BackendInfo::buses, [](const auto&) { return true; });
    co_return page(request, all, by_id, [](const auto& model) -> json::object {
      const auto& info = model.info;
      return {{"id", info.id}, {"name", info.name}, {"type", info.type}, {"description", info.description},
              {"width", info.width}, {"backends", names(model.backends)}};
    });
  });
}

}  // namespace virserver::api
