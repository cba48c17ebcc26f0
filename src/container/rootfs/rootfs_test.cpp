#include "container/rootfs/rootfs.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <doctest/doctest.h>

#include "container/rootfs/rootfs_testing.h"

namespace podo::runtime {

using namespace testing;  // NOLINT: the words of this file

namespace {

unsigned long flags_of(const char* path) {
  struct statvfs status;
  return ::statvfs(path, &status) == 0 ? status.f_flag : ~0ul;
}
mode_t mode_of(const char* path) {
  struct stat status;
  return ::lstat(path, &status) == 0 ? status.st_mode : 0;
}

}  // namespace

TEST_CASE("the default configuration becomes the file tree of the specification") {
  const std::string said = in_namespaces(CLONE_NEWIPC, [] -> std::string {
    const Plan plan = default_plan(make_root());
    PODO_MUST_WORK(build_enter_seal(plan));
    PODO_MUST(slurp("/proc/self/status").contains("Pid:"));
    PODO_MUST(mode_of("/dev") == (S_IFDIR | 0755));
    PODO_MUST(mode_of("/dev/shm") == (S_IFDIR | 01777));
    PODO_MUST(mode_of("/dev/null") == (S_IFCHR | 0666));
    PODO_MUST(mode_of("/dev/tty") == (S_IFCHR | 0666));
    char link[64]{};
    PODO_MUST(::readlink("/dev/ptmx", link, sizeof link) == 8 && std::string_view(link) == "pts/ptmx");
    PODO_MUST(::open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0);
    PODO_MUST(flags_of("/sys") & ST_RDONLY);
    PODO_MUST(flags_of("/sys") & ST_NODEV);
    PODO_MUST(!(flags_of("/dev") & ST_RDONLY));
    PODO_MUST(flags_of("/dev") & ST_NOSUID);
    PODO_MUST(!(flags_of("/dev") & ST_RELATIME));
    PODO_MUST(flags_of("/") & ST_RDONLY);
    PODO_MUST(::mkdir("/x", 0755) != 0 && errno == EROFS);
    PODO_MUST(::open("/proc/sys/kernel/hostname", O_WRONLY) < 0 && errno == EROFS);
    PODO_MUST(slurp("/proc/keys").empty());
    PODO_MUST(::access("/tmp/root", F_OK) != 0);  // the host's tree is gone
    return "";
  });
  CHECK(said == "");
}

}  // namespace podo::runtime
