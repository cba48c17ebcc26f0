// 1,000 watchers of one prefix: how long after a put the last of them has it, and what an event costs for
// each. The peers have no watches.
#include "base/io/combine.h"
#include "bench.h"
#include "podo_store.h"
#include "workload.h"

namespace podo::bench {

namespace {

using io::Task;

constexpr unsigned watchers = 1000;

struct Audience {
  io::Condition all_have_it{"every watcher has the change"};
  unsigned waiting_for = 0;
};

Task<void> listen(std::unique_ptr<store::Watch> watch, Audience& audience, unsigned puts) {
  for (unsigned seen = 0; seen < puts;) {
    const store::Events news = co_await watch->next();
    seen += static_cast<unsigned>(news.events.size());
    for (std::size_t i = 0; i < news.events.size(); ++i)
      if (--audience.waiting_for == 0) audience.all_have_it.notify_all();
  }
}

Task<std::vector<std::int64_t>> tell(store::Store& store, const Workload& work, unsigned puts) {
  Audience audience;
  io::TaskGroup group(co_await io::this_loop());
  for (unsigned i = 0; i < watchers; ++i)
    group.spawn(listen(co_await store.watch(store::Range::prefix(work.shape().prefix)), audience, puts));
  co_await io::yield();
  SeededRandom random(1);
  const SystemClock clock;
  std::vector<std::int64_t> times_ns;
  for (unsigned i = 0; i < puts; ++i) {
    const Put put = work.random_put(random);
    audience.waiting_for = watchers;
    const Monotonic start = clock.now();
    co_await store::write(store, std::string(put.key), std::string(put.value), store::Durability::relaxed);
    while (audience.waiting_for > 0) co_await audience.all_have_it.wait();
    times_ns.push_back((clock.now() - start).ns);
  }
  co_await group.join();
  co_return times_ns;
}

}  // namespace

Result<void> measure_watchers(Bench& bench) {
  const Workload work({.keys = 1000, .value_bytes = 2048});
  const unsigned puts = bench.plan.quick ? 200 : 1000;
  for (unsigned round = 0; round < bench.plan.rounds; ++round) {
    const Folder folder(bench.plan.folder + "/podo");
    PodoStore store;
    TRY(store.open(folder.path()));
    settle(folder.path());
    const Usage before = Usage::now(folder.path());
    std::vector<std::int64_t> times_ns = TRY(store.run(tell(*store, work, puts)));
    const Usage used = Usage::now(folder.path()) - before;
    const std::string section = text("{} watchers of one prefix, relaxed puts of 2 KB", watchers);
    const auto add = [&](const char* name, double value, int decimals) {
      bench.report.add({section, name, Better::lower, decimals}, "podo", value);
    };
    add("put to the last watcher, p50, us", quantile(times_ns, 0.5) / 1e3, 0);
    add("put to the last watcher, p99, us", quantile(times_ns, 0.99) / 1e3, 0);
    add("CPU, us an event and watcher", static_cast<double>(used.cpu_ns) / 1e3 / puts / watchers, 3);
  }
  return {};
}

}  // namespace podo::bench
