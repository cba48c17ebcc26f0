"""Escapes that worked once, somewhere. Each test fails when the protection it is about is taken away.

Every attack has a marker or a victim on the host: what counts is that the host is unchanged, not how
the runtime said no.
"""

import hashlib
import json
import os
import shutil
import subprocess
import time

import pytest

import host
from container import TIMEOUT, Runtime
from test_tty import Console


@pytest.fixture
def victim(place, token):
    """A directory of the host that no container is told of, with a marker in it."""
    path = place / f"{token}-victim"
    path.mkdir()
    (path / "marker").write_text("host\n")
    yield path
    host.remove_tree(path)


def untouched(victim):
    return sorted(os.listdir(victim)) == ["marker"] and (victim / "marker").read_text() == "host\n"


def finish(done, c):
    """Whatever the runtime answered, it did not crash."""
    assert done.rc >= 0 and done.rc not in (134, 139), done
    c.runtime("delete", "--force", c.id)


# ---- the runtime's own binary (CVE-2019-5736)


@pytest.fixture
def expendable(runtime, place, token):
    """A copy of the runtime to attack: if it is not protected, the copy is what gets overwritten."""
    directory = place / f"{token}-copy"
    directory.mkdir()
    program = directory / runtime.name
    shutil.copy(runtime.program, program)
    copy = Runtime(" ".join([str(program), *runtime.command[1:]]), runtime.root)
    copy.digest = lambda: hashlib.sha256(program.read_bytes()).hexdigest()
    before = copy.digest()
    yield copy
    after = copy.digest()
    host.remove_tree(directory)
    assert after == before, "the runtime's binary was overwritten from inside a container"


@pytest.mark.parametrize("entry", ["/proc/self/exe", "script"])
def test_running_the_runtimes_own_binary_inside(container, expendable, entry):
    """The entry point is the runtime itself, or a script whose interpreter it is; it then tries to
    write to it."""
    c = container()
    c.runtime = expendable
    (c.rootfs / "work/script").write_text("#!/proc/self/exe\n")
    (c.rootfs / "work/script").chmod(0o755)
    c.args(entry if entry.startswith("/") else "/work/script", "--version")
    finish(c.run(), c)


@pytest.mark.parametrize("entry", ["/proc/self/exe", "/work/script", "/bin/true"])
def test_attacking_the_binary_of_an_exec(container, expendable, entry):
    """A process inside watches for newcomers, holds their executable open and writes to it when they
    are gone."""
    c = container(args=["probe", "attack-exe", "3"])
    c.runtime = expendable
    (c.rootfs / "work/script").write_text("#!/proc/self/exe\n")
    (c.rootfs / "work/script").chmod(0o755)
    c.capabilities("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_KILL")
    c.up()
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        c.exec(entry, "--version")
    c.wait()
    assert "opened 1" not in c.output() or "memfd" in c.output(), c.output()


def test_attacking_the_binary_of_a_container_that_waits_to_start(container, expendable):
    """Two containers, one pid namespace: the first looks at the second's init before it is started."""
    first = container(args=["probe", "attack-exe", "2"])
    first.runtime = expendable
    first.capabilities("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN").up()
    second = container("true")
    second.runtime = expendable
    second.namespace("pid", f"/proc/{first.pid}/ns/pid").create()
    first.says("opened")
    second.runtime("delete", "--force", second.id)
    assert "opened 1" not in first.output() or "memfd" in first.output(), first.output()


def test_the_runtimes_binary_cannot_be_opened_for_writing_through_proc(container, expendable):
    """/proc/1/exe of a created container is the runtime: not readable, or not writable, from inside."""
    c = container("true")
    c.runtime = expendable
    c.capabilities("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE").create()
    done = c.exec_sh("probe open /proc/1/exe w; probe open /proc/1/exe rw")
    assert "open" not in done.out.split(), done


# ---- descriptors and working directories (CVE-2024-21626)


ESCAPE = "p=.; for i in $(seq 12); do test -e $p{marker} && echo ESCAPED; p=$p/..; done; true"


@pytest.mark.parametrize("way", ["/proc/self/fd/{n}", "/proc/thread-self/fd/{n}", "/link{n}"])
def test_a_working_directory_that_is_a_descriptor_of_the_runtime(container, victim, way):
    c = container(ESCAPE.format(marker=victim / "marker"))
    for n in range(3, 16):
        (c.rootfs / f"link{n}").symlink_to(f"/proc/self/fd/{n}")
    for n in range(3, 16):
        c.process["cwd"] = way.format(n=n)
        done = c.run()
        assert "ESCAPED" not in done.out, (n, done)
        c.runtime("delete", "--force", c.id)


def test_exec_with_a_working_directory_that_is_a_descriptor(container, victim):
    c = container("echo up; sleep 100").up()
    script = ESCAPE.format(marker=victim / "marker")
    for n in range(3, 16):
        done = c.exec("sh", "-c", script, flags=["--cwd", f"/proc/self/fd/{n}"])
        assert "ESCAPED" not in done.out, (n, done)


def test_a_program_reached_through_a_descriptor_of_the_runtime(container, victim):
    """args[0] = /proc/self/fd/N/../../bin/true would run a program of the host."""
    (victim / "program").write_text("#!/bin/sh\necho ESCAPED\n")
    (victim / "program").chmod(0o755)
    c = container("true")
    for n in range(3, 12):
        c.args(f"/proc/self/fd/{n}/../../../../../../..{victim}/program")
        assert "ESCAPED" not in c.run().out
        c.runtime("delete", "--force", c.id)


def test_only_three_descriptors_are_open_inside(container):
    out = container("ls -l /proc/self/fd | awk '{print $9}'").stdout().split()
    assert set(out) <= {"0", "1", "2", "3"}  # 3 is the directory ls itself reads
    c = container("echo up; sleep 100").up()
    assert c.exec("probe", "fds").out.count("\n") == 3


def test_a_waiting_process_gives_nothing_of_the_host_to_its_neighbours(container, victim):
    """exec into a created container and walk through /proc/1: fd, cwd and root of the process that waits."""
    c = container("true")
    c.create()
    marker = victim / "marker"
    script = f"""for d in /proc/1/fd/* /proc/1/cwd /proc/1/root; do
        p=$d; for i in $(seq 8); do test -e $p{marker} && echo ESCAPED $p; p=$p/..; done; done; echo done"""
    done = c.exec_sh(script)
    assert "ESCAPED" not in done.out, done


# ---- masked and readonly paths (CVE-2025-31133)


@pytest.mark.needs("cve-2025")
@pytest.mark.parametrize("how", ["in-the-image", "in-a-volume"])
def test_a_dev_null_that_is_a_link_does_not_unmask(container, how):
    """If /dev/null is bound over masked files, an image or a volume could choose what is bound."""
    c = container("cat /work/masked; cat /proc/keys | wc -c").without_mount("/dev", "/dev/pts", "/dev/shm",
                                                                            "/dev/mqueue")
    (c.rootfs / "work/masked").write_text("secret\n")
    (c.rootfs / "work/chosen").write_text("CHOSEN\n")
    dev = c.rootfs / "dev"
    if how == "in-a-volume":
        dev = c.shared_directory("dev", 0o755)
        c.mount("/dev", source=dev)
    (dev / "null").symlink_to("/work/chosen")
    c.linux["maskedPaths"] = ["/work/masked", "/proc/keys"]
    done = c.run()
    assert "CHOSEN" not in done.out and "secret" not in done.out, done
    finish(done, c)
    assert (c.rootfs / "work/chosen").read_text() == "CHOSEN\n"


@pytest.mark.needs("cve-2025")
def test_a_dev_null_that_is_a_file_does_not_unmask(container):
    c = container("cat /work/masked").without_mount("/dev", "/dev/pts", "/dev/shm", "/dev/mqueue")
    (c.rootfs / "work/masked").write_text("secret\n")
    (c.rootfs / "dev/null").write_text("CHOSEN\n")
    c.linux["maskedPaths"] = ["/work/masked"]
    done = c.run()
    assert "CHOSEN" not in done.out and "secret" not in done.out, done
    finish(done, c)


def test_a_masked_path_that_is_a_link_masks_nothing_of_the_host(container, victim):
    c = container("true")
    (c.rootfs / "work/link").symlink_to(victim)
    (c.rootfs / "work/up").symlink_to("../../../../../../../.." + str(victim))
    c.linux["maskedPaths"] += ["/work/link", "/work/up/marker", "/work/../../../../../.." + str(victim)]
    c.linux["readonlyPaths"] += ["/work/link"]
    finish(c.run(), c)
    assert untouched(victim)


# ---- the console (CVE-2025-52565)


@pytest.mark.needs("cve-2025")
@pytest.mark.parametrize("target", ["file", "dangling", "proc"])
def test_a_dev_console_that_is_a_link(container, victim, place, token, target):
    """The terminal is bound over /dev/console; a link there must not choose another place."""
    console = Console(place / f"{token}-sec-console")
    try:
        c = container("cat /work/file; echo end").without_mount("/dev", "/dev/shm", "/dev/mqueue")
        c.process["terminal"] = True
        (c.rootfs / "dev/pts").mkdir()
        (c.rootfs / "work/file").write_text("mine\n")
        (c.rootfs / "dev/console").symlink_to({"file": "/work/file", "dangling": str(victim / "made"),
                                               "proc": "/proc/sys/kernel/core_pattern"}[target])
        core_pattern = host.read_softly("/proc/sys/kernel/core_pattern")
        done = c.create("--console-socket", console.path, expect=None)
        if done.rc == 0:
            c.start()
            seen = console.ready().read_until("end")
            if target == "file":
                assert "mine" in seen, "the terminal was bound over another file"
        finish(done, c)
        assert untouched(victim)
        assert host.read_softly("/proc/sys/kernel/core_pattern") == core_pattern
    finally:
        console.close()


# ---- writes to /proc that go elsewhere (CVE-2025-52881, CVE-2019-16884)


def test_a_sysctl_is_not_written_through_a_mount_over_proc_sys(container):
    """With a volume over /proc/sys/net, net.ipv4.ip_forward would be a file of the volume's choice."""
    c = container("cat /proc/sys/net/ipv4/ip_forward")
    shared = c.shared_directory()
    (shared / "ipv4").mkdir()
    (shared / "ipv4/ip_forward").write_text("kept\n")
    c.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    done = c.mount("/proc/sys/net", source=shared).run()
    assert done.rc != 0
    assert (shared / "ipv4/ip_forward").read_text() == "kept\n"
    finish(done, c)


@pytest.mark.needs("cve-2025")
def test_a_proc_of_the_image_is_never_taken_for_the_real_one(container):
    """No proc mount at all, but files where the runtime would write: they keep their text."""
    c = container("true").without_mount("/proc")
    names = ["sys/net/ipv4/ip_forward", "self/attr/exec", "thread-self/attr/exec", "self/oom_score_adj",
             "self/uid_map", "self/gid_map", "self/setgroups", "self/attr/keycreate"]
    for name in names:
        path = c.rootfs / "proc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kept\n")
    c.linux["maskedPaths"] = c.linux["readonlyPaths"] = []
    c.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    c.process["oomScoreAdj"] = 100
    finish(c.run(), c)
    for name in names:
        assert (c.rootfs / "proc" / name).read_text() == "kept\n", name


def with_false_proc(c):
    """The container replaces its own /proc by a tmpfs full of files an exec'ing runtime might trust."""
    c.capabilities("CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_SETUID", "CAP_SETGID")
    c.linux["maskedPaths"] = c.linux["readonlyPaths"] = []
    c.sh("mount -t tmpfs none /proc; for d in self 1 thread-self; "
         "do mkdir -p /proc/$d/attr /proc/$d/fd /proc/$d/ns;"
         "for f in attr/exec attr/current oom_score_adj loginuid setgroups uid_map; "
         "do echo kept > /proc/$d/$f; done;"
         "ln -s /work/chosen /proc/$d/exe; for i in 0 1 2 3 4 5 6 7 8 9; "
         "do ln -s /work/chosen /proc/$d/fd/$i; done; done;"
         "echo up; sleep 100")
    (c.rootfs / "work/chosen").write_text("CHOSEN\n")
    c.up().says("up")
    return c


def test_exec_into_a_container_with_a_false_proc(container):
    """It works or is refused; what it must not do is believe or write the false files."""
    c = with_false_proc(container())
    process = {"args": ["sh", "-c", "echo inside; sleep 1"], "cwd": "/", "env": ["PATH=/bin"],
               "oomScoreAdj": 77,
               "user": {"uid": 1000, "gid": 1000},
               "capabilities": {"bounding": [], "effective": [], "permitted": []}}
    (c.bundle / "process.json").write_text(json.dumps(process))
    done = c.runtime("exec", "--process", c.bundle / "process.json", c.id)
    assert done.rc >= 0
    if done.rc == 0:
        assert done.out == "inside\n"
    text = subprocess.run(["nsenter", "-t", str(c.pid), "-m", "-r", "cat", "/proc/self/oom_score_adj",
                           "/proc/self/attr/exec"],
                          capture_output=True, text=True, timeout=TIMEOUT).stdout
    assert text == "kept\nkept\n"
    assert (c.rootfs / "work/chosen").read_text() == "CHOSEN\n"


def test_other_commands_on_a_container_with_a_false_proc(container):
    c = with_false_proc(container())
    assert c.status() == "running"
    assert c.pid in json.loads(c.runtime("ps", "--format", "json", c.id).out)
    c.kill("KILL")
    assert c.wait() == 137
    c.delete()
    c.assert_gone()


# ---- mount targets (CVE-2021-30465, CVE-2019-19921, CVE-2016-9962 class)


@pytest.mark.parametrize("link",
                         ["/proc/self/root{v}", "/proc/1/root{v}", "/proc/self/cwd/../../../../../..{v}",
                                  "../../../../../../../../../..{v}", "{v}", "/proc/self/fd/7{v}"])
@pytest.mark.parametrize("kind", ["tmpfs", "bind", "file"])
def test_a_mount_target_that_leads_out(container, victim, link, kind):
    """rootfs/link leads to a host directory by a way of its own; the target is link/made."""
    c = container("true")
    (c.rootfs / "link").symlink_to(link.format(v=victim))
    if kind == "file":
        (c.bundle / "source").write_text("x")
        c.mount("/link/made", source="source")
    elif kind == "bind":
        c.mount("/link/made", source=c.shared_directory())
    else:
        c.mount("/link/made", "tmpfs")
    finish(c.run(), c)
    assert untouched(victim)


@pytest.mark.parametrize("destination",
                         ["/proc/self/root/made", "/../../../../../../made-by-dots",
                          "/work/../../../made-by-dots"])
def test_a_mount_target_written_to_lead_out(container, destination):
    c = container("true").mount(destination, "tmpfs")
    finish(c.run(), c)
    assert not os.path.exists("/made") and not os.path.exists("/made-by-dots")


def test_a_mount_source_is_of_the_host_and_its_links_too(container, victim):
    """A bind source is resolved on the host, before any root is changed: a link there is the host's
    business."""
    c = container("cat /mnt/marker")
    (c.bundle / "source").symlink_to(victim)
    assert c.mount("/mnt", source="source").stdout() == "host\n"


def test_a_racing_link_in_a_shared_volume(container, victim):
    """One container swaps a link in a volume while others mount onto it: nothing may be made on the host."""
    racer = container(args=["probe", "swap", "/mnt/x", "inside", "../../../../../../../../../../.."
                            + str(victim), "20"])
    shared = racer.shared_directory()
    (shared / "inside").mkdir()
    racer.mount("/mnt", source=shared).up()
    c = container("true").mount("/mnt", source=shared).mount("/mnt/x/made", "tmpfs")
    for _ in range(25):
        finish(c.run(), c)
        assert untouched(victim)


def test_the_root_itself_through_a_link_to_the_host_is_not_writable_elsewhere(container, victim):
    """/etc, /dev and /sys of the image are absolute links to the host's: the setup stays inside the image."""
    c = container("true")
    for name in ("dev", "sys"):
        shutil.rmtree(c.rootfs / name)
        (c.rootfs / name).symlink_to(victim)
    finish(c.run(), c)
    assert untouched(victim)


# ---- what the runtime reads from the image


def test_etc_passwd_that_is_a_link_to_the_host(container, victim):
    """HOME is looked up inside the root, with its links."""
    (victim / "marker").write_text("root:x:0:0::/ESCAPED:/bin/sh\n")
    c = container(args=["/bin/env"])
    (c.rootfs / "etc/passwd").unlink()
    (c.rootfs / "etc/passwd").symlink_to(victim / "marker")
    c.process["env"] = ["PATH=/bin"]
    assert "ESCAPED" not in c.run().out


def test_etc_passwd_that_is_a_fifo_does_not_hang(container):
    c = container(args=["/bin/env"])
    (c.rootfs / "etc/passwd").unlink()
    os.mkfifo(c.rootfs / "etc/passwd")
    c.process["env"] = ["PATH=/bin"]
    try:
        done = c.runtime("run", "--bundle", c.write().bundle, c.id, timeout=4)
        assert done.rc >= 0
    except subprocess.TimeoutExpired:
        if c.runtime.name != "runc":
            raise


def test_a_working_directory_through_a_link_stays_inside(container, victim):
    c = container("test -e marker && echo ESCAPED; pwd")
    (c.rootfs / "link").symlink_to(victim)
    c.process["cwd"] = "/link"
    done = c.run()
    assert "ESCAPED" not in done.out
    assert untouched(victim)


# ---- outward effects


def test_host_files_are_not_reachable_by_default(container, victim):
    script = ESCAPE.format(marker=victim / "marker") + f"; test -e {victim} && echo ESCAPED; ls /proc/1/root/"
    out = container(script).stdout()
    assert "ESCAPED" not in out


def test_chroot_escape_is_stopped_by_pivot_root(container, victim):
    """The classic: a directory kept open over a second chroot, then up and up."""
    c = container(f"mkdir -p /tmp/jail; cp /bin/busybox /tmp/jail/; exec 9</; "
                  f"chroot /tmp/jail /busybox sh -c "
                  f"'cd /proc/self/fd/9 2>/dev/null; for i in 1 2 3 4 5 6 7 8 9; do cd ..; done; "
                  f"test -e ./{victim}/marker && echo ESCAPED'; true")
    assert "ESCAPED" not in c.stdout()


def test_a_container_cannot_signal_or_see_the_runtime(container):
    """With a pid namespace of its own the only processes are its own, also while an exec is going on."""
    c = container("while :; do ls -d /proc/[0-9]* | wc -l; done").up()
    for _ in range(5):
        c.exec("true")
    assert all(int(n) <= 8 for n in c.output().split() if n.isdigit())


def test_the_process_of_the_container_is_not_traceable_before_exec(container):
    """While it waits it is not dumpable: its memory may hold the configuration."""
    c = container("true")
    c.create()
    done = c.exec("sh", "-c", "cat /proc/1/environ /proc/1/maps", flags=["--user", "1000:1000"])
    assert str(c.bundle) not in done.out
