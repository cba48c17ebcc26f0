#include "model/docker/encode_members.h"

namespace podo::docker {

static void value(Writer& out, const PortBinding& of) {
  out.object().key("HostIp").string(of.host_ip).key("HostPort").string(of.host_port).end();
}
static void value(Writer& out, const RestartPolicy& of) {
  out.object().key("Name").string(of.name).key("MaximumRetryCount").number(of.maximum_retry_count).end();
}
static void value(Writer& out, const DeviceMapping& of) {
  out.object().key("PathOnHost").string(of.path_on_host).key("PathInContainer").string(of.path_in_container);
  out.key("CgroupPermissions").string(of.cgroup_permissions).end();
}
static void value(Writer& out, const DeviceRequest& of) {
  out.object();
  member(out, "Driver", of.driver);
  member(out, "Count", of.count);
  member_or_null(out, "DeviceIDs", of.device_ids);
  member_or_null(out, "Capabilities", of.capabilities);
  member_or_null(out, "Options", of.options);
  out.end();
}
static void value(Writer& out, const Ulimit& of) {
  out.object().key("Name").string(of.name).key("Hard").number(of.hard).key("Soft").number(of.soft).end();
}
static void value(Writer& out, const ThrottleDevice& of) {
  out.object().key("Path").string(of.path).key("Rate").number(of.rate).end();
}
static void value(Writer& out, const WeightDevice& of) {
  out.object().key("Path").string(of.path).key("Weight").number(unsigned{of.weight}).end();
}

static void value(Writer& out, const Mount::Bind& of) {
  out.object();
  member_if(out, "Propagation", of.propagation);
  member_if(out, "NonRecursive", of.non_recursive);
  member_if(out, "CreateMountpoint", of.create_mountpoint);
  member_if(out, "ReadOnlyNonRecursive", of.read_only_non_recursive);
  member_if(out, "ReadOnlyForceRecursive", of.read_only_force_recursive);
  out.end();
}

static void value(Writer& out, const Mount::Volume& of) {
  out.object();
  member_if(out, "NoCopy", of.no_copy);
  member_if(out, "Labels", of.labels);
  member_if(out, "Subpath", of.subpath);
  if (!of.driver.empty() || !of.driver_options.empty()) {
    out.key("DriverConfig").object();
    member_if(out, "Name", of.driver);
    member_if(out, "Options", of.driver_options);
    out.end();
  }
  out.end();
}

static void value(Writer& out, const Mount::Tmpfs& of) {
  out.object();
  member_if(out, "SizeBytes", of.size_bytes);
  member_if(out, "Mode", of.mode);
  member_if(out, "Options", of.options);
  out.end();
}

static void value(Writer& out, const Mount& of) {
  out.object();
  member_if(out, "Type", of.type);
  member_if(out, "Source", of.source);
  member_if(out, "Target", of.target);
  member_if(out, "ReadOnly", of.read_only);
  member_if(out, "Consistency", of.consistency);
  member_if(out, "BindOptions", of.bind);
  member_if(out, "VolumeOptions", of.volume);
  member_if(out, "TmpfsOptions", of.tmpfs);
  out.end();
}

static void encode_resources(Writer& out, const Resources& of) {
  member(out, "CpuShares", of.cpu_shares);
  member(out, "Memory", of.memory);
  member(out, "NanoCpus", of.nano_cpus);
  member(out, "CgroupParent", of.cgroup_parent);
  member(out, "BlkioWeight", of.blkio_weight);
  member(out, "BlkioWeightDevice", of.blkio_weight_device);
  member(out, "BlkioDeviceReadBps", of.blkio_read_bps);
  member(out, "BlkioDeviceWriteBps", of.blkio_write_bps);
  member(out, "BlkioDeviceReadIOps", of.blkio_read_iops);
  member(out, "BlkioDeviceWriteIOps", of.blkio_write_iops);
  member(out, "CpuPeriod", of.cpu_period);
  member(out, "CpuQuota", of.cpu_quota);
  member(out, "CpuRealtimePeriod", of.cpu_realtime_period);
  member(out, "CpuRealtimeRuntime", of.cpu_realtime_runtime);
  member(out, "CpusetCpus", of.cpuset_cpus);
  member(out, "CpusetMems", of.cpuset_mems);
  member(out, "Devices", of.devices);
  member_or_null(out, "DeviceCgroupRules", of.device_cgroup_rules);
  member_or_null(out, "DeviceRequests", of.device_requests);
  member_if(out, "KernelMemory", of.kernel_memory);
  member(out, "MemoryReservation", of.memory_reservation);
  member(out, "MemorySwap", of.memory_swap);
  member_or_null(out, "MemorySwappiness", of.memory_swappiness);
  member_or_null(out, "OomKillDisable", of.oom_kill_disable);
  member_or_null(out, "PidsLimit", of.pids_limit);
  member(out, "Ulimits", of.ulimits);
  // Windows has these; inspect shows them everywhere.
  out.key("CpuCount").number(0).key("CpuPercent").number(0);
  out.key("IOMaximumIOps").number(0).key("IOMaximumBandwidth").number(0);
}

static void encode_namespaces_and_rights(Writer& out, const HostConfig& of) {
  member_or_null(out, "CapAdd", of.cap_add);
  member_or_null(out, "CapDrop", of.cap_drop);
  member(out, "CgroupnsMode", of.cgroupns_mode);
  member(out, "Dns", of.dns);
  member(out, "DnsOptions", of.dns_options);
  member(out, "DnsSearch", of.dns_search);
  member_or_null(out, "ExtraHosts", of.extra_hosts);
  member_or_null(out, "GroupAdd", of.group_add);
  member(out, "IpcMode", of.ipc_mode);
  member(out, "Cgroup", of.cgroup);
  member_or_null(out, "Links", of.links);
  member(out, "OomScoreAdj", of.oom_score_adj);
  member(out, "PidMode", of.pid_mode);
  member(out, "Privileged", of.privileged);
  member(out, "PublishAllPorts", of.publish_all_ports);
  member(out, "ReadonlyRootfs", of.readonly_rootfs);
  member_or_null(out, "SecurityOpt", of.security_opt);
  member_if(out, "StorageOpt", of.storage_opt);
  member_if(out, "Tmpfs", of.tmpfs);
  member(out, "UTSMode", of.uts_mode);
  member(out, "UsernsMode", of.userns_mode);
  member(out, "ShmSize", of.shm_size);
  member_if(out, "Sysctls", of.sysctls);
  member_if(out, "Runtime", of.runtime);
  member(out, "Isolation", of.isolation);
}

void encode(Writer& out, const HostConfig& of) {
  out.object();
  member_or_null(out, "Binds", of.binds);
  member(out, "ContainerIDFile", of.container_id_file);
  out.key("LogConfig").object();
  member(out, "Type", of.log_config.type);
  member(out, "Config", of.log_config.config);
  out.end();
  member(out, "NetworkMode", of.network_mode);
  member(out, "PortBindings", of.port_bindings);
  member(out, "RestartPolicy", of.restart_policy);
  member(out, "AutoRemove", of.auto_remove);
  member(out, "VolumeDriver", of.volume_driver);
  member_or_null(out, "VolumesFrom", of.volumes_from);
  out.key("ConsoleSize").array().number(of.console_height).number(of.console_width).end();
  member_if(out, "Annotations", of.annotations);
  encode_namespaces_and_rights(out, of);
  encode_resources(out, of.resources);
  member_if(out, "Mounts", of.mounts);
  member_or_null(out, "MaskedPaths", of.masked_paths);
  member_or_null(out, "ReadonlyPaths", of.readonly_paths);
  member_if(out, "Init", of.init);
  out.end();
}

}  // namespace podo::docker
