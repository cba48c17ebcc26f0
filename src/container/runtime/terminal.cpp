#include "container/runtime/terminal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/path.h"

namespace podo::runtime {

namespace {

bool is_devpts(int fd) {
  struct statfs status;
  return ::fstatfs(fd, &status) == 0 && status.f_type == DEVPTS_SUPER_MAGIC;
}

// The multiplexer of the container's own devpts. What /dev/ptmx is says nothing: only the file system decides
// whose terminals it makes.
Result<io::Fd> open_master() {
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  const io::Fd pts =
      TRY(linux::open_below(root.get(), "dev/pts", O_PATH | O_DIRECTORY, linux::in_root_no_links));
  if (!is_devpts(pts.get())) return invalid("/dev/pts is not a devpts file system: a terminal needs one");
  io::Fd master = TRY(linux::open_below(pts.get(), "ptmx", O_RDWR | O_NOCTTY, linux::in_one_mount));
  struct stat status;
  if (::fstat(master.get(), &status) != 0) return failed_errno(errno, "stat /dev/pts/ptmx");
  if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2))
    return invalid("/dev/pts/ptmx is not the terminal multiplexer");
  const int unlocked = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &unlocked) != 0) return failed_errno(errno, "unlock the terminal");
  return master;
}

Result<> set_size(const io::Fd& master, const oci::ConsoleSize& size) {
  struct winsize window{};
  window.ws_row = static_cast<unsigned short>(size.height);
  window.ws_col = static_cast<unsigned short>(size.width);
  if (::ioctl(master.get(), TIOCSWINSZ, &window) != 0) return failed_errno(errno, "set the terminal's size");
  return {};
}

// A link of the image at /dev/console would put the terminal over a file of its choice, so no name is
// followed.
Result<> bind_as_console(const io::Fd& slave) {
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  const io::Fd dev = TRY(linux::open_below(root.get(), "dev", O_PATH | O_DIRECTORY, linux::in_root_no_links));
  const io::Fd made(
      ::openat(dev.get(), "console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!made && errno != EEXIST) return failed_errno(errno, "create /dev/console");
  const io::Fd console = TRY(linux::open_at(dev.get(), "console", O_PATH | O_NOFOLLOW));
  struct stat status;
  if (::fstat(console.get(), &status) != 0) return failed_errno(errno, "stat /dev/console");
  if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
    return invalid("/dev/console is neither a file nor a device");
  const io::Fd tree = TRY(linux::clone_tree(slave.get(), "", linux::Depth::mount));
  return linux::attach(tree, console.get());
}

}  // namespace

Result<io::Fd> open_terminal(const std::optional<oci::ConsoleSize>& size, bool bind_console) {
  io::Fd master = TRY_IN("terminal", open_master());
  if (size) TRY(set_size(master, *size));
  const io::Fd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) return failed_errno(errno, "terminal: open the container's end");
  if (bind_console) TRY_IN("terminal", bind_as_console(slave));
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::dup2(slave.get(), standard) < 0) return failed_errno(errno, "terminal: dup2");
  if (::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0)
    return failed_errno(errno, "terminal: become the controlling terminal");
  return master;
}

}  // namespace podo::runtime
