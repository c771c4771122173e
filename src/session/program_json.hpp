// What is kept of an image beside its content: the facts the API shows without parsing it again.
#pragma once
#include <boost/json/object.hpp>

#include "image/image.hpp"

namespace virserver::session {

// {architecture, entry_point, regions: [{address, size}], sections: [...], has_symbols, has_dwarf}; addresses as "0x..." text.
boost::json::object metadata_to_json(const image::Image& image);

}  // namespace virserver::session
