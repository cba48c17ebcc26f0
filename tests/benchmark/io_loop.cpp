// What the loop costs: a task switch, a timer, an echo over a unix socket pair, an idle connection.
// Prints the median of five rounds of each, in time of this thread's CPU (user and kernel): a busy machine
// makes it longer on the wall, but hardly here.
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdio>

#include "base/io/combine.h"
#include "base/io/epoll_loop.h"
#include "base/io/socket.h"

using namespace podo;
using namespace podo::io;

namespace {

Task<int> one() { co_return 1; }

Task<void> await_often(int times) {
  for (int i = 0; i < times; ++i) (void)co_await one();
}

Task<void> yield_often(int times) {
  for (int i = 0; i < times; ++i) co_await yield();
}

Task<void> sleep_once(Duration duration) { co_await sleep(duration); }

Task<void> sleep_many(int sleepers) {
  TaskGroup group(co_await this_loop());
  for (int i = 0; i < sleepers; ++i) group.spawn(sleep_once(microseconds(1 + i * 7919 % 1000)));
  co_await group.join();
}

class Bell final : public Timer {
 public:
  using Timer::cancel;
  using Timer::set;

 private:
  void fired() override {}
};

Task<void> set_and_cancel(int times) {
  Loop& loop = co_await this_loop();
  std::vector<Bell> others(1000);
  for (std::size_t i = 0; i < others.size(); ++i)
    others[i].set(loop, loop.clock().now() + seconds(100 + i % 77));
  Monotonic far = loop.clock().now() + seconds(150);
  Bell bell;
  for (int i = 0; i < times; ++i) {
    bell.set(loop, far);
    bell.cancel();
  }
}

Task<void> echo(Stream& stream) {
  std::byte buffer[64];
  while (std::size_t count = co_await stream.read(buffer))
    co_await stream.write(std::span(buffer).first(count));
}

Task<void> ask(Stream& stream, int times) {
  std::byte buffer[64] = {};
  for (int i = 0; i < times; ++i) {
    co_await stream.write(buffer);
    for (std::size_t got = 0; got < sizeof buffer;) got += co_await stream.read(buffer);
  }
  co_await stream.finish();
}

Task<void> wait_for_bytes(Stream& stream) {
  std::byte buffer[1];
  (void)co_await stream.read(buffer);
}

double cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double seconds_of(EpollLoop& loop, Task<void> task) {
  double start = cpu_seconds();
  if (!loop.run(std::move(task))) std::puts("failed");
  return cpu_seconds() - start;
}

template <class MakeTask>
double median_seconds(EpollLoop& loop, MakeTask make) {
  double rounds[5];
  for (double& round : rounds) round = seconds_of(loop, make());
  std::sort(std::begin(rounds), std::end(rounds));
  return rounds[2];
}

Task<void> echo_over(EpollLoop& loop, int pairs, int times) {
  std::vector<SocketPair> sockets;
  for (int i = 0; i < pairs; ++i) sockets.push_back(co_await socket_pair(loop));
  TaskGroup group(loop);
  for (SocketPair& pair : sockets) {
    group.spawn(echo(*pair.left));
    group.spawn(ask(*pair.right, times));
  }
  co_await group.join();
}

void print_echo(EpollLoop& loop, int pairs, int times) {
  double taken = median_seconds(loop, [&] { return echo_over(loop, pairs, times); });
  std::printf("echo, %4d unix pairs      %9.0f requests per CPU second\n", pairs, pairs * times / taken);
}

// User memory of a stream with a strand that waits in read(): the kernel's part is not counted.
Task<void> measure_idle(EpollLoop& loop, int connections) {
  std::vector<std::unique_ptr<Socket>> peers, sockets;
  peers.reserve(connections);
  sockets.reserve(connections);
  TaskGroup group(loop);
  std::size_t before = ::mallinfo2().uordblks, peers_bytes = 0;
  for (int i = 0; i < connections; ++i) {
    SocketPair pair = co_await socket_pair(loop);
    peers.push_back(std::move(pair.left));
    sockets.push_back(std::move(pair.right));
    peers_bytes += ::malloc_usable_size(peers.back().get()) + sizeof(std::size_t);
    group.spawn(wait_for_bytes(*sockets.back()));
  }
  co_await sleep(milliseconds(20));  // all of them wait now
  std::size_t bytes = ::mallinfo2().uordblks - before - peers_bytes;
  std::printf("idle connection            %9.0f bytes\n", static_cast<double>(bytes) / connections);
  group.cancel();
  co_await group.join();
}

}  // namespace

int main() {
  EpollLoop loop;
  constexpr int times = 2'000'000, timers = 200'000;
  std::printf("await of a task            %9.1f ns\n",
              median_seconds(loop, [] { return await_often(times); }) * 1e9 / times);
  auto both = [] {
    return [](Task<void> a, Task<void> b) -> Task<void> { co_await all(std::move(a), std::move(b)); }(
                                              yield_often(times), yield_often(times));
  };
  std::printf("switch between two strands %9.1f ns\n", median_seconds(loop, both) * 1e9 / (2 * times));
  std::printf("spawn, sleep, wake, join   %9.1f ns\n",
              median_seconds(loop, [] { return sleep_many(timers); }) * 1e9 / timers);
  std::printf("timer set and cancelled    %9.1f ns (1000 others pending)\n",
              median_seconds(loop, [] { return set_and_cancel(times); }) * 1e9 / times);
  print_echo(loop, 1, 100'000);
  print_echo(loop, 100, 2'000);
  print_echo(loop, 1000, 200);
  return loop.run(measure_idle(loop, 4000)) ? 0 : 1;
}
