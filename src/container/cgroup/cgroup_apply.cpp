#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "base/linux/bpf.h"
#include "base/linux/own_process.h"
#include "container/cgroup/cgroup.h"
#include "container/cgroup/cgroup_devices.h"
#include "container/cgroup/cgroup_files.h"
#include "container/cgroup/cgroup_values.h"
#include "container/cgroup/plan_cgroup.h"

namespace podo::runtime {
namespace {

constexpr int error_not_supported = 524;  // ENOTSUPP: the kernel's own, which reaches us for retired settings

bool means_lack(int error) {
  return error == ENOENT || error == ENXIO || error == EOPNOTSUPP || error == error_not_supported;
}

// What the kernel's errno means for this file; "" when its own words say it.
std::string_view reason(const CgroupWrite& write, int error) {
  if (write.controller == "memory" && error == EBUSY)
    return "more is in use than the new limit, and it cannot be reclaimed";
  if (write.file == "memory.limit_in_bytes" && error == EINVAL)
    return "it would be above the limit of memory and swap together";
  if (write.file == "memory.memsw.limit_in_bytes" && error == EINVAL)
    return "it would be below the limit of memory";
  if (write.controller == "cpuset") {
    if (error == EINVAL || error == ERANGE) return "not a list of CPUs or nodes this host has";
    if (error == EACCES) return "not all of them belong to the group above";
    if (error == ENOSPC) return "processes of the group would be left without any";
    if (error == EBUSY) return "a sub-group uses one of those taken away";
  }
  if (write.tie == CgroupWrite::Tie::bandwidth && error == EINVAL) {
    return "outside what the kernel takes (period 1 ms to 1 s, quota from 1 ms, burst up to the quota), or "
           "more than the group above has";
  }
  if (write.tie == CgroupWrite::Tie::realtime && error == EINVAL)
    return "more real time than the group above has to give";
  if (write.file == "cpu.shares" || write.file == "cpu.weight")
    return error == EINVAL ? "an idle group has no shares" : "";
  return "";
}

Failure write_failed(const CgroupWrite& write, const std::string& directory, int error) {
  const auto why = reason(write, error);
  return failed_errno(error, "linux.resources.{}: write \"{}\" to {}/{}{}{}", write.setting, write.value,
                      directory, write.file, why.empty() ? "" : ": ", why);
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (take_word(list) == word) return true;
  }
  return false;
}

// v2: why a group has no files of a controller that the host has: the first group above it that does not hand
// it down. "" where that explains nothing.
std::string why_missing(const CgroupDirectory& directory, std::string_view controller) {
  const auto& path = directory.path;
  for (auto slash = directory.mount_point.size(); slash != path.npos; slash = path.find('/', slash + 1)) {
    const auto above = path.substr(0, slash);
    const auto group = open_group(above);
    if (!group) return "";
    const auto tells = [&](const char* file) { return read_group_file(group->get(), file).value_or(""); };
    if (has_word(tells("cgroup.subtree_control"), controller)) continue;
    if (!has_word(tells("cgroup.controllers"), controller)) return "";
    if (tells("cgroup.type").empty() || tells("cgroup.procs").empty())  // the root, or nobody inside
      return text(": {} does not hand that controller down", above);
    return text(": {} holds processes, and beside those no group can have limits", above);
  }
  return "";
}

// The container's groups, each opened at its first write.
class Groups {
 public:
  explicit Groups(const std::vector<CgroupDirectory>& directories)
      : directories_(directories), open_(directories.size()) {}

  const CgroupDirectory* on_v1(std::string_view controller) const {
    const auto found = std::ranges::find_if(directories_, [&](const auto& d) { return d.holds(controller); });
    return found == directories_.end() ? nullptr : &*found;
  }
  const CgroupDirectory* unified() const {
    const auto found = std::ranges::find(directories_, "", &CgroupDirectory::controllers);
    return found == directories_.end() ? nullptr : &*found;
  }
  Result<int> open(const CgroupDirectory& directory) {
    auto& group = open_[static_cast<std::size_t>(&directory - directories_.data())];
    if (!group) group = TRY(open_group(directory.path));
    return group.get();
  }

 private:
  const std::vector<CgroupDirectory>& directories_;
  std::vector<io::Fd> open_;
};

// Performs a plan on the groups it is for.
class Performer {
 public:
  Performer(Groups& groups, Log& log) : groups_(groups), log_(log) {}

  Result<> perform(std::span<const CgroupWrite> writes,
                   const CgroupDirectory* (*home)(const Groups&, const CgroupWrite&)) {
    home_ = home;
    for (std::size_t i = 0; i < writes.size();) {
      std::size_t end = i + 1;
      while (writes[i].tie != CgroupWrite::Tie::none && end < writes.size() &&
             writes[end].tie == writes[i].tie)
        ++end;
      TRY(settle(writes.subspan(i, end - i)));
      i = end;
    }
    return {};
  }

 private:
  // Tied writes: round after round, as long as one of the refused goes through.
  Result<> settle(std::span<const CgroupWrite> writes) {
    std::vector<const CgroupWrite*> waiting;
    for (const auto& write : writes) waiting.push_back(&write);
    for (;;) {
      std::vector<const CgroupWrite*> refused;
      for (const auto* write : waiting) {
        const int error = TRY(attempt(*write));
        if (error == EINVAL && waiting.size() > 1) refused.push_back(write);
        else if (error != 0) TRY(judge(*write, error));
      }
      if (refused.empty()) return {};
      if (refused.size() == waiting.size()) return judge(*refused.front(), EINVAL);
      waiting = std::move(refused);
    }
  }

  Result<int> attempt(const CgroupWrite& write) {
    const auto* directory = home_(groups_, write);
    if (directory == nullptr) return ENXIO;
    const int group = TRY(groups_.open(*directory));
    const int error = write_group_file(group, write.file.c_str(), write.value);
    if (error != ENOENT || write.other_file.empty()) return error;
    return write_group_file(group, write.other_file.c_str(), write.other_value);
  }

  Result<> judge(const CgroupWrite& write, int error) {
    const auto* directory = home_(groups_, write);
    if (!means_lack(error)) return write_failed(write, directory->path, error);
    if (write.lack == CgroupWrite::Lack::silent) return {};
    const auto message =
        directory == nullptr
            ? text("linux.resources.{}: this host has no {} controller for the container", write.setting,
                   write.controller)
            : text("linux.resources.{}: this host has no {}{}{} in {}{}", write.setting, write.file,
                   write.other_file.empty() ? "" : " or ", write.other_file, directory->path,
                   directory->controllers.empty() && !write.controller.empty()
                       ? why_missing(*directory, write.controller)
                       : "");
    if (write.lack == CgroupWrite::Lack::error) return fail(ErrorKind::unsupported, message, error);
    log_.warn("{}; ignored", message);
    return {};
  }

  Groups& groups_;
  Log& log_;
  const CgroupDirectory* (*home_)(const Groups&, const CgroupWrite&) = nullptr;
};

std::string_view v1_name(std::string_view controller) { return controller == "io" ? "blkio" : controller; }

const CgroupDirectory* v1_home(const Groups& groups, const CgroupWrite& write) {
  return groups.on_v1(write.controller);
}
const CgroupDirectory* v2_home(const Groups& groups, const CgroupWrite&) { return groups.unified(); }

bool is_unified_key(const CgroupWrite& write) { return write.setting.starts_with("unified."); }

// Keeps of each version's plan what is that version's on this host. A setting nobody has stays in the v2 plan
// where there is a v2 group, else in the v1 plan, and fails there with its name.
Result<> keep_own(CgroupPlan& v1, CgroupPlan& v2, const Groups& groups) {
  const bool has_v2 = groups.unified() != nullptr;
  for (const auto& write : v2.writes) {
    if (is_unified_key(write) && groups.on_v1(v1_name(write.controller)) != nullptr) {
      return unsupported("linux.resources.{}: this host has the {} controller on cgroup v1", write.setting,
                         write.controller);
    }
    if (is_unified_key(write) && !has_v2)
      return unsupported("linux.resources.{}: this host has no cgroup v2", write.setting);
  }
  std::erase_if(v1.writes, [&](const auto& w) { return has_v2 && groups.on_v1(w.controller) == nullptr; });
  std::erase_if(v2.writes, [&](const auto& w) {
    return !has_v2 || (!w.controller.empty() && groups.on_v1(v1_name(w.controller)) != nullptr);
  });
  std::erase_if(v2.warnings, [&](const auto& w) { return !has_v2 || groups.on_v1(w.controller) != nullptr; });
  return {};
}

Result<> check_usage(Groups& groups, std::int64_t at_most) {
  const int group = TRY(groups.open(*groups.unified()));
  const auto current =
      TRY_IN("linux.resources.memory.checkBeforeUpdate", read_group_file(group, "memory.current"));
  const auto used = parse_count(current).value_or(0);
  if (used <= static_cast<std::uint64_t>(at_most)) return {};
  return conflict("linux.resources.memory.limit: {} bytes are in use, more than the new limit of {}", used,
                  at_most);
}

Result<> apply_limits(Groups& groups, const oci::Resources& resources, Log& log) {
  auto v1 = TRY(plan_cgroup_v1(resources));
  CgroupPlan v2;
  if (groups.unified() != nullptr || !resources.unified.empty()) v2 = TRY(plan_cgroup_v2(resources));
  TRY(keep_own(v1, v2, groups));
  for (const auto& warning : v2.warnings) log.warn("{}", warning.message);
  if (v2.memory_at_most && groups.unified() != nullptr && groups.on_v1("memory") == nullptr) {
    TRY(check_usage(groups, *v2.memory_at_most));
  }
  Performer performer(groups, log);
  TRY(performer.perform(v1.writes, v1_home));
  return performer.perform(v2.writes, v2_home);
}

// Each line is a write of its own; the two files are opened once.
Result<> write_device_lines(int group, const std::vector<DeviceWrite>& writes, Log& log) {
  io::Fd files[2];
  for (const auto& write : writes) {
    auto& file = files[write.allow ? 1 : 0];
    const char* name = write.allow ? "devices.allow" : "devices.deny";
    if (!file) file = io::Fd(::openat(group, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) return failed_errno(errno, "linux.resources.devices: open {}", name);
    if (::write(file.get(), write.line.data(), write.line.size()) >= 0) continue;
    const int error = errno;
    if (error == EPERM && write.is_default)
      continue;  // the group above, which decides, does not have it either
    if (error == EPERM && write.allow && write.line == "a") {
      log.warn(
          "linux.resources.devices: the group above does not allow every device; the container gets those");
      continue;
    }
    return failed_errno(error, "linux.resources.devices: write \"{}\" to {}{}", write.line, name,
                        error == EPERM ? ": the group above does not allow it" : "");
  }
  return {};
}

Result<> apply_devices(Groups& groups, const oci::Resources& resources, bool fresh, Log& log) {
  const auto rules = TRY(device_rules(resources.devices));
  if (const auto* v1 = groups.on_v1("devices")) {
    const auto wanted = TRY(device_list(rules));
    const int group = TRY(groups.open(*v1));
    std::optional<DeviceList> now;
    if (!fresh) now = parse_device_list(TRY_IN(v1->path, read_group_file(group, "devices.list")));
    return write_device_lines(group, plan_device_writes(wanted, now), log);
  }
  const auto* v2 = groups.unified();
  if (v2 == nullptr) {
    log.warn(
        "linux.resources.devices: this host cannot limit devices; every node the container has is open to "
        "it");
    return {};
  }
  const auto program = linux::bpf::load_device_program(device_program(rules));
  if (!program && program.error().system_errno() == EPERM && !linux::is_host_root()) {
    log.warn(
        "linux.resources.devices: the kernel takes rules of the superuser only; the nodes' own modes decide");
    return {};  // nobody else can make nodes either
  }
  if (!program) return Failure(Error(program.error()).within("linux.resources.devices"));
  TRY_IN("linux.resources.devices", linux::bpf::set_device_program(TRY(groups.open(*v2)), program->get()));
  return {};
}

// The number a group has now; -1: no limit (on v1 a number no machine has the memory for).
Result<std::int64_t> current_limit(Groups& groups, const CgroupDirectory& directory, const char* file) {
  const auto now = TRY_IN(directory.path, read_group_file(TRY(groups.open(directory)), file));
  std::string_view rest = now;
  const auto count = parse_count(take_word(rest)).value_or(0);
  return count > (1ull << 60) ? -1 : static_cast<std::int64_t>(count);
}

// Two settings that make sense only together (memory.swap counts both memories; v2 writes quota and period as
// one): the one not given is what the group has.
Result<oci::Resources> complete(Groups& groups, oci::Resources resources) {
  auto& cpu = resources.cpu;
  auto& memory = resources.memory;
  const auto* v2 = groups.unified();
  if (is_set(cpu.period) && !is_set(cpu.quota) && v2 != nullptr && groups.on_v1("cpu") == nullptr) {
    cpu.quota = TRY(current_limit(groups, *v2, "cpu.max"));
  }
  if (memory.swap.value_or(0) <= 0 || is_set(memory.limit)) return resources;
  if (const auto* v1 = groups.on_v1("memory")) {
    memory.limit = TRY(current_limit(groups, *v1, "memory.limit_in_bytes"));
  } else if (v2 != nullptr) {
    memory.limit = TRY(current_limit(groups, *v2, "memory.max"));
  }
  return resources;
}

}  // namespace

Result<> Cgroup::apply(const oci::Resources& resources, Log& log) {
  Groups groups(directories_);
  TRY(apply_limits(groups, resources, log));
  return apply_devices(groups, resources, true, log);
}

Result<oci::Resources> Cgroup::completed(oci::Resources resources) const {
  Groups groups(directories_);
  return complete(groups, std::move(resources));
}

Result<> Cgroup::update(const oci::Resources& resources, Log& log) {
  Groups groups(directories_);
  TRY(apply_limits(groups, TRY(complete(groups, resources)), log));
  if (resources.devices.empty()) return {};
  return apply_devices(groups, resources, false, log);
}

}  // namespace podo::runtime
