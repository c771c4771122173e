// Inside the image library.
#pragma once
#include <string>
#include <string_view>

namespace virserver::image {

// The name in the source of a mangled C++ or (older scheme) Rust name; anything else is given back as it is. So is a name
// whose text could become disproportionately long: a few hundred mangled characters can stand for gigabytes.
std::string demangle(std::string_view name);

// "ns::f" of "ns::f(int) const".
std::string_view without_parameters(std::string_view demangled);

}  // namespace virserver::image
