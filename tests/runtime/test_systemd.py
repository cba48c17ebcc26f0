"""--systemd-cgroup: systemd makes a scope, knows its limits, and forgets it in the end."""

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

import host

pytestmark = pytest.mark.skipif(
    not os.path.exists("/run/systemd/system"), reason="systemd does not run this host"
)

FLAG = ["--systemd-cgroup"]
SLICE = "podotest-a.slice"  # of podotest.slice; without the token of a session, as slices stay
V2 = host.cgroup_mode() == "v2"


def systemctl(*args, check=True):
    done = subprocess.run(["systemctl", "--no-pager", *args], capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, done
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def no_slices_left():
    yield
    systemctl("stop", "podotest.slice", check=False)


@pytest.fixture(autouse=True)
def no_units_left(token, nothing_left):
    yield
    assert token not in systemctl("list-units", "--all", "--plain", "--no-legend")


class Scope:
    """The scope of a container, as systemd and the kernel show it."""

    def __init__(self, c, prefix="podo", slice_name=SLICE):
        self.unit = f"{prefix}-{c.id}.scope"
        c.linux["cgroupsPath"] = f"{slice_name}:{prefix}:{c.id}"

    def show(self, name):
        return systemctl("show", self.unit, "--property", name, "--value").strip()

    @property
    def known(self):
        return self.unit in systemctl("list-units", "--all", "--plain", "--no-legend")

    @property
    def path(self):
        return self.show("ControlGroup")

    def group(self, controller):
        return host.CGROUP_ROOT / ("" if V2 else controller) / self.path.lstrip("/")

    def limit(self, v2, controller, v1):
        return (self.group(controller) / (v2 if V2 else v1)).read_text().strip()

    @property
    def memory(self):
        return self.limit("memory.max", "memory", "memory.limit_in_bytes")

    @property
    def pids(self):
        return self.limit("pids.max", "pids", "pids.max")


@pytest.fixture
def scoped(container):
    def make(script=None, **how):
        c = container(script, **how)
        return c, Scope(c)

    return make


def group_of(pid):
    """Its group where systemd looks: the v2 tree's, else that of name=systemd."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    own = [line for line in lines if line.startswith("0::")] or [
        line for line in lines if ":name=systemd:" in line
    ]
    return own[0].split(":", 2)[2]


# ---- where it is


def test_a_container_is_in_a_scope_in_a_slice(scoped):
    c, scope = scoped("sleep 1000")
    c.up(runtime_flags=FLAG)
    assert scope.path == f"/podotest.slice/{SLICE}/{scope.unit}"
    assert group_of(c.pid) == scope.path
    assert scope.show("Slice") == SLICE
    assert scope.show("Delegate") == "yes"
    assert scope.show("DefaultDependencies") == "no"
    assert scope.show("ActiveState") == "active"
    assert c.id in scope.show("Description")
    assert (scope.group("memory") / "cgroup.procs").read_text().split() == [str(c.pid)]  # nobody else


@pytest.mark.needs("podo's names")
def test_no_path_is_a_scope_of_that_id(scoped):
    c, _ = scoped("sleep 1000")
    del c.linux["cgroupsPath"]
    c.up(runtime_flags=FLAG)
    assert group_of(c.pid) == f"/system.slice/podo-{c.id}.scope"


def test_the_root_slice(container):
    c = container("sleep 1000")
    scope = Scope(c, slice_name="-.slice")
    c.up(runtime_flags=FLAG)
    assert group_of(c.pid) == f"/{scope.unit}"


def test_no_slice_is_the_systems(container):
    c = container("sleep 1000")
    scope = Scope(c, slice_name="")
    c.up(runtime_flags=FLAG)
    assert group_of(c.pid) == f"/system.slice/{scope.unit}"


def test_exec_is_in_the_scope(scoped):
    c, scope = scoped("sleep 1000")
    c.up(runtime_flags=FLAG)
    pid_file = c.bundle / "exec-pid"
    subprocess.run(
        c.runtime.argv("exec", "--detach", "--pid-file", pid_file, c.id, "sleep", "1000"), check=True
    )
    assert group_of(int(pid_file.read_text())) == scope.path


def test_run_in_the_foreground(scoped):
    c, scope = scoped("echo hello; exit 3")
    done = c.run(runtime_flags=FLAG)
    assert (done.rc, done.out) == (3, "hello\n"), done
    assert not scope.known
    c.assert_gone()


def test_pause_resume_kill_delete(scoped):
    c, scope = scoped("sleep 1000")
    c.up(runtime_flags=FLAG)
    assert c.runtime("pause", c.id).rc == 0
    assert c.status() == "paused"
    assert c.runtime("resume", c.id).rc == 0
    assert c.status() == "running"
    assert str(c.pid) in c.runtime("ps", "--format", "json", c.id).out
    c.stop()
    c.delete()
    assert not scope.known
    c.assert_gone()


# ---- limits


def limited(c):
    c.resources["memory"] = {"limit": 64 << 20, "reservation": 16 << 20, "swap": 96 << 20}
    c.resources["pids"] = {"limit": 20}
    c.resources["cpu"] = {"shares": 512, "quota": 20000, "period": 50000, "cpus": "0", "mems": "0"}
    return c


def test_systemd_knows_the_limits(scoped):
    c, scope = scoped("sleep 1000")
    limited(c).up(runtime_flags=FLAG)
    assert scope.show("MemoryMax" if V2 else "MemoryLimit") == str(64 << 20)
    assert scope.show("TasksMax") == "20"
    assert scope.show("CPUQuotaPerSecUSec") == "400ms"
    assert scope.show("CPUQuotaPeriodUSec") == "50ms"
    assert (scope.memory, scope.pids) == (str(64 << 20), "20")
    if V2:
        assert scope.show("MemoryLow") == str(16 << 20)
        assert scope.show("MemorySwapMax") == str(32 << 20)
        assert (scope.show("AllowedCPUs"), scope.show("AllowedMemoryNodes")) == ("0", "0")
        assert scope.show("CPUWeight") == scope.limit("cpu.weight", "", "")


def files_of(scope):
    names = [
        "memory.max",
        "memory.low",
        "memory.swap.max",
        "pids.max",
        "cpu.weight",
        "cpu.max",
        "cpuset.cpus",
        "io.weight",
        "io.bfq.weight",
        "memory.high",
        "memory.min",
    ]
    return {name: host.read_softly(scope.group("") / name) for name in names if V2} | {
        "memory": scope.memory,
        "pids": scope.pids,
    }


@pytest.mark.needs("weight-kept")
def test_a_reload_of_systemd_keeps_the_limits(scoped):
    c, scope = scoped("sleep 1000")
    limited(c).resources["blockIO"] = {"weight": 500}
    if V2:
        c.resources["unified"] = {"memory.high": str(48 << 20), "memory.min": str(4 << 20)}
    c.up(runtime_flags=FLAG)
    before = files_of(scope)
    systemctl("daemon-reload")
    assert files_of(scope) == before
    assert c.status() == "running"


def test_a_reload_of_systemd_keeps_the_device_rules(scoped):
    c, _ = scoped("mknod /tmp/kmsg c 1 11; sleep 1000")
    c.capabilities("CAP_MKNOD", "CAP_DAC_OVERRIDE").up(runtime_flags=FLAG)
    host.until(lambda: c.exec_sh("test -c /tmp/kmsg").rc == 0, what="the node")
    for _ in range(2):
        assert "not permitted" in c.exec_sh("head -c 1 /tmp/kmsg").err
        assert c.exec_sh("head -c 1 /dev/zero").rc == 0
        systemctl("daemon-reload")


def test_update_tells_systemd_and_a_reload_keeps_it(scoped):
    c, scope = scoped("sleep 1000")
    limited(c).up(runtime_flags=FLAG)
    done = c.runtime(
        "update",
        "--memory",
        str(32 << 20),
        "--memory-swap",
        str(40 << 20),
        "--pids-limit",
        "30",
        "--cpu-quota",
        "10000",
        "--cpu-period",
        "50000",
        c.id,
    )
    assert done.rc == 0, done
    assert scope.show("MemoryMax" if V2 else "MemoryLimit") == str(32 << 20)
    assert scope.show("TasksMax") == "30"
    assert scope.show("CPUQuotaPerSecUSec") == "200ms"
    assert (scope.memory, scope.pids) == (str(32 << 20), "30")
    before = files_of(scope)
    systemctl("daemon-reload")
    assert files_of(scope) == before


@pytest.mark.needs("exact-quota")
def test_a_quota_between_percents_is_exact_until_systemd_writes_it_anew(scoped):
    c, scope = scoped("sleep 1000")
    c.resources["cpu"] = {"quota": 12345, "period": 100000}
    c.up(runtime_flags=FLAG)
    quota = lambda: scope.limit("cpu.max", "cpu", "cpu.cfs_quota_us").split()[0]
    assert quota() == "12345"
    assert c.runtime("update", "--cpu-quota", "23456", c.id).rc == 0
    assert quota() == "23456"
    systemctl("daemon-reload")
    assert 23456 <= int(quota()) <= 24000


def test_one_process_is_enough_to_begin_with(scoped):
    c, _ = scoped()
    c.args("sleep", "1000").resources["pids"] = {"limit": 1}
    c.up(runtime_flags=FLAG)
    assert Path(f"/proc/{c.pid}/root/bin/busybox").exists()


def test_the_limit_is_in_force(scoped):
    c, _ = scoped(args=["probe", "memory", "100"])
    c.resources["memory"] = {"limit": 32 << 20, "swap": 32 << 20}
    assert c.run(runtime_flags=FLAG).rc == 137


def test_annotations_are_properties(scoped):
    c, scope = scoped("sleep 1000")
    c.config["annotations"] = {
        "org.systemd.property.TimeoutStopUSec": "uint64 7000000",
        "org.systemd.property.SendSIGHUP": "true",
        "org.systemd.property.After": "['podotest-x.service']",
    }
    c.up(runtime_flags=FLAG)
    assert scope.show("TimeoutStopUSec") == "7s"
    assert scope.show("SendSIGHUP") == "yes"
    assert "podotest-x.service" in scope.show("After")


# ---- nothing stays


def test_a_container_that_was_killed_leaves_no_unit(scoped):
    c, scope = scoped("sleep 1000")
    c.up(runtime_flags=FLAG)
    os.kill(c.pid, signal.SIGKILL)
    host.until(lambda: c.status() == "stopped", what="its end")
    c.delete()
    assert not scope.known


def test_delete_force(scoped):
    c, scope = scoped("sleep 1000 & sleep 1000")
    c.up(runtime_flags=FLAG)
    c.delete("--force")
    assert not scope.known
    c.assert_gone()


def test_delete_of_a_paused_container(scoped):
    c, scope = scoped("sleep 1000")
    c.up(runtime_flags=FLAG)
    assert c.runtime("pause", c.id).rc == 0
    c.delete("--force")
    assert not scope.known


def test_processes_that_outlive_the_first_end_with_the_scope(scoped):
    c, scope = scoped("sleep 1000 & sleep 0.3")
    c.without_namespace("pid").up(runtime_flags=FLAG)
    host.until(lambda: c.status() == "stopped", what="its end")
    c.delete()
    assert not scope.known


def test_a_creation_that_fails_leaves_no_unit(scoped):
    c, scope = scoped(args=["/no/such/program"])
    assert c.run(runtime_flags=FLAG).rc != 0
    assert not scope.known
    c, scope = scoped("true")
    c.hook("createRuntime", "exit 1")
    assert c.run(runtime_flags=FLAG).rc != 0
    assert not scope.known
    c.assert_gone()


def test_systemd_may_stop_it(scoped):
    c, scope = scoped("sleep 1000")
    c.up(runtime_flags=FLAG)
    systemctl("kill", "--signal", "KILL", scope.unit)
    host.until(lambda: c.status() == "stopped", what="its end")
    systemctl("stop", scope.unit, check=False)
    c.delete()
    c.assert_gone()


def test_the_same_name_again_and_again(scoped):
    c, scope = scoped("true")
    for _ in range(5):
        assert c.run(runtime_flags=FLAG).rc == 0
    c, scope = scoped("sleep 1000")
    for _ in range(3):
        c.up(runtime_flags=FLAG)
        c.delete("--force")
    assert not scope.known


@pytest.mark.needs("scope-before-birth")
def test_a_runtime_that_is_killed_between_scope_and_birth_leaves_nothing(scoped):
    """Its connection to a console socket whose queue is full holds it there."""
    c, scope = scoped("true")
    c.process["terminal"] = True
    path = c.bundle / "console"
    queue = socket.socket(socket.AF_UNIX)
    queue.bind(str(path))
    queue.listen(0)
    first = socket.socket(socket.AF_UNIX)
    first.connect(str(path))
    c.write()
    creator = subprocess.Popen(
        c.runtime.argv("create", "--bundle", c.bundle, "--console-socket", path, c.id, flags=FLAG),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    host.until(lambda: scope.show("ActiveState") == "active" and scope.pids, what="the scope")
    holder = (scope.group("pids") / "cgroup.procs").read_text().split()
    assert len(holder) == 1 and int(holder[0]) != creator.pid
    creator.kill()
    creator.wait()
    host.until(lambda: host.process_state(int(holder[0])) in (None, "Z"), what="the placeholder's end")
    host.until(lambda: not scope.known, what="the scope's end")
    c.delete("--force")
    c.assert_gone()


# ---- what is refused


@pytest.mark.parametrize(
    "path, words",
    [
        ("/podo/web", "slice:prefix:name"),
        ("a.slice:web", "slice:prefix:name"),
        ("a.slice:podo:", "no name"),
        ("podotest:podo:web", r"\.slice"),
        ("podotest--a.slice:podo:web", "empty"),
        ("podotest.slice/a.slice:podo:web", "characters"),
        ("podotest.slice:podo:w b", "no name for a unit"),
        ("podotest.slice:podo:a.slice", "a scope, not a slice"),
    ],
)
@pytest.mark.needs("podo's words")
def test_a_path_that_is_none(scoped, path, words):
    c, _ = scoped("true")
    c.linux["cgroupsPath"] = path
    c.create(runtime_flags=FLAG, expect=1)
    assert "linux.cgroupsPath" in c.errors()
    assert re.search(words, c.errors())
    c.assert_gone()


@pytest.mark.needs("podo's words")
def test_what_systemd_refuses_is_said_in_its_words(scoped):
    c, scope = scoped("true")
    c.config["annotations"] = {"org.systemd.property.NoSuchThing": "1"}
    c.create(runtime_flags=FLAG, expect=1)
    assert scope.unit in c.errors() and "NoSuchThing" in c.errors()
    c.assert_gone()
    c, scope = scoped("true")
    c.config["annotations"] = {"org.systemd.property.TimeoutStopUSec": "(1, 2)"}
    c.create(runtime_flags=FLAG, expect=1)
    assert "org.systemd.property.TimeoutStopUSec" in c.errors()
    c.assert_gone()


@pytest.mark.needs("taken-scope")
def test_a_scope_that_is_taken_is_left_alone(scoped):
    first, scope = scoped("sleep 1000")
    first.up(runtime_flags=FLAG)
    second, _ = scoped("true")
    second.linux["cgroupsPath"] = first.linux["cgroupsPath"]
    second.create(runtime_flags=FLAG, expect=1)
    assert first.status() == "running" and group_of(first.pid) == scope.path
    second.assert_gone()


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs util-linux")
@pytest.mark.needs("podo's words")
def test_without_systemd_the_error_says_what_to_do(scoped):
    c, _ = scoped("true")
    c.write()
    done = subprocess.run(
        [
            "unshare",
            "--mount",
            "sh",
            "-c",
            'mount -t tmpfs tmpfs /run && mkdir -p /run/x && exec "$@"',
            "sh",
            *c.runtime.argv("run", "--bundle", c.bundle, c.id, flags=FLAG),
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    assert "systemd" in done.stderr and "cgroupfs" in done.stderr
