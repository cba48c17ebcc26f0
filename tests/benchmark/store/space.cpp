// What many updates of few keys leave on the disk, and how much is written for them: a million updates of ten
// keys, and a day of status updates. The engines take turns, a slice of the updates each.
#include <array>
#include <functional>

#include "bench.h"
#include "measure.h"
#include "workload.h"

namespace podo::bench {

namespace {

constexpr unsigned slices = 20;

struct Life {
  const Maker& maker;
  Folder folder;
  std::unique_ptr<Engine> engine = maker.make();
  Duration wall = {};
  Usage used = {};

  Life(const Maker& its_maker, const Plan& plan)
      : maker(its_maker), folder(plan.folder + "/" + its_maker.name) {}

  Result<void> spend(const std::function<Result<void>(Engine&)>& work) {
    settle(folder.path());
    const SystemClock clock;
    const Usage before = Usage::now(folder.path());
    const Monotonic start = clock.now();
    TRY_IN(maker.name, work(*engine));
    wall = wall + (clock.now() - start);
    used = used + (Usage::now(folder.path()) - before);
    return {};
  }
};

struct Story {
  std::string section;
  double given_bytes = 0;  // keys and values of all updates
  std::function<Result<void>(Engine&)> load;
  std::function<Result<void>(Engine&, unsigned slice)> update;
};

void add(Bench& bench, const Story& story, const Life& life) {
  const auto add = [&](const char* name, double value, int decimals) {
    bench.report.add({story.section, name, Better::lower, decimals}, life.maker.name, value);
  };
  add("on the disk afterwards, MB", static_cast<double>(disk_bytes(life.folder.path())) / 1e6, 1);
  add("to the disk / given", static_cast<double>(life.used.device_bytes) / story.given_bytes, 2);
  add("passed to write calls / given", static_cast<double>(life.used.passed_bytes) / story.given_bytes, 2);
  add("CPU, s", static_cast<double>(life.used.cpu_ns) / 1e9, 1);
  add("took, s", static_cast<double>(life.wall.ns) / 1e9, 1);
}

Result<void> tell(Bench& bench, const Story& story) {
  std::vector<std::unique_ptr<Life>> lives;
  for (const Maker& maker : bench.engines) {
    lives.push_back(std::make_unique<Life>(maker, bench.plan));
    TRY_IN(maker.name, lives.back()->engine->open(lives.back()->folder.path()));
    TRY_IN(maker.name, story.load(*lives.back()->engine));
  }
  for (unsigned slice = 0; slice < slices; ++slice)
    for (const auto& life : lives)
      TRY(life->spend([&](Engine& engine) { return story.update(engine, slice); }));
  for (const auto& life : lives) {
    TRY(life->spend([](Engine& engine) -> Result<void> {
      engine.close();
      return {};
    }));
    add(bench, story, *life);
  }
  return {};
}

// Different pods in a group: their agents speak for one at a time.
Result<void> update_pods(Engine& engine, const Workload& pods, std::uint64_t updates, std::uint64_t seed) {
  SeededRandom random(seed);
  std::array<Put, 8> group;
  for (std::uint64_t left = updates; left > 0;) {
    const std::uint64_t count = std::min(left, 1 + random.below(group.size()));
    const std::uint64_t first = random.below(pods.shape().keys);
    for (std::uint64_t i = 0; i < count; ++i)
      group[i] = pods.put((first + i * 241) % pods.shape().keys, random.next());
    TRY(engine.commit(std::span(group).first(count)));
    left -= count;
  }
  return {};
}

}  // namespace

Result<void> measure_space(Bench& bench) {
  const Workload work({.keys = 10, .value_bytes = 2048});
  const std::uint64_t updates = bench.plan.quick ? 100'000 : 1'000'000;
  return tell(bench, {.section = text("{} updates of 10 keys, 2 KB, 128 writers", updates),
                      .given_bytes = static_cast<double>(updates * work.bytes_per_put()),
                      .load = [&](Engine& engine) { return work.load(engine); },
                      .update = [&](Engine& engine, unsigned) -> Result<void> {
                        TRY(engine.write({.work = work, .writers = 128, .puts_max = updates / slices}));
                        return {};
                      }});
}

// A cluster of 2,000 pods writes about five status updates a second, in 86,400 seconds 432,000. They come in
// groups: those of one second when they are relaxed, those of one moment when they are durable. The peers
// cannot compress; Podo does where it pays.
Result<void> measure_day(Bench& bench) {
  constexpr Shape::Values text_of_pods = Shape::Values::pods;
  const Workload pods({.keys = 2000, .value_bytes = 2500, .values = text_of_pods});
  const Workload cold(
      {.prefix = "registry/configmaps/", .keys = 5000, .value_bytes = 2500, .values = text_of_pods});
  const std::uint64_t updates = bench.plan.quick ? 43'200 : 432'000;
  return tell(bench, {.section = text("a day of status: {} Pods of 2.5 KB, groups of 1-8", updates),
                      .given_bytes = static_cast<double>(updates * pods.bytes_per_put()),
                      .load = [&](Engine& engine) -> Result<void> {
                        TRY(cold.load(engine));
                        return pods.load(engine);
                      },
                      .update =
                          [&](Engine& engine, unsigned slice) {
                            return update_pods(engine, pods, updates / slices, slice + 1);
                          }});
}

}  // namespace podo::bench
