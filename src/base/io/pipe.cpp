#include "base/io/pipe.h"

#include <fcntl.h>

#include <cerrno>

namespace podo::io {

FdStream::FdStream(EpollLoop& loop, Fd fd) : fd_(std::move(fd)) {
  ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
  ready_.emplace(loop, fd_.get());
}

Task<std::size_t> FdStream::read(std::span<std::byte> into) {
  co_await checkpoint();
  for (;;) {
    ssize_t count = ::read(fd_.get(), into.data(), into.size());
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno == EIO) co_return std::size_t{0};
    if (errno == EAGAIN) co_await ready_->readable();
    else if (errno != EINTR) co_return failed_errno(errno, "read from descriptor {}", fd_.get());
  }
}

Task<void> FdStream::write(std::span<const std::byte> bytes) {
  co_await checkpoint();
  while (!bytes.empty()) {
    ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count >= 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    else if (errno == EAGAIN) co_await ready_->writable();
    else if (errno != EINTR) co_await failed_errno(errno, "write to descriptor {}", fd_.get());
  }
}

Result<void> FdStream::finish() {
  if ((::fcntl(fd_.get(), F_GETFL) & O_ACCMODE) != O_WRONLY)
    return unsupported("descriptor {} cannot be closed in one direction", fd_.get());
  ready_.reset();
  fd_.close();
  return {};
}

Result<Pipe> open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return failed_errno(errno, "open a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace podo::io
