// A world for the solver's tests: images without files, an engine whose commands are words with a meaning,
// and a cache in memory.
//
//   "out TEXT"   prints TEXT and ends with 0         "fail N"    ends with N
//   "meet N"     ends once N of them run at a time   "forever"   until it is removed
#pragma once

#include <doctest/doctest.h>

#include <stdlib.h>

#include <charconv>
#include <filesystem>

#include "base/crypto/digest.h"
#include "base/store/memory_store.h"
#include "container/builder/config_change.h"
#include "container/builder/solve.h"

namespace podo::builder {

// Remembers snapshots; what a step changed is named by its container's command.
class FakeImages final : public image::Images {
 public:
  std::map<std::string, std::vector<std::string>> snapshots;  // id -> chain
  std::map<std::string, std::string> commands;                // id -> what ran in it
  std::map<std::string, image::ImagePtr, std::less<>> named;
  std::vector<std::string> packed;

  Result<image::ImagePtr> get(std::string_view name) const override {
    if (const auto found = named.find(name); found != named.end()) return found->second;
    return not_found("No such image: {}", name);
  }
  Task<image::Snapshot> make_build_snapshot(std::string id, std::vector<std::string> chain,
                                            std::vector<std::string>) override {
    snapshots[id] = std::move(chain);
    co_return image::Snapshot{.id = id, .upper = "/nowhere", .lower = {}};
  }
  Task<void> mount_snapshot(std::string, std::string) override { co_return; }
  Task<void> unmount(std::string) override { co_return; }
  Task<void> remove_snapshot(std::string id) override {
    snapshots.erase(id);
    co_return;
  }
  Task<KeptLayer> keep_changes(std::string id, std::optional<std::int64_t>) override {
    KeptLayer layer;
    layer.diff_id = "sha256:" + hex_of(commands[id]);
    std::vector<std::string> chain = snapshots[id];
    layer.chain_id = "sha256:" + hex_of((chain.empty() ? "" : chain.back()) + " " + layer.diff_id);
    snapshots.erase(id);
    co_return layer;
  }
  Task<oci::Descriptor> pack_layer(std::string chain_id) override {
    packed.push_back(std::move(chain_id));
    co_return oci::Descriptor{};
  }
  Task<image::ImagePtr> add_built(oci::ImageConfig config, std::vector<std::string>, std::string,
                                  std::map<std::string, std::string>) override {
    auto image = std::make_shared<image::Image>();
    image->id = "sha256:" + hex_of(oci::encode_image_config(config));
    co_return image::ImagePtr(image);
  }

  std::vector<image::ImagePtr> list() const override { return {}; }
  Task<void> tag(std::string, std::string) override { co_return; }
  Task<image::Removed> remove(std::string, RemoveOptions) override { co_return none(); }
  bool has_blob(std::string_view) const override { return false; }
  std::string blob_path(std::string_view) const override { return ""; }
  Task<std::string> read_blob(std::string, std::size_t) override { co_return none(); }
  Task<std::unique_ptr<BlobWriter>> write_blob(std::string, std::uint64_t) override { co_return none(); }
  Task<std::string> add_blob(std::string) override { co_return none(); }
  Task<image::ImagePtr> add_image(std::string, std::vector<std::string>, image::ProgressSink) override {
    co_return none();
  }
  Task<void> unpack_layer(std::string, std::string, std::string, std::string, image::ProgressSink) override {
    co_return;
  }
  bool has_layer(std::string_view) const override { return true; }
  Task<image::Snapshot> make_snapshot(std::string, image::ImagePtr) override { co_return none(); }
  Result<image::Snapshot> snapshot(std::string_view) const override { return none(); }
  Task<std::vector<image::Change>> changes(std::string) override { co_return none(); }
  Task<std::uint64_t> snapshot_bytes(std::string) override { co_return 0; }
  Task<image::ImagePtr> commit(CommitOptions) override { co_return none(); }
  Task<void> save(std::vector<std::string>, Sink) override { co_return; }
  Task<std::vector<std::string>> load(http::Body&, image::ProgressSink) override { co_return none(); }
  Task<image::ImagePtr> import(http::Body&, std::string, std::string, std::string) override {
    co_return none();
  }
  Task<void> export_tree(std::string, Sink) override { co_return; }
  void add_roots(std::function<void(InUse&)>) override {}
  Task<void> adopt_blob(std::string, std::string, std::uint64_t) override { co_return; }
  Task<void> pin(std::string, Duration) override { co_return; }
  Task<std::uint64_t> collect_garbage() override { co_return 0; }
  Task<std::uint64_t> drop_layers(std::vector<std::string>) override { co_return 0; }
  Task<Usage> usage() override { co_return Usage{}; }
  std::string storage_driver() const override { return "overlay2"; }

  static std::string hex_of(const std::string& text) { return crypto::digest_of(text).substr(7); }

 private:
  static Failure none() { return unsupported("not in this test"); }
};

class FakeEngine final : public engine::Engine {
 public:
  explicit FakeEngine(FakeImages& images) : images_(images) {}
  std::vector<std::string> started;  // commands, in their order
  std::vector<docker::CreateRequest> requests;
  std::size_t most_at_once = 0;

  Task<Created> create_step(docker::CreateRequest request, std::string id) override {
    Step step{.command = request.config.cmd.value_or(docker::Strings()).back()};
    images_.commands[id] = step.command;
    steps_[id] = std::move(step);
    requests.push_back(std::move(request));
    co_return Created{.id = id, .warnings = {}};
  }
  Task<bool> start(std::string id, std::string) override {
    started.push_back(steps_.at(id).command);
    steps_.at(id).runs = true;
    most_at_once = std::max(most_at_once, running());
    changed_.notify_all();
    co_return true;
  }
  Result<std::unique_ptr<Waiter>> wait(std::string id, engine::WaitFor) override {
    return std::unique_ptr<Waiter>(std::make_unique<StepWaiter>(*this, std::move(id)));
  }
  Task<std::unique_ptr<io::Stream>> attach(std::string id, engine::AttachOptions) override {
    co_return std::unique_ptr<io::Stream>(std::make_unique<Output>(steps_.at(id).command));
  }
  Task<void> remove(std::string id, engine::RemoveOptions) override {
    if (steps_.erase(id) == 0) co_await not_found("No such container: {}", id);
  }
  std::size_t containers() const { return steps_.size(); }

  Task<Created> create(docker::CreateRequest, std::string) override { co_return none(); }
  Result<engine::ContainerPtr> get(std::string_view) const override { return none(); }
  std::vector<engine::ContainerPtr> list() const override { return {}; }
  Task<bool> stop(std::string, engine::StopOptions) override { co_return none(); }
  Task<void> restart(std::string, engine::StopOptions) override { co_return; }
  Task<void> kill(std::string, std::string) override { co_return; }
  Task<void> pause(std::string) override { co_return; }
  Task<void> unpause(std::string) override { co_return; }
  Task<void> rename(std::string, std::string) override { co_return; }
  Task<std::vector<std::string>> update(std::string, docker::UpdateRequest) override { co_return none(); }
  Task<void> resize(std::string, std::uint32_t, std::uint32_t) override { co_return; }
  Task<std::unique_ptr<engine::LogReader>> logs(std::string, engine::LogOptions) override {
    co_return none();
  }
  Task<Top> top(std::string, std::string) override { co_return none(); }
  Task<std::string> stats(std::string, std::string_view, bool) override { co_return none(); }
  Task<std::vector<image::Change>> changes(std::string) override { co_return none(); }
  Task<engine::Usage> usage(std::string) override { co_return none(); }
  Task<engine::PathStat> stat_path(std::string, std::string) override { co_return none(); }
  Task<engine::PathStat> copy_from(std::string, std::string, std::function<Task<void>(engine::PathStat)>,
                                   image::Images::Sink) override {
    co_return none();
  }
  Task<void> copy_to(std::string, std::string, http::Body&, CopyOptions) override { co_return; }
  Task<void> export_tree(std::string, image::Images::Sink) override { co_return; }
  Task<image::ImagePtr> commit(CommitRequest) override { co_return none(); }
  Task<std::string> create_exec(std::string, docker::ExecConfig) override { co_return none(); }
  Result<engine::ExecPtr> get_exec(std::string_view) const override { return none(); }
  Task<std::unique_ptr<io::Stream>> start_exec(std::string, ExecStart) override { co_return none(); }
  Task<void> resize_exec(std::string, std::uint32_t, std::uint32_t) override { co_return; }
  Task<engine::VolumePtr> create_volume(VolumeWish) override { co_return none(); }
  Result<engine::VolumePtr> get_volume(std::string_view) const override { return none(); }
  std::vector<engine::VolumePtr> list_volumes() const override { return {}; }
  std::vector<std::string> users_of_volume(std::string_view) const override { return {}; }
  Task<std::uint64_t> volume_bytes(std::string) override { co_return 0; }
  Task<void> remove_volume(std::string, bool) override { co_return; }
  Task<void> connect(std::string, std::string, docker::EndpointSettings) override { co_return; }
  Task<void> disconnect(std::string, std::string, bool) override { co_return; }
  Task<void> close(bool) override { co_return; }

 private:
  struct Step {
    std::string command;
    bool runs = false;
  };
  class Output final : public io::Stream {
   public:
    explicit Output(const std::string& command) {
      if (!command.starts_with("out ")) return;
      const std::string text = command.substr(4);
      bytes_ = std::string("\1\0\0\0\0\0\0", 7) + static_cast<char>(text.size()) + text;
    }
    Task<std::size_t> read(std::span<std::byte> into) override {
      // In small pieces: a frame may come in any.
      const std::size_t count = std::min<std::size_t>({into.size(), bytes_.size(), 3});
      bytes_.copy(reinterpret_cast<char*>(into.data()), count);
      bytes_.erase(0, count);
      co_return count;
    }
    Task<void> write(std::span<const std::byte>) override { co_return; }
    Result<void> finish() override { return {}; }

   private:
    std::string bytes_;
  };
  class StepWaiter final : public Waiter {
   public:
    StepWaiter(FakeEngine& engine, std::string id) : engine_(engine), id_(std::move(id)) {}
    Task<engine::Waited> done() override {
      engine::Waited ended;
      while (!engine_.may_end(id_, ended.exit_code)) co_await engine_.changed_.wait();
      engine_.steps_.erase(id_);
      co_return ended;
    }

   private:
    FakeEngine& engine_;
    std::string id_;
  };

  std::size_t running() const {
    std::size_t count = 0;
    for (const auto& [id, step] : steps_) count += step.runs ? 1 : 0;
    return count;
  }
  bool may_end(const std::string& id, int& code) const {
    const std::string& command = steps_.at(id).command;
    const std::string_view number = std::string_view(command).substr(command.find(' ') + 1);
    int value = 0;
    std::from_chars(number.data(), number.data() + number.size(), value);
    if (command.starts_with("fail ")) code = value;
    if (command.starts_with("meet ")) return most_at_once >= static_cast<std::size_t>(value);
    return !command.starts_with("forever");
  }
  static Failure none() { return unsupported("not in this test"); }

  FakeImages& images_;
  std::map<std::string, Step> steps_;
  io::Condition changed_{"a command"};
};

class FakeCache final : public Cache {
 public:
  std::map<std::string, CachedStep, std::less<>> steps;
  std::map<std::string, std::string, std::less<>> facts;

  class FakeLease final : public Lease {
   public:
    explicit FakeLease(FakeCache& cache) : cache_(cache) {}
    std::optional<CachedStep> find(std::string_view key) override {
      const auto found = cache_.steps.find(key);
      if (found == cache_.steps.end()) return std::nullopt;
      return found->second;
    }
    Task<void> keep(std::string key, CachedStep step) override {
      cache_.steps[key] = std::move(step);
      co_return;
    }
    void hold(std::string_view) override {}

   private:
    FakeCache& cache_;
  };
  std::unique_ptr<Lease> lease() override { return std::make_unique<FakeLease>(*this); }
  std::optional<std::string> fact(std::string_view key) const override {
    const auto found = facts.find(key);
    return found == facts.end() ? std::nullopt : std::optional(found->second);
  }
  Task<void> keep_fact(std::string key, std::string text) override {
    facts[key] = std::move(text);
    co_return;
  }
  Task<std::unique_ptr<Mount>> mount(std::string, Sharing) override { co_return unsupported("mounts"); }
  Task<std::unique_ptr<Claim>> claim(std::string) override { co_return std::make_unique<Claim>(); }
  std::vector<CacheItem> items() const override { return {}; }
  Task<engine::Pruned> prune(CachePrune) override { co_return engine::Pruned{}; }
  Task<void> export_to(Remote, std::vector<std::string>, image::Registry&) override { co_return; }
  Task<void> import_from(Remote, image::Registry&) override { co_return; }
};

class NoConnector final : public http::Connector {
 public:
  Task<std::unique_ptr<io::Stream>> connect(const http::Url& url) override {
    co_return unavailable("no network here: {}", url.host);
  }
};

struct SolveWorld {
  io::EpollLoop loop;
  io::BlockingPool pool{1};
  SystemClock clock;
  SeededRandom random{7};
  SilentLog log;
  std::unique_ptr<store::Store> store = store::make_memory_store(loop, random);
  FakeImages images;
  FakeEngine engine{images};
  FakeCache cache;
  NoConnector connector;
  http::Client client{loop, connector, {}};
  image::Registry registry{{loop, client, client, images, random, clock, log}, {}};
  BuilderGround ground{loop, pool, *store, images, registry, engine, client, random, clock, log};
  Places places;
  std::string folder;
  std::vector<BuildEvent> events;

  explicit SolveWorld(unsigned steps_at_once = 4) : places(steps_at_once) {
    char name[] = "/tmp/podo-solve-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    folder = name;
    auto box = std::make_shared<image::Image>();
    box->id = "sha256:" + std::string(64, 'b');
    box->config = scratch_config(oci::Platform::own());
    images.named["docker.io/library/box:latest"] = box;
  }
  ~SolveWorld() { std::filesystem::remove_all(folder); }

  Task<State> solve(std::string dockerfile, BuildRequest request = {}) {
    const ContextGround contexts{loop, pool, client, random, log};
    Work work{.ground = ground,
              .cache = cache,
              .places = places,
              .id = "build",
              .folder = folder + "/work",
              .run_folder = folder,
              .contexts = contexts,
              .request = std::move(request),
              .events = [this](const BuildEvent& event) { events.push_back(event); },
              .lease = cache.lease()};
    for (const auto& [name, value] : work.request.arguments)
      if (value) work.given.emplace(name, value);
    work.file = co_await dockerfile::parse(dockerfile, "Dockerfile");
    SolvePlan plan = co_await plan_solve(work, oci::Platform::own(), 0);
    Solve solve(work, std::move(plan));
    co_return co_await solve.run();
  }
  Result<State> run(std::string dockerfile, BuildRequest request = {}) {
    return loop.run(solve(std::move(dockerfile), std::move(request)));
  }
};

}  // namespace podo::builder
