// The attack of CVE-2019-5736: keep a descriptor of the runtime's file, wait until the runtime is gone,
// write. It is tried by a copy of this test program, which becomes a shell, so that no "text file busy" hides
// the truth. The same attack without protection succeeds, which shows that the attack is one.
#include "container/runtime/self_protection.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <doctest/doctest.h>

#include <cstdlib>

#include "container/rootfs/rootfs_testing.h"

namespace podo::runtime {

using namespace testing;  // NOLINT: the words of this file

namespace {

[[noreturn]] void attack() {
  // Not through another mount namespace, not by remounting, not by a copy of the mount.
  const int file = ::open("/proc/self/exe", O_PATH);
  const bool alone = ::unshare(CLONE_NEWNS) == 0;
  struct mount_attr writable{};
  writable.attr_clr = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(file, "", AT_EMPTY_PATH, &writable, sizeof writable) == 0) ::_exit(21);
  if (::mount(nullptr, "/proc/self/exe", nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0) ::_exit(22);
  const int copy = ::open_tree(file, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
  if (copy >= 0 && ::mount_setattr(copy, "", AT_EMPTY_PATH, &writable, sizeof writable) == 0) ::_exit(23);
  if (!alone) ::_exit(24);
  const std::string overwrite =
      text("echo overwritten 2>/dev/null > /proc/self/fd/{} && exit 7; exit 0", file);
  ::execl("/bin/sh", "sh", "-c", overwrite.c_str(), nullptr);
  ::_exit(25);
}

// Runs one of the cases below in a copy of this program and gives its exit status.
int run_copy(const char* which) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/tmp/program", "the program", "--no-skip", text("--test-case={}", which).c_str(), nullptr);
    ::_exit(99);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool copy_program() { return std::system("cp /proc/$PPID/exe /tmp/program") == 0; }

}  // namespace

TEST_CASE("attacked-with-protection" * doctest::skip()) {
  std::string option = "--test-case=attacked-with-protection", no_skip = "--no-skip", name = "the program";
  char* arguments[] = {name.data(), no_skip.data(), option.data(), nullptr};
  if (!protect_own_binary(arguments)) ::_exit(20);
  attack();
}
TEST_CASE("attacked-without-protection" * doctest::skip()) {
  const int file = ::open("/proc/self/exe", O_PATH);
  ::execl("/bin/sh", "sh", "-c", text("echo overwritten > /proc/self/fd/{} && exit 7; exit 0", file).c_str(),
          nullptr);
}

TEST_CASE(
    "nobody can write to the program's file through a container, from a read-only mount or from memory") {
  const std::string said = in_namespaces(0, [] -> std::string {
    PODO_MUST(copy_program());
    PODO_MUST_BE(text("{}", run_copy("attacked-with-protection")), "0");
    PODO_MUST_BE(text("{}", run_copy("attacked-without-protection")), "7");
    PODO_MUST_BE(slurp("/tmp/program"), "overwritten\n");
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("without the right to mount the program runs from sealed memory") {
  if (!can_make_user_namespaces()) return;
  const std::string said = in_namespaces(0, [] -> std::string {
    PODO_MUST(copy_program());
    PODO_MUST_WORK(enter_user_namespace());
    PODO_MUST_BE(text("{}", run_copy("attacked-with-protection")), "0");
    PODO_MUST(slurp("/tmp/program").size() > 1000);
    return "";
  });
  CHECK(said == "");
}

}  // namespace podo::runtime
