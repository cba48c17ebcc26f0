"""A living container on a host with cgroup v2 only: what it sees and makes of its group, exec, update, pause,
kill, delete, events."""

import json
import os
import subprocess
import threading

import pytest

import host
from test_cgroups import DENIED, MIB, OPEN, an_openable_device, paths_of, with_device
from test_cgroups_v2 import disk, read, throttled, words

pytestmark = pytest.mark.cgroup_v2

GROUP = "/sys/fs/cgroup"


def with_group(c, *options):
    return c.mount(GROUP, "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", *options])


def spread(container, then="echo up; sleep 100"):
    """A container that did what docker in docker and systemd do: everything of it in a sub-group, and
    controllers for more of them, so that its own group takes no process any more."""
    c = container(f"cd {GROUP} && mkdir init && echo 1 > init/cgroup.procs && mkdir web web/deep &&"
                  f"echo +memory +pids > cgroup.subtree_control && {then}")  # fmt: skip
    return with_group(c, "rw")


# ---- /sys/fs/cgroup


def cgroup_mount(text):
    """(root, options, type) of the mount at /sys/fs/cgroup in the text of a mountinfo."""
    left, right = [line for line in text.splitlines() if f" {GROUP} " in line][-1].split(" - ")
    return left.split()[3], left.split()[5].split(","), right.split()[0]


@pytest.mark.parametrize("kind", ["cgroup", "cgroup2"])
@pytest.mark.parametrize("how", ["ro", "rw"])
def test_the_mount_shows_its_own_group_as_the_root(container, kind, how):
    c = container(f"cat /proc/self/mountinfo; cat {GROUP}/pids.max; mkdir {GROUP}/new && echo made")
    c.mount(GROUP, kind, "cgroup", ["nosuid", "noexec", "nodev", "relatime", how])
    c.resources["pids"] = {"limit": 41}
    done = c.run()
    root, options, filesystem = cgroup_mount(done.out)
    assert (root, filesystem) == ("/", "cgroup2")
    assert {how, "nosuid", "noexec", "nodev"} <= set(options)
    assert "\n41\n" in done.out
    assert ("made" in done.out) == (how == "rw")


def test_without_a_cgroup_namespace_the_mount_shows_the_whole_tree(container):
    c = with_group(container().without_namespace("cgroup"), "ro")
    c.sh(f"cat /proc/self/mountinfo; cd {GROUP}; ls -d {c.id} cgroup.subtree_control; mkdir {c.id}/new")
    done = c.run()
    assert cgroup_mount(done.out)[::2] == ("/", "cgroup2")
    assert sorted(done.out.splitlines()[-2:]) == ["cgroup.subtree_control", c.id]
    assert "Read-only" in done.err


@pytest.mark.needs("superblock-options")
@pytest.mark.parametrize("namespace", ["own", "host"])
def test_the_hosts_mount_keeps_its_options(container, namespace):
    """nsdelegate and the others belong to the one superblock there is: a new mount would set them anew."""
    before = [line for line in open("/proc/mounts") if GROUP in line]
    c = with_group(container("true"), "ro")
    if namespace == "host":
        c.without_namespace("cgroup")
    assert c.run().rc == 0
    assert [line for line in open("/proc/mounts") if GROUP in line] == before


def test_its_own_limits_are_not_its_to_change(container):
    """With nsdelegate the files at the root of a cgroup namespace are those of whoever made it."""
    if not any(GROUP in line and "nsdelegate" in line for line in open("/proc/mounts")):
        pytest.skip("this host mounts its groups without nsdelegate")
    script = "echo max > pids.max; cat pids.max; mkdir a && echo 5 > a/cgroup.max.depth"
    c = with_group(container(f"cd {GROUP}; {script}"), "rw")
    c.resources["pids"] = {"limit": 41}
    done = c.run()
    assert (done.rc, done.out) == (0, "41\n")
    assert "write error" in done.err


# ---- groups made inside


def test_a_container_spreads_over_sub_groups(container):
    c = spread(container, "echo 30 > web/pids.max; echo up; sleep 100").up().says("up")
    assert paths_of(c.pid)[""] == f"/{c.id}/init"
    assert words(c.group / "cgroup.subtree_control") == {"memory", "pids"}
    assert c.value("web/pids.max") == "30"
    assert not c.value("cgroup.procs")
    assert c.pid in json.loads(c.runtime("ps", "--format", "json", c.id).out)
    c.delete("--force")
    c.assert_gone()


def test_exec_goes_beside_the_first_process_when_the_group_takes_none(container):
    c = spread(container).up().says("up")
    done = c.exec_sh("cat /proc/self/cgroup")
    assert (done.rc, done.out) == (0, "0::/init\n")
    assert c.exec("false").rc == 1


def test_exec_into_sub_groups_without_controllers(container):
    """No rule forbids processes here: exec is where the container's limits are."""
    c = with_group(container(f"cd {GROUP}; mkdir a; echo 1 > a/cgroup.procs; echo up; sleep 100"), "rw")
    c.up().says("up")
    assert c.exec_sh("cat /proc/self/cgroup").out == "0::/\n"


def test_update_and_limits_hold_for_sub_groups(container):
    c = spread(container).up().says("up")
    assert c.runtime("update", "--pids-limit", "8", c.id).rc == 0
    count, why = c.exec("probe", "forks", "20").out.split()
    assert why == "EAGAIN" and int(count) < 8


@pytest.mark.needs("group-leftovers")
def test_delete_takes_sub_groups_processes_and_frozen_ones(container):
    in_group = "sleep 100 & echo $! > {}/cgroup.procs; "
    script = "mkdir a a/b cold; " + in_group.format("a/b") + in_group.format("cold")
    script += "echo 1 > cold/cgroup.freeze; echo up; wait"
    c = with_group(container(f"cd {GROUP}; {script}"), "rw").without_namespace("pid").up().says("up")
    pids = (c.value("a/b/cgroup.procs") + "\n" + c.value("cold/cgroup.procs")).split()
    assert len(pids) == 2
    c.delete("--force")
    for pid in pids:
        host.until(lambda: host.process_state(pid) in (None, "Z"), what="its end")
    c.assert_gone()


@pytest.mark.needs("group-leftovers")
def test_delete_of_a_stopped_container_takes_what_it_left(container):
    script = "mkdir a a/b; sleep 100 & echo $! > a/b/cgroup.procs; exit 3"
    c = with_group(container(f"cd {GROUP}; {script}"), "rw").without_namespace("pid").up()
    assert c.wait() == 3
    c.delete()
    c.assert_gone()


# ---- update


UPDATES = [
    (["--memory", "33554432"], "memory.max", "33554432"),
    (["--memory", "-1"], "memory.max", "max"),
    (["--memory", "-1"], "memory.swap.max", "max"),
    (["--memory-reservation", "16m"], "memory.low", "16777216"),
    pytest.param(
        ["--memory-swap", "134217728"], "memory.swap.max", "67108864", marks=pytest.mark.needs("update-swap")
    ),
    (["--memory-swap", "-1"], "memory.swap.max", "max"),
    (["--memory", "32m", "--memory-swap", "48m"], "memory.swap.max", "16777216"),
    (["--cpu-quota", "30000"], "cpu.max", "30000 50000"),
    (["--cpu-period", "60000"], "cpu.max", "20000 60000"),
    (["--cpu-quota", "-1"], "cpu.max", "max 50000"),
    (["--cpu-quota", "80000", "--cpu-period", "90000"], "cpu.max", "80000 90000"),
    (["--cpuset-cpus", "0"], "cpuset.cpus", "0"),
    (["--cpuset-mems", "0"], "cpuset.mems", "0"),
    (["--pids-limit", "77"], "pids.max", "77"),
    (["--pids-limit", "-1"], "pids.max", "max"),
]


@pytest.mark.parametrize(
    "flags, name, value", UPDATES, ids=lambda value: " ".join(value) if isinstance(value, list) else value
)
def test_update_by_flags(container, flags, name, value):
    c = container("echo up; sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB, "swap": 64 * MIB}
    c.resources["cpu"] = {"quota": 20000, "period": 50000}
    c.resources["pids"] = {"limit": 20}
    c.up()
    done = c.runtime("update", *flags, c.id)
    assert done.rc == 0, done
    assert c.value(name) == value


@pytest.mark.needs("weight-2025")
def test_update_of_shares_and_weight(container):
    c = container("echo up; sleep 100").up()
    assert c.runtime("update", "--cpu-share", "512", "--blkio-weight", "300", c.id).rc == 0
    assert c.value("cpu.weight") == "59"
    assert c.value("io.bfq.weight" if (c.group / "io.bfq.weight").exists() else "io.weight").split()[-1] in (
        "300",
        "2930",
    )


@pytest.mark.needs("update-throttle")
def test_update_by_resources(container):
    device = disk()
    c = container("echo up; sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB, "reservation": 1 * MIB}
    c.resources["blockIO"] = throttled(device, ReadBps=5 * MIB)
    c.up()
    resources = {
        "memory": {"limit": 32 * MIB, "swap": 48 * MIB},
        "cpu": {"quota": 40000, "period": 80000, "cpus": "0"},
        "pids": {"limit": 55},
        "blockIO": throttled(device, WriteBps=2 * MIB),
        "unified": {"memory.high": str(16 * MIB)},
    }
    done = c.runtime("update", "--resources", "-", c.id, stdin=json.dumps(resources))
    assert done.rc == 0, done
    memory = [int(c.value(f"memory.{name}")) // MIB for name in ("max", "swap.max", "low", "high")]
    assert memory == [32, 16, 1, 16]
    assert [c.value(name) for name in ("cpu.max", "cpuset.cpus", "pids.max")] == ["40000 80000", "0", "55"]
    assert f"wbps={2 * MIB}" in c.value("io.max")


def test_update_leaves_the_rest_alone(container):
    c = container("echo up; sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB, "swap": 96 * MIB}
    c.resources["cpu"] = {"quota": 20000, "period": 50000}
    c.up()
    assert c.runtime("update", "--pids-limit", "30", c.id).rc == 0
    values = [c.value(name) for name in ("memory.max", "memory.swap.max", "cpu.max", "pids.max")]
    assert values == [str(64 * MIB), str(32 * MIB), "20000 50000", "30"]
    with_device(c)
    assert c.exec_sh("probe open /work/dev r; probe open /dev/null r").out.splitlines() == [DENIED, OPEN]


@pytest.mark.needs("update-devices")
def test_update_replaces_the_device_program(container):
    major, minor = an_openable_device()
    c = with_device(container("echo up; sleep 100")).up().says("up")
    opened = lambda: c.exec_sh("probe open /work/dev r").out.strip()
    rule = {"type": "c", "major": major, "minor": minor}
    assert opened() == DENIED
    for rules, expected in (
        ([{"allow": False, "access": "rwm"}, {"allow": True, "access": "rwm", **rule}], OPEN),
        ([{"allow": True, "access": "rwm"}, {"allow": False, "access": "r", **rule}], DENIED),
        ([{"allow": True, "access": "rwm"}], OPEN),
        ([{"allow": False, "access": "rwm"}], DENIED),
    ):
        done = c.runtime("update", "--resources", "-", c.id, stdin=json.dumps({"devices": rules}))
        assert done.rc == 0, done
        assert opened() == expected
    assert c.exec_sh("probe open /dev/null rw").out.strip() == OPEN


@pytest.mark.parametrize("flags, words", [
    (["--cpuset-cpus", "4095"], "cpuset"),
    (["--cpu-quota", "1"], "cpu"),
    (["--memory-swap", "1m"], "swap"),
], ids=lambda value: value[0] if isinstance(value, list) else "")  # fmt: skip
def test_update_the_kernel_refuses_names_the_setting(container, flags, words):
    c = container("echo up; sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB}
    c.up()
    done = c.runtime("update", *flags, c.id)
    assert done.rc != 0 and words in done.err
    assert c.status() == "running"


@pytest.mark.needs("check-before-update")
def test_update_below_what_is_in_use(container):
    """Asked to look first, it is refused; else the kernel would kill."""
    c = container("dd if=/dev/zero of=/dev/shm/f bs=1M count=20 2>/dev/null; echo up; sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB, "swap": 64 * MIB}
    c.up().says("up")
    less = {"memory": {"limit": 10 * MIB, "swap": 10 * MIB, "checkBeforeUpdate": True}}
    done = c.runtime("update", "--resources", "-", c.id, stdin=json.dumps(less))
    assert done.rc != 0 and "memory" in done.err
    assert c.value("memory.max") == str(64 * MIB) and c.status() == "running"


def test_update_of_a_paused_container(container):
    c = container("echo up; sleep 100").up().says("up")
    assert c.runtime("pause", c.id).rc == 0
    assert c.runtime("update", "--pids-limit", "33", "--memory", "64m", c.id).rc == 0
    assert (c.value("pids.max"), c.value("memory.max")) == ("33", str(64 * MIB))
    assert c.status() == "paused" and c.value("cgroup.freeze") == "1"


# ---- pause and kill


def test_pause_is_cgroup_freeze(container):
    c = container("echo up; sleep 100").up().says("up")
    assert c.runtime("pause", c.id).rc == 0
    assert c.value("cgroup.freeze") == "1" and "frozen 1" in c.value("cgroup.events")
    assert c.runtime("resume", c.id).rc == 0
    assert c.value("cgroup.freeze") == "0" and "frozen 0" in c.value("cgroup.events")


def test_pause_of_sub_groups(container):
    c = spread(container).up().says("up")
    assert c.runtime("pause", c.id).rc == 0
    assert c.status() == "paused" and "frozen 1" in c.value("init/cgroup.events")
    c.kill("KILL")
    host.until(lambda: c.status() == "stopped", what="its end")
    c.delete()
    c.assert_gone()


def test_kill_all_reaches_sub_groups(container):
    script = "mkdir a; (trap '' TERM; exec sleep 100) & echo $! > a/cgroup.procs; echo up; wait; sleep 100"
    c = with_group(container(f"cd {GROUP}; {script}"), "rw").without_namespace("pid").up().says("up")
    other = c.value("a/cgroup.procs")
    c.kill("KILL", "--all")
    for pid in (other, c.pid):
        host.until(lambda: host.process_state(pid) in (None, "Z"), what="its end")


# ---- out of memory


HUNGRY = "while ! test -e /work/go; do sleep 0.05; done; probe memory 100; echo $?; sleep 100"


def hungry(container):
    c = container(HUNGRY)
    c.resources["memory"] = {"limit": 32 * MIB, "swap": 32 * MIB}
    return c


def test_events_tell_of_an_oom_in_a_sub_group(container):
    c = spread(container, f"echo up; cd /; {HUNGRY}")
    c.resources["memory"] = {"limit": 32 * MIB, "swap": 32 * MIB}
    c.up().says("up")
    argv = c.runtime.argv("events", "--interval", "1s", c.id)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as events:
        timer = threading.Timer(30, events.kill)
        timer.start()
        try:
            assert json.loads(events.stdout.readline())["type"] == "stats"  # it watches
            (c.rootfs / "work/go").write_text("")
            c.says("137")
            assert any(json.loads(line)["type"] == "oom" for line in events.stdout)
        finally:
            timer.cancel()
            events.kill()


def test_the_oom_killer_takes_one_or_all(container):
    c = hungry(container).up()
    (c.rootfs / "work/go").write_text("")
    c.says("137")
    assert c.status() == "running" and "oom_kill 1" in c.value("memory.events")
    whole = hungry(container)
    whole.resources["unified"] = {"memory.oom.group": "1"}
    whole.up()
    (whole.rootfs / "work/go").write_text("")
    assert whole.wait() == 137


# ---- statistics


def test_statistics_are_what_the_files_say(container):
    c = container("probe memory 8; probe burn 50; echo up; sleep 100; :")
    c.resources["memory"] = {"limit": 64 * MIB, "swap": 96 * MIB}
    c.resources["pids"] = {"limit": 50}
    c.resources["cpu"] = {"cpus": "0", "quota": 90000, "period": 100000}
    c.up().says("up")
    assert c.runtime("pause", c.id).rc == 0  # so that the numbers stand still
    data = json.loads(c.runtime("events", "--stats", c.id).out)["data"]
    memory, cpu, pids = data["memory"], data["cpu"], data["pids"]
    flat = lambda name: dict(line.split() for line in c.value(name).splitlines())
    stat, time = flat("memory.stat"), flat("cpu.stat")
    assert memory["usage"]["limit"] == 64 * MIB
    assert memory["usage"]["usage"] == int(c.value("memory.current"))
    assert memory["cache"] == int(stat["file"])
    assert memory["raw"]["anon"] == int(stat["anon"])
    assert cpu["usage"]["total"] == int(time["usage_usec"]) * 1000
    assert cpu["usage"]["kernel"] == int(time["system_usec"]) * 1000
    assert cpu["usage"]["user"] == int(time["user_usec"]) * 1000
    assert cpu["throttling"].get("periods", 0) == int(time["nr_periods"])
    assert cpu["throttling"].get("throttledPeriods", 0) == int(time["nr_throttled"])
    assert (pids["current"], pids["limit"]) == (2, 50)


@pytest.mark.needs("memory-peak")
def test_statistics_newer_runtimes_have(container):
    c = container("probe memory 8; echo up; sleep 100; :")
    c.resources["memory"] = {"limit": 64 * MIB, "swap": 96 * MIB}
    c.resources["cpu"] = {"cpus": "0"}
    c.up().says("up")
    data = json.loads(c.runtime("events", "--stats", c.id).out)["data"]
    assert data["memory"]["usage"]["max"] >= 8 * MIB
    assert data["memory"]["swap"]["limit"] == 96 * MIB
    assert data["cpuset"] == {"cpus": [0], "mems": [0]}
    if os.path.exists(c.group / "cpu.pressure"):
        assert data["cpu"]["psi"]["some"]["total"] >= 0


def test_statistics_of_block_io(container):
    major, minor = map(int, disk().split(":"))
    c = container("dd if=/dev/zero of=/work/f bs=65536 count=16 oflag=direct 2>/dev/null; echo up; sleep 100")
    if os.stat(c.rootfs).st_dev != os.makedev(major, minor):
        pytest.skip("the tests' files are not on this disk")
    c.up().says("up")
    io = json.loads(c.runtime("events", "--stats", c.id).out)["data"]["blkio"]
    mine = lambda entry: (entry.get("major", 0), entry.get("minor", 0)) == (major, minor)
    of = lambda key: {entry["op"]: entry.get("value", 0) for entry in io[key] if mine(entry)}
    written = of("ioServiceBytesRecursive")["Write"]
    assert written >= MIB and of("ioServicedRecursive")["Write"] >= 16
    assert f"wbytes={written}" in read(c.group / "io.stat")
