#include "model/oci/decode.h"

#include <doctest/doctest.h>

#include "base/core/text.h"

namespace podo::oci {
namespace {

Result<Config> decode(std::string text) { return decode_config(TRY(json::parse(std::move(text)))); }

// A config with these members besides the required ones.
Result<Config> decode_with(std::string_view members) {
  return decode(text(R"({{"ociVersion":"1.2.0","root":{{"path":"rootfs"}}{}{}}})", members.empty() ? "" : ",",
                     members));
}

std::string problem(const auto& result) { return result ? "none" : result.error().message(); }

}  // namespace

TEST_CASE("a config's version is 1.x in SemVer") {
  for (const auto* fine : {"1.0.0", "1.0.2-dev", "1.3.0", "1.3.0+x", "1.2.0-rc.1+build.7", "1.99.0"}) {
    CAPTURE(fine);
    const auto config = decode(text(R"({{"ociVersion":"{}","root":{{"path":"r"}}}})", fine));
    REQUIRE(problem(config) == "none");
    CHECK(config->oci_version == fine);
  }
  struct {
    const char* version;
    ErrorKind kind;
  } refused[] = {
      {"0.5.0-dev", ErrorKind::unsupported},
      {"2.0.0", ErrorKind::unsupported},
      {"10.0.0", ErrorKind::unsupported},
      {"", ErrorKind::invalid},
      {"1", ErrorKind::invalid},
      {"1.0", ErrorKind::invalid},
      {"1.0.0.", ErrorKind::invalid},
      {"1.0.0.1", ErrorKind::invalid},
      {"01.0.0", ErrorKind::invalid},
      {"1.0.x", ErrorKind::invalid},
      {"1.0.0-", ErrorKind::invalid},
      {"1.0.0+", ErrorKind::invalid},
      {"v1.0.0", ErrorKind::invalid},
      {"1.0.0 ", ErrorKind::invalid},
  };
  for (const auto& [version, kind] : refused) {
    CAPTURE(version);
    const auto config = decode(text(R"({{"ociVersion":"{}","root":{{"path":"r"}}}})", version));
    REQUIRE(!config);
    CHECK(config.error().kind() == kind);
    CHECK(config.error().message().starts_with("ociVersion: "));
  }
}

TEST_CASE("what is wrong in a config is told with its path") {
  struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"[]", "expected an object, got an array"},
      {R"({"root":{"path":"r"}})", "ociVersion: is missing, expected a string"},
      {R"({"ociVersion":1,"root":{"path":"r"}})", "ociVersion: expected a string, got the number 1"},
      {R"({"ociVersion":"1.0.0"})", "root: is required"},
      {R"({"ociVersion":"1.0.0","root":{}})", "root.path: is required"},
      {R"({"ociVersion":"1.0.0","root":"r"})", "root: expected an object, got the string \"r\""},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(text);
    CHECK(problem(decode(text)) == expected);
  }
}

TEST_CASE("what is wrong in a member is told with its path") {
  struct {
    const char* members;
    const char* expected;
  } cases[] = {
      {R"("process":[])", "process: expected an object, got an array"},
      {R"("process":{"args":"sh"})", "process.args: expected an array, got the string \"sh\""},
      {R"("process":{"args":["sh",1]})", "process.args[1]: expected a string, got the number 1"},
      {R"("process":{"args":["a\u0000b"]})", "process.args[0]: contains a NUL character"},
      {R"("process":{"user":{"uid":-1}})",
       "process.user.uid: expected an integer from 0 to 2^32-1, got the number -1"},
      {R"("process":{"user":{"uid":4294967296}})",
       "process.user.uid: expected an integer from 0 to 2^32-1, got the number 4294967296"},
      {R"("process":{"rlimits":[{"type":"RLIMIT_CORE","soft":1}]})", "process.rlimits[0].hard: is required"},
      {R"("mounts":[{"type":"proc"}])", "mounts[0].destination: is required"},
      {R"("hooks":{"prestart":[{}]})", "hooks.prestart[0].path: is required"},
      {R"("annotations":{"a":1})", "annotations.a: expected a string, got the number 1"},
      {R"("annotations":{"a\u0000":"b"})", "annotations: has a key with a NUL character"},
      {R"("linux":{"namespaces":[{"path":"/x"}]})", "linux.namespaces[0].type: is required"},
      {R"("linux":{"timeOffsets":7})", "linux.timeOffsets: expected an object, got the number 7"},
      {R"("linux":{"resources":{"pids":{"limit":"ten"}}})",
       "linux.resources.pids.limit: expected an integer, got the string \"ten\""},
      {R"("linux":{"resources":{"blockIO":{"weight":70000}}})",
       "linux.resources.blockIO.weight: expected an integer from 0 to 65535, got 70000"},
      {R"("linux":{"seccomp":{}})", "linux.seccomp.defaultAction: is required"},
      {R"("linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["a"],
                "action":"b","args":[{"index":0}]}]}})",
       "linux.seccomp.syscalls[0].args[0].value: is required"},
  };
  for (const auto& [members, expected] : cases) {
    CAPTURE(members);
    CHECK(problem(decode_with(members)) == expected);
  }
}

TEST_CASE("null is absent, unknown members are ignored") {
  const auto config = decode_with(
      R"("process":null,"hooks":null,"linux":{"namespaces":null,"resources":{"memory":{"limit":null}}},
    "mounts":null,"vm":{"x":[1]},"org.example.extra":{})");
  REQUIRE(problem(config) == "none");
  CHECK(!config->process);
  CHECK(config->linux.namespaces.empty());
  CHECK(!config->linux.resources.memory.limit);
}

TEST_CASE("every part of a process is read") {
  const auto config = decode_with(R"("process":{
    "terminal":true,"consoleSize":{"height":25,"width":80},
    "user":{"uid":1,"gid":2,"umask":63,"additionalGids":[5,6]},
    "args":["sh","-c"],"env":["A=b"],"cwd":"/w",
    "capabilities":{"bounding":["CAP_A"],"effective":["CAP_B"],"inheritable":["CAP_C"],
      "permitted":["CAP_D"],"ambient":["CAP_E"]},
    "rlimits":[{"type":"RLIMIT_CORE","soft":1,"hard":18446744073709551615}],
    "noNewPrivileges":true,"apparmorProfile":"p","selinuxLabel":"l","oomScoreAdj":-5,
    "scheduler":{"policy":"SCHED_DEADLINE","nice":-3,"priority":4,"flags":["F"],"runtime":1,
      "deadline":2,"period":3},
    "ioPriority":{"class":"IOPRIO_CLASS_BE","priority":4},"execCPUAffinity":{"initial":"0-3","final":"7"}})");
  REQUIRE(problem(config) == "none");
  const Process& process = *config->process;
  CHECK(process.terminal);
  CHECK(process.console_size->height == 25);
  CHECK(process.console_size->width == 80);
  CHECK(process.user.uid == 1);
  CHECK(process.user.gid == 2);
  CHECK(process.user.umask == 63);
  CHECK(process.user.additional_gids == std::vector<std::uint32_t>{5, 6});
  CHECK(process.args == std::vector<std::string>{"sh", "-c"});
  CHECK(process.env == std::vector<std::string>{"A=b"});
  CHECK(process.cwd == "/w");
  CHECK(process.capabilities->bounding[0] == "CAP_A");
  CHECK(process.capabilities->effective[0] == "CAP_B");
  CHECK(process.capabilities->inheritable[0] == "CAP_C");
  CHECK(process.capabilities->permitted[0] == "CAP_D");
  CHECK(process.capabilities->ambient[0] == "CAP_E");
  CHECK(process.rlimits[0].type == "RLIMIT_CORE");
  CHECK(process.rlimits[0].soft == 1);
  CHECK(process.rlimits[0].hard == UINT64_MAX);
  CHECK(process.no_new_privileges);
  CHECK(process.apparmor_profile == "p");
  CHECK(process.selinux_label == "l");
  CHECK(process.oom_score_adj == -5);
  CHECK(process.scheduler->policy == "SCHED_DEADLINE");
  CHECK(process.scheduler->nice == -3);
  CHECK(process.scheduler->priority == 4);
  CHECK(process.scheduler->flags[0] == "F");
  CHECK(process.scheduler->runtime == 1);
  CHECK(process.scheduler->deadline == 2);
  CHECK(process.scheduler->period == 3);
  CHECK(process.io_priority->class_name == "IOPRIO_CLASS_BE");
  CHECK(process.io_priority->priority == 4);
  CHECK(process.exec_cpu_affinity->initial == "0-3");
  CHECK(process.exec_cpu_affinity->final == "7");
}

TEST_CASE("every part around the process is read") {
  const auto config = decode_with(R"("hostname":"h","domainname":"d","annotations":{"k":"v","j":"w"},
    "mounts":[{"destination":"/m","type":"bind","source":"s","options":["ro"],
      "uidMappings":[{"containerID":1,"hostID":2,"size":3}],"gidMappings":[{"containerID":4,
        "hostID":5,"size":6}]}],
    "hooks":{"prestart":[{"path":"/1","args":["a"],"env":["E=1"],"timeout":9}],
      "createRuntime":[{"path":"/2"}],
      "createContainer":[{"path":"/3"}],"startContainer":[{"path":"/4"}],
        "poststart":[{"path":"/5"}],"poststop":[{"path":"/6"}]})");
  REQUIRE(problem(config) == "none");
  CHECK(config->hostname == "h");
  CHECK(config->domainname == "d");
  CHECK(config->annotations == StringMap{{"k", "v"}, {"j", "w"}});
  const Mount& mount = config->mounts[0];
  CHECK(mount.destination == "/m");
  CHECK(mount.type == "bind");
  CHECK(mount.source == "s");
  CHECK(mount.options[0] == "ro");
  CHECK(mount.uid_mappings[0].container_id == 1);
  CHECK(mount.uid_mappings[0].host_id == 2);
  CHECK(mount.uid_mappings[0].size == 3);
  CHECK(mount.gid_mappings[0].size == 6);
  const Hook& hook = config->hooks.prestart[0];
  CHECK(hook.path == "/1");
  CHECK(hook.args[0] == "a");
  CHECK(hook.env[0] == "E=1");
  CHECK(hook.timeout_s == 9);
  CHECK(config->hooks.create_runtime[0].path == "/2");
  CHECK(config->hooks.create_container[0].path == "/3");
  CHECK(config->hooks.start_container[0].path == "/4");
  CHECK(config->hooks.poststart[0].path == "/5");
  CHECK(config->hooks.poststop[0].path == "/6");
}

TEST_CASE("every part of linux is read") {
  const auto config = decode_with(R"("linux":{
    "namespaces":[{"type":"pid"},{"type":"network","path":"/n"}],
    "uidMappings":[{"containerID":0,"hostID":1000,"size":10}],"gidMappings":[{"containerID":0,
      "hostID":2000,"size":20}],
    "timeOffsets":{"monotonic":{"secs":-1,"nanosecs":2},"boottime":{"secs":3}},
    "devices":[{"type":"c","path":"/dev/x","major":1,"minor":2,"fileMode":438,"uid":3,"gid":4}],
    "netDevices":{"eth0":{"name":"in0"},"eth1":{}},
    "cgroupsPath":"/c","sysctl":{"net.a":"1"},"rootfsPropagation":"slave",
    "maskedPaths":["/a"],"readonlyPaths":["/b"],"mountLabel":"ml",
    "intelRdt":{"closID":"c","l3CacheSchema":"L3","memBwSchema":"MB","schemata":["S"],
      "enableMonitoring":true},
    "memoryPolicy":{"mode":"MPOL_BIND","nodes":"0","flags":["F"]},
    "personality":{"domain":"LINUX32","flags":["x"]},
    "seccomp":{"defaultAction":"A","defaultErrnoRet":1,"architectures":["X"],"flags":["F"],
      "listenerPath":"/l",
      "listenerMetadata":"m","syscalls":[{"names":["n"],"action":"B","errnoRet":2,
        "args":[{"index":1,"value":2,"valueTwo":3,"op":"O"}]}]}})");
  REQUIRE(problem(config) == "none");
  const Linux& part = config->linux;
  CHECK(part.namespaces[1].type == "network");
  CHECK(part.namespaces[1].path == "/n");
  CHECK(part.uid_mappings[0].host_id == 1000);
  CHECK(part.gid_mappings[0].size == 20);
  CHECK(part.monotonic_offset->secs == -1);
  CHECK(part.monotonic_offset->nanosecs == 2);
  CHECK(part.boottime_offset->secs == 3);
  CHECK(part.devices[0].path == "/dev/x");
  CHECK(part.devices[0].minor == 2);
  CHECK(part.devices[0].file_mode == 438);
  CHECK(part.devices[0].gid == 4);
  CHECK(part.net_devices[0].name == "eth0");
  CHECK(part.net_devices[0].rename == "in0");
  CHECK(part.net_devices[1].rename.empty());
  CHECK(part.cgroups_path == "/c");
  CHECK(part.sysctl == StringMap{{"net.a", "1"}});
  CHECK(part.rootfs_propagation == "slave");
  CHECK(part.masked_paths[0] == "/a");
  CHECK(part.readonly_paths[0] == "/b");
  CHECK(part.mount_label == "ml");
  CHECK(part.intel_rdt->schemata[0] == "S");
  CHECK(part.intel_rdt->enable_monitoring);
  CHECK(part.memory_policy->mode == "MPOL_BIND");
  CHECK(part.memory_policy->nodes == "0");
  CHECK(part.personality->domain == "LINUX32");
  CHECK(part.seccomp->default_errno_ret == 1);
  CHECK(part.seccomp->architectures[0] == "X");
  CHECK(part.seccomp->listener_path == "/l");
  CHECK(part.seccomp->listener_metadata == "m");
  CHECK(part.seccomp->syscalls[0].errno_ret == 2);
  CHECK(part.seccomp->syscalls[0].args[0].value_two == 3);
  CHECK(part.seccomp->syscalls[0].args[0].op == "O");
}

TEST_CASE("resources are read, from a file of their own too") {
  const auto document = json::parse(R"({
    "devices":[{"allow":true,"type":"c","major":1,"minor":-1,"access":"rw"},{"allow":false}],
    "memory":{"limit":-1,"reservation":2,"swap":3,"kernel":4,"kernelTCP":5,"swappiness":6,
      "disableOOMKiller":true,
      "useHierarchy":true,"checkBeforeUpdate":true},
    "cpu":{"shares":1,"quota":-1,"burst":3,"period":4,"realtimeRuntime":5,"realtimePeriod":6,
      "cpus":"0","mems":"1","idle":1},
    "pids":{"limit":7},
    "blockIO":{"weight":10,"leafWeight":11,"weightDevice":[{"major":8,"minor":0,"weight":500,
      "leafWeight":300}],
      "throttleReadBpsDevice":[{"major":8,"minor":1,"rate":600}],
        "throttleWriteBpsDevice":[{"major":8,"minor":2,"rate":1}],
      "throttleReadIOPSDevice":[{"major":8,"minor":3,"rate":2}],
        "throttleWriteIOPSDevice":[{"major":8,"minor":4,"rate":3}]},
    "hugepageLimits":[{"pageSize":"2MB","limit":9}],
    "network":{"classID":1048577,"priorities":[{"name":"eth0","priority":5}]},
    "rdma":{"mlx5_1":{"hcaHandles":3,"hcaObjects":10000}},
    "unified":{"memory.high":"1"}})");
  const auto resources = decode_resources(*document);
  REQUIRE(problem(resources) == "none");
  CHECK(resources->devices[0].allow);
  CHECK(resources->devices[0].minor == -1);
  CHECK(!resources->devices[1].major);
  CHECK(resources->memory.limit == -1);
  CHECK(resources->memory.kernel_tcp == 5);
  CHECK(resources->memory.swappiness == 6);
  CHECK(resources->memory.disable_oom_killer == true);
  CHECK(resources->memory.check_before_update == true);
  CHECK(resources->cpu.quota == -1);
  CHECK(resources->cpu.burst == 3);
  CHECK(resources->cpu.realtime_period == 6);
  CHECK(resources->cpu.mems == "1");
  CHECK(resources->cpu.idle == 1);
  CHECK(resources->pids_limit == 7);
  CHECK(resources->block_io.weight_devices[0].leaf_weight == 300);
  CHECK(resources->block_io.read_bps[0].rate == 600);
  CHECK(resources->block_io.write_bps[0].minor == 2);
  CHECK(resources->block_io.read_iops[0].minor == 3);
  CHECK(resources->block_io.write_iops[0].minor == 4);
  CHECK(resources->hugepage_limits[0].page_size == "2MB");
  CHECK(resources->network.class_id == 1048577);
  CHECK(resources->network.priorities[0].priority == 5);
  CHECK(resources->rdma[0].device == "mlx5_1");
  CHECK(resources->rdma[0].hca_objects == 10000);
  CHECK(resources->unified == StringMap{{"memory.high", "1"}});
}

TEST_CASE("the process of an exec is a document of its own") {
  const auto process = decode_process(*json::parse(R"({"args":["id"],"cwd":"/","user":{"uid":5}})"));
  REQUIRE(problem(process) == "none");
  CHECK(process->user.uid == 5);
  CHECK(problem(decode_process(*json::parse(R"({"user":3})"))) ==
        "user: expected an object, got the number 3");
}

}  // namespace podo::oci
