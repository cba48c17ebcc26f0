#include "base/io/epoll_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

#include "base/core/ensure.h"

namespace podo::io {

// --- one descriptor ---------------------------------------------------------------------------------------

Readiness::~Readiness() {
  ENSURE(in_.waiting == nullptr && out_.waiting == nullptr);  // it outlives those that wait for it
  if (watched_) loop_.forget(fd_);
}

std::string Readiness::Wait::what() const {
  return text("descriptor {} to be {}", readiness_.fd_,
              &direction_ == &readiness_.in_ ? "readable" : "writable");
}

void Readiness::Wait::start() {
  ENSURE(direction_.waiting == nullptr);
  if (!readiness_.watched_) {
    Result<void> watched = readiness_.loop_.watch(readiness_, readiness_.fd_);
    if (!watched) return fail(std::move(watched).error());
    readiness_.watched_ = true;
  }
  if (std::exchange(direction_.ready, false)) return wake();
  direction_.waiting = this;
}

void Readiness::arrived(std::uint32_t events) {
  // An error or a hang-up ends both directions: the next system call says which it was.
  constexpr std::uint32_t ends = EPOLLERR | EPOLLHUP;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI | ends)) arrived(in_);
  if (events & (EPOLLOUT | ends)) arrived(out_);
}

void Readiness::arrived(Direction& direction) {
  direction.ready = direction.waiting == nullptr;
  if (Wait* wait = std::exchange(direction.waiting, nullptr)) wait->wake();
}

// --- the loop ---------------------------------------------------------------------------------------------

EpollLoop::EpollLoop() : EpollLoop(system_clock_) {}

EpollLoop::EpollLoop(Clock& clock)
    : Loop(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      interrupts_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  ENSURE(epoll_ && interrupts_);
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  ENSURE(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, interrupts_.get(), &event) == 0);
  ::signal(SIGPIPE, SIG_IGN);
}

Result<void> EpollLoop::watch(Readiness& readiness, int fd) {
  epoll_event event{.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.ptr = &readiness}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0)
    return failed_errno(errno, "watch descriptor {}", fd);
  return {};
}

void EpollLoop::forget(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void EpollLoop::interrupt() {
  // Each write is an edge, so the counter is never read; it would take 2^64 of them to fill.
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(interrupts_.get(), &one, sizeof one);
}

int EpollLoop::wait_for_events(epoll_event* events, int events_max, std::optional<Monotonic> until) {
  if (!until) return ::epoll_wait(epoll_.get(), events, events_max, -1);
  std::int64_t left_ns = until->ns == INT64_MIN ? 0 : std::max<std::int64_t>(until->ns - clock().now().ns, 0);
  if (left_ns == 0) return ::epoll_wait(epoll_.get(), events, events_max, 0);
  timespec left{.tv_sec = left_ns / 1'000'000'000, .tv_nsec = left_ns % 1'000'000'000};
  int count = ::epoll_pwait2(epoll_.get(), events, events_max, &left, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  std::int64_t left_ms = std::min<std::int64_t>(left_ns / 1'000'000 + 1, 60'000);  // kernels before 5.11
  return ::epoll_wait(epoll_.get(), events, events_max, static_cast<int>(left_ms));
}

bool EpollLoop::take_events(std::optional<Monotonic> until) {
  epoll_event events[128];
  int count = wait_for_events(events, std::size(events), until);
  ENSURE(count >= 0 || errno == EINTR);
  for (int i = 0; i < count; ++i) {
    // No strand runs before all are told, so no Readiness in this batch can die.
    if (auto* readiness = static_cast<Readiness*>(events[i].data.ptr)) readiness->arrived(events[i].events);
    else open_letters();
  }
  return true;
}

}  // namespace podo::io
