"""/dev as the specification's default devices say, and linux.devices on top of it."""

import os
import stat

import pytest

DEFAULT = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}


def device(path, kind="c", major=1, minor=3, **rest):
    return {"type": kind, "path": path, "major": major, "minor": minor, **rest}


@pytest.mark.parametrize("name", sorted(DEFAULT))
def test_default_devices(container, name):
    major, minor = DEFAULT[name]
    out = container(f"stat -c '%F %t %T %a %u' /dev/{name}").stdout()
    assert out == f"character special file {major:x} {minor:x} 666 0\n"


def test_default_devices_work(container):
    c = container("echo x > /dev/null && head -c 5 /dev/zero | wc -c && head -c 5 /dev/urandom | wc -c;"
                  "head -c 5 /dev/random | wc -c; echo x > /dev/full")
    done = c.run()
    assert done.out.split() == ["5", "5", "5"]
    assert "No space left" in done.err


@pytest.mark.parametrize("name, target", [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
                                          ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"),
                                          ("ptmx", "pts/ptmx")])
def test_default_links(container, name, target):
    assert container(f"readlink /dev/{name}").stdout().strip() in (target, "/dev/" + target)


def test_dev_stdin_and_stdout_work(container):
    assert container("cat /dev/stdin > /dev/stdout").run(stdin="through\n").out == "through\n"


def test_ptmx_opens(container):
    assert container("probe open /dev/ptmx rw; ls /dev/pts").lines()[0] == "open"


def test_nothing_else_is_in_dev(container):
    names = set(container("ls -A /dev").stdout().split())
    assert names <= {*DEFAULT, "fd", "stdin", "stdout", "stderr", "ptmx", "pts", "shm", "mqueue", "console",
                     "core"}


def test_host_devices_are_not_there(container):
    assert container("ls /dev/vda /dev/sda /dev/kmsg /dev/mem 2>/dev/null | wc -l").stdout() == "0\n"


def test_a_device_with_mode_and_owner(container):
    c = container("stat -c '%F %t %T %a %u %g' /dev/grape; head -c 3 /dev/grape | wc -c")
    c.linux["devices"] = [device("/dev/grape", "c", 1, 5, fileMode=0o640, uid=7, gid=8)]
    c.resources["devices"].append({"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"})
    assert c.lines() == ["character special file 1 5 640 7 8", "3"]


def test_the_mode_of_a_device_is_not_cut_by_the_callers_umask(container):
    c = container("stat -c %a /dev/grape")
    c.linux["devices"] = [device("/dev/grape", "c", 1, 5, fileMode=0o666)]
    assert c.stdout(preexec_fn=lambda: os.umask(0o077)) == "666\n"


def test_default_devices_are_not_cut_by_the_callers_umask(container):
    c = container("stat -c %a /dev/null /dev; stat -c %a /etc/made")
    c.mount("/etc/made", "tmpfs", options=["mode=755"])
    assert c.stdout(preexec_fn=lambda: os.umask(0o077)) == "666\n755\n755\n"


def test_type_u_is_c(container):
    c = container("stat -c '%F %t %T' /dev/grape")
    c.linux["devices"] = [device("/dev/grape", "u", 1, 5)]
    assert c.stdout() == "character special file 1 5\n"


def test_a_block_device(container):
    c = container("stat -c '%F %t %T' /dev/disk")
    c.linux["devices"] = [device("/dev/disk", "b", 7, 200, fileMode=0o600)]
    assert c.stdout() == "block special file 7 c8\n"


def test_a_fifo(container):
    c = container("stat -c '%F %a' /dev/pipe; echo through > /dev/pipe & cat /dev/pipe")
    c.linux["devices"] = [{"type": "p", "path": "/dev/pipe", "fileMode": 0o622}]
    assert sorted(c.lines()) == ["fifo 622", "through"]


def test_a_device_outside_dev(container):
    c = container("stat -c '%F' /srv/deep/zero; head -c 3 /srv/deep/zero | wc -c")
    c.linux["devices"] = [device("/srv/deep/zero", "c", 1, 5)]
    c.resources["devices"].append({"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"})
    assert c.lines() == ["character special file", "3"]


def test_a_device_of_the_defaults_may_be_overridden(container):
    c = container("stat -c '%F %t %T' /dev/null")
    c.linux["devices"] = [device("/dev/null", "c", 1, 3, fileMode=0o666)]
    c.resources["devices"].append({"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"})
    assert c.stdout() == "character special file 1 3\n"


def test_a_device_through_a_link_stays_inside(container, place):
    c = container("test -c /outside/zero && echo here")
    (c.rootfs / "srv/link").symlink_to("/outside")
    (c.rootfs / "outside").mkdir()
    c.linux["devices"] = [device("/srv/link/zero", "c", 1, 5)]
    done = c.run()
    assert not os.path.exists("/outside")
    assert done.rc != 0 or done.out == "here\n"


@pytest.mark.parametrize("kind", ["x", ""])
def test_an_unknown_device_type(container, kind):
    c = container("true")
    c.linux["devices"] = [device("/dev/grape", kind)]
    c.refused("device|/dev/grape|type")


def test_a_device_that_would_replace_a_file(container):
    c = container("cat /srv/file")
    (c.rootfs / "srv/file").write_text("kept\n")
    c.linux["devices"] = [device("/srv/file", "c", 1, 5)]
    c.run()
    assert stat.S_ISREG((c.rootfs / "srv/file").stat().st_mode)


def test_a_rootfs_dev_with_nodes_of_its_own(container):
    """No tmpfs on /dev: the nodes of the image are kept or replaced, and usable."""
    c = container("echo x > /dev/null; stat -c '%F %t %T' /dev/null").without_mount("/dev")
    os.mknod(c.rootfs / "dev/null", 0o20600, os.makedev(1, 3))
    assert c.stdout() == "character special file 1 3\n"


def test_dev_bound_from_the_host_is_left_alone(container):
    """Privileged containers bind /dev: nothing in it may be made, replaced or removed."""
    before = sorted(os.listdir("/dev"))
    null = os.stat("/dev/null")
    c = container("test -c /dev/null && echo there")
    c.without_mount("/dev", "/dev/pts", "/dev/shm", "/dev/mqueue")
    c.mount("/dev", source="/dev", options=["rbind"])
    assert c.stdout() == "there\n"
    assert sorted(os.listdir("/dev")) == before
    assert os.stat("/dev/null").st_ino == null.st_ino and os.stat("/dev/null").st_mode == null.st_mode
