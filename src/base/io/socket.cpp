#include "base/io/socket.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace podo::io {
namespace {

constexpr std::size_t descriptors_max = 32;

struct ControlBuffer {  // room for one SCM_RIGHTS message
  alignas(cmsghdr) char bytes[CMSG_SPACE(descriptors_max * sizeof(int))] = {};
};

void put_descriptors(msghdr& message, ControlBuffer& control, std::span<const int> descriptors) {
  message.msg_control = control.bytes;
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
}

std::vector<Fd> take_descriptors(msghdr& message) {
  std::vector<Fd> descriptors;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof number);
      descriptors.emplace_back(number);
    }
  }
  return descriptors;
}

void make_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

Socket::Socket(EpollLoop& loop, Fd fd) : fd_(std::move(fd)), ready_(loop, fd_.get()) {
  make_nonblocking(fd_.get());
}

Task<std::size_t> Socket::read(std::span<std::byte> into) {
  co_await checkpoint();
  for (;;) {
    ssize_t count = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno == EAGAIN) co_await ready_.readable();
    else if (errno != EINTR) co_return failed_errno(errno, "read from socket");
  }
}

Task<void> Socket::write(std::span<const std::byte> bytes) {
  co_await checkpoint();
  while (!bytes.empty()) {
    ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    else if (errno == EAGAIN) co_await ready_.writable();
    else if (errno != EINTR) co_await failed_errno(errno, "write to socket");
  }
}

Task<void> Socket::send_file(int file, std::uint64_t offset, std::uint64_t count) {
  constexpr std::uint64_t at_once = 1 << 20;
  co_await checkpoint();
  auto at = static_cast<off_t>(offset);
  while (count > 0) {
    const auto some = static_cast<std::size_t>(std::min(count, at_once));
    const ssize_t sent = ::sendfile(fd_.get(), file, &at, some);
    if (sent > 0) count -= static_cast<std::uint64_t>(sent);
    else if (sent == 0) co_await corrupt("a file ended {} bytes before its end", count);
    else if (errno == EAGAIN) co_await ready_.writable();
    else if (errno != EINTR) co_await failed_errno(errno, "send a file");
  }
}

Result<void> Socket::finish() {
  if (::shutdown(fd_.get(), SHUT_WR) < 0 && errno != ENOTCONN) return failed_errno(errno, "shut down socket");
  return {};
}

Task<void> Socket::send_descriptors(std::string bytes, std::span<const int> descriptors) {
  if (bytes.empty() || descriptors.empty() || descriptors.size() > descriptors_max)
    co_await invalid("{} descriptors cannot go along with {} bytes", descriptors.size(), bytes.size());
  co_await checkpoint();
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control;
  put_descriptors(message, control, descriptors);
  for (;;) {
    ssize_t count = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (count >= 0) co_return co_await write(bytes_of(bytes).subspan(static_cast<std::size_t>(count)));
    if (errno == EAGAIN) co_await ready_.writable();
    else if (errno != EINTR) co_await failed_errno(errno, "send descriptors");
  }
}

Task<Socket::Received> Socket::receive_descriptors(std::size_t bytes_max) {
  co_await checkpoint();
  Received received;
  received.bytes.resize(bytes_max);
  iovec part{.iov_base = received.bytes.data(), .iov_len = bytes_max};
  ControlBuffer control;
  for (;;) {
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t count = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
    if (count >= 0) {
      received.descriptors = take_descriptors(message);
      received.bytes.resize(static_cast<std::size_t>(count));
      if (message.msg_flags & MSG_CTRUNC) co_return exhausted("descriptors came that do not fit");
      co_return received;
    }
    if (errno == EAGAIN) co_await ready_.readable();
    else if (errno != EINTR) co_return failed_errno(errno, "receive descriptors");
  }
}

Result<Socket::Peer> Socket::peer() const {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
    return failed_errno(errno, "read the peer's credentials");
  if (credentials.pid == 0) return unsupported("only a unix socket knows its peer's credentials");
  return Peer{credentials.pid, credentials.uid, credentials.gid};
}

Result<SocketPair> socket_pair(EpollLoop& loop) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
    return failed_errno(errno, "make a socket pair");
  return SocketPair{std::make_unique<Socket>(loop, Fd(ends[0])), std::make_unique<Socket>(loop, Fd(ends[1]))};
}

}  // namespace podo::io
