"""The six kinds of hooks: when, where, with what, and what happens when one fails."""

import json
import os
import time

import pytest

import host

KINDS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
HOST_SIDE = ["prestart", "createRuntime", "poststart", "poststop"]  # in the runtime's namespaces


def logged(c):
    """What hooks on the host wrote to the bundle's log."""
    return host.read_softly(c.bundle / "log").splitlines()


@pytest.mark.needs("poststart")
def test_the_order(container):
    """One file for all: /work is bound to the bundle's log directory, so that startContainer writes
    there too."""
    c = container("echo process >> /work/log")
    shared = c.shared_directory()
    c.mount("/work", source=shared)
    for kind in KINDS:
        for number in (1, 2):
            path = "/work/log" if kind == "startContainer" else f"{shared}/log"
            c.hook(kind, f"echo {kind}{number} >> {path}")
    c.create()
    read = lambda: (shared / "log").read_text().split()
    created = [f"{kind}{n}" for kind in ("prestart", "createRuntime", "createContainer") for n in (1, 2)]
    assert read() == created
    c.start()
    c.wait()
    after = read()[len(created):]
    assert after[:2] == ["startContainer1", "startContainer2"]
    # poststart and the process run side by side
    assert sorted(after[2:]) == ["poststart1", "poststart2", "process"]
    c.delete()
    assert read()[-2:] == ["poststop1", "poststop2"]
    assert len(read()) == 13


@pytest.mark.parametrize("kind, status",
                         [("prestart", ("creating", "created")), ("createRuntime", ("creating", "created")),
                                          ("createContainer", ("creating", "created")),
                                          ("startContainer", ("creating", "created")),
                                          pytest.param("poststart", ("running",),
                                                       marks=pytest.mark.needs("poststart")),
                                          ("poststop", ("stopped",))])
def test_the_state_on_stdin(container, kind, status):
    c = container("sleep 0.2")
    c.config["annotations"] = {"org.example.fruit": "grape"}
    target = "/work/state" if kind == "startContainer" else f"{c.bundle}/state"
    c.hook(kind, f"cat > {target}").up()
    c.wait()
    c.delete()
    state = json.loads((c.rootfs / "work/state" if kind == "startContainer"
                        else c.bundle / "state").read_text())
    assert state["id"] == c.id
    assert state["status"] in status
    assert state["bundle"] == str(c.bundle)
    assert state["ociVersion"].startswith("1.")
    assert state["annotations"] == {"org.example.fruit": "grape"}
    if kind == "poststop":
        assert state.get("pid", 0) in (0, c.pid)
    elif kind in HOST_SIDE:
        assert state["pid"] == c.pid
    else:  # which may be told the pid as it is in there
        assert state["pid"] in (1, c.pid)


@pytest.mark.parametrize("kind", KINDS)
def test_the_namespaces(container, kind):
    c = container("for n in mnt pid net uts ipc; do readlink /proc/self/ns/$n; done")
    target = "/work/ns" if kind == "startContainer" else f"{c.bundle}/ns"
    c.hook(kind, f"for n in mnt pid net uts ipc; do readlink /proc/self/ns/$n; done > {target}")
    c.up()
    c.wait()
    c.delete()
    there = (c.rootfs / "work/ns" if kind == "startContainer" else c.bundle / "ns").read_text().split()
    inside = c.output().split()
    outside = [os.readlink(f"/proc/self/ns/{n}") for n in ("mnt", "pid", "net", "uts", "ipc")]
    if kind in HOST_SIDE:
        assert there == outside
    elif kind == "startContainer":
        assert there == inside
    else:  # createContainer: the host's files, seen from inside the container's mount namespace
        assert there[0] == inside[0]
        assert there[2:] == inside[2:]


def test_create_container_sees_the_host_files_and_the_mounts(container):
    """Before pivot_root: the bundle is reachable, and the container's mounts are already there below
    the rootfs."""
    c = container("true").mount("/mnt", "tmpfs")
    c.hook("createContainer", f"test -e {c.bundle}/config.json && echo bundle > {c.bundle}/log;"
                              f"grep -q ' {c.rootfs}/mnt ' /proc/self/mountinfo && echo "
                              f"mounts >> {c.bundle}/log")
    assert c.run().rc == 0
    assert logged(c) == ["bundle", "mounts"]


def test_create_runtime_can_reach_the_container_by_pid(container):
    """What CNI does: enter the network namespace of the pid in the state."""
    c = container("cat /proc/net/dev | grep -c grape0")
    c.hook("createRuntime", "pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' | head -1);"
                            "nsenter --net=/proc/$pid/ns/net ip link add grape0 type bridge")
    assert c.stdout() == "1\n"


@pytest.mark.parametrize("kind", KINDS)
def test_the_environment_is_exactly_the_hooks(container, kind):
    c = container("true")
    target = "/work/env" if kind == "startContainer" else f"{c.bundle}/env"
    c.hook(kind, f"env > {target}", env=["PATH=/usr/bin:/bin", "FRUIT=grape"])
    c.up()
    c.wait()
    c.delete()
    text = (c.rootfs / "work/env" if kind == "startContainer" else c.bundle / "env").read_text()
    shells = ("PWD=", "OLDPWD=", "SHLVL=", "_=")  # which sh adds by itself
    assert {line for line in text.split() if not line.startswith(shells)} == {"PATH=/usr/bin:/bin",
                                                                              "FRUIT=grape"}


@pytest.mark.needs("hook-env")
@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_a_hook_without_env_has_none_of_the_callers(container, kind):
    c = container("true")
    script = f"#!/bin/sh\n/usr/bin/tr '\\0' '\\n' < /proc/self/environ > {c.bundle}/env\n"
    (c.bundle / "hook").write_text(script)
    (c.bundle / "hook").chmod(0o755)
    c.config["hooks"] = {kind: [{"path": str(c.bundle / "hook")}]}
    assert c.run(env={**os.environ, "CALLERS_SECRET": "x"}).rc == 0
    assert "CALLERS_SECRET" not in (c.bundle / "env").read_text()


def test_args_are_the_hooks_and_default_to_the_path(container):
    c = container("true")
    script = f"#!/bin/sh\necho \"$0 $*\" >> {c.bundle}/log\n"
    (c.bundle / "hook").write_text(script)
    (c.bundle / "hook").chmod(0o755)
    path = str(c.bundle / "hook")
    c.config["hooks"] = {"createRuntime": [{"path": path, "args": ["zero", "one", "two three"]},
                                           {"path": path}]}
    assert c.run().rc == 0
    assert logged(c) == [f"{path} one two three", f"{path} "]


@pytest.mark.parametrize("kind", ["prestart", "createRuntime"])
def test_the_working_directory_is_the_bundle(container, kind):
    """The specification leaves it open; runc and crun run these two in the bundle, and hooks rely on it."""
    c = container("true")
    c.hook(kind, f"pwd > {c.bundle}/cwd")
    assert c.run().rc == 0
    assert (c.bundle / "cwd").read_text().strip() == str(c.bundle)


def test_a_start_container_hook_works_from_the_containers_root(container):
    c = container("true").hook("startContainer",
                               "ls / > /work/ls; hostname > /work/hostname; id -u > /work/id")
    c.process["user"] = {"uid": 1000, "gid": 1000}
    (c.rootfs / "work").chmod(0o777)
    assert c.run().rc == 0
    assert (c.rootfs / "work/hostname").read_text() == "podo\n"
    assert "proc" in (c.rootfs / "work/ls").read_text().split()


def test_what_a_hook_prints_does_not_get_into_the_containers_output(container):
    c = container("echo clean").hook("createRuntime", "echo noise; echo noise >&2")
    assert c.stdout() == "clean\n"


def test_a_hook_that_does_not_read_its_stdin(container):
    c = container("echo ran")
    # more than a pipe holds
    c.config["annotations"] = {f"org.example.key{i}": "x" * 1000 for i in range(200)}
    c.hook("createRuntime", "exec 0<&-; true").hook("createContainer", "true")
    assert c.stdout() == "ran\n"


def test_a_hook_that_gets_a_big_state(container):
    c = container("echo ran")
    c.config["annotations"] = {f"org.example.key{i}": "x" * 1000 for i in range(200)}
    c.hook("createRuntime", f"cat > {c.bundle}/state")
    assert c.stdout() == "ran\n"
    assert len(json.loads((c.bundle / "state").read_text())["annotations"]) == 200


# ---- failures


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "createContainer"])
def test_a_failing_hook_aborts_create(container, kind):
    c = container("echo ran")
    c.hook(kind, "echo 'the vine is dry' >&2; exit 7")
    c.hook(kind, f"echo second >> {c.bundle}/log")
    done = c.refused("hook", "7|the vine is dry")
    assert "second" not in logged(c)
    assert c.output() == ""
    assert "the vine is dry" in done.err


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "createContainer", "startContainer"])
def test_a_failing_hook_aborts_run(container, kind):
    c = container("echo ran").hook(kind, "exit 7")
    done = c.run()
    assert done.rc != 0 and "hook" in done.err
    assert done.out == ""
    c.assert_gone()


def test_a_failing_start_container_hook_stops_the_container(container):
    c = container("echo ran").hook("startContainer", "exit 7")
    c.create()
    # whose exit code differs between runtimes: the failure is the container's init's
    c.runtime("start", c.id)
    c.wait()
    host.until(lambda: c.status() == "stopped", what="stopped")
    assert "ran" not in c.output()
    c.delete()
    c.assert_gone()


@pytest.mark.needs("poststart")
def test_a_failing_poststart_hook_is_a_warning(container):
    c = container("echo ran; sleep 0.2; echo still").hook("poststart", "exit 7")
    c.create()
    done = c.runtime("start", c.id)
    assert done.rc == 0 and "poststart" in done.err
    assert c.wait() == 0
    assert c.output() == "ran\nstill\n"


@pytest.mark.needs("poststop-continues")
def test_a_failing_poststop_hook_is_a_warning(container):
    c = container("true").hook("poststop", "exit 7")
    c.hook("poststop", f"echo second >> {c.bundle}/log").up()
    c.wait()
    assert "poststop" in c.delete().err
    c.assert_gone()
    assert logged(c) == ["second"]


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_a_hook_that_is_not_there(container, kind):
    c = container("true")
    c.config["hooks"] = {kind: [{"path": "/no/such/hook"}]}
    c.refused("/no/such/hook|hook")


def test_a_hook_path_must_be_absolute(container):
    c = container("true")
    c.config["hooks"] = {"createRuntime": [{"path": "true"}]}
    c.create(expect=1)
    c.assert_gone()


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_a_hook_over_its_time_limit_is_killed(container, kind):
    c = container("echo ran").hook(kind, "exec sleep 60", timeout=1)
    begun = time.monotonic()
    done = c.create(expect=1)
    assert time.monotonic() - begun < 10
    assert "hook" in done.err or "time" in done.err
    c.assert_gone()


@pytest.mark.needs("hook-children")
def test_a_child_of_a_hook_over_its_time_limit_holds_nothing_up(container):
    """The shell is killed; its `sleep` still has the pipes."""
    c = container("echo ran").hook("createRuntime", "sleep 4; true", timeout=1)
    begun = time.monotonic()
    c.create(expect=1)
    assert time.monotonic() - begun < 3
    c.assert_gone()
    host.until(lambda: not any("sleep 4" in host.command_line(pid) for pid in host.children()[0]), 6,
               "its end")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_time_limit_must_be_positive(container, limit):
    c = container("echo ran").hook("createRuntime", "true", timeout=limit)
    done = c.create(expect=None)
    if done.rc:
        assert "timeout" in done.err or "hook" in done.err


def test_poststop_runs_after_a_failed_create(container):
    """createRuntime hooks may have set up a network; poststop is where it is taken down."""
    c = container("true").hook("createRuntime", "exit 1")
    c.hook("poststop", f"echo poststop >> {c.bundle}/log")
    c.create(expect=1)
    c.assert_gone()
    assert logged(c) == ["poststop"]


def test_poststop_of_a_deleted_container_runs_once(container):
    c = container("sleep 100")
    c.hook("poststop", f"echo poststop >> {c.bundle}/log").up()
    c.delete("--force")
    c.runtime("delete", "--force", c.id)
    assert logged(c) == ["poststop"]
