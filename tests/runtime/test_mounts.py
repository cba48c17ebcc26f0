"""config.mounts and root, read back from /proc/self/mountinfo inside, or felt by trying."""

import os

import pytest

import host


def entry(lines, where):
    """The topmost mount on `where`: options, optional fields, type, source, superblock options."""
    found = None
    for line in lines:
        left, right = line.split(" - ", 1)
        fields = left.split()
        if fields[4] == where:
            kind, source, super_options = (right.split() + [""])[:3]
            found = {"root": fields[3], "options": fields[5].split(","), "optional": fields[6:], "type": kind,
                     "source": source, "super": super_options.split(",")}
    return found


def mounted(container, where):
    found = entry(container.sh("cat /proc/self/mountinfo").lines(), where)
    assert found, f"nothing is mounted on {where}"
    return found


# ---- bind mounts


def test_bind_a_directory(container):
    c = container("cat /mnt/file; echo inside > /mnt/new")
    shared = c.shared_directory()
    (shared / "file").write_text("outside\n")
    assert c.mount("/mnt", source=shared).stdout() == "outside\n"
    assert (shared / "new").read_text() == "inside\n"


def test_bind_a_file_creates_its_target(container):
    c = container("cat /deep/er/file; test -f /deep/er/file && echo file")
    source = c.bundle / "source"
    source.write_text("outside\n")
    assert c.mount("/deep/er/file", source=source).lines() == ["outside", "file"]


def test_bind_a_directory_creates_its_target(container):
    c = container("ls /deep/er/place; stat -c %a:%u /deep")
    (c.shared_directory() / "file").write_text("")
    assert c.mount("/deep/er/place", source=c.bundle / "shared").lines() == ["file", "755:0"]


def test_bind_a_socket_and_a_device(container):
    c = container("ls -l /run/socket | cut -c1; echo x > /work/null && echo written")
    import socket
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(c.bundle / "socket"))
        c.mount("/run/socket", source=c.bundle / "socket").mount("/work/null", source="/dev/null")
        assert c.lines() == ["s", "written"]


def test_a_relative_source_starts_at_the_bundle(container):
    c = container("cat /mnt/file")
    (c.shared_directory() / "file").write_text("here\n")
    assert c.mount("/mnt", source="shared").stdout() == "here\n"


def test_a_missing_source(container):
    container("true").mount("/mnt", source="/no/such/source").refused("/no/such/source|/mnt", "no such file")


def test_type_none_with_the_bind_option(container):
    c = container("cat /mnt/file")
    (c.shared_directory() / "file").write_text("here\n")
    assert c.mount("/mnt", "none", c.bundle / "shared", ["rbind", "rw"]).stdout() == "here\n"


def test_type_bind_without_the_option(container):
    c = container("cat /mnt/file")
    (c.shared_directory() / "file").write_text("here\n")
    c.config["mounts"].append({"destination": "/mnt", "type": "bind", "source": "shared", "options": ["ro"]})
    done = c.run()
    if done.rc:  # the specification names the options only
        assert "/mnt" in done.err
    else:
        assert done.out == "here\n"


def submounted(c):
    """shared/sub is a tmpfs with a file; the caller unmounts it."""
    shared = c.shared_directory()
    (shared / "sub").mkdir()
    host.mount("tmpfs", shared / "sub", "tmpfs")
    (shared / "sub/file").write_text("below\n")
    return shared


def test_bind_leaves_submounts_out_and_rbind_takes_them(container):
    c = container("cat /mnt/sub/file; echo; cat /srv/sub/file")
    shared = submounted(c)
    try:
        c.mount("/mnt", source=shared, options=["bind"]).mount("/srv", source=shared, options=["rbind"])
        done = c.run()
        assert done.out == "\nbelow\n"
        assert "/mnt/sub/file" in done.err
    finally:
        host.umount(shared / "sub")


def test_a_readonly_bind(container):
    c = container("touch /mnt/x; echo $?; mount -o remount,rw,bind /mnt; echo $?")
    c.mount("/mnt", source=c.shared_directory(), options=["rbind", "ro"])
    done = c.run()
    assert done.out == "1\n1\n"
    assert "Read-only file system" in done.err


def test_ro_is_for_the_top_only_and_rro_for_all_below(container):
    """Plain `ro` of an rbind leaves submounts writable: the kernel's and every runtime's behaviour."""
    c = container("touch /mnt/sub/x && echo writable")
    shared = submounted(c)
    try:
        c.mount("/mnt", source=shared, options=["rbind", "ro"])
        assert c.stdout() == "writable\n"
    finally:
        host.umount(shared / "sub")


@pytest.mark.needs("rro")
@pytest.mark.parametrize("option, attempt", [("rro", "touch /mnt/sub/x"), ("rnoexec", "/mnt/sub/true"),
                                             ("rnodev", "echo x > /mnt/sub/null")],
                                             ids=lambda v: v.split()[0])
def test_recursive_attributes(container, option, attempt):
    c = container(f"{attempt} || echo refused")
    shared = submounted(c)
    try:
        (shared / "sub/true").write_bytes((c.rootfs / "bin/busybox").read_bytes())
        (shared / "sub/true").chmod(0o755)
        os.mknod(shared / "sub/null", 0o20666, os.makedev(1, 3))
        (shared / "sub/null").chmod(0o666)
        c.mount("/mnt", source=shared, options=["rbind", option])
        assert c.stdout() == "refused\n"
    finally:
        host.umount(shared / "sub")


@pytest.mark.parametrize("options, present, absent", [
    (["nosuid", "nodev", "noexec"], ["nosuid", "nodev", "noexec"], []),
    (["ro", "noatime"], ["ro", "noatime"], ["relatime"]),
    (["nodiratime"], ["nodiratime"], []),
    (["strictatime"], [], ["relatime", "noatime"]),
    (["relatime"], ["relatime"], []),
    (["ro", "rw"], ["rw"], ["ro"]),
    (["nosuid", "suid", "noexec", "exec", "nodev", "dev"], [], ["nosuid", "noexec", "nodev"]),
    pytest.param(["defaults"], ["rw"], [], marks=pytest.mark.needs("defaults")),
], ids=lambda v: "+".join(v) if v else "-")
@pytest.mark.parametrize("kind", ["tmpfs", "bind"])
def test_mount_flags(container, kind, options, present, absent):
    c = container()
    source = c.shared_directory() if kind == "bind" else "tmpfs"
    found = mounted(c.mount("/mnt", kind, source, options), "/mnt")["options"]
    assert set(present) <= set(found), found
    assert not set(absent) & set(found), found


def test_nosuid_noexec_and_nodev_are_felt(container):
    c = container("/mnt/true; echo $?; echo x > /mnt/null; echo $?")
    shared = c.shared_directory()
    (shared / "true").write_bytes((c.rootfs / "bin/busybox").read_bytes())
    (shared / "true").chmod(0o755)
    os.mknod(shared / "null", 0o20666, os.makedev(1, 3))
    done = c.mount("/mnt", source=shared, options=["rbind", "noexec", "nodev"]).run()
    assert done.out == "126\n1\n", done


@pytest.mark.needs("locked-flags")
def test_flags_of_a_locked_mount_survive_a_bind_in_a_user_namespace(container):
    """The host's nosuid,nodev,noexec cannot be cleared by a bind without them, and `ro` must still apply."""
    c = container("cat /proc/self/mountinfo").user_namespace()
    shared = c.shared_directory()
    host.mount("tmpfs", shared, "tmpfs", data="mode=777")
    # nosuid, nodev, noexec
    host.libc.mount(b"tmpfs", str(shared).encode(), None, 0x20 | 0x2 | 0x4 | 0x8, None)
    try:
        found = entry(c.mount("/mnt", source=shared, options=["rbind", "ro"]).lines(), "/mnt")
        assert {"ro", "nosuid", "nodev", "noexec"} <= set(found["options"])
    finally:
        host.umount(shared)


# ---- other file systems


@pytest.mark.needs("tmpfs-mode")
def test_tmpfs_size_and_mode(container):
    c = container("stat -c '%a %u %g' /mnt; df -k /mnt | tail -1 | awk '{print $2}'; "
                  "dd if=/dev/zero of=/mnt/x bs=1M")
    c.mount("/mnt", "tmpfs", options=["size=1m", "mode=1770", "uid=7", "gid=8"])
    done = c.run()
    assert done.out.splitlines() == ["1770 7 8", "1024"]
    assert "No space left" in done.err


def test_tmpfs_without_a_mode_takes_the_targets(container):
    c = container("stat -c %a /mnt")
    (c.rootfs / "mnt").chmod(0o711)
    assert c.mount("/mnt", "tmpfs").stdout() == "711\n"


def test_tmpfs_options_the_kernel_refuses(container):
    container("true").mount("/mnt", "tmpfs", options=["grape=7"]).refused("/mnt|grape", "invalid argument")


def test_an_unknown_file_system(container):
    container("true").mount("/mnt", "grapefs").refused("/mnt|grapefs", "no such device|no file system")


def test_tmpcopyup(container):
    c = container("cat /srv/file /srv/deep/file; readlink /srv/link; stat -c '%a %u' /srv/file; "
                  "touch /srv/new")
    (c.rootfs / "srv/deep").mkdir()
    (c.rootfs / "srv/file").write_text("one\n")
    (c.rootfs / "srv/file").chmod(0o640)
    os.chown(c.rootfs / "srv/file", 12, 12)
    (c.rootfs / "srv/deep/file").write_text("two\n")
    (c.rootfs / "srv/link").symlink_to("file")
    assert c.mount("/srv", "tmpfs", options=["tmpcopyup"]).lines() == ["one", "two", "file", "640 12"]
    assert not (c.rootfs / "srv/new").exists()


def test_proc_shows_the_new_pid_namespace(container):
    assert container("ls -d /proc/[0-9]*").stdout().split()[0] == "/proc/1"
    assert mounted(container(), "/proc")["type"] == "proc"


def test_sysfs_is_read_only(container):
    c = container("touch /sys/kernel/x; echo $?; ls -d /sys/class/net/lo")
    assert c.lines() == ["1", "/sys/class/net/lo"]
    assert mounted(container(), "/sys")["type"] == "sysfs"


def test_devpts_is_a_new_instance(container):
    c = container("ls /dev/pts; stat -c '%a' /dev/pts/ptmx")
    assert c.stdout().split() == ["ptmx", "666"]


def test_mqueue_is_of_the_new_ipc_namespace(container):
    c = container("ls /dev/mqueue | wc -l; touch /dev/mqueue/mine && ls /dev/mqueue; "
                  "cat /dev/mqueue/mine | cut -c1-5")
    assert c.stdout().split() == ["0", "mine", "QSIZE"]


def test_mounts_are_made_in_the_order_of_the_list(container):
    c = container("ls /mnt /mnt/sub")
    shared = c.shared_directory()
    (shared / "sub").mkdir()
    (shared / "low").write_text("")
    c.mount("/mnt", source=shared).mount("/mnt/sub", "tmpfs")
    assert entry(c.sh("cat /proc/self/mountinfo").lines(), "/mnt/sub")["type"] == "tmpfs"


def test_a_later_mount_on_the_same_place_covers_the_first(container):
    c = container("ls -A /mnt | wc -l")
    (c.shared_directory() / "file").write_text("")
    assert c.mount("/mnt", source="shared").mount("/mnt", "tmpfs").stdout() == "0\n"


@pytest.mark.needs("bare-root")
def test_without_a_mounts_list(container):
    c = container("echo alive; ls /proc | wc -l")
    c.config["mounts"] = []
    c.linux["maskedPaths"] = c.linux["readonlyPaths"] = []
    assert c.lines() == ["alive", "0"]


def test_overlay(container):
    c = container("cat /mnt/low /mnt/high; echo changed > /mnt/low")
    for name in ("lower", "upper", "scratch"):
        c.shared_directory(name)
    (c.bundle / "lower/low").write_text("low\n")
    (c.bundle / "upper/high").write_text("high\n")
    options = [f"lowerdir={c.bundle}/lower", f"upperdir={c.bundle}/upper", f"workdir={c.bundle}/scratch"]
    assert c.mount("/mnt", "overlay", "overlay", options).lines() == ["low", "high"]
    assert (c.bundle / "upper/low").read_text() == "changed\n"


def test_many_mounts(container):
    c = container("grep -c ' /mnt/' /proc/self/mountinfo")
    shared = c.shared_directory()
    for i in range(200):
        c.mount(f"/mnt/{i}", source=shared)
    assert c.stdout() == "200\n"


# ---- cgroup mounts (v1)


@pytest.mark.cgroup_v1
@pytest.mark.parametrize("own", [True, False], ids=["cgroup-namespace", "host-cgroup-namespace"])
def test_cgroup_mount(container, own):
    """Every hierarchy the process is in is there, and shows the container's own directory only."""
    c = container("ls /sys/fs/cgroup; cat /sys/fs/cgroup/pids/cgroup.procs; "
                  "mkdir /sys/fs/cgroup/pids/x || echo fixed")
    if not own:
        c.without_namespace("cgroup")
    c.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"])
    words = c.stdout().split()
    for name in ("cpu", "memory", "pids", "devices", "freezer", "blkio", "cpuset", "systemd"):
        if (host.CGROUP_ROOT / name).is_dir():
            assert name in words
    assert "1" in words
    assert words[-1] == "fixed"


@pytest.mark.cgroup_v1
def test_cgroup_mount_shows_the_limits_inside(container):
    c = container("cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max")
    c.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro"])
    c.resources.update(memory={"limit": 64 << 20}, pids={"limit": 33})
    assert c.lines() == [str(64 << 20), "33"]


@pytest.mark.cgroup_v1
def test_cgroup_mount_writable_inside(container):
    c = container("mkdir /sys/fs/cgroup/pids/sub && echo $$ > /sys/fs/cgroup/pids/sub/cgroup.procs && "
                  "grep pids /proc/self/cgroup; echo up; sleep 100")
    c.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["rw"]).up()
    c.says("up")
    assert ":pids:/sub" in c.output()
    assert (c.cgroup("pids") / "sub").is_dir()
    c.stop().delete()
    c.assert_gone()


# ---- masked and readonly paths


def test_masked_paths(container):
    c = container("cat /work/file | wc -c; ls -A /work/dir | wc -l; touch /work/dir/x; echo $?; "
                  "echo x > /work/file")
    (c.rootfs / "work/file").write_text("secret")
    (c.rootfs / "work/dir").mkdir()
    (c.rootfs / "work/dir/secret").write_text("secret")
    c.linux["maskedPaths"] += ["/work/file", "/work/dir", "/work/not-there"]
    assert c.lines() == ["0", "0", "1"]
    assert (c.rootfs / "work/file").read_text() == "secret"


def test_the_usual_masked_paths(container):
    c = container("head -c 10 /proc/kcore | wc -c; cat /proc/keys | wc -c; ls /sys/firmware | wc -l")
    assert c.lines() == ["0", "0", "0"]


def test_readonly_paths(container):
    c = container("touch /work/dir/x; echo $?; cat /work/dir/file; "
                  "echo 1 > /proc/sys/kernel/domainname; echo $?;"
                  "echo b > /proc/sysrq-trigger")
    (c.rootfs / "work/dir").mkdir()
    (c.rootfs / "work/dir/file").write_text("readable\n")
    c.linux["readonlyPaths"] += ["/work/dir", "/work/not-there"]
    done = c.run()
    assert done.out.splitlines() == ["1", "readable", "1"]
    assert "Read-only file system" in done.err


def test_masked_path_cannot_be_unmounted(container):
    c = container("umount /proc/kcore; echo $?")
    assert c.lines() == ["1"]


# ---- symbolic links in targets


@pytest.mark.parametrize("target", ["/outside-absolute", "../../../../outside-relative"])
def test_a_link_out_of_the_rootfs_is_followed_inside(container, place, target):
    """rootfs/link -> somewhere; the mount goes to that path under the root file system, never to the
    host's."""
    c = container("cat /link/file")
    name = target.rsplit("/", 1)[1]
    (c.rootfs / "link").symlink_to(target)
    (c.shared_directory() / "file").write_text("here\n")
    assert c.mount("/link", source="shared").stdout() == "here\n"
    assert (c.rootfs / name).is_dir()
    assert not os.path.exists("/" + name)
    assert not (place / name).exists()


def test_a_link_to_etc_of_the_host(container):
    """A mount on /link -> /etc must land on the container's /etc."""
    c = container("cat /etc/marker")
    (c.rootfs / "link").symlink_to("/etc")
    (c.shared_directory() / "marker").write_text("inside\n")
    assert c.mount("/link", source="shared").stdout() == "inside\n"
    assert not os.path.exists("/etc/marker")


def test_a_link_in_the_middle_of_a_target(container):
    c = container("cat /real/deep/file")
    (c.rootfs / "real").mkdir()
    (c.rootfs / "way").symlink_to("/real")
    (c.shared_directory() / "file").write_text("here\n")
    assert c.mount("/way/deep", source="shared").stdout() == "here\n"


def test_dots_in_a_target_stay_inside(container):
    c = container("cat /mnt/file")
    (c.shared_directory() / "file").write_text("here\n")
    assert c.mount("/work/../../../../../mnt", source="shared").stdout() == "here\n"


def test_a_loop_of_links_is_an_error(container):
    c = container("true")
    (c.rootfs / "a").symlink_to("b")
    (c.rootfs / "b").symlink_to("a")
    c.mount("/a/x", "tmpfs").refused("/a", "too many|loop|symbolic")


def test_a_file_where_a_directory_is_needed(container):
    c = container("true")
    (c.rootfs / "plain").write_text("")
    c.mount("/plain/below", "tmpfs").refused("/plain", "not a directory")


# ---- idmapped mounts


MAPPING = [{"containerID": 0, "hostID": 50000, "size": 1000}]


@pytest.mark.needs("idmap")
def test_idmapped_mount_with_mappings_of_its_own(container):
    """On disk 7, through the mapping 50007; a file made by the mapped root is 0 on disk."""
    host.need_user_namespaces()  # the mapping of a mount is one's
    c = container("stat -c '%u %g' /mnt/file; echo up; sleep 100")
    shared = c.shared_directory()
    (shared / "file").write_text("")
    os.chown(shared / "file", 7, 8)
    c.mount("/mnt", source=shared, options=["bind", "idmap"], uidMappings=MAPPING, gidMappings=MAPPING)
    c.up().says("50007 50008\nup")
    assert c.exec("touch", "/mnt/new", flags=["--user", "50003:50003"]).rc == 0
    assert ((shared / "new").stat().st_uid, (shared / "new").stat().st_gid) == (3, 3)


@pytest.mark.needs("idmap")
def test_idmapped_mount_with_the_containers_mappings(container):
    c = container("stat -c '%u %g' /mnt/file; touch /mnt/new").user_namespace()
    shared = c.shared_directory()
    (shared / "file").write_text("")
    os.chown(shared / "file", 7, 8)
    c.mount("/mnt", source=shared, options=["bind", "idmap"])
    assert c.stdout() == "7 8\n"
    assert (shared / "new").stat().st_uid == 0


@pytest.mark.needs("idmap")
def test_idmapped_mount_in_a_user_namespace_with_explicit_mappings(container):
    c = container("stat -c '%u %g' /mnt/file").user_namespace()
    shared = c.shared_directory()
    (shared / "file").write_text("")
    os.chown(shared / "file", 7, 8)
    mapping = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    c.mount("/mnt", source=shared, options=["rbind", "ridmap"], uidMappings=mapping, gidMappings=mapping)
    assert c.stdout() == "7 8\n"


@pytest.mark.needs("idmap")
def test_idmap_without_any_mapping_is_refused(container):
    c = container("true")
    c.mount("/mnt", source=c.shared_directory(), options=["bind", "idmap"]).refused("mapping")
