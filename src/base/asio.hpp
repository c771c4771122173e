// The parts of Asio that VirServer uses, under one name.
//
// Conventions: one io_context per thread (concurrency hint 1); an object is owned by one executor and only touched
// there. I/O completes as a tuple (`tuple_awaitable`), so a disconnect is a value and not an exception.
// Name every aggregate or lambda before the `co_await` that uses it.
#pragma once
#include <boost/asio.hpp>

namespace virserver {
namespace asio = boost::asio;
using boost::system::error_code;

template <class T = void>
using Task = asio::awaitable<T>;

// `auto [ec, n] = co_await socket.async_read_some(buffer, tuple_awaitable);`
inline constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
}  // namespace virserver
