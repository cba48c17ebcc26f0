// For tests of what a node does with an engine: a real one with real sandboxes, whose OCI runtime is a
// script; an API server of few objects; no volumes, and no network to registries.
#pragma once

#include "cluster/client/client_testing.h"
#include "cluster/node/containers.h"
#include "cluster/pod/cgroup.h"
#include "container/engine/sandbox_join_testing.h"

namespace podo::node {

inline const std::string box = "sha256:" + std::string(64, 'b');

class NoVolumes final : public volumes::Volumes {
 public:
  Task<void> mount(const json::Item&) override { co_return; }
  Task<std::vector<docker::Mount>> mounts_of(const json::Item&, volumes::ContainerView view) override {
    if (view.environment.contains("NO_MOUNTS"))
      co_return invalid("failed to prepare subPath for volumeMount \"v\" of container \"c\"");
    co_return std::vector<docker::Mount>();
  }
  Task<std::optional<Duration>> refresh(const json::Item&) override { co_return std::nullopt; }
  Task<std::string> termination_message(std::string, std::string, int, std::size_t) override {
    co_return std::string();
  }
  Task<void> unmount(std::string) override { co_return; }
  std::vector<std::string> known_pods() const override { return {}; }
};

class FewSources final : public volumes::Sources {
 public:
  void hold(std::string_view, std::string_view, volumes::SourceKind, std::string_view) override {}
  void release(std::string_view) override {}
  Task<std::optional<json::Tree>> get(std::string, volumes::SourceKind kind, std::string name,
                                      objects::Revision) override {
    if (kind == volumes::SourceKind::secret || name != "cm") co_return std::nullopt;
    co_return co_await json::Tree::parse(R"({"data":{"KEY":"value"}})");
  }
};

class NoNetwork final : public http::Connector {
  Task<std::unique_ptr<io::Stream>> connect(const http::Url&) override {
    co_return unavailable("there is no network here");
  }
};

struct ContainersWorld {
  explicit ContainersWorld(bool runs) : engine(runs) {
    api.there["/api/v1/services/kubernetes"] =
        R"({"metadata":{"name":"kubernetes","namespace":"default","resourceVersion":"3"},
            "spec":{"clusterIP":"10.96.0.1","ports":[{"port":443}]}})";
    auto opened = engine.machine.loop.run(
        Containers::open({engine.machine.loop, engine.machine.pool, client, *engine.engine, engine.images,
                          registry, volumes, sources, engine.machine.clock, engine.machine.log},
                         {.cgroup_root = engine.group, .network = "bridge"}));
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message()));
    containers = *std::move(opened);
  }
  // The engine's id, or why it waits. The container's text is what follows its name and image.
  std::string start(std::string_view more, std::string_view pod_more = "", std::string image = box) {
    const json::Tree pod = parsed(text(
        R"({{"metadata":{{"name":"web","namespace":"ns","uid":"u1"}},
            "spec":{{"dnsPolicy":"Default","containers":[{{"name":"c","image":"{}"{}}}]{}}}}})",
        image, more, pod_more));
    auto made = engine.machine.loop.run(containers->make_sandbox(pod.root(), {}));
    REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
    sandbox = *made;
    PodPlace place{.pod = pod.root(),
                   .sandbox = *made,
                   .pod_ips = {},
                   .host_ips = {"192.0.2.1"},
                   .cgroup_parent = pod::pod_group(engine.group, pod.root())};
    const json::Item& container = *pod.root().find("spec", "containers")->at(0);
    auto started = engine.machine.loop.run(
        containers->start(std::move(place), container, 0, [this](const client::Said& said) { say(said); }));
    REQUIRE(started);
    return *started ? **started : text("{}: {}", started->error().reason, started->error().message);
  }
  void say(const client::Said& said) {
    events += text("{}{}: {}\n", said.warning ? "!" : "", said.reason, said.message);
  }
  static json::Tree parsed(std::string_view json) {
    auto tree = json::Tree::parse(std::string(json));
    REQUIRE_MESSAGE(tree, json);
    return *std::move(tree);
  }

  engine::SandboxTest engine;
  const schema::Schema schema = kube::parse_schema();
  client::SmallApi api;
  client::LocalTransport transport{engine.machine.loop, api, {.certificate_name = "system:node:n"}};
  client::Client client{transport, schema};
  NoNetwork no_network;
  http::Client http{engine.machine.loop, no_network, {}};
  image::Registry registry{{engine.machine.loop, http, http, engine.images, engine.machine.random,
                            engine.machine.clock, engine.machine.log},
                           {}};
  NoVolumes volumes;
  FewSources sources;
  std::unique_ptr<Containers> containers;
  engine::SandboxPtr sandbox;
  std::string events;
};

}  // namespace podo::node
