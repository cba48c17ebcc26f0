#include "container/cgroup/plan_cgroup.h"

#include <algorithm>
#include <cmath>

namespace podo::runtime {
namespace {

Result<> check_weight(const std::optional<std::uint16_t>& weight, std::string_view setting) {
  if (is_set(weight) && (*weight < 10 || *weight > 1000)) {
    return invalid("linux.resources.{}: {} is not within 10 to 1000", setting, *weight);
  }
  return {};
}

Result<> check_memory(const oci::MemoryResources& memory) {
  if (is_set(memory.swap) && *memory.swap > 0) {
    if (!is_set(memory.limit)) {
      return invalid(
          "linux.resources.memory.swap: memory and swap together cannot be limited without memory.limit");
    }
    if (*memory.limit < 0 || *memory.swap < *memory.limit) {
      return invalid(
          "linux.resources.memory.swap: {} is less than memory.limit {}; it counts memory and swap together",
          *memory.swap, *memory.limit);
    }
  }
  if (memory.swappiness && *memory.swappiness > 100) {
    return invalid("linux.resources.memory.swappiness: {} is not within 0 to 100", *memory.swappiness);
  }
  return {};
}

// digits ( "KB" | "MB" | "GB" ): it becomes part of a file's name.
bool is_page_size(std::string_view size) {
  const auto digits = std::min(size.find_first_not_of("0123456789"), size.size());
  const auto unit = size.substr(digits);
  return digits > 0 && (unit == "KB" || unit == "MB" || unit == "GB");
}

// The key is a file's name in the container's group, and only a controller's: cgroup.procs would move this
// program.
Result<> check_unified(std::string_view key) {
  const bool plain = !key.empty() && key.find('/') == key.npos && key.find("..") == key.npos &&
                     key.find('\0') == key.npos && key.find('.') != key.npos && key.front() != '.';
  if (!plain) return invalid("linux.resources.unified: \"{}\" is not the name of a cgroup file", key);
  if (key == "cgroup.procs" || key == "cgroup.threads" || key == "cgroup.kill") {
    return invalid("linux.resources.unified: {} is not a setting", key);
  }
  return {};
}

bool one_word(std::string_view word) { return !word.empty() && word.find_first_of(" \n\t") == word.npos; }

}  // namespace

CgroupWrite& CgroupPlan::add(std::string_view controller, std::string file, std::string value,
                             std::string setting) {
  return writes.emplace_back(CgroupWrite{.controller = std::string(controller), .file = std::move(file),
                                         .value = std::move(value), .setting = std::move(setting)});
}

Result<> check_resources(const oci::Resources& resources) {
  TRY(check_memory(resources.memory));
  if (resources.cpu.idle && *resources.cpu.idle != 0 && *resources.cpu.idle != 1) {
    return invalid("linux.resources.cpu.idle: {} is neither 0 nor 1", *resources.cpu.idle);
  }
  TRY(check_weight(resources.block_io.weight, "blockIO.weight"));
  TRY(check_weight(resources.block_io.leaf_weight, "blockIO.leafWeight"));
  for (const auto& device : resources.block_io.weight_devices) {
    TRY(check_weight(device.weight, "blockIO.weightDevice.weight"));
    TRY(check_weight(device.leaf_weight, "blockIO.weightDevice.leafWeight"));
  }
  for (const auto& page : resources.hugepage_limits) {
    if (!is_page_size(page.page_size)) {
      return invalid("linux.resources.hugepageLimits: \"{}\" is not a page size such as 2MB", page.page_size);
    }
  }
  for (const auto& interface : resources.network.priorities) {
    if (!one_word(interface.name))
      return invalid("linux.resources.network.priorities: \"{}\" is not an interface", interface.name);
  }
  for (const auto& limit : resources.rdma) {
    if (!one_word(limit.device)) return invalid("linux.resources.rdma: \"{}\" is not a device", limit.device);
  }
  for (const auto& [key, value] : resources.unified) TRY(check_unified(key));
  return {};
}

std::string_view controller_of_file(std::string_view file) {
  const auto prefix = file.substr(0, file.find('.'));
  return prefix == "cgroup" ? std::string_view() : prefix;
}

bool asks_for(const oci::Resources& resources, std::string_view controller) {
  for (const auto& [key, value] : resources.unified) {
    if (controller_of_file(key) == controller) return true;
  }
  const auto& memory = resources.memory;
  const auto& cpu = resources.cpu;
  const auto& io = resources.block_io;
  if (controller == "hugetlb") return !resources.hugepage_limits.empty();
  if (controller == "pids") return is_set(resources.pids_limit);
  if (controller == "rdma") return !resources.rdma.empty();
  if (controller == "memory")
    return is_set(memory.limit) || is_set(memory.reservation) || is_set(memory.swap);
  if (controller == "cpuset") return !cpu.cpus.empty() || !cpu.mems.empty();
  if (controller == "cpu")
    return is_set(cpu.shares) || is_set(cpu.quota) || is_set(cpu.period) || cpu.burst || cpu.idle;
  if (controller == "io") {
    return is_set(io.weight) || !io.weight_devices.empty() || !io.read_bps.empty() || !io.write_bps.empty() ||
           !io.read_iops.empty() || !io.write_iops.empty();
  }
  return false;
}

std::uint64_t cpu_weight_of_shares(std::uint64_t shares) {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  // log10(weight) over log2(shares), through (1, 0), (10, 2), (18, 4). The small step down keeps the rounding
  // of 1024 shares, where the curve is exactly 2, from going up to 101.
  const double l = std::log2(static_cast<double>(shares));
  const double exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10.0, exponent) - 1e-9));
}

std::uint64_t io_weight_of_blkio(std::uint64_t weight) { return 1 + (weight - 10) * 9999 / 990; }

}  // namespace podo::runtime
