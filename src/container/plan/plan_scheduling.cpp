// `process.scheduler`, `process.ioPriority`, `process.execCPUAffinity` (config.md#linux-process) and
// `linux.memoryPolicy`.
#include <linux/sched.h>

#include <algorithm>
#include <charconv>

#include "container/plan/plan_parts.h"

namespace podo::runtime {
namespace {

constexpr NamedValue policies[] = {
    {"SCHED_OTHER", SCHED_NORMAL}, {"SCHED_FIFO", SCHED_FIFO}, {"SCHED_RR", SCHED_RR},
    {"SCHED_BATCH", SCHED_BATCH},  {"SCHED_IDLE", SCHED_IDLE}, {"SCHED_DEADLINE", SCHED_DEADLINE},
};
constexpr NamedValue scheduler_flags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
    {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
    {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
    {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
    {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
};
// Numbers of linux/ioprio.h, which in Debian's newer kernels cannot be compiled as C++.
constexpr NamedValue io_classes[] = {
    {"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}};
constexpr int io_class_shift = 13;

// Numbers of linux/mempolicy.h; the newest are not in every distribution's header.
enum PolicyMode : std::uint64_t {
  mode_default,
  preferred,
  bind,
  interleave,
  local,
  preferred_many,
  weighted_interleave
};
constexpr std::string_view mode_names[] = {
    "MPOL_DEFAULT",        "MPOL_PREFERRED",          "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL",
    "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE"};
constexpr std::string_view mode_flag_names[] = {"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES",
                                                "MPOL_F_STATIC_NODES"};
constexpr int first_mode_flag = 13;  // bit of MPOL_F_NUMA_BALANCING, the others follow

constexpr std::size_t node_max = 1023;  // MAX_NUMNODES of the kernels that are built

Result<> check_scheduler_values(const oci::Scheduler& scheduler, std::uint64_t policy) {
  const bool real_time = policy == SCHED_FIFO || policy == SCHED_RR;
  if (real_time ? scheduler.priority < 1 || scheduler.priority > 99 : scheduler.priority != 0) {
    return invalid("process.scheduler.priority: {} is not {}", scheduler.priority,
                   real_time ? "1..99" : "0, as this policy needs");
  }
  if (scheduler.nice < -20 || scheduler.nice > 19)
    return invalid("process.scheduler.nice: {} is not -20..19", scheduler.nice);
  const bool timed = scheduler.runtime || scheduler.deadline || scheduler.period;
  if (policy != SCHED_DEADLINE) {
    if (timed) return invalid("process.scheduler: runtime, deadline and period are for SCHED_DEADLINE");
    return {};
  }
  const std::uint64_t period =
      scheduler.period ? scheduler.period : scheduler.deadline;  // as the kernel takes 0
  if (scheduler.runtime == 0 || scheduler.runtime > scheduler.deadline || scheduler.deadline > period) {
    return invalid("process.scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period");
  }
  return {};
}

// Takes a number off the front, and spaces around it.
std::optional<std::size_t> take_number(std::string_view& rest) {
  const auto skip = [&rest] { rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size())); };
  skip();
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc()) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  skip();
  return number;
}

Result<> check_nodes(std::uint64_t mode, bool any) {
  const bool without = mode == mode_default || mode == local;
  if (without && any) return invalid("linux.memoryPolicy.nodes: {} takes none", mode_names[mode]);
  if (!without && !any && mode != preferred)
    return invalid("linux.memoryPolicy.nodes: {} needs some", mode_names[mode]);
  return {};
}

}  // namespace

Result<SchedulerPlan> plan_scheduler(const oci::Scheduler& scheduler) {
  if (scheduler.policy == "SCHED_ISO") return unsupported("process.scheduler.policy: Linux has no SCHED_ISO");
  const NamedValue* policy = find_named(policies, scheduler.policy);
  if (!policy) return invalid("process.scheduler.policy: {} is not a policy", quoted(scheduler.policy));
  TRY(check_scheduler_values(scheduler, policy->value));
  SchedulerPlan plan{.policy = static_cast<std::uint32_t>(policy->value),
                     .nice = static_cast<std::int32_t>(scheduler.nice),
                     .priority = static_cast<std::uint32_t>(scheduler.priority),
                     .runtime = scheduler.runtime,
                     .deadline = scheduler.deadline,
                     .period = scheduler.period};
  for (std::size_t i = 0; i < scheduler.flags.size(); ++i) {
    const NamedValue* flag = find_named(scheduler_flags, scheduler.flags[i]);
    if (!flag) return invalid("process.scheduler.flags[{}]: {} is not a flag", i, quoted(scheduler.flags[i]));
    plan.flags |= flag->value;
  }
  return plan;
}

Result<int> plan_io_priority(const oci::IoPriority& priority) {
  const NamedValue* kind = find_named(io_classes, priority.class_name);
  if (!kind) return invalid("process.ioPriority.class: {} is not a class", quoted(priority.class_name));
  if (priority.priority < 0 || priority.priority > 7) {
    return invalid("process.ioPriority.priority: {} is not 0..7", priority.priority);
  }
  return static_cast<int>(kind->value << io_class_shift | static_cast<std::uint64_t>(priority.priority));
}

Result<std::vector<bool>> parse_number_list(std::string_view list, std::size_t highest,
                                            std::string_view where) {
  std::vector<bool> set;
  std::string_view rest = list;
  while (rest.find_first_not_of(' ') != rest.npos || !set.empty()) {
    const auto first = take_number(rest);
    auto last = first;
    if (first && rest.starts_with('-')) {
      rest.remove_prefix(1);
      last = take_number(rest);
    }
    if (!first || !last || *last < *first)
      return invalid("{}: {} is not a list like \"0-3,7\"", where, quoted(list));
    if (*last > highest) return invalid("{}: {} is more than {}", where, *last, highest);
    if (set.size() <= *last) set.resize(*last + 1);
    for (std::size_t i = *first; i <= *last; ++i) set[i] = true;
    if (rest.empty()) break;
    if (!rest.starts_with(',')) return invalid("{}: {} is not a list like \"0-3,7\"", where, quoted(list));
    rest.remove_prefix(1);
  }
  return set;
}

Result<MemoryPolicyPlan> plan_memory_policy(const oci::MemoryPolicy& policy) {
  MemoryPolicyPlan plan;
  const auto mode = std::ranges::find(mode_names, policy.mode);
  if (mode == std::end(mode_names))
    return invalid("linux.memoryPolicy.mode: {} is not a mode", quoted(policy.mode));
  plan.mode = static_cast<int>(mode - mode_names);
  const auto nodes = TRY(parse_number_list(policy.nodes, node_max, "linux.memoryPolicy.nodes"));
  TRY(check_nodes(static_cast<std::uint64_t>(plan.mode), !nodes.empty()));
  plan.nodes.resize((nodes.size() + 63) / 64);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i]) plan.nodes[i / 64] |= std::uint64_t{1} << i % 64;
  }
  for (std::size_t i = 0; i < policy.flags.size(); ++i) {
    const auto flag = std::ranges::find(mode_flag_names, policy.flags[i]);
    if (flag == std::end(mode_flag_names)) {
      return invalid("linux.memoryPolicy.flags[{}]: {} is not a flag", i, quoted(policy.flags[i]));
    }
    plan.mode |= 1 << (first_mode_flag + (flag - mode_flag_names));
  }
  return plan;
}

std::span<const std::string_view> known_memory_policy_modes() { return mode_names; }
std::span<const std::string_view> known_memory_policy_flags() { return mode_flag_names; }

}  // namespace podo::runtime
