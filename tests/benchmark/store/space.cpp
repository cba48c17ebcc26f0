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

struct Spent {
  Duration wall = {};
  Usage used = {};
};

Result<void> spend(const Runner& runner, Spent& spent, const std::function<Result<void>(Engine&)>& work) {
  const std::string& folder = runner.folder->path();
  settle(folder);
  const SystemClock clock;
  const Usage before = Usage::now(folder);
  const Monotonic start = clock.now();
  TRY_IN(runner.maker.name, work(*runner.engine));
  spent.wall = spent.wall + (clock.now() - start);
  spent.used = spent.used + (Usage::now(folder) - before);
  return {};
}

struct Story {
  std::string section;
  double given_bytes = 0;  // keys and values of all updates
  std::function<Result<void>(Engine&)> load;
  std::function<Result<void>(Engine&, unsigned slice)> update;
};

void add(Bench& bench, const Story& story, const Runner& runner, const Spent& spent) {
  const auto add = [&](const char* name, double value, int decimals) {
    bench.report.add({story.section, name, Better::lower, decimals}, runner.maker.name, value);
  };
  add("on the disk afterwards, MB", static_cast<double>(disk_bytes(runner.folder->path())) / 1e6, 1);
  add("to the disk / given", static_cast<double>(spent.used.device_bytes) / story.given_bytes, 2);
  add("passed to write calls / given", static_cast<double>(spent.used.passed_bytes) / story.given_bytes, 2);
  add("CPU, s", static_cast<double>(spent.used.cpu_ns) / 1e9, 1);
  add("took, s", static_cast<double>(spent.wall.ns) / 1e9, 1);
}

Result<void> tell(Bench& bench, const Story& story) {
  const std::vector<Runner> runners = TRY(open_all(bench.engines, bench.plan));
  std::vector<Spent> spent(runners.size());
  for (const Runner& runner : runners) TRY_IN(runner.maker.name, story.load(*runner.engine));
  for (unsigned slice = 0; slice < slices; ++slice)
    for (std::size_t i = 0; i < runners.size(); ++i)
      TRY(spend(runners[i], spent[i], [&](Engine& engine) { return story.update(engine, slice); }));
  for (std::size_t i = 0; i < runners.size(); ++i) {
    TRY(spend(runners[i], spent[i], [](Engine& engine) -> Result<void> {
      engine.close();
      return {};
    }));
    add(bench, story, runners[i], spent[i]);
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
                      .update = [&](Engine& engine, unsigned slice) -> Result<void> {
                        TRY(engine.write(
                            {.work = work, .writers = 128, .puts_max = updates / slices, .seed = slice}));
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
