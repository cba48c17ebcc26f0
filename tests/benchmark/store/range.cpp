// Reading 100,000 keys in order, each key and the first and last byte of its value touched.
#include "bench.h"
#include "measure.h"
#include "workload.h"

namespace podo::bench {

namespace {

struct Loaded {
  const Maker* maker;
  std::unique_ptr<Folder> folder;
  std::unique_ptr<Engine> engine;
};

Result<std::vector<Loaded>> load_all(const Bench& bench, const Workload& work) {
  std::vector<Loaded> all;
  for (const Maker& maker : bench.engines) {
    Loaded loaded{&maker, std::make_unique<Folder>(bench.plan.folder + "/" + maker.name), maker.make()};
    TRY_IN(maker.name, loaded.engine->open(loaded.folder->path()));
    TRY_IN(maker.name, work.load(*loaded.engine));
    all.push_back(std::move(loaded));
  }
  settle(bench.plan.folder);
  return all;
}

Result<double> entries_per_second(Engine& engine, const Shape& shape) {
  const SystemClock clock;
  const Monotonic start = clock.now();
  const Scan scan = TRY(engine.scan(shape.prefix));
  const Duration wall = clock.now() - start;
  if (scan.entries != shape.keys) return corrupt("{} keys of {} were read", scan.entries, shape.keys);
  return static_cast<double>(scan.entries) / (static_cast<double>(wall.ns) / 1e9);
}

}  // namespace

Result<void> measure_range(Bench& bench) {
  const unsigned times = bench.plan.quick ? 10 : 30;
  for (std::size_t value_bytes : {2048, 200}) {
    const Workload work({.keys = 100'000, .value_bytes = value_bytes});
    const std::vector<Loaded> all = TRY(load_all(bench, work));
    const Metric metric{.section = text("range of {} keys, values of {} B", work.shape().keys, value_bytes),
                        .name = "entries/s, thousands",
                        .better = Better::higher};
    for (unsigned i = 0; i <= times; ++i)
      for (const Loaded& each : all) {
        const double rate = TRY_IN(each.maker->name, entries_per_second(*each.engine, work.shape()));
        if (i > 0) bench.report.add(metric, each.maker->name, rate / 1e3);  // the first one fills caches
      }
  }
  return {};
}

}  // namespace podo::bench
