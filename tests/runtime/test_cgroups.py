"""linux.cgroupsPath and linux.resources: placement, limits that bite, update, pause, events, and the
end of it all.

Where a limit can be felt inside, it is felt there; the files of the v1 hierarchies say the rest.
"""

import json
import os

import pytest

import host

v1 = pytest.mark.cgroup_v1
MIB = 1 << 20


def hierarchy_paths(text):
    """{controller or 'name=systemd' or '' for v2: path} of a /proc/PID/cgroup."""
    found = {}
    for line in text.splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            found[name] = path
    return found


def paths_of(pid):
    return hierarchy_paths(host.read_softly(f"/proc/{pid}/cgroup"))


# ---- placement


@v1
def test_the_process_is_in_the_path_of_every_hierarchy(container):
    c = container("echo up; sleep 100").up()
    for name, path in paths_of(c.pid).items():
        if name:  # where v2 is only a bystander a runtime may leave the process alone
            assert path == f"/{c.id}", name


@v1
def test_a_nested_path(container):
    c = container("echo up; sleep 100")
    c.linux["cgroupsPath"] = f"/{c.id}/deep/er"
    c.up()
    assert paths_of(c.pid)["memory"] == f"/{c.id}/deep/er"
    c.delete("--force")
    assert not c.cgroup("memory").exists()
    for path in host.cgroup_dirs(c.id):  # parents may stay: somebody else could use them
        path.rmdir()


@v1
def test_a_relative_path_is_below_the_callers(container):
    """Where exactly is the runtime's choice; it must be findable, and gone after delete."""
    c = container("echo up; sleep 100")
    c.linux["cgroupsPath"] = f"{c.id}-rel"
    c.up()
    assert paths_of(c.pid)["pids"].endswith(f"/{c.id}-rel")
    c.delete("--force")
    c.assert_gone()


@v1
def test_without_a_path_a_name_of_its_own(container):
    c = container("echo up; sleep 100")
    del c.linux["cgroupsPath"]
    c.resources["pids"] = {"limit": 44}
    c.up()
    path = paths_of(c.pid)["pids"]
    assert c.id in path
    assert (host.CGROUP_ROOT / ("pids" + path) / "pids.max").read_text() == "44\n"
    c.delete("--force")
    c.assert_gone()


def test_a_path_with_dots_stays_below_the_root(container):
    c = container("true")
    c.linux["cgroupsPath"] = f"/../../../{c.id}"
    c.run()
    assert not os.path.exists(f"/sys/fs/{c.id}") and not os.path.exists(f"/sys/{c.id}")


def test_children_are_in_the_containers_cgroup(container):
    c = container("sleep 100 & echo up; wait").up()
    c.says("up")
    for pid in json.loads(c.runtime("ps", "--format", "json", c.id).out):
        assert paths_of(pid) == paths_of(c.pid)


@v1
def test_sub_cgroups_made_inside_are_removed_with_the_container(container):
    c = container("for h in pids memory; do mkdir -p /sys/fs/cgroup/$h/a/b; done; echo up; sleep 100")
    c.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"]).up()
    c.says("up")
    assert (c.cgroup("memory") / "a/b").is_dir()
    c.delete("--force")
    c.assert_gone()


@v1
def test_processes_in_sub_cgroups_die_with_the_container(container):
    c = container("mkdir /sys/fs/cgroup/pids/a; "
                  "sleep 100 & echo $! > /sys/fs/cgroup/pids/a/cgroup.procs; echo up; wait")
    c.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"]).without_namespace("pid").up()
    c.says("up")
    pids = (c.cgroup("pids") / "a/cgroup.procs").read_text().split()
    assert len(pids) == 1
    c.delete("--force")
    host.until(lambda: host.process_state(pids[0]) in (None, "Z"),
               what="the end of the process in the sub-cgroup")
    c.assert_gone()


def test_a_cgroup_that_exists_already_with_processes_in_it(container):
    """Another container's cgroup: refused, or joined without harm to the other; never killed by the
    newcomer's end."""
    first = container("echo up; sleep 100").up()
    second = container("true")
    second.linux["cgroupsPath"] = first.linux["cgroupsPath"]
    second.run()
    assert first.status() == "running"
    assert host.process_state(first.pid) in ("S", "R")


# ---- memory


def test_memory_limit_is_enforced_by_the_oom_killer(container):
    c = container("probe memory 100; echo $?")
    c.resources["memory"] = {"limit": 32 * MIB, "swap": 32 * MIB}
    assert c.stdout().split() == ["137"]


def test_oom_of_the_first_process_is_137(container):
    c = container(args=["probe", "memory", "100"])
    c.resources["memory"] = {"limit": 32 * MIB, "swap": 32 * MIB}
    assert c.run().rc == 137


def test_within_the_memory_limit_all_is_well(container):
    c = container(args=["probe", "memory", "20"])
    c.resources["memory"] = {"limit": 64 * MIB}
    assert c.stdout() == "touched 20\n"


@v1
def test_memory_settings(container):
    c = container("sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB, "reservation": 32 * MIB, "swap": 128 * MIB, "swappiness": 10,
                             "disableOOMKiller": True}
    c.up()
    assert c.knob("memory", "memory.limit_in_bytes") == str(64 * MIB)
    assert c.knob("memory", "memory.soft_limit_in_bytes") == str(32 * MIB)
    assert c.knob("memory", "memory.memsw.limit_in_bytes") == str(128 * MIB)
    assert c.knob("memory", "memory.swappiness") == "10"
    assert "oom_kill_disable 1" in c.knob("memory", "memory.oom_control")


@v1
def test_memory_unlimited(container):
    c = container("sleep 100")
    c.resources["memory"] = {"limit": -1}
    c.up()
    assert int(c.knob("memory", "memory.limit_in_bytes")) > 1 << 60


@pytest.mark.needs("kernelTCP")
@v1
def test_kernel_tcp_memory(container):
    c = container("sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB, "kernelTCP": 32 * MIB}
    c.up()
    assert c.knob("memory", "memory.kmem.tcp.limit_in_bytes") == str(32 * MIB)


def test_a_memory_limit_too_small_to_start_in(container):
    c = container("true")
    c.resources["memory"] = {"limit": 4096}
    done = c.run()
    assert done.rc != 0 and done.err.strip()
    c.assert_gone()


def test_swap_below_limit_is_an_error(container):
    c = container("true")
    c.resources["memory"] = {"limit": 64 * MIB, "swap": 32 * MIB}
    c.refused("mem|swap")


# ---- pids


def test_pids_limit(container):
    c = container(args=["probe", "forks", "20"])
    c.resources["pids"] = {"limit": 10}
    count, why = c.stdout().split()
    assert why == "EAGAIN" and int(count) == 9


@v1
@pytest.mark.parametrize("limit, shown", [(100, "100"), (-1, "max")])
def test_pids_values(container, limit, shown):
    c = container("sleep 100")
    c.resources["pids"] = {"limit": limit}
    c.up()
    assert c.knob("pids", "pids.max") == shown


# ---- cpu


def test_cpu_quota_is_enforced(container):
    c = container(args=["probe", "burn", "1000"])
    c.resources["cpu"] = {"quota": 20000, "period": 100000}
    assert int(c.stdout()) < 450  # 200 ms and scheduling slack; without the quota it is near 1000


@v1
def test_cpu_settings(container):
    c = container("sleep 100")
    c.resources["cpu"] = {"shares": 512, "quota": 50000, "period": 100000}
    c.up()
    assert c.knob("cpu", "cpu.shares") == "512"
    assert c.knob("cpu", "cpu.cfs_quota_us") == "50000"
    assert c.knob("cpu", "cpu.cfs_period_us") == "100000"


@v1
def test_cpu_period_alone_and_quota_unlimited(container):
    c = container("sleep 100")
    c.resources["cpu"] = {"quota": -1, "period": 50000}
    c.up()
    assert (c.knob("cpu", "cpu.cfs_quota_us"), c.knob("cpu", "cpu.cfs_period_us")) == ("-1", "50000")


def test_a_cpu_period_the_kernel_refuses(container):
    c = container("true")
    c.resources["cpu"] = {"quota": 1000, "period": 1}
    c.refused("cpu|period")


@v1
def test_cpuset_is_seen_inside(container):
    c = container("grep -E '^(Cpus|Mems)_allowed_list' /proc/self/status")
    c.resources["cpu"] = {"cpus": "0", "mems": "0"}
    assert [line.split()[1] for line in c.lines()] == ["0", "0"]


def test_a_cpu_that_is_not_there(container):
    c = container("true")
    c.resources["cpu"] = {"cpus": "4095"}
    c.refused("cpuset|cpus")


# ---- block I/O and huge pages


def disk():
    for name in sorted(os.listdir("/sys/block")):
        if not name.startswith(("loop", "ram", "zram")):
            return tuple(map(int, host.read_softly(f"/sys/block/{name}/dev").split(":")))
    pytest.skip("this host has no disk")


@v1
def test_block_io_throttle(container):
    major, minor = disk()
    c = container("sleep 100")
    rate = lambda value: [{"major": major, "minor": minor, "rate": value}]
    c.resources["blockIO"] = {"throttleReadBpsDevice": rate(1 * MIB), "throttleWriteBpsDevice": rate(2 * MIB),
                              "throttleReadIOPSDevice": rate(300), "throttleWriteIOPSDevice": rate(400)}
    c.up()
    assert c.knob("blkio", "blkio.throttle.read_bps_device") == f"{major}:{minor} {1 * MIB}"
    assert c.knob("blkio", "blkio.throttle.write_bps_device") == f"{major}:{minor} {2 * MIB}"
    assert c.knob("blkio", "blkio.throttle.read_iops_device") == f"{major}:{minor} 300"
    assert c.knob("blkio", "blkio.throttle.write_iops_device") == f"{major}:{minor} 400"


@pytest.mark.needs("weight-warning")
@v1
def test_block_io_weight(container):
    c = container("sleep 100")
    c.resources["blockIO"] = {"weight": 300}
    done = c.create(expect=None)
    group = c.cgroup("blkio")  # the root group has no weight
    weights = [n for n in ("blkio.weight", "blkio.bfq.weight") if (group / n).exists()]
    if weights and done.rc == 0:
        assert (group / weights[0]).read_text().split()[-1] == "300"
    else:  # no scheduler with weights here: it may be refused or warned about, but not in silence
        assert "weight" in done.err


def test_hugepage_limit(container):
    sizes = [name.removeprefix("hugepages-").removesuffix("kB") for name in
             (os.listdir("/sys/kernel/mm/hugepages") if os.path.isdir("/sys/kernel/mm/hugepages") else [])]
    if not sizes:
        pytest.skip("this host has no huge pages")
    size = f"{int(sizes[0]) // 1024}MB" if int(sizes[0]) < MIB else f"{int(sizes[0]) // MIB}GB"
    c = container("sleep 100")
    c.resources["hugepageLimits"] = [{"pageSize": size, "limit": 8 * MIB}]
    done = c.create(expect=None)
    if done.rc:  # a hierarchy that is not there: a clear error
        assert "huge" in done.err.lower()
    else:
        limits = [p for path in host.cgroup_dirs(c.id) for p in path.glob(f"hugetlb.{size}.*max*")
                  if "rsvd" not in p.name]
        limits += [p for path in host.cgroup_dirs(c.id) for p in path.glob(f"hugetlb.{size}.limit_in_bytes")]
        if not limits:
            assert "huge" in done.err.lower()
        for path in limits:
            if path.name.endswith((".max", "limit_in_bytes")):
                assert path.read_text().strip() == str(8 * MIB)


def test_an_unknown_hugepage_size(container):
    c = container("true")
    c.resources["hugepageLimits"] = [{"pageSize": "3MB", "limit": 8 * MIB}]
    done = c.run()
    assert done.rc != 0 and "3MB" in done.err or "huge" in done.err.lower()
    c.assert_gone()


# ---- devices


def an_openable_device():
    """A device no default rule allows and any root may open: what refuses it is the device rules alone."""
    known = dict(reversed(line.split()) for line in host.read_softly("/proc/misc").splitlines())
    for name in ("loop-control", "fuse", "kvm"):
        if name in known:
            return 10, int(known[name])
    pytest.skip("this host has none of the devices the tests try")


def with_device(c):
    """/work/dev is such a device, made by the host."""
    os.mknod(c.rootfs / "work/dev", 0o20666, os.makedev(*an_openable_device()))
    return c


DENIED, OPEN = "errno 1 EPERM", "open"


def test_devices_are_denied_but_for_the_defaults(container):
    """They may be made (the engines' default) but not opened; the default devices may."""
    c = with_device(container("probe open /work/dev r; probe open /work/dev w; probe open /dev/null rw;"
                              "probe open /dev/zero r; probe open /dev/ptmx rw"))
    assert c.run().out.splitlines() == [DENIED, DENIED, OPEN, OPEN, OPEN]


def test_a_device_made_inside_cannot_be_opened_either(container):
    major, minor = an_openable_device()
    c = container(f"mknod /work/dev c {major} {minor}; probe open /work/dev r")
    assert c.run().out in (DENIED + "\n", "errno 2 ENOENT\n")


@pytest.mark.parametrize("access, read, written",
                         [("rwm", OPEN, OPEN), ("r", OPEN, DENIED), ("w", DENIED, OPEN),
                                                   ("m", DENIED, DENIED)])
def test_device_rules(container, access, read, written):
    major, minor = an_openable_device()
    c = with_device(container("probe open /work/dev r; probe open /work/dev w"))
    c.resources["devices"].append({"allow": True, "type": "c", "major": major, "minor": minor,
                                   "access": access})
    assert c.run().out.splitlines() == [read, written]


def test_a_wildcard_minor(container):
    c = with_device(container("probe open /work/dev rw"))
    c.resources["devices"].append({"allow": True, "type": "c", "major": 10, "access": "rwm"})
    assert c.stdout() == "open\n"


@pytest.mark.parametrize("rules, expected", [
    ([{"allow": True, "access": "rwm"}], OPEN),
    ([{"allow": True, "type": "a", "access": "rwm"},
      {"allow": False, "type": "c", "access": "rwm", "device": True}], DENIED),
    ([{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "access": "rw", "device": True}], OPEN),
    ([{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "access": "rwm", "device": True},
      {"allow": False, "type": "c", "access": "rwm", "device": True}], DENIED),
    ([{"allow": False, "access": "rwm"}, {"allow": True, "type": "b", "access": "rwm", "device": True}],
     DENIED),
], ids=["all", "all-but", "none-but", "taken-back", "block-is-not-char"])
def test_device_rules_in_order(container, rules, expected):
    """The last rule that matches decides."""
    major, minor = an_openable_device()
    place = {"major": major, "minor": minor}
    c = with_device(container("probe open /work/dev r"))
    c.resources["devices"] = [{**{k: v for k, v in r.items() if k != "device"},
                               **(place if "device" in r else {})}
                              for r in rules]
    assert c.run().out == expected + "\n"


def test_exec_is_bound_by_the_device_rules_too(container):
    c = with_device(container("echo up; sleep 100")).up().says("up")
    assert c.exec_sh("probe open /work/dev r").out == DENIED + "\n"


# ---- the unified map


def test_the_unified_map_on_v1_is_refused(container):
    if host.cgroup_mode() == "v2":
        pytest.skip("this host is v2")
    c = container("true")
    c.resources["unified"] = {"memory.high": "10000000"}
    c.refused("unified|memory.high|v2")
