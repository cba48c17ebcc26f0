#include "container/volumes/mounts_resolve.h"

#include "base/store/memory_store.h"
#include "container/config/runtime_config_testing.h"
#include "container/config/scratch_testing.h"
#include "container/volumes/mount_spec.h"
#include "container/volumes/volume_mount.h"

namespace podo::engine {
namespace {

Result<ContainerPtr> nobody(std::string_view name) { return not_found("No such container: {}", name); }

std::string refused(const docker::HostConfig& wish) { return problem_of(plan_mounts({}, wish, nobody)); }

TEST_CASE("-v in all its forms") {
  const auto bind = read_bind("/host:/in:ro,rslave", "");
  REQUIRE(bind);
  CHECK(bind->point.type == "bind");
  CHECK(bind->point.source == "/host");
  CHECK_FALSE(bind->point.read_write);
  CHECK(bind->point.propagation == "rslave");
  CHECK(bind->make_source);
  const auto named = read_bind("data:/in/../x:nocopy", "");
  REQUIRE(named);
  CHECK(named->point.type == "volume");
  CHECK(named->point.destination == "/x");
  CHECK(named->point.no_copy);
  CHECK_FALSE(named->point.anonymous);
  CHECK(read_bind("/x", "")->point.anonymous);
  CHECK(read_bind("data:/x", "")->point.mode == "z");
  CHECK(problem_of(read_bind("/a:/b:rx", "")) == "invalid mode: rx");
  CHECK(problem_of(read_bind("/a:/b:ro,rw", "")) == "invalid mode: ro,rw");
  CHECK(problem_of(read_bind("/a:ro", "")) == "invalid volume specification: '/a:ro'");
  CHECK(problem_of(read_bind("/a:/b:ro:x", "")) == "invalid volume specification: '/a:/b:ro:x'");
  CHECK(problem_of(read_bind("data:in", "")) ==
        "invalid volume specification: 'data:in': invalid mount config for type \"volume\": invalid mount "
        "path: "
        "'in' mount path must be absolute");
  CHECK(problem_of(read_bind("/a:/", "")).ends_with("invalid specification: destination can't be '/'"));
}

TEST_CASE("--mount: what does not belong together is refused") {
  docker::Mount mount;
  mount.type = "bind";
  mount.target = "/x";
  CHECK(problem_of(read_mount(mount)) ==
        "invalid mount config for type \"bind\": field Source must not be empty");
  mount.source = "rel";
  CHECK(problem_of(read_mount(mount)).ends_with("invalid mount path: 'rel' mount path must be absolute"));
  mount.type = "volume";
  mount.source = "v";
  mount.volume = docker::Mount::Volume{};
  mount.volume->subpath = "../up";
  CHECK(problem_of(read_mount(mount)).ends_with("subpath must be a relative path within the volume"));
  mount.type = "tmpfs";
  CHECK(problem_of(read_mount(mount)).ends_with("field VolumeOptions must not be specified"));
  mount.volume.reset();
  mount.source = "";
  mount.read_only = true;
  mount.tmpfs = docker::Mount::Tmpfs{.size_bytes = 1000, .mode = 01777, .options = {{"exec"}}};
  CHECK(read_mount(mount)->point.tmpfs_options == "ro,size=1000,mode=1777,exec");
  mount.type = "x";
  CHECK(problem_of(read_mount(mount)) == "invalid mount config for type \"x\": mount type unknown: \"x\"");
}

TEST_CASE("each destination once: asked for twice is an error, lent and the image's give way") {
  docker::HostConfig wish;
  wish.binds = {"/a:/x", "b:/x/"};
  CHECK(refused(wish) == "Duplicate mount point: /x");
  wish.binds = {"/a:/x"};
  wish.tmpfs["/x"] = "";
  CHECK(refused(wish) == "Duplicate mount point: /x");
  wish.tmpfs.clear();
  wish.volumes_from = {"other:ro"};
  Container other;
  other.mounts.resize(2);
  other.mounts[0].type = other.mounts[1].type = "volume";
  other.mounts[0].name = "lent";
  other.mounts[0].destination = "/lent";
  other.mounts[1].name = "hidden";
  other.mounts[1].destination = "/x";
  const auto shared = std::make_shared<const Container>(other);
  const auto plan = plan_mounts({{"/x", true}, {"/lent", true}, {"/image", true}}, wish,
                                [&](std::string_view) -> Result<ContainerPtr> { return shared; });
  REQUIRE(plan);
  REQUIRE(plan->entries.size() == 3);
  CHECK(plan->entries[0].point.name == "lent");
  CHECK_FALSE(plan->entries[0].point.read_write);
  CHECK(plan->entries[0].point.no_copy);
  CHECK(plan->entries[1].point.source == "/a");
  CHECK(plan->entries[2].point.destination == "/image");
  CHECK(plan->entries[2].point.anonymous);
  docker::HostConfig from_nobody;
  from_nobody.volumes_from = {"gone"};
  CHECK(refused(from_nobody) == "No such container: gone");
}

struct World {
  ScratchFolder scratch;
  io::EpollLoop loop;
  io::BlockingPool pool{2};
  SystemClock clock;
  SeededRandom random{1};
  std::unique_ptr<store::Store> store = store::make_memory_store(loop, random);
  std::unique_ptr<Volumes> volumes = open();
  std::unique_ptr<Volumes> open() {
    return *loop.run(Volumes::open(*store, pool, clock, random, scratch.path("volumes")));
  }
};

TEST_CASE("volumes: made once, found again, removed when nobody has them") {
  World world;
  const auto made =
      world.loop.run(world.volumes->create({.name = "data", .options = {}, .labels = {{"a", "b"}}}));
  REQUIRE_MESSAGE(made, made.error().message());
  world.scratch.file("volumes/data/_data/file", "12345");
  CHECK(*world.loop.run(world.volumes->create({.name = "data", .options = {}, .labels = {}})) == *made);
  CHECK(*world.loop.run(world.volumes->bytes("data")) == 5);
  const auto anonymous = world.loop.run(world.volumes->create({}));
  CHECK((*anonymous)->name.size() == 64);
  CHECK((*anonymous)->anonymous);
  world.volumes = world.open();  // another daemon
  CHECK((*world.volumes->get("data"))->labels.at("a") == "b");
  CHECK(world.volumes->list().size() == 2);
  CHECK(problem_of(world.loop.run(world.volumes->remove("data", {"c1", "c2"}, false))) ==
        "remove data: volume is in use - [c1, c2]");
  CHECK(world.loop.run(world.volumes->remove("data", {}, false)));
  CHECK(::access(world.scratch.path("volumes/data").c_str(), F_OK) != 0);
  CHECK(problem_of(world.volumes->get("data")) == "get data: no such volume");
  CHECK(world.loop.run(world.volumes->remove("data", {}, true)));
  CHECK_FALSE(world.loop.run(world.volumes->remove("data", {}, false)));
}

TEST_CASE("volumes: names and options are Docker's") {
  World world;
  const auto refusal = [&](VolumeWish wish) {
    return problem_of(world.loop.run(world.volumes->create(wish)));
  };
  CHECK(refusal({.name = "a/b", .options = {}, .labels = {}})
            .starts_with("create a/b: \"a/b\" includes invalid characters"));
  CHECK(
      refusal({.name = "a", .options = {}, .labels = {}}).starts_with("create a: volume name is too short"));
  CHECK(refusal({.name = "ab", .driver = "x", .options = {}, .labels = {}}) ==
        "create ab: error looking up volume plugin x: plugin \"x\" not found");
  CHECK(refusal({.name = "ab", .options = {{"foo", "1"}}, .labels = {}}) ==
        "create ab: invalid option: \"foo\"");
  CHECK(refusal({.name = "ab", .options = {{"type", "tmpfs"}}, .labels = {}}) ==
        "create ab: missing required option: \"device\"");
  CHECK(split_mount_options("ro,size=5m,bind,rw").data == "size=5m");
}

TEST_CASE("a volume with options is mounted while somebody uses it") {
  World world;
  world.scratch.mounted("volumes/tm/_data");
  REQUIRE(world.loop.run(
      world.volumes->create({.name = "tm",
                             .options = {{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=1m,nosuid"}},
                             .labels = {}})));
  const std::string place = world.scratch.path("volumes/tm/_data");
  REQUIRE(world.loop.run(world.volumes->mount("tm", "one")));
  REQUIRE(world.loop.run(world.volumes->mount("tm", "two")));
  CHECK(is_mount_point(place));
  REQUIRE(world.loop.run(world.volumes->unmount("tm", "one")));
  CHECK(is_mount_point(place));
  REQUIRE(world.loop.run(world.volumes->unmount("tm", "two")));
  CHECK_FALSE(is_mount_point(place));
}

TEST_CASE("mounts are made: missing folders for -v, errors for --mount, volumes with the image's content") {
  World world;
  docker::HostConfig wish;
  wish.binds = {world.scratch.path("new/deep") + ":/bind", "data:/srv/www"};
  auto plan = plan_mounts({}, wish, nobody);
  REQUIRE(plan);
  const auto points = world.loop.run(make_mounts(*std::move(plan), *world.volumes, world.pool));
  REQUIRE_MESSAGE(points, points.error().message());
  CHECK(::access(world.scratch.path("new/deep").c_str(), F_OK) == 0);
  CHECK((*points)[1].source == world.scratch.path("volumes/data/_data"));
  world.scratch.folder("root/srv/site");
  world.scratch.file("root/srv/site/index", "hello");
  world.scratch.link("/srv/site", "root/srv/www");  // inside the tree, not the host's
  CHECK(copy_up(world.scratch.path("root"), *points));
  CHECK(world.scratch.read("volumes/data/_data/index") == "hello");
  world.scratch.file("root/srv/site/index", "changed");
  CHECK(copy_up(world.scratch.path("root"), *points));
  CHECK(world.scratch.read("volumes/data/_data/index") == "hello");  // it was not empty

  docker::HostConfig strict;
  strict.mounts = {{.type = "bind",
                    .source = world.scratch.path("none"),
                    .target = "/x",
                    .consistency = "",
                    .bind = {},
                    .volume = {},
                    .tmpfs = {}}};
  auto missing = plan_mounts({}, strict, nobody);
  REQUIRE(missing);
  CHECK(problem_of(world.loop.run(make_mounts(*std::move(missing), *world.volumes, world.pool))) ==
        "invalid mount config for type \"bind\": bind source path does not exist: " +
            world.scratch.path("none"));
}

TEST_CASE("a subpath of a volume never leads out of it") {
  ScratchFolder scratch;
  scratch.folder("volume/inner");
  scratch.folder("run");
  scratch.file("volume/inner/file", "in");
  scratch.link("/etc", "volume/out");
  scratch.link("inner", "volume/near");
  MountPoint point;
  point.type = "volume";
  point.name = "v";
  point.source = scratch.path("volume");
  point.destination = "/x";
  for (const auto bad : {"out", "near", "../volume", "inner/../../run", "none"}) {
    point.subpath = bad;
    const auto ready = ready_mounts(std::vector<MountPoint>{point}, scratch.path("run"));
    const bool inside = ready && ready->at(0).source.starts_with(scratch.path("run/mount-")) &&
                        ::access((ready->at(0).source + "/passwd").c_str(), F_OK) != 0;
    CHECK_MESSAGE((!ready || inside), bad);
    release_mounts(scratch.path("run"));
  }
  point.subpath = "inner";
  const auto ready = ready_mounts(std::vector<MountPoint>{point}, scratch.path("run"));
  REQUIRE_MESSAGE(ready, ready.error().message());
  CHECK(scratch.read("run/mount-0/file") == "in");
  CHECK(::rename(scratch.path("volume/inner").c_str(), scratch.path("volume/other").c_str()) == 0);
  scratch.link("/etc", "volume/inner");
  CHECK(scratch.read("run/mount-0/file") == "in");  // it stays what it was
  release_mounts(scratch.path("run"));
  CHECK(::access(scratch.path("run/mount-0").c_str(), F_OK) != 0);
}

TEST_CASE("shared propagation needs a shared mount on the host; a shareable /dev/shm is a mount of its own") {
  ScratchFolder scratch;
  scratch.folder("place");
  scratch.folder("run");
  scratch.mounted("place");
  scratch.mounted("run/shm");
  REQUIRE(::mount("t", scratch.path("place").c_str(), "tmpfs", 0, "") == 0);
  REQUIRE(::mount("", scratch.path("place").c_str(), "", MS_PRIVATE, "") == 0);
  MountPoint point;
  point.type = "bind";
  point.source = scratch.path("place");
  point.destination = "/x";
  point.propagation = "rshared";
  const std::vector<MountPoint> points = {point};
  CHECK(problem_of(ready_mounts(points, scratch.path("run"))) ==
        text("path {} is mounted on {} but it is not a shared mount", point.source, point.source));
  REQUIRE(::mount("", scratch.path("place").c_str(), "", MS_SHARED, "") == 0);
  CHECK(ready_mounts(points, scratch.path("run")));
  REQUIRE(make_shm(scratch.path("run"), 1 << 20));
  CHECK(is_mount_point(scratch.path("run/shm")));
  release_mounts(scratch.path("run"));
  CHECK_FALSE(is_mount_point(scratch.path("run/shm")));
}

}  // namespace
}  // namespace podo::engine
