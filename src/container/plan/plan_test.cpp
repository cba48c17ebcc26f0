#include <sched.h>
#include <sys/mount.h>

#include "container/plan/plan_testing.h"
#include "model/oci/default_spec.h"

namespace podo::runtime {
namespace {

std::string describe(const MountPlan& mount) {
  std::string line = mount.target + " " + mount.type + " from " + mount.source;
  if (mount.attributes_set) line += text(" set {:x}", mount.attributes_set);
  if (mount.attributes_clear) line += text(" clear {:x}", mount.attributes_clear);
  for (const auto& [key, value] : mount.parameters) line += " " + key + (value.empty() ? "" : "=" + value);
  if (mount.kind == MountPlan::Kind::bind) line += mount.recursive_bind ? " rbind" : " bind";
  if (mount.kind == MountPlan::Kind::cgroup) line += " cgroup";
  return line + "\n";
}

std::string describe(const Plan& plan) {
  std::string all = text("create {:x}\nroot {}{}\n", plan.namespaces.create, plan.rootfs.path,
                         plan.rootfs.readonly ? " ro" : "");
  for (const MountPlan& mount : plan.rootfs.mounts) all += describe(mount);
  for (const DevicePlan& device : plan.rootfs.devices)
    all += text("{} 0{:o} {:x}\n", device.path, device.mode, device.number);
  const CapabilitySets& sets = *plan.process->capabilities;
  all += text("capabilities {:x} {:x} {:x} {:x} {:x}\n", sets.bounding, sets.effective, sets.inheritable,
              sets.permitted, sets.ambient);
  for (const std::string& warning : plan.warnings) all += "warning: " + warning + "\n";
  return all;
}

}  // namespace

TEST_CASE("the plan of the default spec") {
  const auto plan = plan_text(oci::default_spec_json({}));
  REQUIRE(problem(plan) == "none");
  CHECK(describe(*plan) == R"(create 6e020000
root /bundle/rootfs ro
/proc proc from proc
/dev tmpfs from tmpfs set 22 clear 70 mode=755 size=65536k
/dev/pts devpts from devpts set a newinstance ptmxmode=0666 mode=0620 gid=5
/dev/shm tmpfs from shm set e mode=1777 size=65536k
/dev/mqueue mqueue from mqueue set e
/sys sysfs from sysfs set f
/sys/fs/cgroup cgroup from cgroup set f clear 70 cgroup
/dev/null 020666 103
/dev/zero 020666 105
/dev/full 020666 107
/dev/random 020666 108
/dev/urandom 020666 109
/dev/tty 020666 500
capabilities 20000420 20000420 0 20000420 0
)");
  CHECK(plan->process->args == std::vector<std::string>{"sh"});
  CHECK(plan->process->terminal);
  CHECK(plan->process->no_new_privileges);
  CHECK(plan->hostname == "podo");
  CHECK(plan->rootfs.masked_paths.size() == 10);
}

TEST_CASE("the rootless spec plans for a caller without capabilities") {
  HostFacts caller;
  caller.euid = 1001;
  caller.permitted_capabilities = 0;
  const auto plan = plan_text(oci::default_spec_json(oci::RootlessOwner{.uid = 1001, .gid = 100}), caller);
  REQUIRE(problem(plan) == "none");
  CHECK(plan->namespaces.has(CLONE_NEWUSER));
  CHECK(!plan->namespaces.has(CLONE_NEWNET));
  CHECK(plan->namespaces.uid_map == "0 1001 1\n");
  CHECK(plan->namespaces.gid_map == "0 100 1\n");
  CHECK(plan->process->capabilities->effective == 0x20000420);
  CHECK(plan->warnings.empty());
  const auto rootful = plan_text(oci::default_spec_json({}), caller);
  CHECK(problem(rootful) == "linux.namespaces: a container of an unprivileged user needs a user namespace");
}

TEST_CASE("the root's path is taken from the bundle") {
  struct {
    const char* root;
    const char* expected;
  } cases[] = {{"rootfs", "/bundle/rootfs"}, {"/r", "/r"}, {".", "/bundle/."}, {"", "root.path: is empty"}};
  for (const auto& [root, expected] : cases) {
    CAPTURE(root);
    const auto plan = plan_text(text(
        R"({{"ociVersion":"1.0.0","root":{{"path":"{}"}},"linux":{{"namespaces":[{{"type":"mount"}}]}}}})",
        root));
    CHECK((plan ? plan->rootfs.path : problem(plan)) == expected);
  }
}

TEST_CASE("what cannot be a container is refused by name") {
  struct {
    const char* top;
    const char* in_linux;
    const char* expected;
  } cases[] = {
      {R"(,"hostname":"h")", "", "hostname: needs a uts namespace, or it would rename the host"},
      {R"(,"domainname":"h")", "", "domainname: needs a uts namespace, or it would rename the host"},
      {R"(,"hooks":{"prestart":[{"path":"x"}]})", "",
       "hooks.prestart[0].path: \"x\" is not an absolute path"},
      {R"(,"hooks":{"poststop":[{"path":"/x"},{"path":"/x","timeout":0}]})", "",
       "hooks.poststop[1].timeout: is not above 0"},
      {"", R"(,"maskedPaths":["/a","b"])", "linux.maskedPaths[1]: \"b\" is not an absolute path"},
      {"", R"(,"readonlyPaths":[""])", "linux.readonlyPaths[0]: \"\" is not an absolute path"},
      {"", R"(,"rootfsPropagation":"ro")", "linux.rootfsPropagation: \"ro\" is not a propagation"},
      {"", R"(,"intelRdt":{})", "linux.intelRdt: cache and bandwidth allocation is not implemented"},
      {"", R"(,"mountLabel":"l")", "linux.mountLabel: \"l\", but this host has no SELinux"},
      {"", R"(,"personality":{"domain":"BSD"})", "linux.personality.domain: \"BSD\" is not LINUX or LINUX32"},
      {"", R"(,"personality":{"domain":"LINUX","flags":["x"]})",
       "linux.personality.flags: the specification defines none"},
      {"", R"(,"cgroupsPath":"/a/../..")", "linux.cgroupsPath: \"/a/../..\" is the root of all groups"},
  };
  for (const auto& [top, in_linux, expected] : cases) {
    CAPTURE(top);
    CAPTURE(in_linux);
    CHECK(problem(plan_with(top, in_linux)) == expected);
  }
  const auto bare = plan_text(R"({"ociVersion":"1.0.0","root":{"path":"r"}})");
  REQUIRE(!bare);
  CHECK(bare.error().kind() == ErrorKind::unsupported);
}

TEST_CASE("a path of groups stays below the root") {
  struct {
    const char* path;
    const char* expected;
  } cases[] = {{"", ""},
               {"/a/b", "/a/b"},
               {"a", "/a"},
               {"/a//./b/", "/a/b"},
               {"/a/../b", "/b"},
               {"../../../x", "/x"},
               {"/a/b/../../c/..d", "/c/..d"},
               {"system.slice:podo:x", "/system.slice:podo:x"}};
  for (const auto& [path, expected] : cases) {
    CAPTURE(path);
    const auto plan = plan_with("", text(R"(,"cgroupsPath":"{}")", path));
    REQUIRE(problem(plan) == "none");
    CHECK(plan->cgroups_path == expected);
  }
}

TEST_CASE("propagation of the root and personality become the kernel's numbers") {
  const auto plan = plan_with("", R"(,"rootfsPropagation":"rslave","personality":{"domain":"LINUX32"})");
  REQUIRE(problem(plan) == "none");
  CHECK(plan->rootfs.propagation == (MS_SLAVE | MS_REC));
  CHECK(plan->personality == 8u);
  CHECK(plan_with("", R"(,"rootfsPropagation":"shared")")->rootfs.propagation == MS_SHARED);
  CHECK(plan_with("")->rootfs.propagation == 0);
}

TEST_CASE("a container without a process can be planned") {
  const auto plan = plan_with("");
  REQUIRE(problem(plan) == "none");
  CHECK(!plan->process);
}

}  // namespace podo::runtime
