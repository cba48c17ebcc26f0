// An engine, images and networks that are values of the test's. What no test needs is unsupported.
#pragma once

#include "base/io/condition.h"
#include "container/docker/api.h"

namespace podo::docker {

class FakeEngine final : public engine::Engine {
 public:
  std::vector<engine::ContainerPtr> containers;
  std::vector<engine::ExecPtr> execs;
  std::vector<engine::VolumePtr> volumes;
  std::vector<std::string> calls;  // "start web"
  CreateRequest created;
  std::unique_ptr<io::Stream> stream;   // the next that attach or exec gives
  std::vector<std::string> log_pieces;  // what logs() says

  Task<Created> create(CreateRequest request, std::string name) override;
  Task<Created> create_step(CreateRequest, std::string) override { co_return unsupported("steps"); }
  Result<engine::ContainerPtr> get(std::string_view reference) const override;
  std::vector<engine::ContainerPtr> list() const override { return containers; }
  Task<bool> start(std::string reference, std::string) override { co_return called("start", reference); }
  Task<bool> stop(std::string reference, engine::StopOptions) override {
    co_return called("stop", reference);
  }
  Task<void> restart(std::string, engine::StopOptions) override { return refuse(); }
  Task<void> kill(std::string reference, std::string signal) override;
  Task<void> pause(std::string) override { return refuse(); }
  Task<void> unpause(std::string) override { return refuse(); }
  Task<void> rename(std::string, std::string) override { return refuse(); }
  Task<std::vector<std::string>> update(std::string, UpdateRequest) override;
  Task<void> remove(std::string reference, engine::RemoveOptions) override;
  Result<std::unique_ptr<Waiter>> wait(std::string reference, engine::WaitFor) override;
  Task<std::unique_ptr<io::Stream>> attach(std::string, engine::AttachOptions) override;
  Task<void> resize(std::string, std::uint32_t, std::uint32_t) override { return refuse(); }
  Task<std::unique_ptr<engine::LogReader>> logs(std::string, engine::LogOptions) override;
  Task<Top> top(std::string, std::string) override { co_return Top{}; }
  Task<std::string> stats(std::string, std::string_view, bool) override { co_return "{}"; }
  Task<std::vector<image::Change>> changes(std::string) override;
  Task<engine::Usage> usage(std::string) override { co_return engine::Usage{10, 30}; }
  Task<engine::PathStat> stat_path(std::string, std::string) override;
  Task<engine::PathStat> copy_from(std::string, std::string,
                                   std::function<Task<void>(engine::PathStat)> first,
                                   image::Images::Sink sink) override;
  Task<void> copy_to(std::string, std::string, http::Body&, CopyOptions) override { return refuse(); }
  Task<void> export_tree(std::string, image::Images::Sink sink) override;
  Task<image::ImagePtr> commit(CommitRequest) override { co_return unsupported("commit"); }
  Task<std::string> create_exec(std::string, ExecConfig) override { co_return "e1"; }
  Result<engine::ExecPtr> get_exec(std::string_view id) const override;
  Task<std::unique_ptr<io::Stream>> start_exec(std::string, ExecStart) override;
  Task<int> wait_exec(std::string) override { co_return invalid("not in this test"); }
  Task<void> resize_exec(std::string, std::uint32_t, std::uint32_t) override { return refuse(); }
  Task<engine::VolumePtr> create_volume(VolumeWish wish) override;
  Result<engine::VolumePtr> get_volume(std::string_view name) const override;
  std::vector<engine::VolumePtr> list_volumes() const override { return volumes; }
  std::vector<std::string> users_of_volume(std::string_view) const override { return {}; }
  Task<std::uint64_t> volume_bytes(std::string) override { co_return 4096; }
  Task<void> remove_volume(std::string name, bool) override;
  Task<void> connect(std::string network, std::string container, EndpointSettings) override;
  Task<void> disconnect(std::string, std::string, bool) override { return refuse(); }
  Task<engine::SandboxPtr> make_sandbox(engine::SandboxWish) override { co_return unsupported("sandboxes"); }
  engine::SandboxPtr find_sandbox(std::string_view) const override { return nullptr; }
  std::vector<engine::SandboxPtr> list_sandboxes() const override { return {}; }
  Task<void> set_sandbox_hosts(std::string, std::string) override { return refuse(); }
  Task<void> remove_sandbox(std::string) override { return refuse(); }
  Task<std::unique_ptr<io::Stream>> connect_in_sandbox(std::string, std::uint16_t) override {
    co_return unsupported("sandboxes");
  }
  Task<void> set_control_group(std::string, docker::Resources) override { return refuse(); }
  Task<void> remove_control_group(std::string) override { return refuse(); }
  Task<void> close(bool) override { co_return; }

 private:
  bool called(std::string_view verb, std::string_view reference);  // false the second time
  static Task<void> refuse() { co_await unsupported("this fake does not do that"); }
};

class FakeImages final : public image::Images {
 public:
  std::vector<image::ImagePtr> images;
  std::vector<std::string> calls;
  std::map<std::string, std::string> blobs;  // by digest

  Result<image::ImagePtr> get(std::string_view reference) const override;
  std::vector<image::ImagePtr> list() const override { return images; }
  Task<void> tag(std::string id, std::string reference) override;
  Task<image::Removed> remove(std::string reference, RemoveOptions options) override;
  bool has_blob(std::string_view) const override { return false; }
  std::string blob_path(std::string_view) const override { return ""; }
  Task<std::string> read_blob(std::string digest, std::size_t) override {
    const auto found = blobs.find(digest);
    if (found == blobs.end()) co_return not_found("no such blob");
    co_return found->second;
  }
  Task<std::unique_ptr<BlobWriter>> write_blob(std::string, std::uint64_t) override {
    co_return unsupported("blobs");
  }
  Task<std::string> add_blob(std::string) override { co_return unsupported("blobs"); }
  Task<image::ImagePtr> add_image(std::string, std::vector<std::string>, image::ProgressSink) override {
    co_return unsupported("blobs");
  }
  Task<void> unpack_layer(std::string, std::string, std::string, std::string, image::ProgressSink) override {
    co_await unsupported("layers");
  }
  bool has_layer(std::string_view) const override { return false; }
  Task<image::Snapshot> make_snapshot(std::string, image::ImagePtr) override {
    co_return unsupported("snapshots");
  }
  Result<image::Snapshot> snapshot(std::string_view id) const override {
    return image::Snapshot{std::string(id), "/data/snapshots/x/upper", {"/l2", "/l1"}};
  }
  Task<void> mount_snapshot(std::string, std::string) override { co_return; }
  Task<void> unmount(std::string) override { co_return; }
  Task<void> remove_snapshot(std::string) override { co_return; }
  Task<std::vector<image::Change>> changes(std::string) override { co_return unsupported("changes"); }
  Task<std::uint64_t> snapshot_bytes(std::string) override { co_return 0; }
  Task<image::ImagePtr> commit(CommitOptions) override { co_return unsupported("commit"); }
  Task<void> save(std::vector<std::string>, Sink sink) override { co_await sink("archive"); }
  Task<std::vector<std::string>> load(http::Body& archive, image::ProgressSink progress) override;
  Task<image::ImagePtr> import(http::Body&, std::string, std::string, std::string) override {
    co_return unsupported("import");
  }
  Task<void> export_tree(std::string, Sink) override { co_return; }
  Task<image::Snapshot> make_build_snapshot(std::string, std::vector<std::string>,
                                            std::vector<std::string>) override {
    co_return unsupported("builds");
  }
  Task<KeptLayer> keep_changes(std::string, std::optional<std::int64_t>) override {
    co_return unsupported("builds");
  }
  Task<oci::Descriptor> pack_layer(std::string) override { co_return unsupported("builds"); }
  Task<image::ImagePtr> add_built(oci::ImageConfig, std::vector<std::string>, std::string,
                                  std::map<std::string, std::string>) override {
    co_return unsupported("builds");
  }
  void add_roots(std::function<void(InUse&)>) override {}
  Task<void> adopt_blob(std::string, std::string, std::uint64_t) override { co_await unsupported("blobs"); }
  Task<void> pin(std::string, Duration) override { co_return; }
  Task<std::uint64_t> collect_garbage() override { co_return 0; }
  Task<std::uint64_t> drop_layers(std::vector<std::string>) override { co_return 0; }
  Task<Usage> usage() override { co_return Usage{7, 9}; }
  std::string storage_driver() const override { return "overlay2"; }
};

// Tells what it is given, then gives `result` or fails with `error`.
class FakeBuilder final : public builder::Builder {
 public:
  std::vector<builder::BuildEvent> events;
  builder::BuildResult result;
  std::optional<Error> error;
  std::vector<std::string> archive;  // the pieces of an export
  bool waits = false;                // after the events, until it is cancelled
  std::vector<builder::CacheItem> items;
  builder::BuildRequest asked;  // the last
  std::string context;          // its archive
  builder::CachePrune pruned;
  bool was_cancelled = false;

  Task<builder::BuildResult> build(builder::BuildRequest request, builder::EventSink sink) override;
  std::vector<builder::CacheItem> cache() const override { return items; }
  Task<engine::Pruned> prune(builder::CachePrune how) override {
    pruned = std::move(how);
    co_return engine::Pruned{.removed = {"c1", "c2"}, .bytes = 77};
  }

 private:
  io::Condition never_{"the end of a build"};
};

class FakeNetworks final : public network::Networks {
 public:
  std::vector<network::NetworkRecord> records;
  std::vector<network::Endpoint> endpoints;

  Task<network::NetworkRecord> create(network::NetworkRecord wanted) override;
  Task<void> remove(std::string id) override;
  const network::NetworkRecord* find(std::string_view name_or_id) const override;
  std::vector<const network::NetworkRecord*> list() const override;
  std::vector<const network::Endpoint*> endpoints_of_network(std::string_view id) const override;
  std::vector<const network::Endpoint*> endpoints_of_container(std::string_view) const override { return {}; }
  Task<network::Sandbox> make_sandbox(std::string) override { co_return unsupported("sandboxes"); }
  Task<void> remove_sandbox(std::string) override { co_return; }
  Task<network::Endpoint> attach(std::string, network::EndpointWish) override {
    co_return unsupported("endpoints");
  }
  Task<void> detach(std::string, std::string) override { co_return; }
  Task<void> rename_container(std::string, std::string) override { co_return; }
  Task<std::vector<network::PublishedPort>> publish(std::string,
                                                    std::vector<network::PublishedPort> ports) override {
    co_return ports;
  }
  Task<void> unpublish(std::string) override { co_return; }
  Task<std::string> resolv_conf(std::string, network::DnsSettings) override { co_return ""; }
  Task<std::vector<Counters>> counters(std::string) override { co_return std::vector<Counters>(); }
  Task<void> restore(std::vector<std::string>) override { co_return; }
  Task<void> close(bool) override { co_return; }
};

}  // namespace podo::docker
