// A world for the solver's tests: images without files, an engine whose commands are words with a meaning,
// and a cache in memory.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/store/memory_store.h"
#include "container/builder/config_change.h"
#include "container/builder/solve.h"
#include "container/builder/solve_engine_testing.h"

namespace podo::builder {

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
