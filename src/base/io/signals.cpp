#include "base/io/signals.h"

#include <sys/signalfd.h>

#include <cerrno>

namespace podo::io {
namespace {

Fd block_and_collect(std::initializer_list<int> numbers, sigset_t& before) {
  sigset_t set;
  sigemptyset(&set);
  for (int number : numbers) sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  return Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

Signals::Signals(EpollLoop& loop, std::initializer_list<int> numbers)
    : fd_(block_and_collect(numbers, before_)), ready_(loop, fd_.get()) {
  ENSURE(fd_);
}

Signals::~Signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

Task<int> Signals::next() {
  co_await checkpoint();
  for (;;) {
    signalfd_siginfo info{};
    ssize_t count = ::read(fd_.get(), &info, sizeof info);
    if (count == sizeof info) co_return static_cast<int>(info.ssi_signo);
    if (errno == EAGAIN) co_await ready_.readable();
    else if (errno != EINTR) co_return failed_errno(errno, "read a signal");
  }
}

}  // namespace podo::io
