// start.sock: the container's process listens on it, `start` connects. SOCK_SEQPACKET, so that a message is
// one message.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "container/runtime/state.h"

namespace podo::runtime {

// A path that does not fit an address is reached through our descriptor of the directory.
Result<io::Fd> StateDirectory::start_socket(sockaddr_un& address) const {
  std::string path = path_ + "/start.sock";
  if (path.size() >= sizeof address.sun_path) path = text("/proc/self/fd/{}/start.sock", directory_.get());
  address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  io::Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return failed_errno(errno, "socket {}/start.sock", path_);
  return socket;
}

Result<io::Fd> StateDirectory::listen_start() const {
  sockaddr_un address;
  io::Fd socket = TRY(start_socket(address));
  // Before bind, where it becomes the mode of the file; so no moment passes in which it is the umask's.
  if (::fchmod(socket.get(), 0600) != 0) return failed_errno(errno, "mode of {}/start.sock", path_);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 1) != 0) {
    return failed_errno(errno, "listen on {}/start.sock", path_);
  }
  return socket;
}

Result<io::Fd> StateDirectory::connect_start() const {
  sockaddr_un address;
  io::Fd socket = TRY(start_socket(address));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return socket;
  if (errno == ENOENT) return conflict("cannot start container {}: it was started already", id_);
  if (errno == ECONNREFUSED) return conflict("cannot start container {}: its process has ended", id_);
  return failed_errno(errno, "connect to {}/start.sock", path_);
}

bool StateDirectory::waits_for_start() const {
  struct stat entry;
  return ::fstatat(directory_.get(), "start.sock", &entry, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<> StateDirectory::forget_start() const {
  if (::unlinkat(directory_.get(), "start.sock", 0) == 0 || errno == ENOENT) return {};
  return failed_errno(errno, "remove {}/start.sock", path_);
}

}  // namespace podo::runtime
