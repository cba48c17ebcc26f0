#include "model/docker/decode_members.h"

namespace podo::docker {

static void members(Members& of, PortBinding& to) {
  of.may("HostIp", to.host_ip).may("HostPort", to.host_port);
}
void members(Members& of, RestartPolicy& to) {
  of.may("Name", to.name).may("MaximumRetryCount", to.maximum_retry_count);
}
static void members(Members& of, DeviceMapping& to) {
  of.may("PathOnHost", to.path_on_host)
      .may("PathInContainer", to.path_in_container)
      .may("CgroupPermissions", to.cgroup_permissions);
}
static void members(Members& of, DeviceRequest& to) {
  of.may("Driver", to.driver)
      .may("Count", to.count)
      .may("DeviceIDs", to.device_ids)
      .may("Capabilities", to.capabilities)
      .may("Options", to.options);
}
static void members(Members& of, Ulimit& to) {
  of.may("Name", to.name).may("Soft", to.soft).may("Hard", to.hard);
}
static void members(Members& of, ThrottleDevice& to) { of.may("Path", to.path).may("Rate", to.rate); }
static void members(Members& of, WeightDevice& to) { of.may("Path", to.path).may("Weight", to.weight); }

void members(Members& of, Resources& to) {
  of.may("CpuShares", to.cpu_shares)
      .may("Memory", to.memory)
      .may("NanoCpus", to.nano_cpus)
      .may("CgroupParent", to.cgroup_parent)
      .may("BlkioWeight", to.blkio_weight)
      .may("BlkioWeightDevice", to.blkio_weight_device)
      .may("BlkioDeviceReadBps", to.blkio_read_bps)
      .may("BlkioDeviceWriteBps", to.blkio_write_bps)
      .may("BlkioDeviceReadIOps", to.blkio_read_iops)
      .may("BlkioDeviceWriteIOps", to.blkio_write_iops)
      .may("CpuPeriod", to.cpu_period)
      .may("CpuQuota", to.cpu_quota)
      .may("CpuRealtimePeriod", to.cpu_realtime_period)
      .may("CpuRealtimeRuntime", to.cpu_realtime_runtime)
      .may("CpusetCpus", to.cpuset_cpus)
      .may("CpusetMems", to.cpuset_mems)
      .may("Devices", to.devices)
      .may("DeviceCgroupRules", to.device_cgroup_rules)
      .may("DeviceRequests", to.device_requests)
      .may("KernelMemory", to.kernel_memory)
      .may("MemoryReservation", to.memory_reservation)
      .may("MemorySwap", to.memory_swap)
      .may("MemorySwappiness", to.memory_swappiness)
      .may("OomKillDisable", to.oom_kill_disable)
      .may("PidsLimit", to.pids_limit)
      .may("Ulimits", to.ulimits);
}

static void members(Members& of, Mount::Bind& to) {
  of.may("Propagation", to.propagation)
      .may("NonRecursive", to.non_recursive)
      .may("CreateMountpoint", to.create_mountpoint)
      .may("ReadOnlyNonRecursive", to.read_only_non_recursive)
      .may("ReadOnlyForceRecursive", to.read_only_force_recursive);
}

namespace {

struct VolumeDriver {  // VolumeOptions.DriverConfig
  std::string& name;
  StringMap& options;
};
void members(Members& of, VolumeDriver& to) { of.may("Name", to.name).may("Options", to.options); }

}  // namespace

static void members(Members& of, Mount::Volume& to) {
  VolumeDriver driver{to.driver, to.driver_options};
  of.may("NoCopy", to.no_copy)
      .may("Labels", to.labels)
      .may("Subpath", to.subpath)
      .may("DriverConfig", driver);
}
static void members(Members& of, Mount::Tmpfs& to) {
  of.may("SizeBytes", to.size_bytes).may("Mode", to.mode).may("Options", to.options);
}
static void members(Members& of, Mount& to) {
  of.may("Type", to.type)
      .may("Source", to.source)
      .may("Target", to.target)
      .may("ReadOnly", to.read_only)
      .may("Consistency", to.consistency)
      .may("BindOptions", to.bind)
      .may("VolumeOptions", to.volume)
      .may("TmpfsOptions", to.tmpfs);
}

static void members(Members& of, HostConfig::LogConfig& to) {
  of.may("Type", to.type).may("Config", to.config);
}

static void members(Members& of, HostConfig& to) {
  std::array<std::uint32_t, 2> console_size{to.console_height, to.console_width};
  members(of, to.resources);
  of.may("Binds", to.binds)
      .may("ContainerIDFile", to.container_id_file)
      .may("LogConfig", to.log_config)
      .may("NetworkMode", to.network_mode)
      .may("PortBindings", to.port_bindings)
      .may("RestartPolicy", to.restart_policy)
      .may("AutoRemove", to.auto_remove)
      .may("VolumeDriver", to.volume_driver)
      .may("VolumesFrom", to.volumes_from)
      .may("ConsoleSize", console_size)
      .may("Annotations", to.annotations)
      .may("CapAdd", to.cap_add)
      .may("CapDrop", to.cap_drop)
      .may("CgroupnsMode", to.cgroupns_mode)
      .may("Dns", to.dns)
      .may("DnsOptions", to.dns_options)
      .may("DnsSearch", to.dns_search)
      .may("ExtraHosts", to.extra_hosts)
      .may("GroupAdd", to.group_add)
      .may("IpcMode", to.ipc_mode)
      .may("Cgroup", to.cgroup)
      .may("Links", to.links)
      .may("OomScoreAdj", to.oom_score_adj)
      .may("PidMode", to.pid_mode)
      .may("Privileged", to.privileged)
      .may("PublishAllPorts", to.publish_all_ports)
      .may("ReadonlyRootfs", to.readonly_rootfs)
      .may("SecurityOpt", to.security_opt)
      .may("StorageOpt", to.storage_opt)
      .may("Tmpfs", to.tmpfs)
      .may("UTSMode", to.uts_mode)
      .may("UsernsMode", to.userns_mode)
      .may("ShmSize", to.shm_size)
      .may("Sysctls", to.sysctls)
      .may("Runtime", to.runtime)
      .may("Isolation", to.isolation)
      .may("Mounts", to.mounts)
      .may("MaskedPaths", to.masked_paths)
      .may("ReadonlyPaths", to.readonly_paths)
      .may("Init", to.init);
  to.console_height = console_size[0];
  to.console_width = console_size[1];
}

Result<HostConfig> decode_host_config(Field field) {
  HostConfig to;
  if (field) TRY(read(field, to));
  return to;
}

}  // namespace podo::docker
