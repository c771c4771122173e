#include <boost/beast/src.hpp>  // BOOST_BEAST_SEPARATE_COMPILATION: Beast is compiled here, once
