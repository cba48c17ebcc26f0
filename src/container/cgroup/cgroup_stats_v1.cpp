#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "container/cgroup/cgroup_stats.h"
#include "container/cgroup/cgroup_values.h"

namespace podo::runtime {
namespace {

// "cpu user system" under a heading, one line a CPU: column 1 is user, 2 system.
void write_percpu(json::Writer& out, std::string_view usage_all, const char* key, int column) {
  out.key(key).array();
  take_word(usage_all, "\n");
  while (!usage_all.empty()) {
    auto line = take_word(usage_all, "\n");
    for (int skipped = 0; skipped < column; ++skipped) take_word(line);
    if (const auto count = parse_count(line)) out.number(*count);
  }
  out.end();
}

void write_cpu_usage(json::Writer& out, int group) {
  out.key("total").number(statistics_count(group, "cpuacct.usage"));
  out.key("percpu").array();
  const auto percpu = statistics_text(group, "cpuacct.usage_percpu");
  for (std::string_view rest = percpu; !rest.empty();) {
    if (const auto count = parse_count(take_word(rest))) out.number(*count);
  }
  out.end();
  const auto all = statistics_text(group, "cpuacct.usage_all");
  write_percpu(out, all, "percpu_kernel", 2);
  write_percpu(out, all, "percpu_user", 1);
  const auto stat = statistics_text(group, "cpuacct.stat");
  const auto tick_ns = static_cast<std::uint64_t>(1'000'000'000 / ::sysconf(_SC_CLK_TCK));
  out.key("kernel").number(count_in(stat, "system").value_or(0) * tick_ns);
  out.key("user").number(count_in(stat, "user").value_or(0) * tick_ns);
}

// kind: "memory", "memory.memsw", "memory.kmem", "memory.kmem.tcp"
void write_memory_entry(json::Writer& out, const char* key, int group, const char* kind) {
  const auto count = [&](const char* what) {
    return statistics_count(group, text("{}.{}", kind, what).c_str());
  };
  out.key(key).object();
  out.key("limit").number(count("limit_in_bytes"));
  out.key("usage").number(count("usage_in_bytes"));
  out.key("max").number(count("max_usage_in_bytes"));
  out.key("failcnt").number(count("failcnt"));
  out.end();
}

// line := major ":" minor " " op " " number | major ":" minor " " number | "Total" number
void write_io_list(json::Writer& out, const char* key, std::string_view text) {
  if (text.empty()) return;
  out.key(key).array();
  while (!text.empty()) {
    auto line = take_word(text, "\n");
    const auto major = parse_count(take_word(line, ": "));
    const auto minor = parse_count(take_word(line, ": "));
    auto after = line;
    const auto op = take_word(after);
    const bool bare = after.empty();
    const auto value = parse_count(bare ? line : after);
    if (major && minor && value) write_io_entry(out, *major, *minor, bare ? "" : op, *value);
  }
  out.end();
}

struct IoList { const char* key; const char* file; };
// The scheduler that counts: BFQ, the old CFQ, else the throttling that sees everything.
constexpr std::array bfq_lists = {
    IoList{"ioServiceBytesRecursive", "blkio.bfq.io_service_bytes_recursive"},
    IoList{"ioServicedRecursive", "blkio.bfq.io_serviced_recursive"},
    IoList{"ioQueueRecursive", "blkio.bfq.io_queued_recursive"},
    IoList{"ioServiceTimeRecursive", "blkio.bfq.io_service_time_recursive"},
    IoList{"ioWaitTimeRecursive", "blkio.bfq.io_wait_time_recursive"},
    IoList{"ioMergedRecursive", "blkio.bfq.io_merged_recursive"},
    IoList{"ioTimeRecursive", "blkio.bfq.time_recursive"},
    IoList{"sectorsRecursive", "blkio.bfq.sectors_recursive"}};
constexpr std::array cfq_lists = {
    IoList{"ioServiceBytesRecursive", "blkio.io_service_bytes_recursive"},
    IoList{"ioServicedRecursive", "blkio.io_serviced_recursive"},
    IoList{"ioQueueRecursive", "blkio.io_queued_recursive"},
    IoList{"ioServiceTimeRecursive", "blkio.io_service_time_recursive"},
    IoList{"ioWaitTimeRecursive", "blkio.io_wait_time_recursive"},
    IoList{"ioMergedRecursive", "blkio.io_merged_recursive"},
    IoList{"ioTimeRecursive", "blkio.time_recursive"},
    IoList{"sectorsRecursive", "blkio.sectors_recursive"}};
constexpr std::array throttle_lists = {
    IoList{"ioServiceBytesRecursive", "blkio.throttle.io_service_bytes_recursive"},
    IoList{"ioServicedRecursive", "blkio.throttle.io_serviced_recursive"}};

// BFQ's files exist without any disk using it; then they tell only "Total 0".
bool has_devices(std::string_view io_file) { return io_file.find(':') != io_file.npos; }

}  // namespace

void StatisticsV1::cpu(json::Writer& out, int cpu_group, int cpuacct_group) {
  out.key("usage").object();
  if (cpuacct_group >= 0) write_cpu_usage(out, cpuacct_group);
  out.end();
  const auto stat = cpu_group < 0 ? std::string() : statistics_text(cpu_group, "cpu.stat");
  out.key("throttling").object();
  out.key("periods").number(count_in(stat, "nr_periods").value_or(0));
  out.key("throttledPeriods").number(count_in(stat, "nr_throttled").value_or(0));
  out.key("throttledTime").number(count_in(stat, "throttled_time").value_or(0));
  out.end();
}

void StatisticsV1::cpuset(json::Writer& out, int group) {
  const auto list = [&](const char* key, const char* file) {
    out.key(key).array();
    for (const auto number : parse_list(statistics_text(group, file))) out.number(number);
    out.end();
  };
  const auto count = [&](const char* key, const char* file) {
    out.key(key).number(statistics_count(group, file));
  };
  list("cpus", "cpuset.cpus");
  count("cpu_exclusive", "cpuset.cpu_exclusive");
  list("mems", "cpuset.mems");
  count("mem_hardwall", "cpuset.mem_hardwall");
  count("mem_exclusive", "cpuset.mem_exclusive");
  count("memory_migrate", "cpuset.memory_migrate");
  count("memory_spread_page", "cpuset.memory_spread_page");
  count("memory_spread_slab", "cpuset.memory_spread_slab");
  count("memory_pressure", "cpuset.memory_pressure");
  count("sched_load_balance", "cpuset.sched_load_balance");
  const auto level = statistics_text(group, "cpuset.sched_relax_domain_level");   // -1 unless somebody chose
  out.key("sched_relax_domain_level").raw(level == "-1" ? "-1" : text("{}", parse_count(level).value_or(0)));
}

void StatisticsV1::memory(json::Writer& out, int group) {
  const auto stat = statistics_text(group, "memory.stat");
  out.key("cache").number(count_in(stat, "cache").value_or(0));
  write_memory_entry(out, "usage", group, "memory");
  write_memory_entry(out, "swap", group, "memory.memsw");
  write_memory_entry(out, "kernel", group, "memory.kmem");
  write_memory_entry(out, "kernelTCP", group, "memory.kmem.tcp");
  out.key("raw").object();
  for (const auto& [key, value] : parse_flat(stat)) out.key(key).number(value);
  out.end();
}

void StatisticsV1::blkio(json::Writer& out, int group) {
  const auto write = [&](const auto& lists) {
    for (const auto& list : lists) write_io_list(out, list.key, statistics_text(group, list.file));
  };
  if (has_devices(statistics_text(group, bfq_lists[1].file))) write(bfq_lists);
  else if (has_devices(statistics_text(group, cfq_lists[1].file))) write(cfq_lists);
  else write(throttle_lists);
}

void StatisticsV1::hugetlb(json::Writer& out, int group) {
  for (const auto& size : hugepage_sizes(group, ".usage_in_bytes")) {
    const auto count = [&](const char* what) {
      return statistics_count(group, text("hugetlb.{}.{}", size, what).c_str());
    };
    out.key(size).object();
    out.key("usage").number(count("usage_in_bytes")).key("max").number(count("max_usage_in_bytes"));
    out.key("failcnt").number(count("failcnt")).end();
  }
}

}  // namespace podo::runtime
