"""The daemon is killed, its containers are not."""

import fcntl
import random
import subprocess
import threading
import time

import pytest

from daemon import leftovers, wait_until


def test_a_killed_daemon_loses_nothing(make_daemon):
    engine = make_daemon()
    engine.docker("network", "create", "net")
    engine.docker(
        "run",
        "-d",
        "--name",
        "runs",
        "--network",
        "net",
        "-p",
        "127.0.0.1::80",
        "busybox",
        "sh",
        "-c",
        "i=0; while :; do echo line $i; i=$((i+1)); sleep 0.01; done",
    )
    engine.docker("run", "-d", "--name", "ends", "busybox", "sh", "-c", "sleep 0.5; exit 5")
    engine.docker("run", "-d", "--name", "typed", "-i", "busybox", "cat")
    before = {name: engine.inspect(name) for name in ("runs", "typed")}
    engine.kill()
    time.sleep(1)
    engine.start()
    assert engine.docker("wait", "ends") == "5"
    for name, was in before.items():
        now = engine.inspect(name)
        assert (
            now["State"]["Pid"] == was["State"]["Pid"]
            and now["State"]["StartedAt"] == was["State"]["StartedAt"]
        )
        assert now["NetworkSettings"]["Ports"] == was["NetworkSettings"]["Ports"]
    attached = engine.background("attach", "typed", stdin=subprocess.PIPE)
    attached.stdin.write("still here\n")
    attached.stdin.flush()
    assert attached.stdout.readline() == "still here\n"
    attached.kill()
    attached.communicate()
    lines = engine.docker("logs", "runs").split("\n")
    assert lines == [f"line {number}" for number in range(len(lines))] and len(lines) > 50
    assert engine.docker("exec", "runs", "echo", "ok") == "ok"
    assert "1 packets received" in engine.docker(
        "run", "--rm", "--network", "net", "busybox", "ping", "-c1", "-W2", "runs"
    )
    engine.docker("stop", "-t", "0", "runs")


def test_restart_policies_go_on(make_daemon):
    engine = make_daemon()
    engine.docker("run", "-d", "--name", "always", "--restart", "always", "busybox", "sleep", "1000")
    engine.docker("run", "-d", "--name", "stopped", "--restart", "unless-stopped", "busybox", "sleep", "1000")
    engine.docker("stop", "-t", "0", "stopped")
    engine.kill()
    subprocess_kill(engine, "always")
    engine.start()
    wait_until(lambda: engine.inspect("always")["State"]["Running"])
    assert not engine.inspect("stopped")["State"]["Running"]


def subprocess_kill(engine, name):
    """The container's first process, found without the daemon."""
    import os
    import signal

    for folder in (engine.run / "containers").iterdir():
        if (folder / "pid").exists():
            os.kill(int((folder / "pid").read_text().split()[0]), signal.SIGKILL)


def test_a_second_daemon_is_refused(make_daemon):
    engine = make_daemon()
    second = subprocess.run(
        [engine.program, "serve", "--no-cluster", "--data", engine.data, "--run", engine.run],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert second.returncode == 1 and str(engine.data) in second.stderr
    assert engine.answers()


def test_what_a_killed_daemon_was_about_to_start_holds_up_nobody_for_long(make_daemon):
    """Until it executes its program, the child of a daemon has the daemon's lock."""
    engine = make_daemon()
    engine.kill()
    with open(engine.data / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as that child would
        release = threading.Timer(1, fcntl.flock, [lock, fcntl.LOCK_UN])
        begun = time.monotonic()
        release.start()
        engine.start()
        assert time.monotonic() - begun > 0.9
        release.join()


def test_two_daemons_side_by_side(make_daemon):
    one, two = make_daemon(), make_daemon()
    for engine in (one, two):
        engine.docker("run", "-d", "--name", "same", "busybox", "sleep", "100")
    assert one.docker("exec", "same", "cat", "/etc/hostname") != two.docker(
        "exec", "same", "cat", "/etc/hostname"
    )
    one.docker("rm", "-f", "same")
    assert two.docker("exec", "same", "echo", "ok") == "ok"


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_in_a_loop_of_operations(make_daemon, seed):
    """After every kill: what was acknowledged is there, and at the end nothing is left over."""
    engine = make_daemon()
    chance = random.Random(seed)
    alive, number = {}, 0
    for round_ in range(100):
        kill = chance.random() < 0.25
        action = chance.choice(["run", "run", "stop", "rm", "restart", "exec"])
        name = chance.choice(sorted(alive)) if alive and action != "run" else None
        if name is None:
            name, action = f"c{number}", "run"
            number += 1
        words = {
            "run": ["run", "-d", "--name", name, "busybox", "sleep", "1000"],
            "stop": ["stop", "-t", "0", name],
            "rm": ["rm", "-f", name],
            "restart": ["restart", "-t", "0", name],
            "exec": ["exec", name, "true"],
        }[action]
        command = engine.background(*words)
        if kill:
            time.sleep(chance.random() * 0.05)
            engine.kill()
            command.communicate(timeout=30)
            engine.start()
            known = set(engine.docker("ps", "-a", "--format", "{{.Names}}").split())
            if command.returncode == 0:
                assert (name in known) == (action != "rm"), f"{words} was acknowledged"
            assert set(alive) - {name} <= known, "a container is lost"
            for other in set(alive) - {name}:
                assert engine.inspect(other)["State"]["Running"] == alive[other], other
        else:
            out, err = command.communicate(timeout=30)
            assert (
                command.returncode == 0 or action == "exec" and not alive[name]
            ), f"{words}: {err}\n{engine.tail()}"
        listed = dict(
            line.rsplit(" ", 1)
            for line in engine.docker("ps", "-a", "--format", "{{.Names}} {{.State}}").splitlines()
        )
        alive = {one: state == "running" for one, state in listed.items()}
        if len(alive) > 6:
            engine.docker("rm", "-f", *sorted(alive)[:4])
            for one in sorted(alive)[:4]:
                del alive[one]
