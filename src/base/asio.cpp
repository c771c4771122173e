#include <boost/asio/impl/src.hpp>  // BOOST_ASIO_SEPARATE_COMPILATION: Asio is compiled here, once
