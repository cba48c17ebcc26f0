#include "cluster/volumes/volume_folder.h"

#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "cluster/volumes/volumes_testing.h"

namespace podo::volumes {
namespace {

bool is_mounted(const std::string& path) {
  return image::exists(path) && mounts_below(path.substr(0, path.rfind('/')))->size() == 1;
}

TEST_CASE("a folder on the disk is everybody's; with a group it passes that on") {
  const Scratch scratch;
  const std::string path = scratch.path + "/a/b/volume";
  REQUIRE(make_disk_folder({.path = path}));
  CHECK(mode_at(path) == 0777);
  CHECK(mode_at(scratch.path + "/a/b") == 0750);
  image::write_to(path + "/kept", "");
  REQUIRE(make_disk_folder({.path = path, .group = Group{.gid = 55}}));  // it is there: not touched
  CHECK(mode_at(path) == 0777);
  CHECK(image::exists(path + "/kept"));
  REQUIRE(make_disk_folder({.path = path + "2", .group = Group{.gid = 55}}));
  CHECK(mode_at(path + "2") == 02777);
  CHECK(status_of(path + "2").st_gid == 55);
}

TEST_CASE("a folder that a crash left half made is finished") {
  const Scratch scratch;
  REQUIRE(::mkdir((scratch.path + "/.v").c_str(), 0700) == 0);
  REQUIRE(make_disk_folder({.path = scratch.path + "/v", .group = Group{.gid = 55}}));
  CHECK(mode_at(scratch.path + "/v") == 02777);
  CHECK_FALSE(image::exists(scratch.path + "/.v"));
}

TEST_CASE("memory has a size, and is mounted once") {
  const Scratch scratch;
  const std::string path = scratch.path + "/v";
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);  // a crash before the mount
  REQUIRE(make_memory_folder({.path = path, .group = Group{.gid = 55}}, 1 << 20));
  REQUIRE(make_memory_folder({.path = path}, 2 << 20));
  CHECK(is_mounted(path));
  CHECK(mode_at(path) == 03777);
  CHECK(status_of(path).st_gid == 55);
  struct statfs status{};
  REQUIRE(::statfs(path.c_str(), &status) == 0);
  CHECK(status.f_blocks * static_cast<std::uint64_t>(status.f_bsize) == 1 << 20);
  REQUIRE(make_memory_folder({.path = path + "2"}, std::nullopt));
  CHECK(mode_at(path + "2") == 01777);
}

TEST_CASE("a local volume is mounted; its files become the group's, its links stay unfollowed") {
  const Scratch scratch;
  const std::string disk = scratch.path + "/disk", path = scratch.path + "/pod/pv";
  REQUIRE(::mkdir(disk.c_str(), 0755) == 0);
  REQUIRE(::mkdir((disk + "/sub").c_str(), 0700) == 0);
  image::write_to(disk + "/file", "x");
  image::write_to(scratch.path + "/victim", "y");
  REQUIRE(::symlink((scratch.path + "/victim").c_str(), (disk + "/link").c_str()) == 0);
  REQUIRE(make_bind_folder({.path = path, .group = Group{.gid = 66}}, disk, Writable::yes));
  CHECK(image::content_of(path + "/file") == "x");
  CHECK(mode_at(disk) == 02775);
  CHECK(mode_at(disk + "/sub") == 02770);
  CHECK(mode_at(disk + "/file") == 0664);
  CHECK(status_of(disk + "/file").st_gid == 66);
  CHECK(status_of(disk + "/link").st_gid == 66);
  CHECK(mode_at(scratch.path + "/victim") == 0644);
  CHECK(status_of(scratch.path + "/victim").st_gid == 0);
  // OnRootMismatch: the root shows that it is done, so what came since is left alone.
  image::write_to(disk + "/new", "");
  REQUIRE(make_bind_folder({.path = path + "2", .group = Group{.gid = 66, .only_on_mismatch = true}}, disk,
                           Writable::yes));
  CHECK(mode_at(disk + "/new") == 0644);
  REQUIRE(make_bind_folder({.path = path + "3"}, disk, Writable::no));
  CHECK(::mkdir((path + "3/x").c_str(), 0700) != 0);
  CHECK(errno == EROFS);
  CHECK(make_bind_folder({.path = path + "4"}, disk + "9", Writable::no).error().message() ==
        text("path \"{}9\" does not exist", disk));
}

TEST_CASE("a volume that passes mounts on is a shared mount") {
  const Scratch scratch;
  const std::string path = scratch.path + "/v";
  for (int times = 0; times < 2; ++times) REQUIRE(make_disk_folder({.path = path, .passes_mounts = true}));
  REQUIRE(make_memory_folder({.path = path + "2", .passes_mounts = true}, std::nullopt));
  const auto mountinfo = podo::linux::read_file("/proc/self/mountinfo", 16 << 20);
  int shared = 0;
  for (const std::string& mount : {path, path + "2"}) {
    const std::size_t at = mountinfo->find(" " + mount + " ");
    REQUIRE(at != std::string::npos);
    shared += mountinfo->substr(at, mountinfo->find('\n', at) - at).contains(" shared:");
  }
  CHECK(shared == 2);
}

TEST_CASE("hostPath: what has to be there, is made, or is told as the kubelet does") {
  const Scratch scratch;
  const std::string at = scratch.path + "/";
  const auto problem = [&](const std::string& name, std::string_view type) {
    const auto checked = check_host_path(at + name, type);
    return checked ? "" : checked.error().message();
  };
  CHECK(problem("none", "").empty());
  CHECK(problem("none", "Directory") == "hostPath type check failed: " + at + "none is not a directory");
  CHECK(problem("new/deep", "DirectoryOrCreate").empty());
  CHECK(mode_at(at + "new/deep") == 0755);
  CHECK(problem("file", "FileOrCreate").empty());
  CHECK(mode_at(at + "file") == 0644);
  CHECK(problem("nowhere/file", "FileOrCreate").contains("No such file or directory"));
  CHECK(problem("file", "File").empty());
  CHECK(problem("file", "DirectoryOrCreate") ==
        "hostPath type check failed: " + at + "file is not a directory");
  CHECK(problem("new", "FileOrCreate") == "hostPath type check failed: " + at + "new is not a file");
  CHECK(problem("file", "Socket") == "hostPath type check failed: " + at + "file is not a socket file");
  CHECK(problem("file", "CharDevice") ==
        "hostPath type check failed: " + at + "file is not a character device");
  CHECK(problem("file", "BlockDevice") == "hostPath type check failed: " + at + "file is not a block device");
  CHECK(check_host_path("/dev/null", "CharDevice"));
  const io::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (at + "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(problem("socket", "Socket").empty());
}

}  // namespace
}  // namespace podo::volumes
