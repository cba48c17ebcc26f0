#include <algorithm>

#include "container/cgroup/cgroup_stats.h"
#include "container/cgroup/cgroup_values.h"

namespace podo::runtime {
namespace {

// line := ("some" | "full") " avg10=" n.nn " avg60=" n.nn " avg300=" n.nn " total=" microseconds
void write_pressure(json::Writer& out, int group, const char* file) {
  const auto text = statistics_text(group, file);   // unreadable where pressure accounting is switched off
  if (text.empty()) return;
  out.key("psi").object();
  for (std::string_view rest = text; !rest.empty();) {
    auto line = take_word(rest, "\n");
    out.key(take_word(line)).object();
    while (!line.empty()) {
      const auto pair = take_word(line);
      const auto equals = std::min(pair.find('='), pair.size());
      const auto value = pair.substr(std::min(equals + 1, pair.size()));
      const bool number = !value.empty() && value.find_first_not_of("0123456789.") == value.npos;
      if (number) out.key(pair.substr(0, equals)).raw(value);
    }
    out.end();
  }
  out.end();
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

void write_memory_entry(json::Writer& out, const char* key, std::uint64_t limit, std::uint64_t usage,
                        std::uint64_t max, std::uint64_t failures) {
  out.key(key).object().key("limit").number(limit).key("usage").number(usage).key("max").number(max);
  out.key("failcnt").number(failures).end();
}

struct IoKey { std::string_view name, op; };

// line := major ":" minor ( " " key "=" number )*
void write_io_list(json::Writer& out, const char* key, std::string_view io_stat,
                   std::initializer_list<IoKey> wanted) {
  out.key(key).array();
  while (!io_stat.empty()) {
    auto line = take_word(io_stat, "\n");
    const auto major = parse_count(take_word(line, ": "));
    const auto minor = parse_count(take_word(line, ": "));
    if (!major || !minor) continue;
    while (!line.empty()) {
      auto pair = take_word(line);
      const auto name = take_word(pair, "=");
      const auto value = pair.empty() ? std::nullopt : parse_count(pair.substr(1));
      const auto known = std::ranges::find(wanted, name, &IoKey::name);
      if (known != wanted.end() && value) write_io_entry(out, *major, *minor, known->op, *value);
    }
  }
  out.end();
}

}  // namespace

void StatisticsV2::cpu(json::Writer& out, int group) {
  const auto stat = statistics_text(group, "cpu.stat");
  const auto count = [&](std::string_view key) { return count_in(stat, key).value_or(0); };
  out.key("usage").object();
  out.key("total").number(count("usage_usec") * 1000);
  out.key("kernel").number(count("system_usec") * 1000).key("user").number(count("user_usec") * 1000);
  out.end();
  out.key("throttling").object();
  out.key("periods").number(count("nr_periods")).key("throttledPeriods").number(count("nr_throttled"));
  out.key("throttledTime").number(count("throttled_usec") * 1000);
  out.end();
  write_pressure(out, group, "cpu.pressure");
}

void StatisticsV2::cpuset(json::Writer& out, int group) {
  for (const auto& [key, file] :
       {std::pair("cpus", "cpuset.cpus.effective"), std::pair("mems", "cpuset.mems.effective")}) {
    out.key(key).array();
    for (const auto number : parse_list(statistics_text(group, file))) out.number(number);
    out.end();
  }
}

void StatisticsV2::memory(json::Writer& out, int group) {
  const auto stat = statistics_text(group, "memory.stat");
  const auto usage = statistics_count(group, "memory.current"), limit = statistics_count(group, "memory.max");
  out.key("cache").number(count_in(stat, "file").value_or(0));
  write_memory_entry(out, "usage", limit, usage, statistics_count(group, "memory.peak"),
                     count_in(statistics_text(group, "memory.events"), "max").value_or(0));
  write_memory_entry(out, "swap", sum(limit, statistics_count(group, "memory.swap.max")),
                     sum(usage, statistics_count(group, "memory.swap.current")), 0,
                     count_in(statistics_text(group, "memory.swap.events"), "max").value_or(0));
  out.key("raw").object();
  for (const auto& [key, value] : parse_flat(stat)) out.key(key).number(value);
  out.end();
  write_pressure(out, group, "memory.pressure");
}

void StatisticsV2::blkio(json::Writer& out, int group) {
  const auto stat = statistics_text(group, "io.stat");
  write_io_list(out, "ioServiceBytesRecursive", stat,
                {{"rbytes", "Read"}, {"wbytes", "Write"}, {"dbytes", "Discard"}});
  write_io_list(out, "ioServicedRecursive", stat, {{"rios", "Read"}, {"wios", "Write"}, {"dios", "Discard"}});
  write_pressure(out, group, "io.pressure");
}

void StatisticsV2::hugetlb(json::Writer& out, int group) {
  for (const auto& size : hugepage_sizes(group, ".current")) {
    const auto events = statistics_text(group, text("hugetlb.{}.events", size).c_str());
    out.key(size).object();
    out.key("usage").number(statistics_count(group, text("hugetlb.{}.current", size).c_str()));
    out.key("failcnt").number(count_in(events, "max").value_or(0)).end();
  }
}

}  // namespace podo::runtime
