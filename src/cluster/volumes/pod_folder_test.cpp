#include "cluster/volumes/pod_folder.h"

#include "base/linux/mount.h"
#include "cluster/volumes/sub_path.h"
#include "cluster/volumes/volume_folder.h"
#include "cluster/volumes/volumes_testing.h"

namespace podo::volumes {
namespace {

struct Pod {
  Pod() {
    REQUIRE(make_disk_folder({.path = volume}));
    REQUIRE(::mkdir((scratch.path + "/precious").c_str(), 0755) == 0);
    image::write_to(scratch.path + "/precious/data", "kept");
  }
  bool is_precious_there() const { return image::content_of(scratch.path + "/precious/data") == "kept"; }
  Scratch scratch;
  std::string pods = scratch.path + "/pods", folder = pods + "/u1";
  std::string volume = folder + "/volumes/kubernetes.io~empty-dir/v";
};

TEST_CASE("mounts go, the last first, and what lies behind them stays") {
  const Pod pod;
  REQUIRE(make_memory_folder({.path = pod.folder + "/volumes/kubernetes.io~secret/s"}, std::nullopt));
  REQUIRE(make_bind_folder({.path = pod.folder + "/volumes/kubernetes.io~local-volume/p"},
                           pod.scratch.path + "/precious", Writable::yes));
  // Of the same file system, in what is removed; and another one upon it.
  const std::string inner = pod.volume + "/a b/c";
  REQUIRE(make_bind_folder({.path = inner}, pod.scratch.path + "/precious", Writable::yes));
  const io::Fd place = *podo::linux::open_at(AT_FDCWD, inner.c_str(), O_PATH | O_DIRECTORY);
  REQUIRE(
      podo::linux::attach(*podo::linux::clone_tree(place.get(), "", podo::linux::Depth::mount), place.get()));
  REQUIRE(pin(*open_or_make_sub_path(pod.scratch.path + "/precious", "."),
              pod.folder + "/volume-subpaths/p/c/0"));
  CHECK(mounts_below(pod.folder)->size() == 5);
  REQUIRE(remove_pod_folder(pod.pods, "u1"));
  CHECK_FALSE(image::exists(pod.folder));
  CHECK(mounts_below(pod.folder)->empty());
  CHECK(pod.is_precious_there());
  CHECK(remove_pod_folder(pod.pods, "u1"));
  CHECK(remove_pod_folder(pod.pods + "-none", "u1"));
}

TEST_CASE("links that a container left are removed, not followed; deep folders too") {
  const Pod pod;
  REQUIRE(::symlink((pod.scratch.path + "/precious").c_str(), (pod.volume + "/link").c_str()) == 0);
  REQUIRE(::link((pod.scratch.path + "/precious/data").c_str(), (pod.volume + "/hard").c_str()) == 0);
  io::Fd deep = *podo::linux::open_at(AT_FDCWD, pod.volume.c_str(), O_PATH | O_DIRECTORY);
  for (int level = 0; level < 3000; ++level) {
    REQUIRE(::mkdirat(deep.get(), "d", 0) == 0);
    deep = *podo::linux::open_at(deep.get(), "d", O_PATH | O_DIRECTORY);
  }
  REQUIRE(remove_pod_folder(pod.pods, "u1"));
  CHECK_FALSE(image::exists(pod.folder));
  CHECK(pod.is_precious_there());
}

TEST_CASE("a pod's folder that is a link, or no name at all, is refused") {
  const Pod pod;
  REQUIRE(::symlink((pod.scratch.path + "/precious").c_str(), (pod.pods + "/u2").c_str()) == 0);
  CHECK_FALSE(remove_pod_folder(pod.pods, "u2"));
  for (const auto bad : {"", "..", ".", "../precious", "a/b"}) CHECK_FALSE(remove_pod_folder(pod.pods, bad));
  CHECK(pod.is_precious_there());
}

TEST_CASE("a tree is not removed across a mount") {
  const Pod pod;
  REQUIRE(make_bind_folder({.path = pod.volume + "/m"}, pod.scratch.path + "/precious", Writable::yes));
  const io::Fd above = *podo::linux::open_at(AT_FDCWD, pod.pods.c_str(), O_RDONLY | O_DIRECTORY);
  CHECK_FALSE(image::remove_tree(above.get(), "u1"));
  CHECK(pod.is_precious_there());
}

TEST_CASE("the last bytes of a termination message") {
  const Scratch scratch;
  const std::string path = scratch.path + "/containers/c/0";
  CHECK(*read_message_file(path, 10) == "");
  REQUIRE(make_message_file(path));
  CHECK(mode_at(path) == 0666);
  CHECK(*read_message_file(path, 10) == "");
  image::write_to(path, "0123456789abc");
  CHECK(*read_message_file(path, 10) == "3456789abc");
  CHECK(*read_message_file(path, 100) == "0123456789abc");
}

}  // namespace
}  // namespace podo::volumes
