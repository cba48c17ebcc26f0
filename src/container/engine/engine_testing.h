// An engine for tests: on images and networks that only remember what they were asked for, and a store in
// memory.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/store/memory_store.h"
#include "container/engine/engine.h"
#include "container/engine/networks_testing.h"

namespace podo::engine {

// One image, "box", whose containers have an empty file tree.
class FakeImages final : public image::Images {
 public:
  using Pieces = std::vector<std::string>;
  FakeImages() {
    auto box = std::make_shared<image::Image>();
    box->id = "sha256:" + std::string(64, 'b');
    box->config.cmd = {"sh"};
    image_ = std::move(box);
  }
  std::set<std::string> snapshots;
  bool snapshots_fail = false;

  Result<image::ImagePtr> get(std::string_view name) const override {
    if (name == "box" || name == image_->id) return image_;
    return not_found("No such image: {}", name);
  }
  Task<image::Snapshot> make_snapshot(std::string id, image::ImagePtr) override {
    if (snapshots_fail) co_return exhausted("the disk is full");
    snapshots.insert(id);
    co_return image::Snapshot{.id = id, .upper = "", .lower = {}};
  }
  Task<void> remove_snapshot(std::string id) override {
    snapshots.erase(id);
    co_return;
  }
  Task<void> mount_snapshot(std::string, std::string) override { co_return; }
  Task<void> unmount(std::string) override { co_return; }

  std::vector<image::ImagePtr> list() const override { return {image_}; }
  Task<void> tag(std::string, std::string) override { co_await none(); }
  Task<image::Removed> remove(std::string, RemoveOptions) override { co_return none(); }
  bool has_blob(std::string_view) const override { return false; }
  std::string blob_path(std::string_view) const override { return ""; }
  Task<std::string> read_blob(std::string, std::size_t) override { co_return none(); }
  Task<std::unique_ptr<BlobWriter>> write_blob(std::string, std::uint64_t) override { co_return none(); }
  Task<std::string> add_blob(std::string) override { co_return none(); }
  Task<image::ImagePtr> add_image(std::string, Pieces, image::ProgressSink) override { co_return none(); }
  Task<void> unpack_layer(std::string, std::string, std::string, std::string, image::ProgressSink) override {
    co_await none();
  }
  bool has_layer(std::string_view) const override { return false; }
  Result<image::Snapshot> snapshot(std::string_view id) const override {
    if (!snapshots.contains(std::string(id))) return not_found("no file tree of {}", id);
    return image::Snapshot{.id = std::string(id), .upper = "", .lower = {}};
  }
  Task<std::vector<image::Change>> changes(std::string) override { co_return none(); }
  Task<std::uint64_t> snapshot_bytes(std::string) override { co_return 0; }
  Task<image::ImagePtr> commit(CommitOptions) override { co_return none(); }
  Task<void> save(Pieces, Sink) override { co_await none(); }
  Task<Pieces> load(http::Body&, image::ProgressSink) override { co_return none(); }
  Task<image::ImagePtr> import(http::Body&, std::string, std::string, std::string) override {
    co_return none();
  }
  Task<void> export_tree(std::string, Sink) override { co_await none(); }
  Task<image::Snapshot> make_build_snapshot(std::string id, Pieces, Pieces) override {
    co_return co_await make_snapshot(std::move(id), nullptr);
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
  Task<Usage> usage() override { co_return Usage{}; }
  std::string storage_driver() const override { return "overlay2"; }

 private:
  static Failure none() { return unsupported("not in this test"); }
  image::ImagePtr image_;
};

// Members die in reverse; the engine first. The OCI runtime is a program that refuses.
class TestEngine {
 public:
  explicit TestEngine(std::string runtime = "/bin/false") : runtime_(std::move(runtime)) {
    char name[] = "/tmp/podo-engine-XXXXXX";
    folder = ::mkdtemp(name);
    store = store::make_memory_store(loop, random);
    open();
  }
  ~TestEngine() {
    engine.reset();
    std::error_code error;
    std::filesystem::remove_all(folder, error);
  }
  // As a daemon that comes after another one was killed.
  void open() {
    engine.reset();
    docker::HostConfig::LogConfig log;
    log.type = "json-file";
    auto opened = loop.run(Engine::open({loop, pool, *store, images, networks, events, random, clock, log_},
                                        {.data_folder = folder + "/data",
                                         .run_folder = folder + "/run",
                                         .cgroup_parent = "podo-test",
                                         .runtime_program = {runtime_},
                                         .default_log = log}));
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message()));
    engine = *std::move(opened);
  }
  Result<std::string> create(std::string name, docker::CreateRequest request = {}) {
    if (request.config.image.empty()) request.config.image = "box";
    auto created = loop.run(engine->create(std::move(request), std::move(name)));
    if (!created) return Failure(created.error());
    return created->id;
  }
  std::string refusal(Task<void> task) {
    const auto done = loop.run(std::move(task));
    return done ? "" : done.error().message();
  }
  std::string told() {  // since the last call
    std::string actions;
    while (const EventPtr event = subscription_.take()) actions += text("{} ", event->action);
    return actions;
  }

  io::EpollLoop loop;
  io::BlockingPool pool{2};
  SystemRandom random;
  SystemClock clock;
  SilentLog log_;
  std::string folder;
  FakeImages images;
  FakeNetworks networks;
  Events events{clock};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Engine> engine;

 private:
  std::string runtime_;
  Events::Subscription subscription_ = events.subscribe();
};

}  // namespace podo::engine
