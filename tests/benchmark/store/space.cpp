// What many updates of few keys leave on the disk, and how much is written for them: a million updates of ten
// keys, and a day of status updates.
#include <array>

#include "bench.h"
#include "measure.h"
#include "workload.h"

namespace podo::bench {

namespace {

struct Written {
  std::string section;
  double given_bytes = 0;  // keys and values of the updates
  Duration wall = {};
  Usage used = {};
};

void add(Bench& bench, const Maker& maker, const Written& written, const std::string& folder) {
  const auto add = [&](const char* name, double value, int decimals) {
    bench.report.add({written.section, name, Better::lower, decimals}, maker.name, value);
  };
  add("on the disk afterwards, MB", static_cast<double>(disk_bytes(folder)) / 1e6, 1);
  add("to the disk / given", static_cast<double>(written.used.device_bytes) / written.given_bytes, 2);
  add("passed to write calls / given", static_cast<double>(written.used.passed_bytes) / written.given_bytes,
      2);
  add("CPU, s", static_cast<double>(written.used.cpu_ns) / 1e9, 1);
  add("took, s", static_cast<double>(written.wall.ns) / 1e9, 1);
}

Result<void> update_few_keys(Bench& bench, const Maker& maker, const std::string& folder) {
  const Workload work({.keys = 10, .value_bytes = 2048});
  const std::uint64_t updates = bench.plan.quick ? 100'000 : 1'000'000;
  const std::unique_ptr<Engine> engine = maker.make();
  TRY(engine->open(folder));
  TRY(work.load(*engine));
  settle(folder);
  Written written{.section = text("{} updates of 10 keys, 2 KB, 128 writers", updates)};
  const Usage before = Usage::now(folder);
  const WriteTimes times = TRY(engine->write({.work = work, .writers = 128, .puts_max = updates}));
  engine->close();
  written.used = Usage::now(folder) - before;
  written.wall = times.wall;
  written.given_bytes = static_cast<double>(times.latencies_ns.size() * work.bytes_per_put());
  add(bench, maker, written, folder);
  return {};
}

// A cluster of 2,000 pods writes about five status updates a second, in 86,400 seconds 432,000. They come in
// groups: those of one second when they are relaxed, those of one moment when they are durable.
Result<void> live_a_day(Bench& bench, const Maker& maker, const std::string& folder) {
  const Workload pods({.prefix = "registry/pods/", .keys = 2000, .value_bytes = 2500});
  const Workload cold({.prefix = "registry/configmaps/", .keys = 5000, .value_bytes = 2500});
  const std::uint64_t updates = bench.plan.quick ? 43'200 : 432'000;
  const std::unique_ptr<Engine> engine = maker.make();
  TRY(engine->open(folder));
  TRY(cold.load(*engine));
  TRY(pods.load(*engine));
  settle(folder);
  Written written{.section = text("a day of status: {} of 2.5 KB in groups of 1-8", updates),
                  .given_bytes = static_cast<double>(updates * pods.bytes_per_put())};
  SeededRandom random(1);
  const SystemClock clock;
  const Monotonic start = clock.now();
  const Usage before = Usage::now(folder);
  std::array<Put, 8> group;
  for (std::uint64_t left = updates; left > 0;) {
    const std::uint64_t count = std::min(left, 1 + random.below(group.size()));
    // Different pods: their agents speak for different ones at a time.
    const std::uint64_t first = random.below(pods.shape().keys);
    for (std::uint64_t i = 0; i < count; ++i)
      group[i] = pods.put((first + i * 241) % pods.shape().keys, random.next());
    TRY(engine->commit(std::span(group).first(count)));
    left -= count;
  }
  written.wall = clock.now() - start;
  engine->close();
  written.used = Usage::now(folder) - before;
  add(bench, maker, written, folder);
  return {};
}

}  // namespace

Result<void> measure_space(Bench& bench) {
  return for_each(bench.engines, bench.plan, 0, [&](const Maker& maker, const std::string& folder) {
    return update_few_keys(bench, maker, folder);
  });
}

Result<void> measure_day(Bench& bench) {
  return for_each(bench.engines, bench.plan, 0, [&](const Maker& maker, const std::string& folder) {
    return live_a_day(bench, maker, folder);
  });
}

}  // namespace podo::bench
