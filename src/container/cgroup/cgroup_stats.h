// What a container has used, as JSON: the "data" of one `events --stats` line, in the words runc and crun
// use, so that containerd and podman read it.
//
//   {"cpu":{"usage":{"total":..,"percpu":[..],"kernel":..,"user":..},"throttling":{..},"psi":{..}},
//    "cpuset":{..},
//    "memory":{"cache":..,"usage":{"limit":..,"usage":..,"max":..,"failcnt":..},"swap":..,"raw":{..}},
//    "pids":{"current":..,"limit":..}, "blkio":{"ioServiceBytesRecursive":[..],..}, "hugetlb":{"2MB":{..}},
//    "intel_rdt":{}, "network_interfaces":[]}
//
// Times are nanoseconds, sizes bytes. As on v1, "swap" is memory and swap together. No limit is 2^64-1 (pids:
// 0). A number whose file this host lacks is 0. Nothing is kept between two calls.
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/format/json_writer.h"
#include "container/cgroup/cgroup.h"

namespace podo::runtime {

Result<std::string> cgroup_statistics(const std::vector<CgroupDirectory>& directories);

// One section each: writes its members into an object that is open. -1: the container has no group with that
// controller.
struct StatisticsV1 {
  static void cpu(json::Writer& out, int cpu_group, int cpuacct_group);
  static void cpuset(json::Writer& out, int group);
  static void memory(json::Writer& out, int group);
  static void blkio(json::Writer& out, int group);
  static void hugetlb(json::Writer& out, int group);
};
struct StatisticsV2 {
  static void cpu(json::Writer& out, int group);
  static void cpuset(json::Writer& out, int group);
  static void memory(json::Writer& out, int group);
  static void blkio(json::Writer& out, int group);
  static void hugetlb(json::Writer& out, int group);
};
void write_pids(json::Writer& out, int group);   // the same on both

// "" and 0 where the file is missing.
std::string statistics_text(int group, const char* file);
std::uint64_t statistics_count(int group, const char* file);

// An entry of the blkio lists.
void write_io_entry(json::Writer& out, std::uint64_t major, std::uint64_t minor, std::string_view op,
                    std::uint64_t value);

// The sizes X of the files hugetlb.X.`suffix`.
std::vector<std::string> hugepage_sizes(int group, std::string_view suffix);

}  // namespace podo::runtime
