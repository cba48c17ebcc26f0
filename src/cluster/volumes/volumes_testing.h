// What the tests of this room stand on: a folder whose mounts go away with it, and Volumes over it and an API
// server.
#pragma once

#include "base/io/combine.h"
#include "cluster/volumes/nodes_api_testing.h"
#include "cluster/volumes/pod_folder.h"
#include "cluster/volumes/volumes.h"
#include "container/image/images_testing.h"
#include "model/kube/schema.h"

namespace podo::volumes {

// A machine's clock that can be put forward.
class ShiftedClock final : public Clock {
 public:
  Monotonic now() const override { return system_.now(); }
  Wall wall() const override { return {system_.wall().ns + shift.ns}; }
  Duration shift = {};

 private:
  SystemClock system_;
};

struct Scratch {
  Scratch() {
    char name[] = "/tmp/podo-volumes-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    for (int round = 0; round < 4; ++round) {
      const auto mounts = mounts_below(path);
      for (auto mount = mounts->rbegin(); mount != mounts->rend(); ++mount)
        static_cast<void>(podo::linux::unmount(mount->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW));
    }
    CHECK(image::remove_tree(path));
  }
  std::string path;
};

inline struct stat status_of(const std::string& path) {
  struct stat status{};
  REQUIRE_MESSAGE(::lstat(path.c_str(), &status) == 0, path);
  return status;
}
inline mode_t mode_at(const std::string& path) { return status_of(path).st_mode & 07777; }

class NoConnector final : public http::Connector {
 public:
  Task<std::unique_ptr<io::Stream>> connect(const http::Url&) override {
    co_return unavailable("no network");
  }
};

// Volumes of one node, and its API.
struct World {
  World() { open(); }
  // As after a restart of the daemon.
  void open() {
    volumes.reset();
    sources = Sources::make(ground.loop, client, [this](auto, SourceKind kind, std::string_view name) {
      changes.push_back(text("{} {}", name_of(kind), name));
    });
    auto opened = ground.run(Volumes::open({.loop = ground.loop,
                                            .pool = ground.pool,
                                            .client = client,
                                            .sources = *sources,
                                            .images = *ground.images,
                                            .registry = registry,
                                            .clock = clock,
                                            .random = ground.random,
                                            .log = ground.log},
                                           {.data_folder = scratch.path}));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().message());
    volumes = *std::move(opened);
  }
  // A pod of `spec`'s members: {"volumes":[...], "containers":[...]}.
  json::Tree pod(std::string_view spec) const {
    auto tree = json::Tree::parse(text(R"({{"metadata":{{"name":"p","namespace":"ns","uid":"u1"}},)"
                                       R"("spec":{{"serviceAccountName":"default",{}}}}})",
                                       spec));
    REQUIRE_MESSAGE(tree.has_value(), tree.error().message());
    return *std::move(tree);
  }
  std::string problem(Task<void> task) {
    const auto done = ground.run(std::move(task));
    return done ? "" : done.error().message();
  }
  std::string volume(std::string_view kind_and_name) const {
    return text("{}/pods/u1/volumes/kubernetes.io~{}", scratch.path, kind_and_name);
  }
  // Until a change has been told.
  void wait_for_change() {
    const std::size_t before = changes.size();
    REQUIRE(ground.run(io::deadline(wait_past(before), seconds(10))));
  }
  Task<void> wait_past(std::size_t before) {
    while (changes.size() == before) co_await io::sleep(milliseconds(1));
  }

  Scratch scratch;
  image::Ground ground;
  ShiftedClock clock;
  schema::Schema schema = kube::parse_schema();
  NodesApi api{clock};
  client::LocalTransport transport{ground.loop, api, {.certificate_name = "system:node:n1"}};
  client::Client client{transport, schema};
  NoConnector connector;
  http::Client http{ground.loop, connector, {}};
  image::Registry registry{{ground.loop, http, http, *ground.images, ground.random, ground.clock, ground.log},
                           {}};
  std::vector<std::string> changes;
  std::unique_ptr<Sources> sources;
  std::unique_ptr<Volumes> volumes;
};

}  // namespace podo::volumes
