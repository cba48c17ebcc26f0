// net_load: what TCP between two containers can do. One file without dependencies, so that any image will do.
//
//   net_load serve PORT                  reads and forgets at PORT; closes each connection at PORT + 1
//   net_load send HOST PORT SECONDS      one stream of writes of 128 KB:            "GBIT_PER_SECOND"
//   net_load connect HOST PORT SECONDS   connections one after the other, each until its end (to PORT + 1):
//                                        "PER_SECOND P50_US P99_US"
//
// The server closes first: what waits for late packets is at its end, and the client's ports are free.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace {

constexpr size_t piece = 128 << 10;
char buffer[piece];

[[noreturn]] void die(const char* what) {
  ::perror(what);
  ::exit(1);
}

double now() {
  timespec at{};
  ::clock_gettime(CLOCK_MONOTONIC, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

sockaddr_in place(const char* host, int port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(static_cast<uint16_t>(port));
  if (::inet_pton(AF_INET, host, &made.sin_addr) != 1) die("the address");
  return made;
}

int connected(const sockaddr_in& to) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) die("connect");
  return socket;
}

int listening(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in here = place("0.0.0.0", port);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) die("bind");
  if (::listen(socket, 1024) != 0) die("listen");
  return socket;
}

// Until the other side has no more.
void swallow(int socket) {
  while (::recv(socket, buffer, sizeof buffer, 0) > 0) {}
}

int serve(int port) {
  ::signal(SIGCHLD, SIG_IGN);
  const int sink = listening(port), closer = listening(port + 1);
  if (::fork() == 0) {
    for (;;) {
      const int socket = ::accept(closer, nullptr, nullptr);
      if (socket >= 0) ::close(socket);
    }
  }
  for (;;) {
    const int socket = ::accept(sink, nullptr, nullptr);
    if (socket < 0) continue;
    if (::fork() == 0) {
      swallow(socket);
      ::_exit(0);
    }
    ::close(socket);
  }
}

int send_for(const sockaddr_in& to, double seconds) {
  const int socket = connected(to);
  const double begun = now(), until = begun + seconds;
  double bytes = 0;
  while (now() < until) {
    const ssize_t sent = ::send(socket, buffer, sizeof buffer, MSG_NOSIGNAL);
    if (sent < 0) die("send");
    bytes += static_cast<double>(sent);
  }
  ::shutdown(socket, SHUT_WR);
  swallow(socket);  // its end: everything has arrived
  ::printf("%.3f\n", bytes * 8e-9 / (now() - begun));
  return 0;
}

int connect_for(const sockaddr_in& to, double seconds) {
  std::vector<double> took;
  const double begun = now(), until = begun + seconds;
  for (double at = begun; at < until;) {
    const int socket = connected(to);
    swallow(socket);
    ::close(socket);
    const double over = now();
    took.push_back(over - at);
    at = over;
  }
  std::sort(took.begin(), took.end());
  const auto count = static_cast<double>(took.size());
  ::printf("%.1f %.1f %.1f\n", count / (now() - begun), took[took.size() / 2] * 1e6,
           took[took.size() * 99 / 100] * 1e6);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 3 && ::strcmp(words[1], "serve") == 0) return serve(::atoi(words[2]));
  if (count != 5) {
    ::fputs("net_load serve PORT | send HOST PORT SECONDS | connect HOST PORT SECONDS\n", stderr);
    return 2;
  }
  const int port = ::atoi(words[3]);
  const double seconds = ::atof(words[4]);
  if (::strcmp(words[1], "send") == 0) return send_for(place(words[2], port), seconds);
  return connect_for(place(words[2], port + 1), seconds);
}
