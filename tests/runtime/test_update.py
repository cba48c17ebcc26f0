"""pause, resume, update and events of a running container: what an engine does to its cgroups later on."""

import json
import subprocess
import threading
import time

import pytest

import host
from test_cgroups import DENIED, MIB, OPEN, v1, with_device


# ---- pause and resume


def test_pause_and_resume(container):
    c = container("while :; do echo tick; sleep 0.02; done").up()
    c.says("tick")
    assert c.runtime("pause", c.id).rc == 0
    assert c.status() == "paused"
    frozen = c.output()
    time.sleep(0.2)
    assert c.output() == frozen
    assert c.runtime("resume", c.id).rc == 0
    assert c.status() == "running"
    host.until(lambda: len(c.output()) > len(frozen), what="more ticks")


def test_pause_twice_and_resume_of_a_running_container(container):
    c = container("echo up; sleep 100").up()
    assert c.runtime("resume", c.id).rc != 0
    assert c.runtime("pause", c.id).rc == 0
    c.runtime("pause", c.id)
    assert c.status() == "paused"
    assert c.runtime("resume", c.id).rc == 0
    assert c.status() == "running"


def test_pause_of_a_stopped_container(container):
    c = container("true").up()
    c.wait()
    done = c.runtime("pause", c.id)
    assert done.rc != 0 and done.err.strip()


def test_exec_in_a_paused_container_is_refused(container):
    c = container("echo up; sleep 100").up()
    c.runtime("pause", c.id)
    done = c.exec("true")
    assert done.rc != 0 and "paused" in done.err


def test_list_says_paused(container):
    c = container("echo up; sleep 100").up()
    c.runtime("pause", c.id)
    assert [row["status"] for row in json.loads(c.runtime("list", "--format", "json").out)] == ["paused"]


def test_delete_force_of_a_paused_container(container):
    c = container("echo up; sleep 100").up()
    c.runtime("pause", c.id)
    c.delete("--force")
    c.assert_gone()
    assert c.wait() == 137


def test_kill_of_a_paused_container_takes_effect(container):
    c = container("echo up; sleep 100").up()
    c.runtime("pause", c.id)
    c.kill("KILL")
    c.runtime("resume", c.id)
    assert c.wait() == 137


# ---- update


@v1
@pytest.mark.parametrize("flags, controller, name, value", [
    (["--memory", "33554432"], "memory", "memory.limit_in_bytes", "33554432"),
    (["--memory-reservation", "16777216"], "memory", "memory.soft_limit_in_bytes", "16777216"),
    (["--memory-swap", "134217728"], "memory", "memory.memsw.limit_in_bytes", "134217728"),
    (["--cpu-share", "200"], "cpu", "cpu.shares", "200"),
    (["--cpu-quota", "30000"], "cpu", "cpu.cfs_quota_us", "30000"),
    (["--cpu-period", "50000"], "cpu", "cpu.cfs_period_us", "50000"),
    (["--cpuset-cpus", "0"], "cpuset", "cpuset.cpus", "0"),
    (["--cpuset-mems", "0"], "cpuset", "cpuset.mems", "0"),
    (["--pids-limit", "77"], "pids", "pids.max", "77"),
    (["--pids-limit", "-1"], "pids", "pids.max", "max"),
], ids=lambda v: v[0] + "=" + v[1] if isinstance(v, list) else "")
def test_update_by_flags(container, flags, controller, name, value):
    c = container("echo up; sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB, "swap": 64 * MIB}
    c.resources["pids"] = {"limit": 20}
    c.up()
    done = c.runtime("update", *flags, c.id)
    assert done.rc == 0, done
    assert c.knob(controller, name) == value


@v1
@pytest.mark.parametrize("source", ["-", "file"])
def test_update_by_resources(container, source, tmp_path):
    c = container("echo up; sleep 100")
    c.resources["memory"] = {"limit": 64 * MIB}
    c.up()
    resources = json.dumps({"memory": {"limit": 32 * MIB},
                            "cpu": {"shares": 300, "quota": 40000, "period": 80000},
                            "pids": {"limit": 55}})
    (tmp_path / "file").write_text(resources)
    where = "-" if source == "-" else str(tmp_path / "file")
    done = c.runtime("update", "--resources", where, c.id, stdin=resources)
    assert done.rc == 0, done
    assert c.knob("memory", "memory.limit_in_bytes") == str(32 * MIB)
    assert c.knob("cpu", "cpu.shares") == "300"
    assert (c.knob("cpu", "cpu.cfs_quota_us"), c.knob("cpu", "cpu.cfs_period_us")) == ("40000", "80000")
    assert c.knob("pids", "pids.max") == "55"


@v1
def test_update_leaves_the_rest_alone(container):
    c = container("echo up; sleep 100")
    c.resources["cpu"] = {"shares": 700}
    c.resources["pids"] = {"limit": 20}
    c.up()
    assert c.runtime("update", "--pids-limit", "30", c.id).rc == 0
    assert (c.knob("cpu", "cpu.shares"), c.knob("pids", "pids.max")) == ("700", "30")
    with_device(c)
    assert c.exec_sh("probe open /work/dev r; probe open /dev/null r").out.splitlines() == [DENIED, OPEN]


@v1
def test_update_raises_memory_and_swap_together(container):
    """memsw must stay above limit at every step: the order of the two writes depends on the direction."""
    c = container("echo up; sleep 100")
    c.resources["memory"] = {"limit": 32 * MIB, "swap": 32 * MIB}
    c.up()
    for size in (256, 48, 512):
        text = str(size * MIB)
        assert c.runtime("update", "--memory", text, "--memory-swap", text, c.id).rc == 0
        assert c.knob("memory", "memory.limit_in_bytes") == c.knob("memory",
                                                                   "memory.memsw.limit_in_bytes") == text


def test_update_is_felt_inside(container):
    c = container("echo up; sleep 100")
    c.resources["pids"] = {"limit": 100}
    c.up().says("up")
    assert c.runtime("update", "--pids-limit", "6", c.id).rc == 0
    count, why = c.exec("probe", "forks", "20").out.split()
    assert why == "EAGAIN" and int(count) < 6


def test_update_of_a_created_container(container):
    c = container(args=["probe", "forks", "20"])
    c.create()
    assert c.runtime("update", "--pids-limit", "6", c.id).rc == 0
    c.start()
    c.wait()
    assert "EAGAIN" in c.output()


def test_update_of_a_stopped_container(container):
    c = container("true").up()
    c.wait()
    done = c.runtime("update", "--pids-limit", "6", c.id)
    assert done.rc != 0 and done.err.strip()


@pytest.mark.parametrize("stdin", ["", "{", "[]", '{"memory": {"limit": "much"}}'])
def test_update_with_broken_resources(container, stdin):
    c = container("echo up; sleep 100").up()
    done = c.runtime("update", "--resources", "-", c.id, stdin=stdin)
    assert done.rc != 0 and done.err.strip()
    assert c.status() == "running"


@v1
def test_update_the_kernel_refuses_names_the_setting(container):
    c = container("echo up; sleep 100").up()
    done = c.runtime("update", "--cpuset-cpus", "4095", c.id)
    assert done.rc != 0 and "cpuset" in done.err


# ---- events


def test_events_stats(container):
    c = container("probe memory 8; probe burn 50; echo up; sleep 100; :")
    c.resources["memory"] = {"limit": 64 * MIB}
    c.resources["pids"] = {"limit": 50}
    c.up().says("up")
    event = json.loads(c.runtime("events", "--stats", c.id).out)
    assert event["type"] == "stats" and event["id"] == c.id
    data = event["data"]
    assert data["memory"]["usage"]["limit"] == 64 * MIB
    assert data["memory"]["usage"]["usage"] > 0
    assert data["memory"]["usage"]["max"] >= 8 * MIB
    assert data["memory"]["usage"]["failcnt"] == 0
    assert "cache" in data["memory"]
    assert data["memory"]["raw"]
    assert data["pids"]["current"] == 2  # sh and sleep
    assert data["pids"]["limit"] == 50
    # nanoseconds; on a busy host 50 ms of wall time are few of CPU
    assert data["cpu"]["usage"]["total"] > 5_000_000
    assert {"kernel", "user"} <= set(data["cpu"]["usage"])
    assert "throttling" in data["cpu"]
    assert "blkio" in data


def follow(c, *flags):
    return subprocess.Popen(c.runtime.argv("events", *flags, c.id), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE,
                            text=True)


def test_events_at_an_interval(container):
    c = container("echo up; sleep 100").up()
    with follow(c, "--interval", "100ms") as events:
        try:
            lines = [json.loads(events.stdout.readline()) for _ in range(2)]
            assert [line["type"] for line in lines] == ["stats", "stats"]
        finally:
            events.kill()


def test_events_tell_of_an_oom(container):
    c = container("while ! test -e /work/go; do sleep 0.05; done; probe memory 100; echo $?; sleep 100")
    c.resources["memory"] = {"limit": 32 * MIB, "swap": 32 * MIB}
    c.up()
    with follow(c, "--interval", "60s") as events:
        timer = threading.Timer(15, events.kill)
        timer.start()
        try:
            time.sleep(0.4)
            (c.rootfs / "work/go").write_text("")
            c.says("137")
            kinds = []
            for line in events.stdout:
                kinds.append(json.loads(line)["type"])
                if kinds[-1] == "oom":
                    break
            assert kinds[-1:] == ["oom"]
        finally:
            timer.cancel()
            events.kill()


def test_events_end_with_the_container(container):
    c = container("while ! test -e /work/go; do sleep 0.05; done").up()
    with follow(c, "--interval", "60s") as events:
        try:
            time.sleep(0.3)
            (c.rootfs / "work/go").write_text("")
            c.wait()
            c.runtime("delete", c.id)
            events.communicate(timeout=10)
        finally:
            events.kill()


def test_events_of_a_stopped_container(container):
    c = container("true").up()
    c.wait()
    done = c.runtime("events", "--stats", c.id)
    assert done.rc != 0 and "not running" in done.err.lower()


@pytest.mark.parametrize("interval", ["0s", "-1s", "grape"])
def test_events_interval_nonsense(container, interval):
    c = container("echo up; sleep 100").up()
    assert c.runtime("events", "--interval", interval, c.id).rc != 0
