"""run: exit codes, streams and descriptors, programs that cannot be run."""

import os
import re
import signal
import subprocess
import time

import pytest

import host
from container import TIMEOUT


# ---- run


@pytest.mark.parametrize("script, code", [("true", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137),
                                          ("kill -15 $$", 143)], ids=["0", "7", "255", "kill", "term"])
def test_run_passes_on_the_exit_code(container, script, code):
    c = container(f"sh -c '{script}'; exit $?" if "kill" in script else script)
    assert c.run().rc == code
    c.assert_gone()


def test_run_of_a_process_killed_by_a_signal(container):
    """The container's own first process dies of a signal: 128 + the signal."""
    c = container("echo up; sleep 100").write()
    argv = c.runtime.argv("run", "--bundle", c.bundle, "--pid-file", c.pid_file, c.id)
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout.readline() == "up\n"
            host.until(lambda: host.read_softly(c.pid_file), what="the pid file")
            os.kill(c.pid, signal.SIGKILL)
            assert running.wait(TIMEOUT) == 128 + signal.SIGKILL
        finally:
            running.kill()
    c.assert_gone()


def test_run_forwards_signals_to_the_container(container):
    c = container(args=["probe", "trap", "15"]).write()
    argv = c.runtime.argv("run", "--bundle", c.bundle, c.id)
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout.readline() == "ready\n"
            running.send_signal(signal.SIGTERM)
            assert running.stdout.read() == "got 15\n"
            assert running.wait(TIMEOUT) == 0
        finally:
            running.kill()


def test_a_run_in_the_foreground_does_not_keep_others_out(container):
    """Who waits for the container's end holds no lock on it: the verbs that change it go on meanwhile."""
    c = container("echo up; sleep 100").write()
    argv = c.runtime.argv("run", "--bundle", c.bundle, c.id)
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout.readline() == "up\n"
            begin = time.monotonic()
            for verb in (["pause"], ["resume"], ["update", "--pids-limit", "30"]):
                done = c.runtime(*verb, c.id, timeout=5)
                assert done.rc == 0, (verb, done)
            assert time.monotonic() - begin < 3
            c.kill("KILL")
            assert running.wait(TIMEOUT) == 128 + signal.SIGKILL
        finally:
            running.kill()
    c.assert_gone()


def test_run_passes_stdin_stdout_and_stderr(container):
    done = container("cat; echo problem >&2").run(stdin="one\ntwo\n")
    assert (done.rc, done.out) == (0, "one\ntwo\n")
    assert "problem\n" in done.err


def test_a_megabyte_through_the_pipes(container):
    data = "grape\n" * 180_000
    assert container(args=["cat"]).run(stdin=data).out == data


def test_run_detach(container):
    c = container("echo up; sleep 100").detach()
    c.says("up")
    assert c.status() == "running"
    assert c.state()["pid"] == c.pid
    c.kill("KILL")
    assert c.wait() == 137
    c.delete()
    c.assert_gone()


def test_run_keep(container):
    c = container("exit 4").write()
    if "--keep" not in c.runtime("run", "--help").out:
        pytest.skip("runtime has no run --keep")
    assert c.run("--keep").rc == 4
    assert c.status() == "stopped"
    c.delete()


@pytest.mark.parametrize("args, words", [
    (["/bin/missing"], "no such file"), (["nowhere"], "not found|no such file"),
    (["/etc/passwd"], "permission denied"),
    (["/etc"], "permission denied|is a directory"), (["./true"], "no such file"),
    ([""], "not found|no such file|empty")],
    ids=["absent", "not-in-path", "not-executable", "directory", "relative", "empty"])
def test_a_program_that_cannot_be_run(container, args, words):
    c = container(args=args)
    done = c.run()
    assert done.rc != 0
    assert re.search(words, done.err, re.I), done.err
    c.assert_gone()


def test_a_program_of_another_format(container):
    c = container(args=["/work/noise"])
    (c.rootfs / "work/noise").write_bytes(bytes(range(256)))
    (c.rootfs / "work/noise").chmod(0o755)
    done = c.run()
    assert done.rc != 0 and "exec format error" in done.err.lower()
    c.assert_gone()


def test_create_of_a_missing_program_fails_at_the_latest_in_start(container):
    c = container(args=["/bin/missing"])
    if c.create(expect=None).rc == 0:
        assert "no such file" in c.start(expect=1).err.lower() + c.errors().lower()
        c.delete("--force")
    c.assert_gone()


# ---- descriptors


def test_no_descriptor_of_the_caller_leaks(container, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with open(secret) as leaked:
        os.set_inheritable(leaked.fileno(), True)
        c = container(args=["probe", "fds"])
        done = c.run(close_fds=False)
    assert [line.split()[0] for line in done.out.splitlines()] == ["0", "1", "2"], done.out
    assert "secret" not in done.out


def test_preserve_fds(container, tmp_path):
    files = []
    try:
        for name in ("a", "b"):
            (tmp_path / name).write_text(name)
            files.append(open(tmp_path / name))
        c = container("cat <&3; cat <&4; readlink /proc/self/fd/5 || echo none")

        def arrange():
            spare = [os.dup2(f.fileno(), 100 + i) for i, f in enumerate(files)]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)
            os.dup2(spare[0], 5)
        done = c.run("--preserve-fds", "2", preexec_fn=arrange, close_fds=False)
        assert done.out == "abnone\n", done
    finally:
        for f in files:
            f.close()


@pytest.mark.needs("fd-hygiene")
def test_preserve_fds_of_a_closed_descriptor_is_refused_or_ignored(container):
    """What must not happen is that a descriptor of the runtime itself gets in."""
    done = container(args=["probe", "fds"]).run("--preserve-fds", "3")
    if done.rc == 0:
        assert [line.split()[0] for line in done.out.splitlines()] == ["0", "1", "2"], done.out


def test_closed_standard_descriptors(container):
    """An engine may start the runtime with 0, 1 and 2 closed; the runtime's own files must not land there."""
    c = container("for n in 0 1 2; do readlink /proc/self/fd/$n; done > /work/fds; exit 5").write()
    argv = c.runtime.argv("run", "--bundle", c.bundle, c.id)
    closed = subprocess.run(["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *argv], timeout=TIMEOUT)
    if closed.returncode == 5:
        for line in host.read_softly(c.rootfs / "work/fds").split():
            assert str(c.bundle) not in line and c.runtime.root not in line, line
    c.runtime("delete", "--force", c.id)
    c.assert_gone()


def test_the_runtime_leaves_no_signal_blocked_or_ignored(container):
    assert container(args=["probe", "signals"]).stdout() == "0 0\n"


@pytest.mark.needs("signal-mask")
def test_a_signal_the_caller_blocks_is_not_blocked_inside(container):
    def arrange():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1])
    assert container(args=["probe", "signals"]).stdout(preexec_fn=arrange).split()[0] == "0"


def test_the_big_program_has_the_runtime_inside(pytestconfig):
    small = pytestconfig.podo_command.split()[0]
    if not small.endswith("/podo-oci"):
        pytest.skip("another runtime is tested")
    commands = ([small], [small.removesuffix("-oci"), "oci"])
    told = [subprocess.check_output([*words, "features"]) for words in commands]
    assert told[0] == told[1] != b""
