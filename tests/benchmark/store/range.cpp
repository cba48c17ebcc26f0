// Reading 100,000 keys in order, each key and the first and last byte of its value touched.
#include "bench.h"
#include "measure.h"
#include "workload.h"

namespace podo::bench {

namespace {

Result<void> measure(Bench& bench, const Maker& maker, const std::string& folder, const Workload& work) {
  const std::unique_ptr<Engine> engine = maker.make();
  TRY(engine->open(folder));
  TRY(work.load(*engine));
  settle(folder);
  const std::string section =
      text("range of {} keys, values of {} B", work.shape().keys, work.shape().value_bytes);
  const SystemClock clock;
  const unsigned times = bench.plan.quick ? 3 : 10;
  for (unsigned i = 0; i <= times; ++i) {
    const Monotonic start = clock.now();
    const Scan scan = TRY(engine->scan(work.shape().prefix));
    const Duration wall = clock.now() - start;
    if (scan.entries != work.shape().keys)
      return corrupt("{} keys of {} were read", scan.entries, work.shape().keys);
    if (i == 0) continue;  // the first one fills caches
    const double rate = static_cast<double>(scan.entries) / (static_cast<double>(wall.ns) / 1e9);
    bench.report.add({section, "entries/s, thousands", Better::higher}, maker.name, rate / 1e3);
  }
  engine->close();
  return {};
}

}  // namespace

Result<void> measure_range(Bench& bench) {
  for (std::size_t value_bytes : {2048, 200}) {
    const Workload work({.keys = 100'000, .value_bytes = value_bytes});
    for (unsigned round = 0; round < (bench.plan.quick ? 1 : 2); ++round)
      TRY(for_each(bench.engines, bench.plan, round, [&](const Maker& maker, const std::string& folder) {
        return measure(bench, maker, folder, work);
      }));
  }
  return {};
}

}  // namespace podo::bench
