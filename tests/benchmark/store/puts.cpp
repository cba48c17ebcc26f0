// Durable puts of 2 KB by 1, 16 and 128 writers, and what the disk alone takes for one.
#include <fcntl.h>
#include <unistd.h>

#include "base/io/fd.h"
#include "bench.h"
#include "measure.h"
#include "workload.h"

namespace podo::bench {

namespace {

constexpr unsigned slices = 3;

std::string section_of(unsigned writers) {
  return text("durable puts of 2 KB, {} writer{}", writers, writers == 1 ? "" : "s");
}

void add_times(Bench& bench, const Maker& maker, unsigned writers, WriteTimes& times, const Usage& used) {
  const std::string section = section_of(writers);
  const double puts = static_cast<double>(times.latencies_ns.size());
  const auto add = [&](const char* name, double value, Better better = Better::lower, int decimals = 0) {
    bench.report.add({section, name, better, decimals}, maker.name, value);
  };
  add("puts/s", puts / (static_cast<double>(times.wall.ns) / 1e9), Better::higher);
  add("p50, us", quantile(times.latencies_ns, 0.5) / 1e3);
  add("p99, us", quantile(times.latencies_ns, 0.99) / 1e3);
  add("CPU, us/put", static_cast<double>(used.cpu_ns) / 1e3 / puts, Better::lower, 1);
  add("to the disk, KB/put", static_cast<double>(used.device_bytes) / 1024 / puts, Better::lower, 2);
}

// The engines of a round take turns, a slice of time each: what else the machine does meets all of them.
Result<void> measure(Bench& bench, std::span<Runner> runners, WriteLoad slice) {
  std::vector<WriteTimes> times(runners.size());
  std::vector<Usage> used(runners.size());
  for (unsigned i = 0; i < slices; ++i) {
    slice.seed = slice.writers * slices + i;
    for (std::size_t each = 0; each < runners.size(); ++each) {
      const std::string& folder = runners[each].folder->path();
      settle(folder);
      const Usage before = Usage::now(folder);
      const WriteTimes more = TRY_IN(runners[each].maker.name, runners[each].engine->write(slice));
      used[each] = used[each] + (Usage::now(folder) - before);
      times[each].latencies_ns.insert_range(times[each].latencies_ns.end(), more.latencies_ns);
      times[each].wall = times[each].wall + more.wall;
    }
  }
  for (std::size_t each = 0; each < runners.size(); ++each)
    add_times(bench, runners[each].maker, slice.writers, times[each], used[each]);
  return {};
}

// LMDB has two ways to write, and which is faster depends on the file system: both run in the first round,
// the slower one in no other.
std::vector<Maker> with_better_lmdb(const Bench& bench, unsigned round) {
  constexpr Maker map = {"lmdb-map", make_lmdb_writemap};
  std::vector<Maker> engines(bench.engines.begin(), bench.engines.end());
  const auto rate = [&](const char* engine) {
    return bench.report.median_of(section_of(16), "puts/s", engine);
  };
  if (round == 0 && bench.plan.engine.empty()) engines.push_back(map);
  else if (rate(map.name) > rate("lmdb"))
    for (Maker& each : engines)
      if (each.make == make_lmdb) each = map;
  return engines;
}

}  // namespace

Result<void> measure_puts(Bench& bench) {
  const Workload work({.keys = 10'000, .value_bytes = 2048});
  const Duration time = milliseconds(bench.plan.quick ? 300 : 500);
  for (unsigned round = 0; round < bench.plan.rounds; ++round) {
    TRY_IN("floor", measure_floor(bench));
    std::vector<Runner> runners = TRY(load_all(with_better_lmdb(bench, round), bench.plan, work));
    for (unsigned writers : {1u, 16u, 128u})
      TRY(measure(bench, runners, {.work = work, .writers = writers, .time_max = time}));
  }
  return {};
}

Result<void> measure_floor(Bench& bench) {
  constexpr std::size_t file_bytes = 16 << 20, write_bytes = 2048;
  const Folder folder(bench.plan.folder + "/floor");
  const std::string path = folder.path() + "/file";
  const io::Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return failed_errno(errno, "open {}", path);
  const std::string zeros(file_bytes, '\0'), bytes(write_bytes, 'x');
  if (::pwrite(file.get(), zeros.data(), zeros.size(), 0) != static_cast<ssize_t>(zeros.size()))
    return failed_errno(errno, "write {}", path);
  settle(folder.path());
  const SystemClock clock;
  std::vector<std::int64_t> times_ns;
  const Monotonic end = clock.now() + milliseconds(bench.plan.quick ? 300 : 1000);
  for (std::size_t at = 0; clock.now() < end; at = (at + write_bytes) % file_bytes) {
    const Monotonic start = clock.now();
    if (::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)) < 0 ||
        ::fdatasync(file.get()) != 0)
      return failed_errno(errno, "write {}", path);
    times_ns.push_back((clock.now() - start).ns);
  }
  const std::string section = "the disk: write of 2 KB and fdatasync, alone";
  bench.report.add({section, "p50, us"}, "disk", quantile(times_ns, 0.5) / 1e3);
  bench.report.add({section, "p99, us"}, "disk", quantile(times_ns, 0.99) / 1e3);
  return {};
}

}  // namespace podo::bench
