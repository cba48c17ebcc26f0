"""docs/cgroups.md on a host with cgroup v2 only: where the group is, which setting becomes which file, and
what is said where one cannot."""

import os
import subprocess

import pytest

import host
from test_cgroups import MIB, paths_of

pytestmark = pytest.mark.cgroup_v2


def read(path):
    return path.read_text().strip()


def words(path):
    return set(path.read_text().split())


def sleeper_in(path):
    """A process in a group that is no container's."""
    process = subprocess.Popen(["sleep", "100"])
    (path / "cgroup.procs").write_text(str(process.pid))
    return process


@pytest.fixture
def groups(token, nothing_left):
    """A maker of groups outside of containers, gone after the test with the processes put in."""
    made, processes = [], []

    def make(name, *controllers, holds_process=False):
        path = host.CGROUP_ROOT / f"{token}-{name}"
        path.mkdir()
        made.append(path)
        for controller in controllers:
            (path / "cgroup.subtree_control").write_text(f"+{controller}")
        if holds_process:
            processes.append(sleeper_in(path))
        return path

    yield make
    for process in processes:
        process.kill()
        process.wait()
    for top in made:
        for path, _, _ in os.walk(top, topdown=False):
            os.rmdir(path)


# ---- placement


def test_the_process_is_born_in_its_group(container):
    c = container("cat /proc/self/cgroup; sleep 100").without_namespace("cgroup").up()
    c.says("0::")
    assert c.output() == f"0::/{c.id}\n"
    assert c.value("cgroup.procs").split() and c.value("cgroup.type") == "domain"


def test_with_a_cgroup_namespace_its_group_is_the_root(container):
    assert container("cat /proc/self/cgroup").stdout() == "0::/\n"


def test_controllers_are_enabled_all_the_way_down(container, groups):
    """Also below a group somebody made and left without."""
    top = groups("bare")
    assert not words(top / "cgroup.subtree_control")
    c = container("echo up; sleep 100")
    c.linux["cgroupsPath"] = f"/{top.name}/deep/er"
    c.resources["pids"] = {"limit": 33}
    c.up()
    available = words(host.CGROUP_ROOT / "cgroup.controllers")
    for path in (top, top / "deep"):
        assert words(path / "cgroup.subtree_control") == available
    assert c.value("pids.max") == "33"
    assert not words(c.group / "cgroup.subtree_control")
    c.delete("--force")
    assert not c.group.exists()


def test_a_relative_path(container):
    c = container("echo up; sleep 100")
    c.linux["cgroupsPath"] = f"{c.id}-rel"
    c.resources["pids"] = {"limit": 44}
    c.up()
    path = paths_of(c.pid)[""]
    assert path.endswith(f"/{c.id}-rel")
    assert read(host.CGROUP_ROOT / path.lstrip("/") / "pids.max") == "44"
    c.delete("--force")
    c.assert_gone()


def test_without_a_path_a_name_of_its_own(container):
    c = container("echo up; sleep 100")
    del c.linux["cgroupsPath"]
    c.resources["pids"] = {"limit": 44}
    c.up()
    path = paths_of(c.pid)[""]
    assert c.id in path
    assert read(host.CGROUP_ROOT / path.lstrip("/") / "pids.max") == "44"
    c.delete("--force")
    c.assert_gone()


def test_an_empty_group_that_is_there_already_is_taken_as_it_is(container, groups):
    c = container("true")
    path = groups(f"ready-{c.id}")
    c.linux["cgroupsPath"] = f"/{path.name}"
    c.resources["pids"] = {"limit": 44}
    c.create()
    assert c.value("pids.max") == "44"
    c.delete("--force")
    path.mkdir(exist_ok=True)  # for the fixture


@pytest.mark.needs("occupied-group")
def test_a_group_with_processes_is_refused(container, groups):
    path = groups("occupied", holds_process=True)
    c = container("true")
    c.linux["cgroupsPath"] = f"/{path.name}"
    assert "holds processes" in c.create(expect=1).err
    assert read(path / "cgroup.procs")


@pytest.mark.needs("occupied-group")
def test_a_group_with_processes_further_down_is_refused(container, groups):
    """As a slice of systemd: it would be limited, and all in it killed when the container goes."""
    path = groups("slice")
    (path / "service").mkdir()
    process = sleeper_in(path / "service")
    try:
        c = container("true")
        c.linux["cgroupsPath"] = f"/{path.name}"
        c.resources["pids"] = {"limit": 10}
        assert "holds processes" in c.create(expect=1).err
        assert process.poll() is None
        assert read(path / "cgroup.procs") == "" and read(path / "pids.max") == "max"
    finally:
        process.kill()
        process.wait()


@pytest.mark.needs("inner-processes")
def test_limits_below_a_group_that_holds_processes_are_refused_with_the_reason(container, groups):
    """v2's rule of no inner processes. The other group stays as it was: enabling the threaded controllers
    alone would work, and leave it a threaded domain whose other children can hold nothing."""
    path = groups("inner", holds_process=True)
    c = container("true")
    c.linux["cgroupsPath"] = f"/{path.name}/{c.id}"
    c.resources["memory"] = {"limit": 64 * MIB}
    c.refused("memory.limit", f"{path.name} holds processes")
    assert read(path / "cgroup.type") == "domain" and not words(path / "cgroup.subtree_control")


@pytest.mark.needs("inner-processes")
def test_without_limits_a_group_with_processes_may_be_above(container, groups):
    path = groups("inner", holds_process=True)
    c = container("true")
    c.linux["cgroupsPath"] = f"/{path.name}/{c.id}"
    assert c.run().rc == 0
    assert read(path / "cgroup.type") == "domain" and not words(path / "cgroup.subtree_control")


@pytest.mark.needs("threaded-group")
def test_a_group_below_a_threaded_one_takes_no_container(container, groups):
    path = groups("threads", holds_process=True)
    (path / "cgroup.subtree_control").write_text("+pids")
    assert read(path / "cgroup.type") == "domain threaded"
    c = container("true")
    c.linux["cgroupsPath"] = f"/{path.name}/{c.id}"
    c.refused("thread")


# ---- settings and files


SETTINGS = {
    "memory": ({"memory": {"limit": 64 * MIB}}, {"memory.max": 64 * MIB, "memory.low": 0}),
    "no memory limit": ({"memory": {"limit": -1}}, {"memory.max": "max", "memory.swap.max": "max"}),
    "swap is counted apart": (
        {"memory": {"limit": 64 * MIB, "swap": 96 * MIB, "reservation": 32 * MIB}},
        {"memory.max": 64 * MIB, "memory.swap.max": 32 * MIB, "memory.low": 32 * MIB},
    ),
    "no swap": ({"memory": {"limit": 64 * MIB, "swap": 64 * MIB}}, {"memory.swap.max": 0}),
    "any swap": ({"memory": {"limit": 64 * MIB, "swap": -1}}, {"memory.swap.max": "max"}),
    "all reserved": ({"memory": {"reservation": -1}}, {"memory.low": "max"}),
    "pids": ({"pids": {"limit": 44}}, {"pids.max": 44}),
    "no pids limit": ({"pids": {"limit": -1}}, {"pids.max": "max"}),
    "quota and period": ({"cpu": {"quota": 20000, "period": 50000}}, {"cpu.max": "20000 50000"}),
    "quota alone": ({"cpu": {"quota": 20000}}, {"cpu.max": "20000 100000"}),
    "period alone": ({"cpu": {"period": 50000}}, {"cpu.max": "max 50000"}),
    "no quota": ({"cpu": {"quota": -1, "period": 50000}}, {"cpu.max": "max 50000"}),
    "cpuset": ({"cpu": {"cpus": "0", "mems": "0"}}, {"cpuset.cpus": 0, "cpuset.mems": 0}),
    "nothing": (
        {},
        {"memory.max": "max", "memory.high": "max", "pids.max": "max", "cpu.weight": 100,
         "cpu.max": "max 100000", "cpuset.cpus": "", "io.max": "", "memory.oom.group": 0},
    ),
    "zeros are not given": (
        {"memory": {"limit": 0, "swap": 0, "reservation": 0}, "cpu": {"shares": 0, "quota": 0, "period": 0}},
        {"memory.max": "max", "memory.swap.max": "max", "cpu.weight": 100, "cpu.max": "max 100000"},
    ),
    "the unified map": (
        {"unified": {"memory.high": "50000000", "memory.min": "4096", "cpu.weight.nice": "5",
                     "memory.oom.group": "1", "cgroup.max.depth": "3"}},
        {"memory.high": 50000000 // 4096 * 4096, "memory.min": 4096, "cpu.weight": 33,
         "memory.oom.group": 1, "cgroup.max.depth": 3},
    ),
    "the unified map is last": (
        {"memory": {"limit": 64 * MIB}, "unified": {"memory.max": "max"}},
        {"memory.max": "max"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("settings, files", SETTINGS.values(), ids=[*SETTINGS])
def test_settings_are_files(container, settings, files):
    c = container("sleep 100")
    c.resources.update(settings)
    c.create()
    assert {name: c.value(name) for name in files} == {name: str(value) for name, value in files.items()}


@pytest.mark.needs("weight-2025")
@pytest.mark.parametrize("shares, weight", [(2, 1), (100, 17), (512, 59), (1024, 100), (2000, 170),
                                            (262144, 10000)])  # fmt: skip
def test_weight_of_shares(container, shares, weight):
    """runc from 1.3.2 and crun from 1.23 on say the same; older ones had 39 for the 1024 of a default."""
    c = container("sleep 100")
    c.resources["cpu"] = {"shares": shares}
    c.create()
    assert c.value("cpu.weight") == str(weight)


@pytest.mark.needs("idle-and-burst")
def test_burst_and_idle(container):
    c = container("sleep 100")
    c.resources["cpu"] = {"quota": 50000, "period": 100000, "burst": 20000, "idle": 1}
    c.create()
    assert (c.value("cpu.max.burst"), c.value("cpu.idle")) == ("20000", "1")


def test_limits_are_seen_inside(container):
    c = container("grep -E '^(Cpus|Mems)_allowed_list' /proc/self/status;"
                  "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max")  # fmt: skip
    c.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro"])
    c.resources.update({"cpu": {"cpus": "0", "mems": "0"}, "pids": {"limit": 40},
                        "memory": {"limit": 64 * MIB}})  # fmt: skip
    assert [line.split()[-1] for line in c.lines()] == ["0", "0", "40", str(64 * MIB)]


# ---- block I/O, huge pages, rdma


def disk():
    """MAJOR:MINOR of a disk that takes limits: not one without medium."""
    for name in sorted(os.listdir("/sys/block")):
        if not name.startswith(("loop", "ram", "zram", "fd", "sr")):
            return read(host.Path(f"/sys/block/{name}/dev"))
    pytest.skip("this host has no disk")


def throttled(device, **rates):
    major, minor = map(int, device.split(":"))
    return {f"throttle{name}Device": [{"major": major, "minor": minor, "rate": rate}]
            for name, rate in rates.items()}  # fmt: skip


def test_block_io_throttles(container):
    device = disk()
    c = container("sleep 100")
    c.resources["blockIO"] = throttled(device, ReadBps=1 * MIB, WriteBps=2 * MIB, ReadIOPS=300, WriteIOPS=400)
    c.create()
    assert c.value("io.max") == f"{device} rbps={1 * MIB} wbps={2 * MIB} riops=300 wiops=400"


def test_a_block_io_throttle_is_felt(container):
    """Written past the cache: 1 MiB at 512 KiB a second, to a file of the host's disk."""
    device = disk()
    c = container("dd if=/dev/zero of=/work/f bs=65536 count=16 oflag=direct 2>/dev/null; cat io.stat")
    c.process["cwd"] = "/sys/fs/cgroup"
    c.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro"])
    major, minor = map(int, device.split(":"))
    if os.stat(c.rootfs).st_dev != os.makedev(major, minor):
        pytest.skip("the tests' files are not on this disk")
    c.resources["blockIO"] = throttled(device, WriteBps=MIB // 2)
    began = os.times().elapsed
    stat = dict(pair.split("=") for pair in c.stdout().split() if "=" in pair)
    assert int(stat["wbytes"]) >= MIB
    assert os.times().elapsed - began > 1  # 2 s, the first slice of which is free


def test_a_throttled_device_that_is_not_there(container):
    c = container("true")
    c.resources["blockIO"] = throttled("240:77", ReadBps=MIB)
    c.refused("io.max|throttle")


def test_block_io_weight(container):
    c = container("sleep 100")
    c.resources["blockIO"] = {"weight": 300}
    c.create()
    bfq = c.group / "io.bfq.weight"
    expected = {"300", "default 300"} if bfq.exists() else {"default 2930"}
    assert read(bfq if bfq.exists() else c.group / "io.weight") in expected


@pytest.mark.needs("hugetlb-rsvd")
def test_huge_pages(container):
    c = container("sleep 100")
    c.resources["hugepageLimits"] = [{"pageSize": "2MB", "limit": 8 * MIB}]
    if "hugetlb" not in words(host.CGROUP_ROOT / "cgroup.controllers"):
        c.refused("huge")
        return
    c.create()
    assert c.value("hugetlb.2MB.max") == str(8 * MIB)
    assert c.value("hugetlb.2MB.rsvd.max") == str(8 * MIB)


def test_a_device_rdma_does_not_know(container):
    c = container("true")
    c.resources["rdma"] = {"grape0": {"hcaHandles": 3, "hcaObjects": 10}}
    c.refused("rdma")


# ---- what v2 cannot


@pytest.mark.needs("v2-warnings")
@pytest.mark.parametrize("settings, word", [
    ({"memory": {"limit": 64 * MIB, "swappiness": 10}}, "swappiness"),
    ({"memory": {"limit": 64 * MIB, "disableOOMKiller": True}}, "disableOOMKiller"),
    ({"memory": {"limit": 64 * MIB, "kernel": 32 * MIB}}, "memory.kernel"),
    ({"memory": {"limit": 64 * MIB, "kernelTCP": 32 * MIB}}, "kernelTCP"),
    ({"blockIO": {"weight": 300, "leafWeight": 100}}, "leafWeight"),
    ({"network": {"classID": 1048577}}, "classID"),
    ({"network": {"priorities": [{"name": "lo", "priority": 5}]}}, "priorities"),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_what_v2_has_not_is_a_warning(container, settings, word):
    c = container("true")
    c.resources.update(settings)
    done = c.run()
    assert done.rc == 0 and word in done.err


@pytest.mark.needs("v2-realtime")
def test_real_time_is_refused(container):
    c = container("true")
    c.resources["cpu"] = {"realtimeRuntime": 1000, "realtimePeriod": 10000}
    c.refused("realtime")


@pytest.mark.parametrize("key, value", [
    ("memory.grape", "1"),
    ("grape.max", "1"),
    ("memory.current", "1"),
    ("memory.max", "grape"),
    ("cpu.weight", "0"),
    ("../memory.max", "1"),
    ("a/memory.max", "1"),
    ("/memory.max", "1"),
    ("", "1"),
    ("memory", "1"),
    pytest.param("cgroup.procs", "1", marks=pytest.mark.needs("unified-processes")),
])  # fmt: skip
def test_a_unified_key_that_is_refused(container, key, value):
    c = container("true")
    c.resources["unified"] = {key: value}
    c.refused(key.replace(".", "[.]"))
