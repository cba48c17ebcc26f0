"""Limits as the docker CLI gives them, looked up where the kernel keeps them: control groups of version 1 or
2, whichever this machine has; what a container sees of its groups, and devices."""

import os
from pathlib import Path

import pytest

from waiting import wait_until

TOP = Path("/sys/fs/cgroup")
V2 = (TOP / "cgroup.controllers").exists()
MIB = 1 << 20


class Groups:
    """The groups of a container's first process."""

    def __init__(self, engine, name):
        pid = engine.inspect(name)["State"]["Pid"]
        self.lines = [line.rstrip("\n").split(":", 2) for line in open(f"/proc/{pid}/cgroup")]

    def path(self, controller):
        for _, names, path in self.lines:
            if V2 or controller in names.split(","):
                return TOP / ("" if V2 else controller) / path.lstrip("/")
        return pytest.skip(f"this machine has no {controller} controller")

    def value(self, controller, v1, v2):
        return (self.path(controller) / (v2 if V2 else v1)).read_text().strip()

    def cpu(self):
        """(quota, period, weight or shares)"""
        if V2:
            return (*self.value("cpu", "", "cpu.max").split(), self.value("cpu", "", "cpu.weight"))
        return tuple(
            self.value("cpu", f"cpu.{name}", "") for name in ("cfs_quota_us", "cfs_period_us", "shares")
        )

    def memory(self):
        """(limit, limit of memory and swap together, reservation) in MiB"""
        names = (
            ("max", "swap.max", "low")
            if V2
            else ("limit_in_bytes", "memsw.limit_in_bytes", "soft_limit_in_bytes")
        )
        limit, swap, reservation = [
            int(self.value("memory", *[f"memory.{name}"] * 2)) // MIB for name in names
        ]
        return limit, limit + swap if V2 else swap, reservation


def box(engine, *flags, script="sleep 100"):
    engine.docker("run", "-d", "--name", "box", *flags, "busybox", "sh", "-c", script)
    return Groups(engine, "box")


def disk():
    """The path and MAJOR:MINOR of a disk with a medium."""
    for name in sorted(os.listdir("/sys/block")):
        if not name.startswith(("loop", "ram", "zram", "fd", "sr")) and os.path.exists(f"/dev/{name}"):
            return f"/dev/{name}", Path(f"/sys/block/{name}/dev").read_text().strip()
    return pytest.skip("this machine has no disk")


def test_limits_are_in_the_groups(engine):
    flags = "-m 50m --memory-swap 80m --memory-reservation 20m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0"
    groups = box(engine, *flags.split(), "--pids-limit", "20")
    assert groups.memory() == (50, 80, 20)
    assert groups.cpu() == ("50000", "100000", "59" if V2 else "512")
    assert groups.value("cpuset", *["cpuset.cpus"] * 2) == "0"
    assert groups.value("pids", *["pids.max"] * 2) == "20"
    engine.docker("update", "-m", "60m", "--memory-swap", "100m", "--memory-reservation", "10m", "box")
    engine.docker("update", "--cpus", "0.75", "--cpu-shares", "1024", "--pids-limit", "30", "box")
    assert groups.memory() == (60, 100, 10)
    assert groups.cpu() == ("75000", "100000", "100" if V2 else "1024")
    assert groups.value("pids", *["pids.max"] * 2) == "30"
    engine.docker("update", "--pids-limit", "-1", "box")
    assert groups.value("pids", *["pids.max"] * 2) == "max"


def test_swap_is_as_much_as_memory_when_nothing_is_said(engine):
    assert box(engine, "-m", "50m").memory()[:2] == (50, 100)


def test_throttles_are_in_the_groups(engine):
    path, number = disk()
    groups = box(engine, "--device-write-bps", f"{path}:1mb", "--device-read-iops", f"{path}:100")
    if V2:
        assert groups.value("io", "", "io.max") == f"{number} rbps=max wbps={MIB} riops=100 wiops=max"
    else:
        assert groups.value("blkio", "blkio.throttle.write_bps_device", "") == f"{number} {MIB}"
        assert groups.value("blkio", "blkio.throttle.read_iops_device", "") == f"{number} 100"


def test_stats_are_what_the_groups_tell(engine):
    """MEM USAGE is without the files' pages that nobody used lately, as docker has it."""
    groups = box(
        engine, "-m", "64m", script="dd if=/dev/zero of=/f bs=1M count=8 2>/dev/null; echo up; sleep 100"
    )
    wait_until(lambda: engine.docker("logs", "box") == "up")
    status, sample = engine.api("GET", "/containers/box/stats?stream=false&one-shot=true")[:2]
    assert status == 200
    memory = sample["memory_stats"]
    inactive = memory["stats"]["inactive_file" if V2 else "total_inactive_file"]
    assert memory["limit"] == 64 * MIB and memory["usage"] > inactive > 4 * MIB
    assert sample["pids_stats"]["current"] == int(groups.value("pids", *["pids.current"] * 2))
    assert sample["cpu_stats"]["cpu_usage"]["total_usage"] > 0
    shown = engine.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", "box").split()[0]
    assert not shown.endswith("MiB") or float(shown[:-3]) * MIB < memory["usage"] - inactive / 2


def test_what_a_container_sees_of_its_groups(engine):
    """On v2 its own group is the root of all it sees, also for a privileged one; on v1 nothing is hidden."""
    look = "grep -v name= /proc/self/cgroup | head -1 | cut -d: -f3; grep -E ' cgroup2? ' /proc/self/mounts"
    run = lambda *flags: engine.docker("run", "--rm", *flags, "busybox", "sh", "-c", look).splitlines()
    options = lambda lines: {line.split()[3].split(",")[0] for line in lines[1:]}
    for flags, mode in (((), "ro"), (("--privileged",), "rw")):
        assert (run(*flags)[0] == "/") == V2
        assert options(run(*flags)) == {mode}
        assert run("--cgroupns", "private", *flags)[0] == "/"
        assert run("--cgroupns", "host", *flags)[0] != "/"


@pytest.mark.skipif(not V2, reason="groups of cgroup v1 are not for containers to make")
def test_a_container_with_containers_in_it(engine):
    """What the entry point of docker in docker does: itself into a sub-group, then controllers for others."""
    script = """
        cd /sys/fs/cgroup; mkdir init; for p in $(cat cgroup.procs); do echo $p > init/cgroup.procs; done
        sed 's/ / +/g; s/^/+/' cgroup.controllers > cgroup.subtree_control
        mkdir -p docker/inner; echo +pids > docker/cgroup.subtree_control
        echo 7 > docker/inner/pids.max; cat docker/inner/pids.max; sleep 100"""
    box(engine, "--privileged", "--pids-limit", "50", script=script)
    wait_until(lambda: engine.docker("logs", "box") == "7")
    assert Groups(engine, "box").path("").parts[-2:] == (engine.inspect("box")["Id"], "init")
    assert engine.docker("exec", "box", "cat", "/proc/self/cgroup") == "0::/init"
    assert engine.docker("exec", "box", "cat", "/sys/fs/cgroup/pids.max") == "50"
    engine.docker("pause", "box")
    assert "Paused" in engine.docker("ps", "--format", "{{.Status}}")
    engine.docker("unpause", "box")
    assert "Paused" not in engine.docker("ps", "--format", "{{.Status}}")
    assert "sleep 100" in engine.docker("top", "box")
    whole = Groups(engine, "box").path("").parent
    assert whole.exists()
    engine.docker("rm", "-f", "box")
    assert not whole.exists()


def a_device_of_the_host(folder):
    """A node of a device that no container gets by itself and any root may open."""
    known = dict(reversed(line.split()) for line in open("/proc/misc"))
    number = next((known[name] for name in ("loop-control", "fuse", "kvm") if name in known), None)
    if number is None:
        pytest.skip("this machine has none of the devices the test tries")
    os.mknod(folder / "node", 0o20666, os.makedev(10, int(number)))
    return folder / "node", f"10:{number}"


def test_devices_that_were_given(engine, tmp_path):
    node, number = a_device_of_the_host(tmp_path)
    make = f"mknod /dev/k c {number.replace(':', ' ')}"
    opens = "(: < /dev/k) 2>/dev/null && echo read; (: >> /dev/k) 2>/dev/null && echo write; true"
    run = lambda *words: engine.docker("run", "--rm", *words[:-1], "busybox", "sh", "-c", words[-1]).split()
    assert run(f"{make}; {opens}") == []
    assert run("--device", f"{node}:/dev/k", opens) == ["read", "write"]
    assert run("--device", f"{node}:/dev/k:r", opens) == ["read"]
    assert run("--device-cgroup-rule", f"c {number} w", f"{make}; {opens}") == ["write"]
    assert run("--privileged", f"{make}; {opens}") == ["read", "write"]
