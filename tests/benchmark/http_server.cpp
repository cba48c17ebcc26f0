// What a request costs: GET over one kept connection on a unix socket, as `docker ps` asks, one at a time and
// pipelined. The client's side is plain system calls on a thread of its own. Prints the median of five
// rounds, in time of the server thread's CPU (user and kernel), and on the wall.
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/http/server.h"
#include "base/io/epoll_loop.h"

using namespace podo;

namespace {

constexpr int requests = 50'000;
constexpr std::string_view request =
    "GET /v1.50/containers/json HTTP/1.1\r\nHost: api.moby.localhost\r\n"
    "User-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n";

class Answer final : public http::Handler {
 public:
  io::Task<void> handle(http::Exchange& exchange) override {
    co_await exchange.respond(200, {{"Content-Type", "application/json"}, {"Api-Version", "1.50"}}, "[]\n");
  }
};

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Sends `batch` requests at a time and reads until as many answers ended.
void ask(int fd, int batch) {
  std::string bytes;
  for (int i = 0; i < batch; ++i) bytes += request;
  std::string buffer(64 << 10, '\0');
  for (int done = 0; done < requests; done += batch) {
    if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) break;
    for (int answers = 0; answers < batch;) {
      ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (count <= 0) return;
      answers += static_cast<int>(std::count(buffer.data(), buffer.data() + count, ']'));
    }
  }
  ::shutdown(fd, SHUT_WR);
}

struct Cost {
  double cpu, wall;
};

Cost round(int batch) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return {};
  io::EpollLoop loop;
  Answer answer;
  SilentLog log;
  http::Server server(loop, answer, log, {});
  std::thread client(ask, ends[1], batch);
  double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID), wall = seconds_of(CLOCK_MONOTONIC);
  (void)loop.run(server.serve_connection(std::make_unique<io::Socket>(loop, io::Fd(ends[0])), {}));
  Cost cost{seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu, seconds_of(CLOCK_MONOTONIC) - wall};
  client.join();
  ::close(ends[1]);
  return cost;
}

void measure(const char* name, int batch) {
  std::vector<Cost> rounds;
  for (int i = 0; i < 5; ++i) rounds.push_back(round(batch));
  std::sort(rounds.begin(), rounds.end(), [](Cost a, Cost b) { return a.cpu < b.cpu; });
  Cost median = rounds[2];
  std::printf("%-24s %6.2f us of CPU a request, %7.0f requests a second on the wall\n", name,
              median.cpu / requests * 1e6, requests / median.wall);
}

}  // namespace

int main() {
  measure("one at a time", 1);
  measure("ten pipelined", 10);
}
