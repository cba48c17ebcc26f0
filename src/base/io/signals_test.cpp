#include "base/io/signals.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/io/combine.h"

namespace podo::io {

TEST_CASE("signals that come before and while somebody waits are awaited") {
  EpollLoop loop;
  {
    Signals signals(loop, {SIGUSR1, SIGUSR2});
    ::kill(::getpid(), SIGUSR1);
    CHECK_EQ(loop.run(signals.next()), SIGUSR1);
    auto send_later = []() -> Task<int> {
      co_await sleep(milliseconds(2));
      ::kill(::getpid(), SIGUSR2);
      co_await sleep(seconds(60));
      co_return 0;
    };
    CHECK_EQ(loop.run(first(signals.next(), send_later())), SIGUSR2);
  }
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
  CHECK_FALSE(sigismember(&now, SIGUSR1));
}

}  // namespace podo::io
