"""Containers on a host with AppArmor: what confines them, what that keeps them from, and what it must not.

Skipped where the kernel has no AppArmor; the virtual machine of tools/debian_machine has it."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from waiting import wait_until

KERNEL = Path("/sys/kernel/security/apparmor")
PARSER = shutil.which("apparmor_parser", path="/sbin:/usr/sbin")
NAME = "podo-default"
CONFINED = NAME + " (enforce)"

pytestmark = pytest.mark.skipif(
    not KERNEL.exists() or PARSER is None, reason="this machine has no AppArmor, or no apparmor_parser"
)

LABEL = ("cat", "/proc/self/attr/current")


def loaded():
    return [line.rsplit(" ", 1)[0] for line in (KERNEL / "profiles").read_text().splitlines()]


def unload(name=NAME):
    (KERNEL / ".remove").write_text(name)


def label(engine, *options):
    return engine.docker("run", "--rm", *options, "busybox", *LABEL)


def test_a_container_is_confined_unless_it_asks_not_to_be(engine):
    assert label(engine) == CONFINED
    assert NAME in loaded()
    assert label(engine, "--security-opt", "apparmor=docker-default") == CONFINED
    assert label(engine, "--security-opt", "apparmor=unconfined") == "unconfined"
    assert label(engine, "--privileged") == "unconfined"
    assert label(engine, "--privileged", "--security-opt", f"apparmor={NAME}") == CONFINED
    assert label(engine, "--security-opt", "no-new-privileges", "--user", "1000") == CONFINED
    assert "name=apparmor" in engine.docker("info", "--format", "{{.SecurityOptions}}")


def test_inspect_tells_the_profile_and_an_exec_has_it_too(engine):
    for name, options, profile in (
        ("usual", (), NAME),
        ("free", ("--privileged",), "unconfined"),
        ("asked", ("--security-opt", "apparmor=unconfined"), "unconfined"),
    ):
        engine.docker("run", "-d", "--name", name, *options, "busybox", "sleep", "1000")
        assert engine.docker("inspect", "-f", "{{.AppArmorProfile}}", name) == profile
        expected = CONFINED if profile == NAME else profile
        assert engine.docker("exec", name, *LABEL) == expected
        assert engine.docker("exec", "--privileged", name, *LABEL) == expected
    assert engine.docker("exec", "usual", "cat", "/proc/1/attr/current") == CONFINED


def test_a_profile_of_ones_own_confines_and_one_that_is_not_there_is_named(engine):
    own = (
        "profile podo-test-own flags=(attach_disconnected) { file, network, capability, deny /etc/passwd r, }"
    )
    subprocess.run([PARSER, "--replace"], input=own, text=True, check=True)
    try:
        own = ("--security-opt", "apparmor=podo-test-own")
        assert label(engine, *own) == "podo-test-own (enforce)"
        assert "Permission denied" in engine.fails(
            "run", "--rm", *own, "busybox", "cat", "/etc/passwd", code=1
        )
    finally:
        unload("podo-test-own")
    missing = ("--security-opt", "apparmor=podo-no-such")
    told = engine.fails("run", "--rm", *missing, "busybox", "true", code=127)
    assert "unable to apply apparmor profile podo-no-such" in told
    assert "no such file or directory" in told


# What a container with every capability and without masked paths may do to the kernel's files.
PROBE = """
try() { if (eval "$1") >/dev/null 2>&1; then echo "may: $1"; else echo "may not: $1"; fi; }
same() { try "cat $1 >/tmp/kept && cat /tmp/kept >$1"; }
same /proc/sys/kernel/shmmax
same /proc/sys/kernel/hostname
same /proc/sys/kernel/sem
same /proc/sys/vm/swappiness
same /proc/sys/net/ipv4/ip_forward
same /proc/self/oom_score_adj
try 'cat /proc/sys/net/ipv4/ip_forward'
try 'echo h >/proc/sysrq-trigger'
try 'head -c 1 /proc/kcore'
same /proc/irq/default_smp_affinity
same /sys/kernel/mm/ksm/run
try 'cat /sys/kernel/mm/ksm/run'
try 'ls /sys/firmware/*'
try 'mount -t tmpfs none /tmp'
try 'mount -o bind /tmp /etc'
try 'chroot / true'
try 'mknod /tmp/null c 1 3 && echo x >/tmp/null'
"""
REFUSED = {
    "cat /proc/sys/kernel/hostname >/tmp/kept && cat /tmp/kept >/proc/sys/kernel/hostname",
    "cat /proc/sys/kernel/sem >/tmp/kept && cat /tmp/kept >/proc/sys/kernel/sem",
    "cat /proc/sys/vm/swappiness >/tmp/kept && cat /tmp/kept >/proc/sys/vm/swappiness",
    "cat /proc/sys/net/ipv4/ip_forward >/tmp/kept && cat /tmp/kept >/proc/sys/net/ipv4/ip_forward",
    "cat /proc/irq/default_smp_affinity >/tmp/kept && cat /tmp/kept >/proc/irq/default_smp_affinity",
    "cat /sys/kernel/mm/ksm/run >/tmp/kept && cat /tmp/kept >/sys/kernel/mm/ksm/run",
    "echo h >/proc/sysrq-trigger",
    "head -c 1 /proc/kcore",
    "ls /sys/firmware/*",
    "mount -t tmpfs none /tmp",
    "mount -o bind /tmp /etc",
}


def test_who_was_given_everything_else_still_may_not_touch_the_kernels_files(engine, tmp_path):
    script = tmp_path / "probe.sh"
    script.write_text(PROBE)
    options = ("--rm", "--privileged", "-v", f"{script}:/probe.sh:ro")
    told = engine.docker(
        "run", *options, "--security-opt", f"apparmor={NAME}", "busybox", "sh", "/probe.sh"
    ).splitlines()
    refused = {line.removeprefix("may not: ") for line in told if line.startswith("may not: ")}
    allowed = {line.removeprefix("may: ") for line in told if line.startswith("may: ")}
    assert refused == REFUSED
    assert len(allowed) + len(refused) == PROBE.count("\nsame /") + PROBE.count("\ntry '")


def test_mounting_is_refused_although_the_capability_was_given(engine):
    mount = ("--rm", "--cap-add", "SYS_ADMIN", "busybox", "mount", "-t", "tmpfs", "none", "/tmp")
    assert "mount" in engine.fails("run", *mount, code=255)
    engine.docker("run", "--security-opt", "apparmor=unconfined", *mount)


def test_signals_reach_a_container_from_outside_and_processes_in_it_from_each_other(engine):
    script = "trap 'exit 7' TERM; while :; do sleep 0.1; done"
    engine.docker("run", "-d", "--name", "told", "busybox", "sh", "-c", script)
    engine.docker("stop", "told")
    assert engine.inspect("told")["State"]["ExitCode"] == 7
    for options in ((), ("--init",)):
        engine.docker("run", "-d", "--name", "killed", *options, "busybox", "sleep", "1000")
        engine.docker("exec", "killed", "sh", "-c", "sleep 1000 & kill -TERM $! && wait $!; test $? = 143")
        engine.docker("kill", "killed")
        assert engine.inspect("killed")["State"]["ExitCode"] == 137
        engine.docker("start", "killed")
        os.kill(engine.inspect("killed")["State"]["Pid"], signal.SIGKILL)
        wait_until(lambda: engine.inspect("killed")["State"]["ExitCode"] == 137)
        engine.docker("rm", "-f", "killed")


def test_a_container_that_sees_the_hosts_processes_cannot_signal_or_trace_them(engine):
    with subprocess.Popen(["sleep", "1000"]) as victim:
        try:
            sees = ("run", "--rm", "--pid", "host", "--cap-add", "ALL", "busybox")
            engine.docker(*sees, "test", "-e", f"/proc/{victim.pid}")
            assert "ermission denied" in engine.fails(*sees, "kill", "-9", victim.pid, code=1)
            engine.fails(*sees, "readlink", f"/proc/{victim.pid}/root", code=1)
            assert victim.poll() is None
        finally:
            victim.kill()


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")
def test_processes_are_traced_within_a_container_and_from_the_host(engine):
    done = engine.docker(
        *("run", "--rm", "-v", "/:/host:ro", "busybox", "chroot", "/host", "strace", "-f", "/bin/true"),
        code=None,
    )
    assert done.returncode == 0 and "exited with 0" in done.stderr
    engine.docker("run", "-d", "--name", "watched", "busybox", "sh", "-c", "while :; do sleep 0.1; done")
    pid = engine.inspect("watched")["State"]["Pid"]
    done = subprocess.run(["timeout", "5", "strace", "-p", str(pid)], capture_output=True, text=True)
    assert "wait4" in done.stderr


def test_the_life_of_a_confined_container_is_the_usual_one(engine, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "file").write_text("given")
    engine.docker(
        *("run", "-dit", "--name", "web", "-p", f"127.0.0.1:{port}:80", "--tmpfs", "/t", "-v", "kept:/kept"),
        *("-v", f"{tmp_path}:/bound", "--health-cmd", "cat /bound/file", "--health-interval", "1s"),
        *("busybox", "httpd", "-f", "-p", "80", "-h", "/bound"),
    )
    fetched = lambda: subprocess.run(
        ["busybox", "wget", "-qO-", f"http://127.0.0.1:{port}/file"], capture_output=True, text=True
    ).stdout
    assert wait_until(fetched) == "given"
    wait_until(lambda: engine.inspect("web")["State"]["Health"]["Status"] == "healthy")
    engine.docker("cp", tmp_path / "file", "web:/kept/file")
    work = (
        "cd /kept && mkdir a && mv file a/ && ln a/file b && ln -s b c && chmod 4711 c && cp b /t && cat /t/b"
    )
    assert engine.docker("exec", "web", "sh", "-c", work) == "given"
    assert engine.docker(
        "exec", "web", "sh", "-c", "tty; echo x >/dev/null; head -c 2 /dev/urandom | wc -c"
    ) == ("not a tty\n2")
    assert engine.docker("exec", "-t", "web", "tty").startswith("/dev/pts/")
    engine.docker("pause", "web")
    engine.docker("unpause", "web")
    assert "httpd" in engine.docker("top", "web")


def test_steps_of_a_build_are_confined(engine, tmp_path):
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox\nRUN cat /proc/self/attr/current >/label && mkdir -p /a/b && mv /a/b /a/c\n"
    )
    engine.podo("build", "-q", "-t", "confined", tmp_path)
    try:
        assert engine.docker("run", "--rm", "confined", "cat", "/label") == CONFINED
    finally:
        engine.docker("rmi", "confined")


def test_a_profile_that_was_unloaded_is_there_again_for_the_next_start(engine):
    label(engine)
    unload()
    assert label(engine) == CONFINED


def test_what_runs_stays_confined_when_the_daemon_is_a_new_one(make_daemon):
    daemon = make_daemon()
    daemon.docker("run", "-d", "--name", "old", "busybox", "sleep", "1000")
    daemon.kill()
    daemon.start()
    assert daemon.docker("inspect", "-f", "{{.AppArmorProfile}}", "old") == NAME
    assert daemon.docker("exec", "old", *LABEL) == CONFINED
    assert "AppArmor" not in daemon.log.read_text()


def test_without_the_parser_containers_run_and_the_daemon_says_why(
    make_daemon, request, monkeypatch, tmp_path
):
    """In a mount namespace of the daemon's own, where a file that is no program lies over the parser."""
    podo = tmp_path / "podo"
    (tmp_path / "no-program").touch()
    hide = f"mount --bind {tmp_path}/no-program {Path(PARSER).resolve()}"
    podo.write_text(
        f'#!/bin/sh\nexec unshare --mount sh -c \'{hide}; exec "$0" "$@"\' {request.config.podo} "$@"\n'
    )
    podo.chmod(0o755)
    monkeypatch.setattr(request.config, "podo", podo)
    daemon = make_daemon()
    if NAME in loaded():
        unload()
    assert label(daemon) == label(daemon) == "unconfined"
    assert "no default AppArmor profile: there is no" in daemon.docker("info", code=None).stderr
    told = [line for line in daemon.log.read_text().splitlines() if "containers run unconfined" in line]
    assert len(told) == 1
