// GET /info.
#include <algorithm>

#include "base/core/timestamp.h"
#include "base/core/version.h"
#include "container/docker/handlers.h"
#include "container/docker/machine.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

void write_counts(json::Writer& out, const Call& call) {
  using engine::Status;
  int running = 0, paused = 0, stopped = 0;
  for (const auto& container : call.engine().list()) {
    const Status status = container->state.status;
    if (status == Status::paused) ++paused;
    else if (status == Status::running || status == Status::restarting) ++running;
    else ++stopped;
  }
  out.key("Containers").number(running + paused + stopped).key("ContainersRunning").number(running);
  out.key("ContainersPaused").number(paused).key("ContainersStopped").number(stopped);
  out.key("Images").number(static_cast<std::uint64_t>(call.images().list().size()));
}

void write_storage(json::Writer& out, const Call& call) {
  const std::string driver = call.images().storage_driver();
  out.key("Driver").string(driver).key("DriverStatus").array();
  if (driver == "overlay2") {
    out.array().string("Supports d_type").string("true").end();
    out.array().string("userxattr").string("false").end();
  }
  out.end().key("Plugins").object();
  member(out, "Volume", Strings{"local"});
  member(out, "Network", Strings{"bridge", "host", "macvlan", "null"});
  out.key("Authorization").null();
  member(out, "Log", Strings{"json-file", "local", "none"});
  out.end();
}

void write_abilities(json::Writer& out, const MachineFacts& facts) {
  member(out, "MemoryLimit", facts.memory_limit);
  member(out, "SwapLimit", facts.swap_limit);
  member(out, "CpuCfsPeriod", facts.cpu_quota);
  member(out, "CpuCfsQuota", facts.cpu_quota);
  member(out, "CPUShares", facts.cpu_shares);
  member(out, "CPUSet", facts.cpuset);
  member(out, "PidsLimit", facts.pids_limit);
  member(out, "IPv4Forwarding", facts.ipv4_forwarding);
  out.key("BridgeNfIptables").boolean(false).key("BridgeNfIp6tables").boolean(false);
  member(out, "OomKillDisable", facts.oom_kill_disable);
}

void write_registries(json::Writer& out, const ApiOptions& options) {
  out.key("RegistryConfig").object();
  Strings insecure = {"::1/128", "127.0.0.0/8"};
  for (const auto& one : options.insecure_registries) {
    if (std::find(insecure.begin(), insecure.end(), one) == insecure.end()) insecure.push_back(one);
  }
  member(out, "InsecureRegistryCIDRs", insecure);
  out.key("IndexConfigs").object().key("docker.io").object().key("Name").string("docker.io");
  member(out, "Mirrors", options.registry_mirrors);
  out.key("Secure").boolean(true).key("Official").boolean(true).end().end();
  member(out, "Mirrors", options.registry_mirrors);
  out.end();
}

void write_machine(json::Writer& out, const Call& call, const MachineFacts& facts) {
  out.key("LoggingDriver").string(call.options.logging_driver).key("CgroupDriver").string("cgroupfs");
  out.key("CgroupVersion").string(facts.cgroup_v2 ? "2" : "1").key("NEventsListener").number(0);
  member(out, "KernelVersion", facts.kernel_version);
  member(out, "OperatingSystem", facts.operating_system);
  member(out, "OSVersion", facts.operating_system_version);
  out.key("OSType").string("linux");
  member(out, "Architecture", facts.architecture);
  out.key("IndexServerAddress").string("https://index.docker.io/v1/");
  write_registries(out, call.options);
  out.key("NCPU").number(facts.processors).key("MemTotal").number(facts.memory_bytes);
  out.key("GenericResources").null().key("DockerRootDir").string(call.options.data_folder);
  out.key("HttpProxy").string("").key("HttpsProxy").string("").key("NoProxy").string("");
  member(out, "Name", facts.host_name);
  member(out, "Labels", call.options.labels);
}

void write_runtime(json::Writer& out) {
  out.key("ExperimentalBuild").boolean(false).key("ServerVersion").string(podo::version());
  out.key("Runtimes").object().key("podo").object().key("path").string("podo oci").end().end();
  out.key("DefaultRuntime").string("podo");
  out.key("Swarm").object().key("NodeID").string("").key("NodeAddr").string("");
  out.key("LocalNodeState").string("inactive").key("ControlAvailable").boolean(false).key("Error").string("");
  out.key("RemoteManagers").null().end();
  // Containers go on without the daemon, always.
  out.key("LiveRestoreEnabled").boolean(true).key("Isolation").string("").key("InitBinary").string("podo");
  for (const std::string_view part : {"ContainerdCommit", "RuncCommit", "InitCommit"}) {
    out.key(part).object().key("ID").string(podo::commit()).end();
  }
}

void write_security(json::Writer& out, const MachineFacts& facts, std::string_view apparmor_trouble) {
  out.key("SecurityOptions").array();
  if (facts.apparmor) out.string("name=apparmor");
  if (facts.seccomp) out.string("name=seccomp,profile=builtin");
  if (facts.cgroup_v2) out.string("name=cgroupns");
  out.end().key("CDISpecDirs").array().end();
  Strings warnings;
  if (!facts.memory_limit) warnings.emplace_back("WARNING: No memory limit support");
  if (!facts.swap_limit) warnings.emplace_back("WARNING: No swap limit support");
  if (!facts.pids_limit) warnings.emplace_back("WARNING: No pids limit support");
  if (!facts.cpu_quota) warnings.emplace_back("WARNING: No cpu cfs quota support");
  if (!facts.cpuset) warnings.emplace_back("WARNING: No cpuset support");
  if (!facts.ipv4_forwarding) warnings.emplace_back("WARNING: IPv4 forwarding is disabled");
  if (!apparmor_trouble.empty())
    warnings.push_back(text("WARNING: no default AppArmor profile: {}", apparmor_trouble));
  member_or_null(out, "Warnings", warnings);
}

}  // namespace

Task<void> show_info(Call& call) {
  const MachineFacts facts = read_machine_facts();
  const std::string& id = call.options.daemon_id;
  json::Writer out;
  out.object().key("ID").string(id.empty() ? facts.host_name : id);
  write_counts(out, call);
  write_storage(out, call);
  write_abilities(out, facts);
  out.key("Debug").boolean(call.options.debug).key("NFd").number(0).key("NGoroutines").number(0);
  member(out, "SystemTime", rfc3339_nano(call.now()));
  write_machine(out, call, facts);
  write_runtime(out);
  write_security(out, facts, call.ground.apparmor != nullptr ? call.ground.apparmor->trouble() : "");
  co_await call.answer(200, out.end());
}

}  // namespace podo::docker
