"""What the runtime and its caller have open, or possess, is not for the container: host directories behind
descriptors, the working directory of a process that is still being made, keys, pipes.

The host has a marker in each test; what counts is that no way inside leads to it.
"""

import ctypes
import os
import select
import shutil
import subprocess

import pytest

import host
from container import TIMEOUT

DESCRIPTORS = range(3, 21)
UP = "/.." * 10  # from any directory the runtime may have open to the root of its file system
NOT_FOUND = ("no such file", "not found", "not a directory", "permission denied")


@pytest.fixture
def outside(place, token, rootfs):
    """A host directory no container is told of. `echo` there is static, so it runs wherever it is reached
    from, and says so."""
    path = place / f"{token}-outside"
    path.mkdir()
    shutil.copy(rootfs.bin / "busybox", path / "echo")
    (path / "passwd").write_text("escaped:x:0:0::/ESCAPED:/bin/sh\n")
    yield path
    host.remove_tree(path)


def through(n, path):
    """A path that leads to `path` of the host when descriptor n of its walker is a directory there."""
    return f"/proc/self/fd/{n}{UP}{path}"


def with_program(c, way, n, program):
    """Places in the image whatever the way needs; the process to run and its PATH."""
    work = c.rootfs / "work"
    leads_out = through(n, program)
    if way == "argument":
        return [leads_out, "ESCAPED"], "/bin"
    if way == "search path":
        return ["echo", "ESCAPED"], os.path.dirname(leads_out)
    if way == "link":
        (work / "echo").unlink(missing_ok=True)
        (work / "echo").symlink_to(leads_out)
        return ["/work/echo", "ESCAPED"], "/bin"
    (work / "script").write_text(f"#!{leads_out} ESCAPED\n")
    (work / "script").chmod(0o755)
    return ["/work/script"], "/bin"


WAYS = ["argument", "search path", "link", "interpreter"]


def assert_not_run(way, n, code, text):
    assert "ESCAPED" not in text, (way, n, text)
    assert code != 0, (way, n)
    assert any(words in text.lower() for words in NOT_FOUND), (way, n, text)


@pytest.mark.parametrize("way", WAYS)
def test_run_of_a_program_of_the_host(container, outside, way):
    c = container()
    for n in DESCRIPTORS:
        args, search_path = with_program(c, way, n, outside / "echo")
        c.args(*args).process["env"] = [f"PATH={search_path}"]
        done = c.run()
        assert_not_run(way, n, done.rc, done.out + done.err)
        c.assert_gone()


@pytest.mark.parametrize("way", WAYS)
def test_start_of_a_program_of_the_host(container, outside, way):
    """The process that waits for start has other descriptors open than one that is run at once."""
    c = container()
    for n in DESCRIPTORS:
        args, search_path = with_program(c, way, n, outside / "echo")
        c.args(*args).process["env"] = [f"PATH={search_path}"]
        code = c.create(expect=None).rc
        said = ""
        if code == 0:
            started = c.runtime("start", c.id)
            said = started.err
            code = started.rc or c.wait()
            host.reap_while(c.runtime.argv("delete", "--force", c.id))
        assert_not_run(way, n, code, c.output() + c.errors() + said)
        (c.bundle / "stderr").unlink()


@pytest.mark.parametrize("way", WAYS)
def test_exec_of_a_program_of_the_host(container, outside, way):
    c = container("echo up; sleep 100").up()
    for n in DESCRIPTORS:
        args, search_path = with_program(c, way, n, outside / "echo")
        done = c.exec(*args, flags=["--env", f"PATH={search_path}"])
        assert_not_run(way, n, done.rc, done.out + done.err)


@pytest.mark.parametrize("verb", ["run", "create", "exec"])
def test_a_missing_working_directory_is_not_made_on_the_host(container, outside, verb):
    c = container("true")
    if verb == "exec":
        c.sh("echo up; sleep 100").up()
    for n in DESCRIPTORS:
        cwd = through(n, outside / "made/x")
        c.process["cwd"] = cwd
        if verb == "exec":
            code = c.exec("true", flags=["--cwd", cwd]).rc
        elif verb == "run":
            code = c.run().rc
        else:  # it may be entered as late as start, by the user of the process
            code = c.create(expect=None).rc or c.runtime("start", c.id).rc
            host.reap_while(c.runtime.argv("delete", "--force", c.id))
        assert code != 0, n
        assert sorted(os.listdir(outside)) == ["echo", "passwd"], n


def test_home_is_not_read_from_a_passwd_of_the_host(container, outside):
    c = container(args=["/bin/env"])
    c.process["env"] = ["PATH=/bin"]
    passwd = c.rootfs / "etc/passwd"
    for n in DESCRIPTORS:
        passwd.unlink()
        passwd.symlink_to(through(n, outside / "passwd"))
        assert "ESCAPED" not in c.stdout(), n


def test_home_of_an_exec_is_not_read_from_a_passwd_of_the_host(container, outside):
    c = container("echo up; sleep 100")
    c.process["env"] = ["PATH=/bin"]
    c.up()
    passwd = c.rootfs / "etc/passwd"
    for n in DESCRIPTORS:
        passwd.unlink()
        passwd.symlink_to(through(n, outside / "passwd"))
        done = c.exec("/bin/env")
        assert done.rc == 0 and "ESCAPED" not in done.out, (n, done)


def ways_found(container, outside):
    """What a process that may look into others finds of the host through ten newcomers."""
    c = container(args=["probe", "find", str(outside / "echo"), "4"])
    c.capabilities("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_SYS_ADMIN").up()
    for _ in range(10):
        assert c.exec("usleep", "50000").rc == 0
    assert c.wait() == 0
    *found, seen = c.output().splitlines()
    assert int(seen.split()[1]) >= 8, "the watcher missed the newcomers"
    return found


def test_an_exec_is_inside_from_the_first_moment_it_can_be_seen(container, outside):
    found = ways_found(container, outside)
    assert not [way for way in found if "/root/" in way or "/cwd/" in way], found


def test_an_exec_has_no_descriptor_of_the_host_when_it_can_be_seen(container, outside):
    found = ways_found(container, outside)
    assert not [way for way in found if "/fd/" in way], found


# ---- descriptors of the caller


def reads_its_end(descriptor, seconds):
    return bool(select.select([descriptor], [], [], seconds)[0]) and os.read(descriptor, 1) == b""


@pytest.mark.parametrize("verb", ["create", "run --detach"])
def test_a_pipe_of_the_caller_is_not_held_open(container, verb):
    """An engine that waits for the end of a pipe must not wait for the container."""
    reader, writer = os.pipe()
    try:
        os.set_inheritable(writer, True)
        c = container("sleep 100")
        verb, *flags = verb.split()
        try:
            c.create(*flags, verb=verb, close_fds=False)
        finally:
            os.close(writer)
        assert host.process_state(c.pid) not in (None, "Z")
        assert reads_its_end(reader, 2), "the container holds the other end"
    finally:
        os.close(reader)


# ---- the caller's session keyring

SESSION = -3
JOIN_SESSION, SEARCH, READ = 1, 10, 11
ADD_KEY, KEYCTL = 248, 250


def keyctl(*args):
    return host.libc.syscall(KEYCTL, *(ctypes.c_long(a) if isinstance(a, int) else a for a in args))


def holds_a_key(where):
    """To be called in a new process: it gets a session keyring of its own with one key, whose number
    goes to the file `where`."""
    def arrange():
        serial = -1
        if keyctl(JOIN_SESSION, None) >= 0:
            serial = host.libc.syscall(ADD_KEY, b"user", b"podo-test", b"secret", ctypes.c_long(6),
                                       ctypes.c_long(SESSION))
        where.write_text(str(serial))
    return arrange


def ask(serial):
    """For a shell: is the key found in the session keyring, may it be read?"""
    return (f"probe syscall {KEYCTL} {SEARCH} {SESSION} @user @podo-test 0;"
            f"probe syscall {KEYCTL} {READ} {serial} 0 0; true")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers of the calls are those of x86-64")
@pytest.mark.parametrize("verb", ["run", "exec"])
def test_the_callers_keys_are_not_possessed(container, place, token, rootfs, verb):
    noted = place / f"{token}-key"
    arrange = holds_a_key(noted)
    script = ask("$(cat /mnt/key)")
    outside = host_answer(rootfs, arrange, script.replace("/mnt/key", str(noted)))
    if int(noted.read_text()) < 0:
        pytest.skip("keys cannot be added here")
    assert "errno" not in outside, outside  # the same questions, asked by one who does possess it

    c = container(script)
    shared = c.shared_directory()
    c.mount("/mnt", source=shared)
    arrange = holds_a_key(shared / "key")
    if verb == "run":
        out = c.stdout(preexec_fn=arrange)
    else:
        c.sh("echo up; sleep 100").up()
        out = c.exec_sh(script, preexec_fn=arrange).out
    search, read = out.splitlines()
    assert search.startswith("errno") and read.startswith("errno"), out
    noted.unlink()


def host_answer(rootfs, arrange, script):
    return subprocess.run(["sh", "-c", script], env={"PATH": f"{rootfs.bin}:{os.environ['PATH']}"},
                          preexec_fn=arrange, capture_output=True, text=True, timeout=TIMEOUT).stdout
