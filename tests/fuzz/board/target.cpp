// Whatever the text: an answer, or an error with a place; and what is valid survives the round trip.
#include <boost/json/serialize.hpp>

#include <cstdlib>

#include "board/parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace virserver;
  const auto document = board::parse_document({reinterpret_cast<const char*>(data), size});
  if (!document) {
    if (document.error().code != ErrorCode::BOARD_SYNTAX || !document.error().details.contains("line")) std::abort();
    return 0;
  }
  const auto parsed = board::parse_board(*document);
  if (!parsed) {
    if (parsed.error().details.at("errors").as_array().empty()) std::abort();
    return 0;
  }
  const auto json = board::to_json(*parsed);
  const auto again = board::parse_board(boost::json::value(json));
  if (!again || board::to_json(*again) != json) std::abort();
  return 0;
}
