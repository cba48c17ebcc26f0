#include "container/volumes/run_folder.h"

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "container/config/scratch_testing.h"

namespace podo::engine {
namespace {

TEST_CASE("a run folder goes with all that is in it, and one that is not there is fine") {
  ScratchFolder scratch;
  scratch.folder("run/exec-1");
  scratch.file("run/config.json", "{}");
  scratch.file("run/exec-1/exit", "0");
  scratch.link("/etc", "run/link");
  REQUIRE(make_run_folder(scratch.path("run")));
  CHECK(remove_run_folder(scratch.path("run")));
  CHECK_FALSE(std::filesystem::exists(scratch.path("run")));
  CHECK(std::filesystem::exists("/etc"));
  CHECK(remove_run_folder(scratch.path("run")));
}

TEST_CASE("what is mounted in it stays as it is") {
  if (::geteuid() != 0) return;
  ScratchFolder scratch;
  scratch.folder("run/rootfs");
  REQUIRE(::mount("none", scratch.path("run/rootfs").c_str(), "tmpfs", 0, nullptr) == 0);
  scratch.mounted("run/rootfs");
  scratch.file("run/rootfs/kept", "");
  CHECK_FALSE(remove_run_folder(scratch.path("run")));
  CHECK(std::filesystem::exists(scratch.path("run/rootfs/kept")));
}

TEST_CASE("two may remove one at once") {
  ScratchFolder scratch;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 20; ++i) scratch.folder(text("run/exec-{}/a", i));
    bool first = false, second = false;
    std::thread other([&] { first = remove_run_folder(scratch.path("run")).has_value(); });
    second = remove_run_folder(scratch.path("run")).has_value();
    other.join();
    CHECK(first);
    CHECK(second);
    CHECK_FALSE(std::filesystem::exists(scratch.path("run")));
  }
}

}  // namespace
}  // namespace podo::engine
