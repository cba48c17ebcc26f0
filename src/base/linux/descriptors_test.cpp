#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/linux/clone.h"
#include "base/linux/descriptors.h"

namespace podo::linux {
namespace {

// In a child, whose descriptors may be spoiled: its verdict is its exit code.
template <class Verdict>
int in_child(Verdict verdict) {
  const auto child = clone_process({});
  REQUIRE(child);
  if (child->pid == 0) ::_exit(verdict());
  return *wait_for_exit(child->pid);
}

}  // namespace

TEST_CASE("closed standard streams are opened on /dev/null, open ones are left alone") {
  CHECK_EQ(in_child([] {
             ::close(0);
             ::close(2);
             const bool open = ::fcntl(1, F_GETFD) >= 0;
             char byte;
             const bool opened = open_missing_stdio() && ::read(0, &byte, 1) == 0 && ::write(2, "x", 1) == 1;
             return open && opened ? 7 : 1;
           }),
           7);
}

TEST_CASE("passed descriptors are counted up to the first gap, and marked") {
  CHECK_EQ(in_child([] {
             ::closefrom(3);
             if (count_passed_descriptors() != 0) return 1;
             for (const int number : {3, 4, 6}) ::dup2(0, number);
             if (count_passed_descriptors() != 2) return 2;
             if (!close_on_exec_from(4)) return 3;
             const bool marked = ::fcntl(4, F_GETFD) == FD_CLOEXEC && ::fcntl(6, F_GETFD) == FD_CLOEXEC;
             return marked && ::fcntl(3, F_GETFD) == 0 ? 7 : 4;
           }),
           7);
}

}  // namespace podo::linux
