#include "container/runtime/self_protection.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <string_view>

#include "base/linux/file.h"
#include "base/linux/mount.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace podo::runtime {

namespace {

constexpr char own_file[] = "/proc/self/exe";
constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool is_on_readonly_mount() {
  struct statvfs status;
  return ::statvfs(own_file, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

bool is_sealed() {
  const auto file = linux::open_at(AT_FDCWD, own_file, O_RDONLY);
  const int seals = file ? ::fcntl(file->get(), F_GET_SEALS) : -1;
  return seals >= 0 && (seals & all_seals) == all_seals;  // -1 is no file that can be sealed
}

// The kernel names a program that was executed by its descriptor alone so.
bool was_executed_by_descriptor() {
  const auto* name = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  return name != nullptr && std::string_view(name).starts_with("/dev/fd/");
}

// Executed by descriptor, a process is called by its number; ps(1) shall show the program's name.
void restore_name(const char* argument) {
  const std::string_view path = argument == nullptr ? "" : argument;
  ::prctl(PR_SET_NAME, path.substr(path.rfind('/') + 1).data(), 0, 0, 0);  // ends where `argument` ends
}

Result<io::Fd> make_readonly_mount() {
  io::Fd mount = TRY(linux::clone_tree(AT_FDCWD, own_file, linux::Depth::mount));
  TRY(linux::set_attributes(mount.get(), linux::Depth::mount, {.set = MOUNT_ATTR_RDONLY}));
  return mount;
}

Result<io::Fd> make_sealed_copy() {
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, own_file, O_RDONLY));
  io::Fd copy(::memfd_create("podo", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));
  if (!copy && errno == EINVAL) copy = io::Fd(::memfd_create("podo", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) return failed_errno(errno, "memfd_create");
  for (;;) {
    const ssize_t count = ::sendfile(copy.get(), file.get(), nullptr, 1 << 30);
    if (count == 0) break;
    if (count < 0 && errno != EINTR) return failed_errno(errno, "copy this program into memory");
  }
  if (::fchmod(copy.get(), 0500) != 0) return failed_errno(errno, "fchmod");
  if (::fcntl(copy.get(), F_ADD_SEALS, all_seals) != 0)
    return failed_errno(errno, "seal the copy of this program");
  return copy;
}

}  // namespace

Result<> protect_own_binary(char** argv) {
  if (is_on_readonly_mount() || is_sealed()) {
    if (was_executed_by_descriptor()) restore_name(argv[0]);
    return {};
  }
  // Executed so already, and still writable: a kernel that does not keep its word must not make us try for
  // ever.
  if (was_executed_by_descriptor())
    return unsupported("this program cannot be protected: its file stays writable");
  Result<io::Fd> file = make_readonly_mount();
  if (!file) file = make_sealed_copy();
  if (!file) return Failure(std::move(file).error().within("protect this program's file"));
  ::execveat(file->get(), "", argv, environ, AT_EMPTY_PATH);
  return failed_errno(errno, "execute this program again");
}

}  // namespace podo::runtime
