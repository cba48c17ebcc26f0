"""Mount propagation and the root file system itself."""

import pytest

import host
from test_mounts import mounted


# ---- propagation


@pytest.mark.parametrize("option, sign", [("private", None), ("shared", "shared:"), ("slave", "master:"),
                                          ("unbindable", "unbindable"), ("rprivate", None),
                                          ("rshared", "shared:"),
                                          ("rslave", "master:"), ("runbindable", "unbindable")])
def test_propagation_of_one_mount(container, option, sign):
    c = container()
    shared = c.shared_directory()
    host.mount(shared, shared, None, "bind")
    host.mount_flags(shared, "shared")
    try:
        c.linux["rootfsPropagation"] = "rshared" if "shared" in option else "rslave"
        found = mounted(c.mount("/mnt", source=shared, options=["rbind", option]), "/mnt")
        if sign is None:
            assert not found["optional"], found
        else:
            assert any(field.startswith(sign) for field in found["optional"]), found
    finally:
        host.umount(shared)


def propagating(c, option, rootfs="rslave"):
    """A shared host directory mounted in with `option`; the container waits for a line of input file `go`."""
    shared = c.shared_directory()
    host.mount(shared, shared, None, "bind")
    host.mount_flags(shared, "shared")
    for name in ("from-host", "from-container"):
        (shared / name).mkdir()
    c.linux["rootfsPropagation"] = rootfs
    c.capabilities("CAP_SYS_ADMIN")
    c.mount("/mnt", source=shared, options=["rbind", option])
    c.sh("mount -t tmpfs none /mnt/from-container; echo up; while ! test -e /work/go; do sleep 0.02; done;"
         "grep -q ' /mnt/from-host ' /proc/self/mountinfo && echo arrived; umount /mnt/from-container")
    c.up().says("up")
    out = any(where == str(shared / "from-container") for _, where, _ in host.mounts())
    host.mount("tmpfs", shared / "from-host", "tmpfs")
    (c.rootfs / "work/go").write_text("")
    c.wait()
    host.umount(shared / "from-host")
    host.umount(shared / "from-container")
    host.umount(shared)
    return "arrived" in c.output(), out


@pytest.mark.parametrize("option, expected", [("rprivate", (False, False)), ("rslave", (True, False)),
                                              ("rshared", (True, True))])
def test_mounts_travel_as_the_propagation_says(container, option, expected):
    assert propagating(container(), option, "rshared" if option == "rshared" else "rslave") == expected


SPECIAL = pytest.mark.needs("rootfs-propagation")


@pytest.mark.parametrize("value, sign", [
    ("", None), ("private", None), ("slave", None), ("rslave", None),
    pytest.param("shared", "shared:", marks=SPECIAL),
    pytest.param("rshared", "shared:", marks=SPECIAL),
    pytest.param("unbindable", "unbindable", marks=SPECIAL)])
def test_rootfs_propagation(container, value, sign):
    """`/` inside has the propagation asked for, and is never a peer of a host mount it should not be."""
    c = container()
    host.mount(c.bundle, c.bundle, None, "bind")
    host.mount_flags(c.bundle, "shared")
    try:
        if value:
            c.linux["rootfsPropagation"] = value
        found = mounted(c, "/")
        if sign is None:
            assert not any(f.startswith("shared:") for f in found["optional"]), found
        else:
            assert any(f.startswith(sign) for f in found["optional"]), found
    finally:
        host.umount(c.bundle)


def test_rootfs_propagation_nonsense(container):
    c = container("true")
    c.linux["rootfsPropagation"] = "grape"
    c.refused("grape|propagation")


def test_nothing_mounted_for_the_container_is_seen_by_the_host(container):
    """Even when the host's mounts are shared: no mount of the setup comes back."""
    c = container("mount -t tmpfs none /work; echo up; sleep 100").mount("/mnt", "tmpfs")
    c.capabilities("CAP_SYS_ADMIN")
    host.mount(c.bundle, c.bundle, None, "bind")
    host.mount_flags(c.bundle, "shared")
    try:
        before = host.mounts()
        c.up().says("up")
        assert host.mounts() == before
    finally:
        c.kill("KILL")
        host.umount(c.bundle)


# ---- root


def test_the_root_is_the_rootfs_and_the_old_root_is_gone(container):
    c = container("ls /; cat /proc/self/mountinfo")
    out = c.stdout()
    assert str(c.bundle.parent) not in "\n".join(line.split(" - ")[0].split()[4]
                                                 for line in out.splitlines() if " - " in line)
    for line in out.splitlines():
        if " - " in line:
            where = line.split()[4]
            assert where == "/" or where.startswith(("/proc", "/dev", "/sys")), line


def test_readonly_root(container):
    c = container("touch /x; echo $?; touch /dev/shm/x; echo $?; mount -o remount,rw /; echo $?")
    c.config["root"]["readonly"] = True
    assert c.lines() == ["1", "0", "1"]


def test_readonly_root_still_gets_its_mount_targets(container):
    c = container("cat /made/for/it")
    c.config["root"]["readonly"] = True
    (c.bundle / "source").write_text("here\n")
    assert c.mount("/made/for/it", source="source").stdout() == "here\n"


def test_no_pivot(container):
    c = container("ls -d /bin; test -e /proc/1/root/work && echo here")
    assert c.stdout("--no-pivot") == "/bin\nhere\n"


def test_root_on_a_mount_point_of_its_own(container):
    """Engines hand over an overlay mount."""
    c = container("cat /file")
    for name in ("upper", "scratch", "merged"):
        c.shared_directory(name, 0o755)
    (c.bundle / "upper/file").write_text("merged\n")
    host.mount("overlay", c.bundle / "merged", "overlay",
               data=f"lowerdir={c.rootfs},upperdir={c.bundle}/upper,workdir={c.bundle}/scratch")
    try:
        c.config["root"]["path"] = "merged"
        assert c.stdout() == "merged\n"
    finally:
        host.umount(c.bundle / "merged")


def test_rootfs_through_a_symlink(container):
    c = container("echo here")
    (c.bundle / "link").symlink_to("rootfs")
    c.config["root"]["path"] = "link"
    done = c.run()
    if done.rc:
        assert "root" in done.err
    else:
        assert done.out == "here\n"
