#include "container/engine/stats.h"

#include <unistd.h>

#include <charconv>

#include "base/core/timestamp.h"
#include "base/linux/file.h"

namespace podo::engine {
namespace {

using json::Field;

constexpr std::string_view never = "0001-01-01T00:00:00Z";

std::uint64_t count(Field field) { return field.uint64_or(0).value_or(0); }

struct Renamed {
  const char* runtimes;
  const char* dockers;
};
constexpr Renamed io_lists[] = {
    {"ioServiceBytesRecursive", "io_service_bytes_recursive"},
    {"ioServicedRecursive", "io_serviced_recursive"},
    {"ioQueueRecursive", "io_queue_recursive"},
    {"ioServiceTimeRecursive", "io_service_time_recursive"},
    {"ioWaitTimeRecursive", "io_wait_time_recursive"},
    {"ioMergedRecursive", "io_merged_recursive"},
    {"ioTimeRecursive", "io_time_recursive"},
    {"sectorsRecursive", "sectors_recursive"},
};

void write_pids(json::Writer& out, Field pids) {
  out.key("pids_stats").object();
  if (pids["current"]) {
    const std::uint64_t limit = count(pids["limit"]);
    out.key("current").number(count(pids["current"]));
    out.key("limit").number(limit == 0 ? UINT64_MAX : limit);  // none
  }
  out.end();
}

// On v2 Docker has small letters, and reads and writes only.
void write_v2_entries(json::Writer& out, Field list) {
  out.array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Field entry = list[i];
    const std::string_view op = entry["op"].string_or("").value_or("");
    if (op != "Read" && op != "Write") continue;
    out.object().key("major").number(count(entry["major"])).key("minor").number(count(entry["minor"]));
    out.key("op").string(op == "Read" ? "read" : "write").key("value").number(count(entry["value"])).end();
  }
  out.end();
}

void write_block_io(json::Writer& out, Field block_io, bool v2) {
  out.key("blkio_stats").object();
  for (const auto& [runtimes, dockers] : io_lists) {
    out.key(dockers);
    if (!block_io[runtimes]) out.null();
    else if (v2) write_v2_entries(out, block_io[runtimes]);
    else out.value(block_io[runtimes].value());
  }
  out.end();
}

void write_cpu(json::Writer& out, Field cpu, std::uint64_t system_ns, unsigned cpus) {
  const Field usage = cpu["usage"], throttling = cpu["throttling"];
  out.object().key("cpu_usage").object().key("total_usage").number(count(usage["total"]));
  if (usage["percpu"].size() > 0) out.key("percpu_usage").value(usage["percpu"].value());
  out.key("usage_in_kernelmode").number(count(usage["kernel"]));
  out.key("usage_in_usermode").number(count(usage["user"])).end();
  if (cpu) out.key("system_cpu_usage").number(system_ns).key("online_cpus").number(cpus);
  out.key("throttling_data").object().key("periods").number(count(throttling["periods"]));
  out.key("throttled_periods").number(count(throttling["throttledPeriods"]));
  out.key("throttled_time").number(count(throttling["throttledTime"])).end().end();
}

// v2 has no largest usage and counts no failures.
void write_memory(json::Writer& out, Field memory, const Machine& machine) {
  out.key("memory_stats").object();
  const Field usage = memory["usage"];
  if (usage) {
    out.key("usage").number(count(usage["usage"]));
    if (!machine.cgroup_v2) {
      out.key("max_usage").number(count(usage["max"]));
      if (const auto failures = count(usage["failcnt"]); failures != 0) out.key("failcnt").number(failures);
    }
    if (memory["raw"]) out.key("stats").value(memory["raw"].value());
    const std::uint64_t limit = count(usage["limit"]);
    out.key("limit").number(limit == 0 || limit > machine.memory_bytes ? machine.memory_bytes : limit);
  }
  out.end();
}

void write_networks(json::Writer& out, std::span<const network::Networks::Counters> networks) {
  if (networks.empty()) return;
  out.key("networks").object();
  for (const auto& of : networks) {
    out.key(of.interface).object();
    out.key("rx_bytes").number(of.rx_bytes).key("rx_packets").number(of.rx_packets);
    out.key("rx_errors").number(of.rx_errors).key("rx_dropped").number(of.rx_dropped);
    out.key("tx_bytes").number(of.tx_bytes).key("tx_packets").number(of.tx_packets);
    out.key("tx_errors").number(of.tx_errors).key("tx_dropped").number(of.tx_dropped).end();
  }
  out.end();
}

}  // namespace

Result<std::string> make_stats(const Container& container, const Machine& machine, const StatsInput& input,
                               std::string_view previous) {
  const bool runs = !input.usage.empty();
  const json::Document usage = TRY(json::parse(runs ? std::string(input.usage) : "{}"));
  const json::Document before = TRY(json::parse(previous.empty() ? "{}" : std::string(previous)));
  const Field root(usage), earlier(before);
  json::Writer out;
  out.object().key("name").string("/" + container.name).key("id").string(container.id);
  out.key("read").string(runs ? rfc3339_nano(input.now) : std::string(never));
  out.key("preread").string(earlier["read"].string_or(never).value_or(never));
  write_pids(out, root["pids"]);
  write_block_io(out, root["blkio"], machine.cgroup_v2);
  out.key("num_procs").number(0).key("storage_stats").object().end();
  out.key("cpu_stats");
  write_cpu(out, root["cpu"], input.system_cpu_ns, machine.cpus);
  out.key("precpu_stats");
  if (earlier["cpu_stats"]) out.value(earlier["cpu_stats"].value());
  else write_cpu(out, earlier["cpu_stats"], 0, 0);
  write_memory(out, root["memory"], machine);
  write_networks(out, input.networks);
  out.end();
  return out.take();
}

// The first line of /proc/stat: "cpu  user nice system idle iowait irq softirq steal ...", in ticks.
std::uint64_t system_cpu_time() {
  constexpr int columns = 7;
  const std::string stat = linux::read_file("/proc/stat", 4u << 20).value_or("");
  if (!stat.starts_with("cpu ")) return 0;
  std::uint64_t ticks = 0;
  const char* at = stat.data() + 4;
  const char* end = stat.data() + stat.size();
  for (int i = 0; i < columns; ++i) {
    while (at != end && *at == ' ') ++at;
    std::uint64_t value = 0;
    at = std::from_chars(at, end, value).ptr;
    ticks += value;
  }
  return ticks * (1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace podo::engine
