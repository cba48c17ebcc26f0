#include "base/linux/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "base/linux/file.h"

namespace podo::linux {
namespace {

Result<> connect_to(const io::Fd& socket, std::string_view path, std::string_view told) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return invalid("connect to {}: the name is too long", told);
  path.copy(address.sun_path, path.size());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
  return failed_errno(errno, "connect to {}", told);
}

}  // namespace

Result<io::Fd> connect_unix(const std::string& path) {
  io::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return failed_errno(errno, "make a unix socket");
  if (path.size() < sizeof(sockaddr_un::sun_path)) {
    TRY(connect_to(socket, path, path));
    return socket;
  }
  const std::size_t slash = path.rfind('/');
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const io::Fd directory = TRY(open_at(AT_FDCWD, above.c_str(), O_PATH | O_DIRECTORY));
  TRY(connect_to(socket, text("/proc/self/fd/{}/{}", directory.get(), path.substr(slash + 1)), path));
  return socket;
}

Result<> send_with_descriptor(const io::Fd& socket, std::string_view payload, const io::Fd& descriptor) {
  const int fd = descriptor.get();
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)]{};
  iovec part{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);

  while (!payload.empty()) {
    part = {const_cast<char*>(payload.data()), payload.size()};
    const ssize_t sent = ::sendmsg(socket.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return failed_errno(errno, "send over a unix socket");
    payload.remove_prefix(static_cast<std::size_t>(sent));
    message.msg_control = nullptr;  // the descriptor is there
    message.msg_controllen = 0;
  }
  return {};
}

}  // namespace podo::linux
