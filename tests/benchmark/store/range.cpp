// Reading 100,000 keys in order, each key and the first and last byte of its value touched.
#include "bench.h"
#include "measure.h"
#include "workload.h"

namespace podo::bench {

namespace {

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
    const std::vector<Runner> all = TRY(load_all(bench.engines, bench.plan, work));
    const Metric metric{.section = text("range of {} keys, values of {} B", work.shape().keys, value_bytes),
                        .name = "entries/s, thousands",
                        .better = Better::higher};
    for (unsigned i = 0; i <= times; ++i)
      for (const Runner& each : all) {
        const double rate = TRY_IN(each.maker.name, entries_per_second(*each.engine, work.shape()));
        if (i > 0) bench.report.add(metric, each.maker.name, rate / 1e3);  // the first one fills caches
      }
  }
  return {};
}

}  // namespace podo::bench
