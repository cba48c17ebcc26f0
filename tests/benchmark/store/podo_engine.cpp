// Podo's store as its callers use it: one loop, a strand a writer. It gathers groups by itself.
#include "base/io/combine.h"
#include "podo_store.h"
#include "workload.h"

namespace podo::bench {

namespace {

using io::Task;

Task<void> write_one_by_one(store::Store& store, Pace& pace, unsigned writer,
                            std::vector<std::int64_t>& latencies_ns) {
  SeededRandom random = pace.random(writer);
  while (pace.goes_on()) {
    const Put put = pace.load().work.random_put(random);
    const Monotonic start = pace.now();
    co_await store::write(store, std::string(put.key), std::string(put.value));
    latencies_ns.push_back((pace.now() - start).ns);
  }
}

Task<WriteTimes> write_side_by_side(store::Store& store, const WriteLoad& load) {
  WriteTimes times;
  Pace pace(load);
  io::TaskGroup group(co_await io::this_loop());
  for (unsigned i = 0; i < load.writers; ++i)
    group.spawn(write_one_by_one(store, pace, i, times.latencies_ns));
  co_await group.join();
  times.wall = pace.wall();
  co_return times;
}

Task<void> write_together(store::Store& store, std::span<const Put> puts) {
  std::vector<Task<store::Revision>> tasks;
  for (const Put& put : puts)
    tasks.push_back(store::write(store, std::string(put.key), std::string(put.value)));
  co_await io::all(std::move(tasks));
}

Task<Scan> read_all(store::Store& store, store::Range range) {
  Scan scan;
  store::Pages pages(store, std::move(range));
  while (std::optional<store::Page> page = co_await pages.next())
    for (const store::Entry& entry : page->entries) scan.touch(entry.key(), entry.value());
  co_return scan;
}

class Podo final : public Engine {
 public:
  Result<void> open(const std::string& folder) override { return store_.open(folder); }
  void close() override { store_.close(); }
  Result<void> commit(std::span<const Put> puts) override {
    return store_.run(write_together(*store_, puts));
  }
  Result<WriteTimes> write(const WriteLoad& load) override {
    return store_.run(write_side_by_side(*store_, load));
  }
  Result<Scan> scan(std::string_view prefix) override {
    return store_.run(read_all(*store_, store::Range::prefix(prefix)));
  }

 private:
  PodoStore store_;
};

}  // namespace

std::unique_ptr<Engine> make_podo() { return std::make_unique<Podo>(); }

}  // namespace podo::bench
