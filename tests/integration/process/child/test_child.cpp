// Stands in for an emulator: does one thing a word of its command line asks for, then the next.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace {

void put(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, data, size);
    if (n <= 0) _exit(90);
    data += n;
    size -= static_cast<size_t>(n);
  }
}

void pattern(int fd, unsigned long long total) {
  static char block[65536];
  for (unsigned long long at = 0; at < total;) {
    size_t n = 0;
    for (; n < sizeof block && at + n < total; ++n) block[n] = static_cast<char>((at + n) * 7 + ((at + n) >> 8));
    put(fd, block, n);
    at += n;
  }
}

void echo(int in, int out) {
  char buffer[4096];
  for (ssize_t n; (n = read(in, buffer, sizeof buffer)) > 0;) put(out, buffer, static_cast<size_t>(n));
}

int listen_on(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_STREAM, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, address, size) != 0 || listen(fd, 4) != 0) _exit(91);
  return fd;
}

int listen_unix(const char* name) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  strncpy(a.sun_path, name, sizeof a.sun_path - 1);
  return listen_on(reinterpret_cast<sockaddr*>(&a), sizeof a);
}

int listen_tcp(int port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(static_cast<uint16_t>(port));
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return listen_on(reinterpret_cast<sockaddr*>(&a), sizeof a);
}

void try_open(const char* path) {
  const int fd = open(path, O_RDONLY);
  printf("open %s: %s\n", path, fd >= 0 ? "POSSIBLE" : strerror(errno));
  if (fd >= 0) close(fd);
}

void try_connect(const char* address, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, address, &a.sin_addr);
  const bool done = connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  printf("connect %s: %s\n", address, done ? "POSSIBLE" : strerror(errno));
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  int at = 1;
  const auto word = [&]() -> const char* { return at < argc ? argv[at++] : "0"; };
  const auto number = [&] { return atoll(word()); };
  while (at < argc) {
    const std::string verb = word();
    if (verb == "write") {
      const int fd = static_cast<int>(number());
      pattern(fd, static_cast<unsigned long long>(number()));
    } else if (verb == "say") {
      const int fd = static_cast<int>(number());
      const char* text = word();
      put(fd, text, strlen(text));
    } else if (verb == "echo") {
      const int fd = static_cast<int>(number());
      echo(fd, fd);
    } else if (verb == "read") {  // exactly that many bytes
      const int fd = static_cast<int>(number());
      char byte;
      for (auto left = number(); left > 0; --left)
        if (read(fd, &byte, 1) != 1) return 92;
    } else if (verb == "exit") {
      return static_cast<int>(number());
    } else if (verb == "raise") {
      raise(static_cast<int>(number()));
    } else if (verb == "ignore") {
      signal(static_cast<int>(number()), SIG_IGN);
    } else if (verb == "pause") {
      for (;;) pause();
    } else if (verb == "leave-child") {  // survives us unless somebody cares, in a session of its own
      if (fork() == 0) {
        setsid();
        for (;;) pause();
      }
    } else if (verb == "unix") {
      const int listener = listen_unix(word());
      const int fd = accept(listener, nullptr, nullptr);
      echo(fd, fd);
    } else if (verb == "tcp") {
      const int listener = listen_tcp(static_cast<int>(number()));
      const int fd = accept(listener, nullptr, nullptr);
      put(fd, "tcp console\n", 12);
      echo(fd, fd);
    } else if (verb == "tty") {
      const int fd = open(word(), O_RDWR | O_NOCTTY);
      if (fd < 0) return 93;
      put(fd, "pty console\n", 12);
      echo(fd, fd);
    } else if (verb == "arguments") {
      size_t bytes = 0;
      for (int i = 0; i < argc; ++i) bytes += strlen(argv[i]);
      printf("%d arguments, %zu bytes\n", argc, bytes);
      at = argc;
    } else if (verb == "environment") {
      for (char** e = environ; *e; ++e) printf("%s\n", *e);
    } else if (verb == "descriptors") {
      for (int fd = 0; fd < 1024; ++fd)
        if (fcntl(fd, F_GETFD) >= 0) printf("fd %d\n", fd);
    } else if (verb == "open") {
      try_open(word());
    } else if (verb == "connect") {
      const char* address = word();
      try_connect(address, static_cast<int>(number()));
    } else if (verb == "control") {  // a grandchild plays the server
      if (fork() == 0) {
        const int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        sockaddr_un a{};
        a.sun_family = AF_UNIX;
        strcpy(a.sun_path, "control");
        char byte;
        const bool heard = connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 && read(fd, &byte, 1) == 1;
        printf("control: %s\n", heard ? "POSSIBLE" : "closed");
        _exit(0);
      }
      ::wait(nullptr);
    } else if (verb == "remount") {
      const char* path = word();
      const bool done = mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0;
      printf("remount %s: %s\n", path, done ? "POSSIBLE" : strerror(errno));
    } else {
      return 99;
    }
  }
  return 0;
}
