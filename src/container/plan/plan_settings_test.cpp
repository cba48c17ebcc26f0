// Devices, kernel settings, memory policy.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "container/plan/plan_testing.h"

namespace podo::runtime {
namespace {

Result<Plan> plan_devices_of(std::string_view devices) {
  return plan_with("", text(R"(,"devices":[{}])", devices));
}

std::string sysctl(std::string_view key, std::string_view namespaces, std::string_view top = "") {
  const auto plan = plan_with(top, text(R"(,"sysctl":{{"{}":"1"}})", key), namespaces);
  return plan ? plan->sysctls[0].first : problem(plan);
}

constexpr auto all_namespaces =
    R"({"type":"mount"},{"type":"ipc"},{"type":"network","path":"/n"},{"type":"uts"})";

}  // namespace

TEST_CASE("devices of the config come after the default ones, or replace them") {
  const auto plan = plan_devices_of(R"({"type":"c","path":"/dev/fuse","major":10,"minor":229,"uid":3,"gid":4},
    {"type":"u","path":"/dev/null","major":1,"minor":3,"fileMode":420},{"type":"p",
      "path":"/dev/pipe","fileMode":384},
    {"type":"b","path":"/dev/sda","major":4095,"minor":1048575,"fileMode":25008})");
  REQUIRE(problem(plan) == "none");
  const auto& devices = plan->rootfs.devices;
  REQUIRE(devices.size() == 5 + 4);
  CHECK(devices[0].path == "/dev/zero");
  CHECK(devices[5].path == "/dev/fuse");
  CHECK(devices[5].mode == (S_IFCHR | 0666));
  CHECK(devices[5].number == makedev(10, 229));
  CHECK(devices[5].uid == 3);
  CHECK(devices[5].gid == 4);
  CHECK(devices[6].path == "/dev/null");
  CHECK(devices[6].mode == (S_IFCHR | 0644));
  CHECK(devices[7].mode == (S_IFIFO | 0600));
  CHECK(devices[7].number == 0);
  CHECK(devices[8].mode == (S_IFBLK | 0660));
  CHECK(devices[8].number == makedev(4095, 1048575));
}

TEST_CASE("wrong devices are named") {
  struct {
    const char* device;
    const char* expected;
  } cases[] = {
      {R"({"type":"x","path":"/dev/a"})", "linux.devices[0].type: \"x\" is not c, u, b or p"},
      {R"({"type":"c","path":"dev/a"})", "linux.devices[0].path: \"dev/a\" is not an absolute path"},
      {R"({"type":"c","path":"/dev/../a"})", "linux.devices[0].path: \"/dev/../a\" does not name a file"},
      {R"({"type":"c","path":"/.."})", "linux.devices[0].path: \"/..\" does not name a file"},
      {R"({"type":"c","path":"/dev/"})", "linux.devices[0].path: \"/dev/\" does not name a file"},
      {R"({"type":"c","path":"/a","major":4096})", "linux.devices[0].major: 4096 is not 0..4095"},
      {R"({"type":"b","path":"/a","minor":-1})", "linux.devices[0].minor: -1 is not 0..1048575"},
      {R"({"type":"c","path":"/a","fileMode":24576})",
       "linux.devices[0].fileMode: 060000 is not a mode of that type"},
      {R"({"type":"p","path":"/a","fileMode":65536})",
       "linux.devices[0].fileMode: 0200000 is not a mode of that type"},
  };
  for (const auto& [device, expected] : cases) {
    CAPTURE(device);
    CHECK(problem(plan_devices_of(device)) == expected);
  }
  CHECK(problem(plan_devices_of(R"({"type":"c","path":"/dev/..a/x"})")) == "none");
}

TEST_CASE("kernel settings of the container's namespaces are planned") {
  struct {
    const char* key;
    const char* expected;
  } cases[] = {
      {"net.ipv4.ip_forward", "net/ipv4/ip_forward"},
      {"net/ipv4/ip_forward", "net/ipv4/ip_forward"},
      {"net.ipv4.conf.eth0/1.mtu", "net/ipv4/conf/eth0.1/mtu"},
      {"net/ipv4/conf/eth0.1/mtu", "net/ipv4/conf/eth0.1/mtu"},
      {"kernel.shmmax", "kernel/shmmax"},
      {"kernel.shm_rmid_forced", "kernel/shm_rmid_forced"},
      {"fs.mqueue.msg_max", "fs/mqueue/msg_max"},
      {"kernel.domainname", "kernel/domainname"},
  };
  for (const auto& [key, expected] : cases) {
    CAPTURE(key);
    CHECK(sysctl(key, all_namespaces) == expected);
  }
}

TEST_CASE("kernel settings of the host are refused") {
  constexpr auto only_mount = R"({"type":"mount"})";
  CHECK(sysctl("kernel.shmmax", only_mount) ==
        "linux.sysctl: \"kernel.shmmax\" needs an ipc namespace, or it would change the host");
  CHECK(sysctl("fs.mqueue.msg_max", only_mount) ==
        "linux.sysctl: \"fs.mqueue.msg_max\" needs an ipc namespace, or it would change the host");
  CHECK(sysctl("net.core.somaxconn", only_mount) ==
        "linux.sysctl: \"net.core.somaxconn\" needs a network namespace, or it would change the host");
  CHECK(sysctl("kernel.domainname", only_mount) ==
        "linux.sysctl: \"kernel.domainname\" needs a uts namespace, or it would change the host");
  CHECK(sysctl("kernel.domainname", all_namespaces, R"(,"domainname":"d")") ==
        "linux.sysctl: \"kernel.domainname\" is set by the member domainname");
  CHECK(sysctl("kernel.hostname", all_namespaces) ==
        "linux.sysctl: \"kernel.hostname\" is set by the member hostname");
  for (const auto* key :
       {"kernel.panic", "vm.swappiness", "fs.file-max", "kernel.shmmaxx", "network.x", "net"}) {
    CAPTURE(key);
    CHECK(sysctl(key, all_namespaces) ==
          text("linux.sysctl: \"{}\" does not belong to a namespace and would change the host", key));
  }
  for (const auto* key :
       {"", "/net/x", "net..x", "net/../kernel/panic", "net/./x", "net/", "net.ipv4.//.x"}) {
    CAPTURE(key);
    CHECK(sysctl(key, all_namespaces) == text("linux.sysctl: \"{}\" is not a name", key));
  }
}

TEST_CASE("memory policies become the kernel's numbers") {
  const auto plan = plan_with("", R"(,"memoryPolicy":{"mode":"MPOL_INTERLEAVE","nodes":"0,2,65",
    "flags":["MPOL_F_STATIC_NODES","MPOL_F_NUMA_BALANCING"]})");
  REQUIRE(problem(plan) == "none");
  CHECK(plan->memory_policy->mode == (3 | 1 << 15 | 1 << 13));
  CHECK(plan->memory_policy->nodes == std::vector<std::uint64_t>{0b101, 0b10});
  struct {
    const char* policy;
    const char* expected;
  } cases[] = {
      {R"({"mode":"X"})", "linux.memoryPolicy.mode: \"X\" is not a mode"},
      {R"({"mode":"MPOL_BIND"})", "linux.memoryPolicy.nodes: MPOL_BIND needs some"},
      {R"({"mode":"MPOL_LOCAL","nodes":"0"})", "linux.memoryPolicy.nodes: MPOL_LOCAL takes none"},
      {R"({"mode":"MPOL_PREFERRED","flags":["X"]})", "linux.memoryPolicy.flags[0]: \"X\" is not a flag"},
      {R"({"mode":"MPOL_PREFERRED","nodes":"1024"})", "linux.memoryPolicy.nodes: 1024 is more than 1023"},
      {R"({"mode":"MPOL_PREFERRED"})", "none"},
      {R"({"mode":"MPOL_DEFAULT"})", "none"},
  };
  for (const auto& [policy, expected] : cases) {
    CAPTURE(policy);
    CHECK(problem(plan_with("", text(R"(,"memoryPolicy":{})", policy))) == expected);
  }
}

}  // namespace podo::runtime
