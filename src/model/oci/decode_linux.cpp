// `linux` of config.json (config-linux.md), without resources and seccomp.
#include "model/oci/decode_parts.h"

namespace podo::oci {

void members(Members& of, IdMapping& to) {
  of.must("containerID", to.container_id).must("hostID", to.host_id).must("size", to.size);
}

static void members(Members& of, Namespace& to) { of.must("type", to.type).may("path", to.path); }

static void members(Members& of, TimeOffset& to) { of.may("secs", to.secs).may("nanosecs", to.nanosecs); }

static void members(Members& of, Device& to) {
  of.must("type", to.type)
      .must("path", to.path)
      .may("major", to.major)
      .may("minor", to.minor)
      .may("fileMode", to.file_mode)
      .may("uid", to.uid)
      .may("gid", to.gid);
}

static void members(Members& of, IntelRdt& to) {
  of.may("closID", to.clos_id)
      .may("l3CacheSchema", to.l3_cache_schema)
      .may("memBwSchema", to.mem_bw_schema)
      .may("schemata", to.schemata)
      .may("enableMonitoring", to.enable_monitoring);
}

static void members(Members& of, MemoryPolicy& to) {
  of.must("mode", to.mode).may("nodes", to.nodes).may("flags", to.flags);
}

static void members(Members& of, Personality& to) { of.must("domain", to.domain).may("flags", to.flags); }

void members(Members& of, Linux& to) {
  of.may("namespaces", to.namespaces)
      .may("uidMappings", to.uid_mappings)
      .may("gidMappings", to.gid_mappings)
      .may("timeOffsets", "monotonic", to.monotonic_offset)
      .may("timeOffsets", "boottime", to.boottime_offset)
      .may("devices", to.devices)
      .may("netDevices", to.net_devices)
      .may("cgroupsPath", to.cgroups_path)
      .may("resources", to.resources)
      .may("sysctl", to.sysctl)
      .may("seccomp", to.seccomp)
      .may("rootfsPropagation", to.rootfs_propagation)
      .may("maskedPaths", to.masked_paths)
      .may("readonlyPaths", to.readonly_paths)
      .may("mountLabel", to.mount_label)
      .may("intelRdt", to.intel_rdt)
      .may("memoryPolicy", to.memory_policy)
      .may("personality", to.personality);
}

}  // namespace podo::oci
