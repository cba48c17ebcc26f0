// The attacks of an image on the places of its mounts. Each fails when the walk is not bounded: with
// openat(2) instead of openat2(2) the first makes directories on the host, the race leaves the root within a
// few hundred turns.
#include "container/rootfs/mount_target.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "container/rootfs/rootfs_testing.h"

namespace podo::runtime {

using namespace testing;  // NOLINT: the words of this file

namespace {

std::string path_of(const io::Fd& fd) {
  char path[4096];
  const ssize_t size = ::readlink(text("/proc/self/fd/{}", fd.get()).c_str(), path, sizeof path);
  return size < 0 ? "?" : std::string(path, static_cast<std::size_t>(size));
}

// Where open_target() arrives, as a path of the host.
std::string place(const char* path, TargetKind kind = TargetKind::directory) {
  const io::Fd root(::open("/tmp/root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto target = open_target(root.get(), path, kind);
  return target ? path_of(*target) : target.error().message();
}

}  // namespace

TEST_CASE("a mount's place is made, and links lead only where the container sees them") {
  const std::string said = in_namespaces(0, [] -> std::string {
    make_root();
    ::mkdir("/tmp/outside", 0755);
    PODO_MUST(::symlink("/tmp/outside", "/tmp/root/absolute") == 0);
    PODO_MUST(::symlink("../../../../tmp/outside", "/tmp/root/upwards") == 0);
    PODO_MUST(::symlink("../run/resolve/stub.conf", "/tmp/root/dangling") == 0);
    PODO_MUST_BE(place("/a/b/c"), "/tmp/root/a/b/c");
    PODO_MUST_BE(place("a/../d//./e"), "/tmp/root/d/e");
    PODO_MUST_BE(place("/../../x"), "/tmp/root/x");
    PODO_MUST_BE(place("/f/file", TargetKind::file), "/tmp/root/f/file");
    PODO_MUST_BE(place("/absolute/inner"), "/tmp/root/tmp/outside/inner");
    PODO_MUST_BE(place("/upwards/inner"), "/tmp/root/tmp/outside/inner");
    PODO_MUST_BE(place("/dangling", TargetKind::file), "/tmp/root/run/resolve/stub.conf");
    PODO_MUST(::rmdir("/tmp/outside") == 0);  // still empty
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("links that lead in circles, or through a file, are an error") {
  const std::string said = in_namespaces(0, [] -> std::string {
    make_root();
    PODO_MUST(::symlink("one", "/tmp/root/two") == 0);
    PODO_MUST(::symlink("two", "/tmp/root/one") == 0);
    PODO_MUST(::symlink("self/x", "/tmp/root/self") == 0);
    spit("/tmp/root/file", "");
    PODO_MUST(place("/one/x").contains("Too many levels"));
    PODO_MUST(place("/self").contains("Too many levels"));
    PODO_MUST(place("/file/x").contains("Not a directory"));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("the jumping links of /proc lead nowhere") {
  const std::string said = in_namespaces(0, [] -> std::string {
    make_root();
    ::mkdir("/tmp/root/proc", 0755);
    PODO_MUST(::mount("proc", "/tmp/root/proc", "proc", 0, nullptr) == 0);
    PODO_MUST(::symlink("/proc/self/root", "/tmp/root/host") == 0);
    PODO_MUST(place("/proc/self/root/tmp").contains("Too many levels"));
    PODO_MUST(place("/host/tmp").contains("Too many levels"));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a race of renames never leads out of the root") {
  const std::string said = in_namespaces(0, [] -> std::string {
    make_root();
    ::mkdir("/tmp/root/real", 0755);
    ::mkdir("/tmp/outside", 0755);
    PODO_MUST(::symlink("/tmp/outside", "/tmp/root/link") == 0);
    std::atomic<bool> over = false;
    std::thread attacker([&] {
      while (!over)
        ::syscall(SYS_renameat2, AT_FDCWD, "/tmp/root/real", AT_FDCWD, "/tmp/root/link",
                  2 /* RENAME_EXCHANGE */);
    });
    std::string escaped;
    for (int turn = 0; turn < 3000 && escaped.empty(); ++turn) {
      const std::string inner = text("/real/{}", turn % 7);
      const std::string got = place(inner.c_str());
      if (got.starts_with("/tmp/outside")) escaped = got;
    }
    over = true;
    attacker.join();
    PODO_MUST(escaped.empty());
    PODO_MUST(::rmdir("/tmp/outside") == 0);
    return "";
  });
  CHECK(said == "");
}

}  // namespace podo::runtime
