#include "base/io/system_disk.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/io/epoll_loop.h"
#include "base/io/testsuite/disk_suite.h"

namespace podo::io {
namespace {

struct ScratchFolder {
  ScratchFolder() : path("/tmp/podo-io-XXXXXX") { ::mkdtemp(path.data()); }
  ~ScratchFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

}  // namespace

TEST_CASE("the files of this machine keep the Disk contract") {
  verify_disk([](DiskProperty property) {
    ScratchFolder folder;
    EpollLoop loop;
    BlockingPool pool(2);
    SystemDisk disk(pool);
    DiskWorld world{disk, folder.path};
    Result<void> ran = loop.run(property(world));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  });
}

TEST_CASE("files are made with the permissions that were asked for, and files of /proc are read") {
  ScratchFolder folder;
  EpollLoop loop;
  BlockingPool pool(1);
  SystemDisk disk(pool);
  CHECK(loop.run(write_file_atomically(disk, folder.path + "/secret", "x", 0640)).has_value());
  struct stat now{};
  ::stat((folder.path + "/secret").c_str(), &now);
  mode_t umask_now = ::umask(0);
  ::umask(umask_now);
  CHECK_EQ(now.st_mode & 0777, 0640 & ~umask_now);
  CHECK(loop.run(read_file(disk, "/proc/self/status", 1 << 20))->starts_with("Name:"));
}

TEST_CASE("a lock of another process ends with it") {
  ScratchFolder folder;
  EpollLoop loop;
  BlockingPool pool(1);
  SystemDisk disk(pool);
  std::string path = folder.path + "/lock";
  int locked[2];
  REQUIRE_EQ(::pipe2(locked, O_CLOEXEC), 0);
  pid_t child = ::fork();
  if (child == 0) {
    int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char done = ::flock(fd, LOCK_EX) == 0 ? 'y' : 'n';
    (void)!::write(locked[1], &done, 1);
    for (;;) ::pause();
  }
  char done = 0;
  CHECK_EQ(::read(locked[0], &done, 1), 1);
  CHECK_EQ(done, 'y');
  Result<std::unique_ptr<Lock>> mine = loop.run(disk.lock(path));
  CHECK_EQ(mine.error().message(), path + " is locked by somebody else");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(loop.run(disk.lock(path)).has_value());
  ::close(locked[0]);
  ::close(locked[1]);
}

TEST_CASE("an atomic write that is cancelled leaves the old bytes or the new, and nothing beside them") {
  ScratchFolder folder;
  EpollLoop loop;
  BlockingPool pool(2);
  SystemDisk disk(pool);
  std::string path = folder.path + "/state";
  for (int us = 0; us < 1500; us += 50) {
    std::string old_bytes(100'000, static_cast<char>('a' + us / 50 % 20)), new_bytes(100'000, 'z');
    CHECK(loop.run(write_file_atomically(disk, path, old_bytes)).has_value());
    (void)loop.run(deadline(write_file_atomically(disk, path, new_bytes), microseconds(us)));
    std::string now = *loop.run(read_file(disk, path, 1 << 20));
    CHECK((now == old_bytes || now == new_bytes));
    CHECK_EQ(loop.run(disk.list(folder.path)), std::vector<std::string>{"state"});
  }
}

}  // namespace podo::io
