#include <sys/ioctl.h>

#include "base/linux/unix_socket.h"
#include "container/runtime/terminal.h"

namespace podo::runtime {

Result<io::Fd> connect_console_socket(const std::string& path) {
  return TRY_IN("console socket", linux::connect_unix(path));
}

Result<> send_terminal(const io::Fd& socket, const io::Fd& master) {
  int number = 0;
  if (::ioctl(master.get(), TIOCGPTN, &number) != 0) return failed_errno(errno, "the terminal's number");
  const std::string name = text("/dev/pts/{}", number);
  TRY_IN("send the terminal over the console socket", linux::send_with_descriptor(socket, name, master));
  return {};
}

}  // namespace podo::runtime
