#include "container/config/runtime_config_testing.h"

namespace podo::engine {
namespace {

using Strings = std::vector<std::string>;

TEST_CASE("a plain container gets what Docker gives it") {
  const Made made = make_config(test_container());
  const oci::Config& config = made.config;
  CHECK(config.root.path == "/run/podo/containers/f00d/rootfs");
  CHECK_FALSE(config.root.readonly);
  CHECK(config.hostname == "web");
  CHECK(config.process->args == Strings{"sh", "-c", "true"});
  CHECK(config.process->env == Strings{"PATH=/bin", "HOSTNAME=web", "A=1", "HOME=/"});
  CHECK(config.process->cwd == "/");
  CHECK_FALSE(config.process->terminal);
  CHECK_FALSE(config.process->no_new_privileges);
  CHECK(config.process->capabilities->bounding.size() == 14);
  CHECK(config.process->capabilities->effective == config.process->capabilities->bounding);
  CHECK(config.process->capabilities->ambient.empty());
  Strings kinds;
  for (const auto& space : config.linux.namespaces) kinds.push_back(space.type);
  CHECK(kinds == Strings{"mount", "network", "uts", "pid", "ipc"});
  CHECK(config.linux.namespaces[1].path == "/run/podo/netns/f00d");
  CHECK(config.linux.cgroups_path == "/podo/f00d");
  CHECK(has(config.linux.masked_paths, "/proc/kcore"));
  CHECK(has(config.linux.readonly_paths, "/proc/sys"));
  CHECK(config.linux.seccomp->default_action == "SCMP_ACT_ERRNO");
  CHECK(config.linux.sysctl.size() == 2);
  CHECK(made.warnings.empty());
}

TEST_CASE("the mounts of a plain container, in their order") {
  const Made made = make_config(test_container());
  Strings places;
  for (const auto& mount : made.config.mounts) places.push_back(mount.destination);
  CHECK(places == Strings{"/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm",
                          "/etc/resolv.conf", "/etc/hostname", "/etc/hosts"});
  CHECK(find_mount(made.config, "/dev/shm")->options ==
        Strings{"nosuid", "noexec", "nodev", "mode=1777", "size=67108864"});
  CHECK(has(find_mount(made.config, "/sys")->options, "ro"));
  CHECK(find_mount(made.config, "/etc/hosts")->options == Strings{"rbind", "rprivate"});
}

TEST_CASE("a privileged container has all capabilities and devices, and nothing is masked") {
  Container container = test_container();
  container.host_config.privileged = true;
  container.host_config.masked_paths.reset();
  container.host_config.readonly_paths.reset();
  const Made made = make_config(container);
  CHECK(made.config.process->capabilities->bounding.size() == 41);
  CHECK_FALSE(made.config.linux.seccomp);
  CHECK(made.config.linux.masked_paths.empty());
  CHECK(made.config.linux.readonly_paths.empty());
  CHECK(made.config.linux.resources.devices.size() == 1);
  CHECK(made.config.linux.resources.devices[0].allow);
  CHECK_FALSE(has(find_mount(made.config, "/sys")->options, "ro"));
  CHECK_FALSE(has(find_mount(made.config, "/sys/fs/cgroup")->options, "ro"));
}

TEST_CASE("a privileged container of a daemon that lacks a capability goes without it") {
  Container container = test_container();
  container.host_config.privileged = true;
  Machine machine = test_machine();
  machine.bounding_capabilities = ~(std::uint64_t{1} << 24);
  const Made made = make_config(container, machine);
  CHECK(made.config.process->capabilities->bounding.size() == 40);
  CHECK_FALSE(has(made.config.process->capabilities->bounding, "CAP_SYS_RESOURCE"));
}

TEST_CASE("AppArmor confines by what is asked for, else by the default unless it is privileged") {
  const auto chosen = [](std::vector<std::string> options, bool privileged, std::string_view usual) {
    docker::HostConfig host;
    host.security_opt = std::move(options);
    host.privileged = privileged;
    return apparmor_profile_of(host, usual).value_or("error");
  };
  CHECK(chosen({}, false, "usual") == "usual");
  CHECK(chosen({}, true, "usual") == "unconfined");
  CHECK(chosen({}, false, "") == "");
  CHECK(chosen({"apparmor=own"}, false, "usual") == "own");
  CHECK(chosen({"apparmor:own"}, true, "usual") == "own");
  CHECK(chosen({"apparmor=unconfined"}, false, "usual") == "unconfined");
  CHECK(chosen({"apparmor=docker-default"}, false, "usual") == "usual");
  CHECK(chosen({"apparmor=docker-default"}, false, "") == "docker-default");
}

TEST_CASE("an exec is confined as its container is, and nobody is told to stay unconfined") {
  const auto profile_in = [](const Container& container, Machine machine) {
    machine.apparmor = true;
    docker::ExecConfig exec;
    exec.cmd = {"true"};
    exec.privileged = true;
    const auto made = make_process_config(container, exec, machine, {});
    REQUIRE(made);
    const std::size_t at = made->text.find("\"apparmorProfile\":\"");
    if (at == std::string::npos) return std::string("none");
    const std::size_t begin = at + std::string_view("\"apparmorProfile\":\"").size();
    return made->text.substr(begin, made->text.find('"', begin) - begin);
  };
  Container container = test_container();
  CHECK(profile_in(container, test_machine()) == "none");  // started before there was a default
  container.apparmor_profile = "usual";
  CHECK(profile_in(container, test_machine()) == "usual");
  container.apparmor_profile = "unconfined";
  CHECK(profile_in(container, test_machine()) == "none");
  container.host_config.security_opt = {"apparmor=unconfined"};
  CHECK(profile_in(container, test_machine()) == "unconfined");
  container.apparmor_profile.clear();
  container.host_config.security_opt = {"apparmor=own"};
  CHECK(profile_in(container, test_machine()) == "own");
}

TEST_CASE("another user than root starts without effective capabilities") {
  const Made made = make_config(test_container(), test_machine(), test_sandbox(), {},
                                {.uid = 1000, .gid = 1000, .groups = {10, 1000}, .home = "/home/a"});
  CHECK(made.config.process->capabilities->effective.empty());
  CHECK(made.config.process->capabilities->permitted.empty());
  CHECK(made.config.process->capabilities->bounding.size() == 14);
  CHECK(made.config.process->user.uid == 1000);
  CHECK(made.config.process->user.additional_gids == std::vector<std::uint32_t>{1000, 10});
  CHECK(has(made.config.process->env, "HOME=/home/a"));
}

TEST_CASE("modes of the host leave namespaces out, other containers' are joined") {
  Container container = test_container();
  container.host_config.network_mode = container.host_config.uts_mode = container.host_config.pid_mode =
      "host";
  container.host_config.ipc_mode = "container:other";
  container.host_config.cgroupns_mode = "private";
  Sandbox sandbox = test_sandbox();
  sandbox.ipc_namespace = "/proc/7/ns/ipc";
  sandbox.shm_folder = "/run/podo/containers/other/shm";
  const Made made = make_config(container, test_machine(), sandbox);
  Strings kinds;
  for (const auto& space : made.config.linux.namespaces) kinds.push_back(space.type + space.path);
  CHECK(kinds == Strings{"mount", "ipc/proc/7/ns/ipc", "cgroup"});
  CHECK(made.config.hostname == "");
  CHECK(made.config.linux.sysctl.empty());
  CHECK(find_mount(made.config, "/dev/shm")->source == "/run/podo/containers/other/shm");
}

TEST_CASE("what ends as one is killed as one, on cgroup v2") {
  Sandbox sandbox = test_sandbox();
  sandbox.ends_as_one = true;
  Machine machine = test_machine();
  CHECK(make_config(test_container(), machine, sandbox).config.linux.resources.unified.empty());
  machine.oom_group = true;
  CHECK(make_config(test_container(), machine).config.linux.resources.unified.empty());
  CHECK(make_config(test_container(), machine, sandbox).config.linux.resources.unified ==
        oci::StringMap{{"memory.oom.group", "1"}});
}

TEST_CASE("a mount of somebody's own takes the place of a default, and a folder comes before what is in it") {
  std::vector<ReadyMount> mounts(3);
  mounts[0].point.type = "bind";
  mounts[0].point.destination = "/a/b/c";
  mounts[0].point.propagation = "rslave";
  mounts[0].point.read_write = false;
  mounts[0].source = "/host/c";
  mounts[1].point.type = "volume";
  mounts[1].point.destination = "/a";
  mounts[1].source = "/data/volumes/v/_data";
  mounts[2].point.type = "tmpfs";
  mounts[2].point.destination = "/dev/shm/";
  mounts[2].point.tmpfs_options = "size=1000,exec,size=2000";
  const Made made = make_config(test_container(), test_machine(), test_sandbox(), mounts);
  Strings places;
  for (const auto& mount : made.config.mounts) places.push_back(mount.destination);
  CHECK(places == Strings{"/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/a",
                          "/dev/shm", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/a/b/c"});
  CHECK(find_mount(made.config, "/a/b/c")->options == Strings{"rbind", "rro", "rslave"});
  CHECK(find_mount(made.config, "/dev/shm")->options ==
        Strings{"nosuid", "nodev", "rprivate", "exec", "size=2000"});
  CHECK(made.config.linux.rootfs_propagation == "rslave");
}

TEST_CASE("a /dev of one's own brings everything below it") {
  std::vector<ReadyMount> mounts(1);
  mounts[0].point = {};
  mounts[0].point.type = "bind";
  mounts[0].point.destination = "/dev";
  mounts[0].source = "/dev";
  const Made made = make_config(test_container(), test_machine(), test_sandbox(), mounts);
  CHECK(find_mount(made.config, "/dev/pts") == nullptr);
  CHECK(find_mount(made.config, "/dev/shm") == nullptr);
  CHECK(find_mount(made.config, "/dev")->type == "bind");
}

TEST_CASE("a read-only root takes its defaults along, but for those that must be written") {
  Container container = test_container();
  container.host_config.readonly_rootfs = true;
  container.host_config.tmpfs["/tmp"] = "";
  const Made made = make_config(container);
  CHECK(made.config.root.readonly);
  CHECK(has(find_mount(made.config, "/etc/hosts")->options, "ro"));
  CHECK_FALSE(has(find_mount(made.config, "/dev/pts")->options, "ro"));
  CHECK_FALSE(has(find_mount(made.config, "/tmp")->options, "ro"));
}

TEST_CASE("a terminal gets TERM and a size, an init becomes the first process") {
  Container container = test_container();
  container.config.tty = true;
  container.config.domainname = "example.org";
  container.host_config.console_height = 40;
  container.host_config.console_width = 120;
  container.host_config.annotations["a"] = "b";
  Sandbox sandbox = test_sandbox();
  sandbox.init_program = "/run/podo/docker-init";
  const Made made = make_config(container, test_machine(), sandbox);
  CHECK(made.config.process->env ==
        Strings{"PATH=/bin", "HOSTNAME=web.example.org", "TERM=xterm", "A=1", "HOME=/"});
  CHECK(made.config.process->terminal);
  CHECK(made.config.process->console_size->width == 120);
  CHECK(made.config.process->args == Strings{"/sbin/docker-init", "--", "sh", "-c", "true"});
  CHECK(find_mount(made.config, "/sbin/docker-init")->options == Strings{"bind", "ro"});
  CHECK(made.config.annotations[0].second == "b");
  CHECK(made.config.domainname == "example.org");
}

TEST_CASE("limits and scores beyond what the daemon may give are lowered, and told") {
  Container container = test_container();
  container.host_config.resources.ulimits = {{"nofile", 30000, 40000}, {"core", -1, -1}, {"nproc", 10, 20}};
  container.host_config.oom_score_adj = -500;
  Machine machine = test_machine();
  machine.may_raise_limits = false;
  machine.oom_score_adj = 100;
  const Made made = make_config(container, machine);
  CHECK(made.config.process->rlimits[0].hard == 20000);
  CHECK(made.config.process->rlimits[0].soft == 20000);
  CHECK(made.config.process->rlimits[1].hard == 20000);
  CHECK(made.config.process->rlimits[2].hard == 20);
  CHECK(made.config.process->oom_score_adj == 100);
  CHECK(made.warnings.size() == 3);
  machine.may_raise_limits = true;
  const Made free = make_config(container, machine);
  CHECK(free.config.process->rlimits[0].hard == 40000);
  CHECK(free.config.process->rlimits[1].hard == UINT64_MAX);
  CHECK(free.config.process->oom_score_adj == -500);
  CHECK(free.warnings.empty());
}

TEST_CASE("resources in the runtime's words") {
  Container container = test_container();
  docker::Resources& wish = container.host_config.resources;
  wish.memory = 64 << 20;
  wish.memory_swap = -1;
  wish.memory_reservation = 32 << 20;
  wish.memory_swappiness = 10;
  wish.nano_cpus = 1'500'000'000;
  wish.cpu_shares = 512;
  wish.cpuset_cpus = "0-1";
  wish.pids_limit = 100;
  wish.blkio_weight = 300;
  wish.blkio_read_bps = {{"/dev/sda", 1000}};
  wish.device_cgroup_rules = {"c 1:3 mr", "a *:* rwm"};
  HostDevices devices;
  devices.block["/dev/sda"] = {8, 0};
  devices.nodes = {
      {.type = 'c', .path = "/dev/x", .major = 10, .minor = 200, .file_mode = 0666, .access = "rw"}};
  const Made made = make_config(container, test_machine(), test_sandbox(), {}, {}, devices);
  const oci::Resources& resources = made.config.linux.resources;
  CHECK(resources.memory.limit == 64 << 20);
  CHECK(resources.memory.swap == -1);
  CHECK(resources.memory.swappiness == 10);
  CHECK(resources.cpu.period == 100'000);
  CHECK(resources.cpu.quota == 150'000);
  CHECK(resources.cpu.shares == 512);
  CHECK(resources.cpu.cpus == "0-1");
  CHECK(resources.pids_limit == 100);
  CHECK(resources.block_io.weight == 300);
  CHECK(resources.block_io.read_bps[0].major == 8);
  CHECK(made.config.linux.devices[0].path == "/dev/x");
  const auto& rules = resources.devices;
  REQUIRE(rules.size() == 11);
  CHECK_FALSE(rules[0].allow);
  CHECK(rules[8].access == "rw");
  CHECK(rules[9].access == "mr");
  CHECK_FALSE(rules[10].major);
}

TEST_CASE("a process of exec: the container's environment, and its own") {
  Container container = test_container();
  container.config.tty = true;
  docker::ExecConfig exec;
  exec.cmd = {"id"};
  exec.env = {"A=2", "B=3"};
  exec.working_dir = "/tmp";
  const auto made = make_process_config(container, exec, test_machine(), {});
  REQUIRE(made);
  const auto process = oci::decode_process(*json::parse(made->text));
  REQUIRE_MESSAGE(process, process.error().message());
  CHECK(process->env == Strings{"PATH=/bin", "HOSTNAME=web", "A=2", "HOME=/", "B=3"});
  CHECK(process->cwd == "/tmp");
  CHECK_FALSE(process->terminal);
  CHECK(process->capabilities->bounding.size() == 14);
  exec.privileged = true;
  const auto all = make_process_config(container, exec, test_machine(), {});
  REQUIRE(all);
  CHECK(oci::decode_process(*json::parse(all->text))->capabilities->bounding.size() == 41);
  CHECK(problem_of(make_process_config(container, {}, test_machine(), {})) == "No exec command specified");
}

}  // namespace
}  // namespace podo::engine
