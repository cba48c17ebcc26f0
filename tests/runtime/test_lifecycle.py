"""create, start, state, kill, delete, run, ps, list: what an engine does all day."""

import json
import os
import signal
import subprocess
import time

import pytest

import host
from container import TIMEOUT

SLEEP = "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"


# ---- create and start are two steps


def test_the_process_waits_between_create_and_start(container):
    c = container("touch /work/ran; echo ran")
    c.create()
    assert c.status() == "created"
    assert host.process_state(c.pid) in ("S", "D", "R")
    assert not (c.rootfs / "work/ran").exists()
    assert c.output() == ""
    c.start()
    assert c.wait() == 0
    assert c.output() == "ran\n"
    assert (c.rootfs / "work/ran").exists()


def test_create_sets_the_pid_and_start_keeps_it(container):
    c = container("echo $$; " + SLEEP)
    c.create()
    created = c.state()["pid"]
    assert created == c.pid
    c.start()
    c.says("up")
    assert c.state()["pid"] == created
    assert c.output().startswith("1\n")  # the first of its pid namespace
    assert host.command_line(created).startswith("sh -c")


def test_changes_to_config_after_create_do_not_matter(container):
    c = container("echo first")
    c.create()
    c.sh("echo second").write()
    c.start()
    c.wait()
    assert c.output() == "first\n"


def test_state_has_every_field_of_the_specification(container):
    c = container("echo up; sleep 100")
    c.config["annotations"] = {"org.example.fruit": "grape", "org.example.empty": ""}
    c.create()
    for status in ("created", "running", "stopped"):
        if status == "running":
            c.start()
            c.says("up")
        elif status == "stopped":
            c.kill("KILL")
            c.wait()
        state = c.state()
        assert state["status"] == status
        assert state["id"] == c.id
        assert state["bundle"] == str(c.bundle)
        assert state["annotations"] == {"org.example.fruit": "grape", "org.example.empty": ""}
        assert state["ociVersion"].startswith("1.")
        assert state.get("pid", 0) == (0 if status == "stopped" else c.pid)


def test_an_unreaped_process_is_stopped(container):
    """The caller is a subreaper that has not looked yet: the zombie must not count as running."""
    c = container("exit 3").up()
    host.until(lambda: host.process_state(c.pid) == "Z", what="the process becomes a zombie")
    assert c.status() == "stopped"
    c.delete()
    assert c.wait() == 3


def test_bundle_defaults_to_the_working_directory(container):
    c = container("echo here").write()
    done = c.runtime("run", c.id, cwd=c.bundle)
    assert (done.rc, done.out) == (0, "here\n")


def test_bundle_may_be_relative(container):
    c = container("echo up; sleep 100").write()
    argv = c.runtime.argv("run", "--detach", "--pid-file", "pid", "--bundle", c.bundle.name, c.id)
    with open(c.bundle / "stdout", "w") as out:
        assert subprocess.run(argv, cwd=c.bundle.parent, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                              timeout=TIMEOUT).returncode == 0
    assert c.state()["bundle"] == str(c.bundle)
    (c.bundle.parent / "pid").unlink()  # relative to the caller's working directory
    c.kill("KILL")


def test_an_absolute_root_path(container):
    c = container("echo here")
    c.config["root"]["path"] = str(c.rootfs)
    assert c.stdout() == "here\n"


# ---- what must be refused


def test_create_twice(container):
    c = container(SLEEP).up()
    done = c.create(expect=1)
    assert "exist" in done.err
    assert c.status() == "running"


def test_create_of_a_stopped_but_undeleted_id(container):
    c = container("true").up()
    c.wait()
    assert "exist" in c.create(expect=1).err
    assert c.status() == "stopped"


def test_start_twice(container):
    c = container(SLEEP).up()
    c.says("up")
    done = c.start(expect=1)
    assert "running" in done.err or "created" in done.err
    assert c.status() == "running"


def test_start_after_stop(container):
    c = container("true").up()
    c.wait()
    done = c.start(expect=1)
    assert "stopped" in done.err


def test_start_of_a_process_killed_while_it_waited(container):
    c = container("echo ran")
    c.create()
    os.kill(c.pid, signal.SIGKILL)
    c.wait()
    c.start(expect=1)
    assert c.status() == "stopped"
    c.delete()
    assert c.output() == ""


def test_delete_of_a_running_container_needs_force(container):
    c = container(SLEEP).up()
    c.says("up")
    done = c.delete(expect=1)
    assert "running" in done.err or "not stopped" in done.err
    assert c.status() == "running"
    c.delete("--force")
    c.assert_gone()
    assert c.wait() == 128 + signal.SIGKILL


def test_delete_twice(container):
    c = container("true").up()
    c.wait()
    c.delete()
    c.assert_gone()
    assert "not exist" in c.delete(expect=1).err


def test_delete_force_of_an_unknown_id_succeeds(container):
    c = container()
    assert c.delete("--force").rc == 0


@pytest.mark.parametrize("command",
                         [["state"], ["start"], ["kill"], ["delete"], ["ps"], ["pause"], ["resume"],
                                     ["exec"], ["events", "--stats"], ["update"]], ids=lambda c: c[0])
def test_an_unknown_id(container, command):
    c = container()
    tail = {"exec": ["true"], "kill": ["KILL"]}.get(command[0], [])
    flags = ["--pids-limit", "5"] if command[0] == "update" else []
    done = c.runtime(command[0], *command[1:], *flags, c.id, *tail)
    assert done.rc != 0
    assert "not exist" in done.err, done.err


@pytest.mark.parametrize("bad", ["../x", "a/b", "", ".", "..", "a b", "x\ny", "é", "/abs"])
def test_an_invalid_id(container, bad):
    c = container("true").write()
    for verb in ("create", "run"):
        done = c.runtime(verb, "--bundle", c.bundle, bad)
        assert done.rc != 0
        assert "id" in done.err.lower()
    for verb in ("state", "delete"):
        assert c.runtime(verb, bad).rc != 0
    assert not os.path.exists(os.path.join(c.runtime.root, "..", "x"))


def test_an_id_that_is_too_long(container):
    c = container("true").write()
    done = c.runtime("create", "--bundle", c.bundle, "x" * 1100)
    assert done.rc != 0 and done.err.strip()


def test_a_long_id_works(container):
    c = container("true")
    c.id = c.id + "-" + "v" * (128 - len(c.id) - 1)
    c.linux["cgroupsPath"] = "/" + c.id
    assert c.run().rc == 0


# ---- signals


@pytest.mark.parametrize("name", ["TERM", "SIGTERM", "15"])
def test_kill_by_name_and_number(container, name):
    c = container(args=["probe", "trap", "15"]).up()
    c.says("ready")
    c.kill(name)
    assert c.wait() == 0
    assert "got 15" in c.output()


def test_kill_defaults_to_term(container):
    c = container(args=["probe", "trap", "15"]).up()
    c.says("ready")
    assert c.runtime("kill", c.id).rc == 0
    assert c.wait() == 0
    assert "got 15" in c.output()


def test_kill_with_a_real_time_signal_number(container):
    c = container(args=["probe", "trap", "40"]).up()
    c.says("ready")
    c.kill("40")
    assert c.wait() == 0
    assert "got 40" in c.output()


def test_kill_with_nonsense(container):
    c = container(SLEEP).up()
    for bad in ("NOSUCH", "99", "-1"):
        done = c.runtime("kill", c.id, bad)
        assert done.rc != 0
    assert c.status() == "running"


def test_kill_of_a_created_container(container):
    c = container("echo ran")
    c.create()
    c.kill("KILL")
    assert c.wait() == 128 + signal.SIGKILL
    assert c.status() == "stopped"
    c.delete()
    c.assert_gone()


def test_kill_of_a_stopped_container_says_so(container):
    c = container("true").up()
    c.wait()
    done = c.kill("KILL", expect=1)
    assert "not running" in done.err or "stopped" in done.err or "process already finished" in done.err


def test_kill_does_not_hit_a_process_that_took_the_pid(container):
    """State on disk names pid and start time; a pid that now belongs to somebody else is a stopped
    container."""
    c = container("true").up()
    c.wait()
    time.sleep(0.05)  # the kernel tells start times in ticks of 10 ms; no pid comes back within one
    with subprocess.Popen(["sleep", "100"]) as other:
        try:
            for path, _, files in os.walk(os.path.join(c.runtime.root, c.id)):
                for name in files:
                    text = host.read_softly(os.path.join(path, name))
                    if str(c.pid) in text:
                        host.write_softly(os.path.join(path, name), text.replace(str(c.pid), str(other.pid)))
            c.runtime("kill", c.id, "KILL")
            c.runtime("delete", "--force", c.id)
            assert other.poll() is None, "a stranger was killed"
        finally:
            other.kill()


def test_kill_all_reaches_every_process_when_the_pid_namespace_is_shared(container):
    c = container("sleep 300 & sleep 301 & echo up; wait").without_namespace("pid").up()
    c.says("up")
    pids = json.loads(c.runtime("ps", "--format", "json", c.id).out)
    assert len(pids) == 3
    c.kill("KILL", "--all")
    host.until(lambda: all(host.process_state(pid) in (None, "Z") for pid in pids), what="all are dead")
    host.until(lambda: c.status() == "stopped", what="stopped")
    c.delete()


def test_delete_force_kills_every_process_when_the_pid_namespace_is_shared(container):
    c = container("sleep 300 & sleep 301 & echo up; wait").without_namespace("pid").up()
    c.says("up")
    pids = json.loads(c.runtime("ps", "--format", "json", c.id).out)
    c.delete("--force")
    host.until(lambda: all(host.process_state(pid) in (None, "Z") for pid in pids), what="all are dead")
    c.assert_gone()


# ---- ps, list, pid file


def test_ps(container):
    c = container("sleep 98765 & echo up; wait").up()
    c.says("up")
    table = c.runtime("ps", c.id).out.splitlines()
    assert "PID" in table[0]
    assert len(table) == 3
    assert any("sleep 98765" in line for line in table)
    pids = json.loads(c.runtime("ps", "--format", "json", c.id).out)
    assert c.pid in pids and len(pids) == 2
    for pid in pids:
        assert os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink(f"/proc/{c.pid}/ns/mnt")


def test_ps_format_nonsense(container):
    c = container("sleep 100").up()
    assert c.runtime("ps", "--format", "grape", c.id).rc != 0


def test_list(container):
    running, stopped = container(SLEEP).up(), container("true").up()
    running.says("up")
    stopped.wait()
    assert set(running.runtime("list", "-q").out.split()) == {running.id, stopped.id}
    rows = {row["id"]: row for row in json.loads(running.runtime("list", "--format", "json").out)}
    assert rows[running.id]["status"] == "running" and rows[running.id]["pid"] == running.pid
    assert rows[stopped.id]["status"] == "stopped" and rows[stopped.id]["pid"] == 0
    assert rows[running.id]["bundle"] == str(running.bundle)
    table = running.runtime("list").out.splitlines()
    assert table[0].split()[:3] == ["ID", "PID", "STATUS"]
    assert len(table) == 3


def test_list_of_nothing(runtime):
    assert runtime("list", "-q").out == ""
    assert runtime("list", "--format", "json").out.strip() in ("null", "[]")


def test_list_survives_a_container_deleted_meanwhile(runtime, container):
    c = container(SLEEP).up()
    broken = os.path.join(runtime.root, c.id + "-half")
    os.mkdir(broken)
    try:
        done = runtime("list", "-q")
        assert c.id in done.out.split()
    finally:
        os.rmdir(broken)


def test_the_pid_file_holds_the_host_pid_only(container):
    c = container("sleep 100")
    c.create()
    assert c.pid_file.read_text() == str(c.pid)
    assert os.path.exists(f"/proc/{c.pid}")


def test_a_pid_file_that_cannot_be_written(container):
    c = container("echo ran")
    c.pid_file = c.bundle / "no/such/directory/pid"
    assert c.create(expect=1).err
    c.runtime("delete", "--force", c.id)
    c.assert_gone()


def test_state_survives_without_any_process_of_the_runtime(container):
    """No daemon, no helper: between commands the only process of the container is the container's own."""
    c = container(SLEEP)
    before = host.children()[0]
    c.up()
    c.says("up")
    new = host.children()[0] - before
    assert new == {c.pid}, [host.command_line(pid) for pid in new]


# ---- the command line


def test_the_log_file_gets_the_error_in_text_and_json(container):
    c = container("true")
    log = c.bundle / "log"
    c.runtime("start", c.id, flags=["--log", str(log)])
    assert "not exist" in log.read_text()
    log.unlink()
    c.runtime("start", c.id, flags=["--log", str(log), "--log-format", "json"])
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert entries[-1]["level"] == "error"
    assert "not exist" in entries[-1]["msg"]
    assert entries[-1]["time"]


def test_unknown_commands_and_flags(runtime):
    for argv in (["grape"], ["create", "--grape", "x"], ["state"], ["state", "a", "b"], ["kill"], ["create"]):
        done = runtime(*argv)
        assert done.rc != 0, argv
        assert (done.err + done.out).strip()


def test_version(runtime):
    done = runtime("--version")
    assert done.rc == 0
    assert "spec: 1." in done.out


def test_features(runtime):
    features = json.loads(runtime("features").out)
    assert features["ociVersionMin"].startswith("1.")
    assert features["ociVersionMax"].startswith("1.")
    assert {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"} \
        <= set(features["hooks"])
    assert {"ro", "rbind", "nosuid", "rslave"} <= set(features["mountOptions"])
    linux = features["linux"]
    assert {"pid", "user", "mount", "network", "ipc", "uts", "cgroup"} <= set(linux["namespaces"])
    assert "CAP_SYS_ADMIN" in linux["capabilities"]
    assert linux["seccomp"]["enabled"] is True
    assert "SCMP_ACT_NOTIFY" in linux["seccomp"]["actions"]
    assert linux["cgroup"]["v1"] is True


def test_spec_writes_a_bundle_that_runs(container):
    c = container()
    assert c.runtime("spec", cwd=c.bundle).rc == 0
    written = json.loads((c.bundle / "config.json").read_text())
    assert written["process"]["terminal"] is True
    assert c.runtime("spec", cwd=c.bundle).rc != 0  # never over an existing file
    written["process"].update(terminal=False, args=["echo", "from spec"])
    written["process"]["env"] = ["PATH=/bin"]
    c.config = written
    c.linux["cgroupsPath"] = "/" + c.id
    c.process["rlimits"] = []
    assert c.stdout() == "from spec\n"


def test_systemd_cgroup_without_systemd_is_a_clear_error(container):
    if os.path.exists("/run/systemd/system"):
        pytest.skip("this host has systemd")
    c = container("true")
    c.linux["cgroupsPath"] = "system.slice:podo:" + c.id
    done = c.run(runtime_flags=["--systemd-cgroup"])
    assert done.rc != 0
    assert "systemd" in done.err
    c.assert_gone()


@pytest.mark.needs("process-less")
def test_without_a_process_it_is_created_but_not_started(container):
    """runtime.md#start: MUST generate an error when `process` is not set."""
    c = container("true")
    del c.config["process"]
    c.create()
    assert c.status() == "created"
    assert "process" in c.start(expect=1).err
    host.until(lambda: c.status() == "stopped", what="its end")
    c.delete()
    done = c.run()
    assert done.rc == 1 and "process" in done.err
    c.assert_gone()
