// podo update
#include <stdlib.h>

#include "base/format/json_writer.h"
#include "cli/command.h"
#include "cli/container_flags.h"

namespace podo::cli {
namespace {

Result<std::string> body_of(const Flags& flags) {
  json::Writer out;
  out.object();
  constexpr std::pair<std::string_view, std::string_view> numbers[] = {
      {"blkio-weight", "BlkioWeight"},
      {"cpu-period", "CpuPeriod"},
      {"cpu-quota", "CpuQuota"},
      {"cpu-rt-period", "CpuRealtimePeriod"},
      {"cpu-rt-runtime", "CpuRealtimeRuntime"},
      {"cpu-shares", "CpuShares"},
      {"pids-limit", "PidsLimit"}};
  constexpr std::pair<std::string_view, std::string_view> sizes[] = {
      {"memory", "Memory"}, {"memory-reservation", "MemoryReservation"}, {"memory-swap", "MemorySwap"}};
  constexpr std::pair<std::string_view, std::string_view> texts[] = {{"cpuset-cpus", "CpusetCpus"},
                                                                     {"cpuset-mems", "CpusetMems"}};
  bool any = flags.given("cpus") || flags.given("restart");
  for (auto [flag, member] : numbers)
    if (flags.given(flag)) out.key(member).number(flags.integer(flag)), any = true;
  for (auto [flag, member] : sizes)
    if (flags.given(flag)) out.key(member).number(flags.bytes(flag)), any = true;
  for (auto [flag, member] : texts)
    if (flags.given(flag)) out.key(member).string(flags.text(flag)), any = true;
  if (flags.given("cpus"))
    out.key("NanoCpus")
        .number(static_cast<std::int64_t>(::strtod(flags.text("cpus").c_str(), nullptr) * 1e9 + 0.5));
  if (flags.given("restart")) {
    docker::RestartPolicy policy = TRY(parse_restart_policy(flags.text("restart")));
    out.key("RestartPolicy").object().key("Name").string(policy.name);
    out.key("MaximumRetryCount").number(policy.maximum_retry_count).end();
  }
  if (!any) return invalid("you must provide one or more flags when using this command");
  return out.end().take();
}

Task<void> update_one(Call call, std::string name) {
  std::string body = co_await body_of(call.flags);
  json::Document answer = co_await call.daemon.post(text("/containers/{}/update", name), {}, std::move(body));
  for (json::Value warning : answer.root().find("Warnings").items()) complain(warning.string());
  co_await print(name + "\n");
}

Task<int> update(Call call) { return for_each_argument(call, update_one); }

using enum FlagKind;

constexpr Flag update_flags[] = {
    {"blkio-weight", 0, integer, "Block IO (relative weight), between 10 and 1000, or 0 to disable"},
    {"cpu-period", 0, integer, "Limit CPU CFS (Completely Fair Scheduler) period"},
    {"cpu-quota", 0, integer, "Limit CPU CFS (Completely Fair Scheduler) quota"},
    {"cpu-rt-period", 0, integer, "Limit the CPU real-time period in microseconds"},
    {"cpu-rt-runtime", 0, integer, "Limit the CPU real-time runtime in microseconds"},
    {"cpu-shares", 'c', integer, "CPU shares (relative weight)"},
    {"cpus", 0, decimal, "Number of CPUs"},
    {"cpuset-cpus", 0, value, "CPUs in which to allow execution (0-3, 0,1)"},
    {"cpuset-mems", 0, value, "MEMs in which to allow execution (0-3, 0,1)"},
    {"memory", 'm', bytes, "Memory limit"},
    {"memory-reservation", 0, bytes, "Memory soft limit"},
    {"memory-swap", 0, bytes, "Swap limit equal to memory plus swap: -1 to enable unlimited swap"},
    {"pids-limit", 0, integer, "Tune container pids limit (set -1 for unlimited)"},
    {"restart", 0, value, "Restart policy to apply when a container exits"},
};

}  // namespace

std::span<const Command> update_commands() {
  static constexpr Command table[] = {{"update|container update", "CONTAINER [CONTAINER...]",
                                       "Update configuration of one or more containers", update_flags, 1,
                                       SIZE_MAX, update}};
  return table;
}

}  // namespace podo::cli
