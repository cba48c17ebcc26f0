// `linux.resources` of config.json, and the file of `update --resources` (config-linux.md#control-groups).
#include "model/oci/decode.h"
#include "model/oci/decode_parts.h"

namespace podo::oci {

static void members(Members& of, DeviceRule& to) {
  of.may("allow", to.allow)
      .may("type", to.type)
      .may("access", to.access)
      .may("major", to.major)
      .may("minor", to.minor);
}

static void members(Members& of, MemoryResources& to) {
  of.may("limit", to.limit)
      .may("reservation", to.reservation)
      .may("swap", to.swap)
      .may("kernel", to.kernel)
      .may("kernelTCP", to.kernel_tcp)
      .may("swappiness", to.swappiness)
      .may("disableOOMKiller", to.disable_oom_killer)
      .may("useHierarchy", to.use_hierarchy)
      .may("checkBeforeUpdate", to.check_before_update);
}

static void members(Members& of, CpuResources& to) {
  of.may("shares", to.shares)
      .may("quota", to.quota)
      .may("burst", to.burst)
      .may("period", to.period)
      .may("realtimeRuntime", to.realtime_runtime)
      .may("realtimePeriod", to.realtime_period)
      .may("cpus", to.cpus)
      .may("mems", to.mems)
      .may("idle", to.idle);
}

static void members(Members& of, WeightDevice& to) {
  of.must("major", to.major)
      .must("minor", to.minor)
      .may("weight", to.weight)
      .may("leafWeight", to.leaf_weight);
}

static void members(Members& of, ThrottleDevice& to) {
  of.must("major", to.major).must("minor", to.minor).may("rate", to.rate);
}

static void members(Members& of, BlockIoResources& to) {
  of.may("weight", to.weight)
      .may("leafWeight", to.leaf_weight)
      .may("weightDevice", to.weight_devices)
      .may("throttleReadBpsDevice", to.read_bps)
      .may("throttleWriteBpsDevice", to.write_bps)
      .may("throttleReadIOPSDevice", to.read_iops)
      .may("throttleWriteIOPSDevice", to.write_iops);
}

static void members(Members& of, HugepageLimit& to) {
  of.must("pageSize", to.page_size).must("limit", to.limit);
}

static void members(Members& of, InterfacePriority& to) {
  of.must("name", to.name).must("priority", to.priority);
}

static void members(Members& of, NetworkResources& to) {
  of.may("classID", to.class_id).may("priorities", to.priorities);
}

void members(Members& of, Resources& to) {
  of.may("devices", to.devices)
      .may("memory", to.memory)
      .may("cpu", to.cpu)
      .may("pids", "limit", to.pids_limit)
      .may("blockIO", to.block_io)
      .may("hugepageLimits", to.hugepage_limits)
      .may("network", to.network)
      .may("rdma", to.rdma)
      .may("unified", to.unified);
}

Result<Resources> decode_resources(const json::Document& document) {
  Resources resources;
  TRY(read(Field(document), resources));
  return resources;
}

}  // namespace podo::oci
