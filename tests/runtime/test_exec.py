"""exec: one more process in a running container."""

import copy
import json
import os
import signal
import subprocess

import pytest

import host
from container import TIMEOUT


@pytest.fixture
def running(container):
    c = container("echo up; sleep 1000")
    c.process["env"] = ["PATH=/bin", "HOME=/root", "OF=container"]
    c.up().says("up")
    return c


def process_file(c, **fields):
    process = {"args": ["true"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}, **fields}
    path = c.bundle / "process.json"
    path.write_text(json.dumps(process))
    return path


def by_file(c, script, **fields):
    path = process_file(c, args=["sh", "-c", script], **fields)
    return c.runtime("exec", "--process", path, c.id)


def test_output_and_exit_code(running):
    done = running.exec_sh("echo out; echo err >&2; exit 9")
    assert (done.rc, done.out) == (9, "out\n")
    assert "err\n" in done.err


def test_death_by_signal(running):
    assert running.exec_sh("kill -9 $$").rc == 137


def test_stdin(running):
    assert running.exec("cat", stdin="one\ntwo\n").out == "one\ntwo\n"


def test_a_large_stdin(running):
    data = "grape\n" * 100_000
    assert running.exec("cat", stdin=data).out == data


@pytest.mark.parametrize("kind", ["pid", "net", "ipc", "uts", "mnt", "cgroup"])
def test_it_is_in_every_namespace_of_the_container(running, kind):
    inside = running.exec("readlink", f"/proc/self/ns/{kind}").out.strip()
    assert inside == os.readlink(f"/proc/{running.pid}/ns/{kind}")
    assert inside != os.readlink(f"/proc/self/ns/{kind}")


def test_it_sees_the_first_process_and_is_not_it(running):
    out = running.exec_sh("echo $$; tr '\\0' ' ' < /proc/1/cmdline").out.splitlines()
    assert int(out[0]) > 1
    assert "sleep 1000" in out[1]


def test_it_is_in_the_containers_cgroups(running):
    own = host.read_softly(f"/proc/{running.pid}/cgroup")
    script = "echo ready; sleep 1000"
    argv = running.runtime.argv("exec", running.id, "sh", "-c", script)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            pids = json.loads(running.runtime("ps", "--format", "json", running.id).out)
            assert len(pids) == 2
            for pid in pids:
                assert host.read_softly(f"/proc/{pid}/cgroup") == own
        finally:
            process.kill()


def test_it_sees_the_containers_files(running):
    (running.rootfs / "work/file").write_text("seen\n")
    assert running.exec("cat", "/work/file").out == "seen\n"
    assert running.exec("cat", "/etc/hostname").rc != 0


def test_env_is_the_containers_plus_what_is_given(running):
    out = running.exec("env", flags=["--env", "FRUIT=grape", "--env", "TWO=a=b"]).out.splitlines()
    assert {"OF=container", "FRUIT=grape", "TWO=a=b", "PATH=/bin"} <= set(out)


def test_cwd(running):
    assert running.exec("pwd", flags=["--cwd", "/usr"]).out == "/usr\n"
    assert running.exec("pwd").out == "/\n"


@pytest.mark.parametrize("user, expected", [("1000:2000", ["1000", "2000"]), ("1000", ["1000", "0"])])
def test_user(running, user, expected):
    assert running.exec_sh("id -u; id -g", "--user", user).out.split() == expected


def test_additional_gids(running):
    done = running.exec_sh("id -G", "--user", "1000:1000", "--additional-gids", "7", "--additional-gids", "8")
    assert done.out.split() == ["1000", "7", "8"]


def test_no_new_privs(running):
    assert running.exec_sh("grep NoNewPrivs /proc/self/status", "--no-new-privs").out.split()[1] == "1"
    assert running.exec_sh("grep NoNewPrivs /proc/self/status").out.split()[1] == "0"


@pytest.mark.needs("exec-settings")
def test_the_process_files_umask_and_oom_score(running):
    done = by_file(running, "umask; cat /proc/self/oom_score_adj", user={"uid": 0, "gid": 0, "umask": 0o027},
                   oomScoreAdj=123)
    assert done.out.split() == ["0027", "123"]


def test_the_process_file_says_everything(running):
    done = by_file(running,
                   "pwd; id -u; id -g; id -G; echo $FRUIT; ulimit -n; grep NoNewPrivs /proc/self/status",
                   cwd="/usr", env=["PATH=/bin", "FRUIT=grape"],
                   user={"uid": 1000, "gid": 1001, "additionalGids": [5]},
                   rlimits=[{"type": "RLIMIT_NOFILE", "soft": 333, "hard": 333}], noNewPrivileges=True)
    assert done.out.splitlines() == ["/usr", "1000", "1001", "1001 5", "grape", "333", "NoNewPrivs:\t1"]


def test_the_process_files_environment_is_alone(running):
    done = by_file(running, "env")
    assert not any(line.startswith("OF=") for line in done.out.splitlines())


def test_the_process_files_capabilities(running):
    done = by_file(running, "grep CapEff /proc/self/status", capabilities={
        kind: ["CAP_KILL"] for kind in ("bounding", "effective", "permitted")})
    assert int(done.out.split()[1], 16) == 1 << 5


def test_detach_and_the_pid_file(running):
    pid_file = running.bundle / "exec-pid"
    done = subprocess.run(running.runtime.argv("exec", "--detach", "--pid-file", pid_file, running.id, "sh",
                                               "-c",
                                               "readlink /proc/self/ns/pid > /work/ns; sleep 1000"),
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=TIMEOUT)
    assert done.returncode == 0
    pid = int(pid_file.read_text())
    assert os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{running.pid}/ns/pid")
    assert host.process_state(pid) in ("S", "R")
    os.kill(pid, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9  # our child: engines reap it


@pytest.mark.parametrize("args, words", [(["/bin/missing"], "no such file"), (["nowhere"], "not found"),
                                         (["/etc/passwd"], "permission denied")])
def test_a_program_that_cannot_be_run(running, args, words):
    done = running.exec(*args)
    assert done.rc not in (0,)
    assert words in done.err.lower() or "no such file" in done.err.lower(), done.err
    assert running.status() == "running"
    assert len(json.loads(running.runtime("ps", "--format", "json", running.id).out)) == 1


def test_a_cwd_that_is_not_there(running):
    done = running.exec("true", flags=["--cwd", "/etc/passwd/x"])
    assert done.rc != 0 and done.err.strip()


def test_without_a_program(running):
    assert running.runtime("exec", running.id).rc != 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"args": "sh"}', '{"args": []}', '{"cwd": "/"}'])
def test_a_broken_process_file(running, text):
    path = running.bundle / "process.json"
    path.write_text(text)
    done = running.runtime("exec", "--process", path, running.id)
    assert done.rc != 0 and done.err.strip()


def test_a_missing_process_file(running):
    done = running.runtime("exec", "--process", "/no/such/file", running.id)
    assert done.rc != 0 and "no such file" in done.err.lower()


def test_in_a_created_container(container):
    """Allowed: the namespaces are there. Engines use it for init containers' probes."""
    c = container("echo ran")
    c.create()
    done = c.exec("echo", "inside")
    assert done.out == "inside\n" or done.rc != 0
    assert c.status() == "created"


def test_in_a_stopped_container(container):
    c = container("true").up()
    c.wait()
    done = c.exec("true")
    assert done.rc != 0 and ("stopped" in done.err or "not running" in done.err)


def test_many_at_once(running):
    argv = running.runtime.argv("exec", running.id, "sh", "-c", "echo $$; sleep 0.3")
    processes = [subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
                 for _ in range(10)]
    pids = [p.communicate(timeout=TIMEOUT)[0].strip() for p in processes]
    assert all(p.returncode == 0 for p in processes)
    assert len(set(pids)) == 10


def test_no_descriptor_of_the_caller_leaks(running, tmp_path):
    (tmp_path / "secret").write_text("secret")
    with open(tmp_path / "secret") as leaked:
        os.set_inheritable(leaked.fileno(), True)
        done = running.exec("probe", "fds", close_fds=False)
    assert [line.split()[0] for line in done.out.splitlines()] == ["0", "1", "2"], done.out


def test_preserve_fds(running, tmp_path):
    (tmp_path / "file").write_text("kept")
    with open(tmp_path / "file") as kept:
        done = running.exec("sh", "-c", "cat <&3", flags=["--preserve-fds", "1"], close_fds=False,
                            preexec_fn=lambda: os.dup2(kept.fileno(), 3) and os.set_inheritable(3, True))
    assert done.out == "kept", done


def test_in_a_user_namespace(container):
    c = container("echo up; sleep 100").user_namespace().up()
    assert c.exec_sh("id -u; cut -f1-2 /proc/self/uid_map; readlink /proc/self/ns/user").out.split()[0] == "0"
    assert c.exec("readlink", "/proc/self/ns/user").out.strip() == os.readlink(f"/proc/{c.pid}/ns/user")
    assert c.exec("id", "-u", flags=["--user", "1000"]).out == "1000\n"


def test_it_dies_with_the_container(running):
    argv = running.runtime.argv("exec", running.id, "sh", "-c", "echo ready; sleep 1000")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            running.kill("KILL")
            assert process.wait(10) == 137
        finally:
            process.kill()


def test_signals_to_exec_are_passed_on(running):
    argv = running.runtime.argv("exec", running.id, "probe", "trap", "15")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            assert process.stdout.read() == "got 15\n"
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_it_uses_the_containers_path_to_find_the_program(container):
    c = container("echo up; sleep 100")
    (c.rootfs / "opt").mkdir()
    (c.rootfs / "opt/grape").write_text("#!/bin/sh\necho from opt\n")
    (c.rootfs / "opt/grape").chmod(0o755)
    c.process["env"] = ["PATH=/bin:/opt"]
    c.up()
    assert c.exec("grape").out == "from opt\n"


def test_a_memory_limit_binds_it(container):
    c = container("echo up; sleep 100")
    c.resources["memory"] = {"limit": 32 << 20, "swap": 32 << 20}
    c.up()
    assert c.exec("probe", "memory", "100").rc == 137
    assert c.status() == "running"


IN_A_CHROOT = """
mount -t tmpfs chroot "$0"
for folder in /*; do
  if test -d "$folder"; then mkdir "$0$folder"; mount --rbind "$folder" "$0$folder"; fi
done
exec chroot "$0" "$@"
"""


def test_a_container_of_a_runtime_in_a_chroot_is_entered_by_its_own_root(container, tmp_path):
    """A mount namespace that was made in a chroot has the machine's root, which is not the container's."""
    c = container("echo up; sleep 100")
    (c.rootfs / "only-here").write_text("in the container\n")
    place = tmp_path / "root"
    place.mkdir()
    c.runtime = copy.copy(c.runtime)
    c.runtime.command = ["unshare", "--mount", "sh", "-ec", IN_A_CHROOT, place, *c.runtime.command]
    c.up().says("up")
    assert c.exec("cat", "/only-here").out == "in the container\n"
    assert c.exec("readlink", "/proc/1/ns/mnt").out == c.exec("readlink", "/proc/self/ns/mnt").out != ""
