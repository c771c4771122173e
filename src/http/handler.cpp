#include "http/handler.hpp"

#include <boost/json.hpp>

#include <stdexcept>

namespace virserver::http {

std::string_view Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, text] : headers)
    if (name == lower_case_name) return text;
  return {};
}

std::string Request::parameter(std::string_view name) const {
  const boost::json::value* found = path_parameters.if_contains(name);
  if (!found) return {};
  return found->is_string() ? std::string(found->get_string()) : boost::json::serialize(*found);
}

Response json_response(boost::json::value body, unsigned status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

Response created(boost::json::value body, std::string location) {
  Response response = json_response(std::move(body), 201);
  response.headers.emplace_back("Location", std::move(location));
  return response;
}

void Handlers::bind(std::string operation_id, Handler handler) {
  if (find(operation_id) || find_websocket(operation_id)) throw std::logic_error("two handlers for operation " + operation_id);
  handlers_.emplace_back(std::move(operation_id), std::move(handler));
}

void Handlers::bind_websocket(std::string operation_id, WebSocketHandler handler) {
  if (find(operation_id) || find_websocket(operation_id)) throw std::logic_error("two handlers for operation " + operation_id);
  websockets_.emplace_back(std::move(operation_id), std::move(handler));
}

const Handler* Handlers::find(std::string_view operation_id) const {
  for (const auto& [name, handler] : handlers_)
    if (name == operation_id) return &handler;
  return nullptr;
}

const WebSocketHandler* Handlers::find_websocket(std::string_view operation_id) const {
  for (const auto& [name, handler] : websockets_)
    if (name == operation_id) return &handler;
  return nullptr;
}

std::vector<std::string> Handlers::names() const {
  std::vector<std::string> result;
  for (const auto& entry : handlers_) result.push_back(entry.first);
  for (const auto& entry : websockets_) result.push_back(entry.first);
  return result;
}

}  // namespace virserver::http
