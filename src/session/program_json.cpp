#include "session/program_json.hpp"

#include <boost/json.hpp>

#include "base/bytes.hpp"

namespace virserver::session {

boost::json::object metadata_to_json(const image::Image& image) {
  namespace json = boost::json;
  json::array regions, sections;
  for (const image::Region& region : image.regions)
    regions.push_back({{"address", hex_address(region.address)}, {"size", region.bytes.size()}});
  for (const image::Section& section : image.metadata.sections) {
    std::string access = "R";
    if (section.write) access += 'W';
    if (section.exec) access += 'X';
    sections.push_back({{"name", section.name}, {"address", hex_address(section.address)}, {"size", section.size},
                        {"access", section.alloc ? access : ""}});
  }
  json::object object{{"regions", std::move(regions)},
                      {"sections", std::move(sections)},
                      {"has_symbols", image.metadata.has_symbols},
                      {"has_dwarf", image.metadata.has_dwarf},
                      {"architecture", nullptr},
                      {"entry_point", nullptr}};
  if (image.metadata.architecture) object["architecture"] = to_string(*image.metadata.architecture);
  if (image.metadata.entry) object["entry_point"] = hex_address(*image.metadata.entry);
  return object;
}

}  // namespace virserver::session
