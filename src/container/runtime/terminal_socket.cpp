#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/linux/file.h"
#include "container/runtime/terminal.h"

namespace podo::runtime {

Result<io::Fd> connect_console_socket(const std::string& path) {
  // An address holds 107 characters; through the descriptor of its directory any path fits.
  const std::size_t slash = path.rfind('/');
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const io::Fd directory =
      TRY_IN("console socket", linux::open_at(AT_FDCWD, above.c_str(), O_PATH | O_DIRECTORY));
  const std::string short_path = text("/proc/self/fd/{}/{}", directory.get(), path.substr(slash + 1));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& name = path.size() < sizeof address.sun_path ? path : short_path;
  if (name.size() >= sizeof address.sun_path) return invalid("console socket {}: the name is too long", path);
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);

  io::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return failed_errno(errno, "console socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failed_errno(errno, "connect to the console socket {}", path);
  return socket;
}

Result<> send_terminal(const io::Fd& socket, const io::Fd& master) {
  int number = 0;
  if (::ioctl(master.get(), TIOCGPTN, &number) != 0) return failed_errno(errno, "the terminal's number");
  std::string name = text("/dev/pts/{}", number);
  iovec payload{name.data(), name.size()};
  const int fd = master.get();
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)]{};
  msghdr message{};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  ssize_t sent;
  do sent = ::sendmsg(socket.get(), &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return failed_errno(errno, "send the terminal over the console socket");
  return {};
}

}  // namespace podo::runtime
