"""Every namespace kind: new, joined by path, or the host's when the list does not name it."""

import os
import subprocess

import pytest

import host

KINDS = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "cgroup": "cgroup"}
ALL = {**KINDS, "user": "user", "time": "time"}


def link(kind, pid="self"):
    return os.readlink(f"/proc/{pid}/ns/{kind}")


def inside(container, kind):
    """The container's namespace of that kind, as the container sees it."""
    return container.sh(f"readlink /proc/self/ns/{kind}").stdout().strip()


@pytest.fixture
def neighbour():
    """A process with new namespaces of the kinds given; their paths can be joined."""
    started = []

    def make(*flags):
        process = subprocess.Popen(["unshare", "--fork", "--kill-child", *flags, "sh", "-c",
                                    "echo up; exec sleep 1000"],
                                   stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert process.stdout.readline() == b"up\n"
        started.append(process)
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if host.read_softly(f"/proc/{pid}/stat").rpartition(")")[2].split()[1:2] == [str(process.pid)]:
                return int(pid)
    yield make
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_new_namespace(container, kind):
    seen = inside(container(), KINDS[kind])
    assert seen.startswith(KINDS[kind] + ":[")
    assert seen != link(KINDS[kind])


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"mount", "pid"}))
def test_a_namespace_not_named_is_the_callers(container, kind):
    c = container().without_namespace(kind)
    if kind == "uts":
        del c.config["hostname"]
    if kind == "network":  # a new sysfs needs a network namespace of one's own
        c.without_mount("/sys")
        c.linux["maskedPaths"] = c.linux["readonlyPaths"] = []
    if kind == "ipc":
        c.without_mount("/dev/mqueue")
    assert inside(c, KINDS[kind]) == link(KINDS[kind])


def test_without_a_pid_namespace_pids_are_the_hosts(container):
    c = container("echo $$; echo up; sleep 100").without_namespace("pid").up()
    c.says("up")
    assert c.output().split()[0] == str(c.pid)
    assert link("pid", c.pid) == link("pid")


@pytest.mark.parametrize("kind, flag",
                         [("network", "--net"), ("ipc", "--ipc"), ("uts", "--uts"), ("cgroup", "--cgroup")])
def test_a_namespace_joined_by_path(container, neighbour, kind, flag):
    pid = neighbour(flag)
    name = KINDS[kind]
    c = container().namespace(kind, f"/proc/{pid}/ns/{name}")
    if kind == "uts":
        del c.config["hostname"]
    assert inside(c, name) == link(name, pid)
    assert link(name, pid) != link(name)


def test_a_pid_namespace_joined_by_path(container, neighbour):
    pid = neighbour("--pid", "--mount-proc")
    c = container("readlink /proc/self/ns/pid; cat /proc/1/cmdline | tr '\\0' ' '")
    c.namespace("pid", f"/proc/{pid}/ns/pid")
    out = c.stdout()
    assert out.splitlines()[0] == link("pid", pid)
    assert "sleep 1000" in out


def test_the_network_namespace_of_another_container(container):
    first = container("sleep 100").up()
    second = container().namespace("network", f"/proc/{first.pid}/ns/net")
    assert inside(second, "net") == link("net", first.pid)


def test_a_namespace_path_pinned_by_a_bind_mount(container, place, neighbour):
    pid = neighbour("--net")
    pin = place / "pinned-net"
    pin.write_text("")
    host.mount(f"/proc/{pid}/ns/net", pin, None, "bind")
    try:
        assert inside(container().namespace("network", pin), "net") == link("net", pid)
    finally:
        host.umount(pin)
        pin.unlink()


def test_a_new_network_has_only_loopback(container):
    assert container("ls /sys/class/net; cat /proc/net/dev | grep -c :").stdout() == "lo\n1\n"


def test_loopback_is_up_in_a_new_network_namespace(container):
    """The runtime-spec does not ask for it; every runtime does it and programs rely on it."""
    assert "LOOPBACK,UP" in container("ip link show lo").stdout()


def test_the_first_process_is_pid_1(container):
    assert container("echo $$; ls -d /proc/[0-9]* | wc -l").stdout().split()[0] == "1"


def test_a_path_that_is_no_namespace(container, tmp_path):
    (tmp_path / "file").write_text("")
    container("true").namespace("network", tmp_path / "file").refused("net|namespace")
    container("true").namespace("network", tmp_path / "missing").refused("no such file")


def test_a_path_to_a_namespace_of_another_kind(container):
    container("true").namespace("network", "/proc/self/ns/uts").refused("net|namespace")


def test_the_same_kind_twice(container):
    c = container("true")
    c.linux["namespaces"].append({"type": "uts"})
    c.refused("uts|namespace")


def test_an_unknown_kind(container):
    c = container("true")
    c.linux["namespaces"].append({"type": "grape"})
    c.refused("grape|namespace")


# ---- hostname and domainname


def test_hostname(container):
    c = container("hostname; cat /proc/sys/kernel/hostname")
    c.config["hostname"] = "grape.example"
    assert c.stdout() == "grape.example\n" * 2
    assert os.uname().nodename != "grape.example"


@pytest.mark.needs("domainname")
def test_domainname(container):
    c = container("cat /proc/sys/kernel/domainname")
    c.config["domainname"] = "vineyard.example"
    assert c.stdout() == "vineyard.example\n"


def test_a_hostname_without_a_uts_namespace_is_refused(container):
    before = os.uname().nodename
    c = container("true").without_namespace("uts")
    c.refused("hostname|uts")
    assert os.uname().nodename == before


def test_a_hostname_that_is_too_long(container):
    c = container("true")
    c.config["hostname"] = "g" * 65
    c.refused("hostname|name too long|invalid argument")


# ---- user namespaces


def test_user_namespace_ids_inside_and_outside(container):
    c = container("id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map; touch /work/mine; "
                  "echo up; sleep 100")
    c.user_namespace(100000, 1000).up()
    c.says("up")
    words = c.output().split()
    assert words[:8] == ["0", "0", "0", "100000", "1000", "0", "100000", "1000"]
    status = host.read_softly(f"/proc/{c.pid}/status")
    assert "Uid:\t100000\t100000\t100000\t100000" in status
    assert (c.rootfs / "work/mine").stat().st_uid == 100000
    assert link("user", c.pid) != link("user")


def test_user_namespace_with_a_user_of_its_own(container):
    c = container("id -u; id -g; id -G").user_namespace()
    c.process["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 7]}
    assert c.lines() == ["1000", "1001", "1001 5 7"]


def test_user_namespace_with_several_ranges(container):
    c = container("cat /proc/self/uid_map | tr -s ' '").user_namespace()
    c.linux["uidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 10},
                              {"containerID": 10, "hostID": 300000, "size": 20}]
    assert [line.split() for line in c.lines()] == [["0", "100000", "10"], ["10", "300000", "20"]]


def test_user_namespace_owns_the_other_namespaces(container):
    """Root inside can set the host name and mount, so uts and mount belong to the new user namespace."""
    c = container("hostname changed && hostname && mount -t tmpfs none /mnt && echo mounted").user_namespace()
    c.capabilities("CAP_SYS_ADMIN")
    assert c.lines() == ["changed", "mounted"]


def test_user_namespace_root_has_no_power_outside(container):
    """A file of the host's root that is bind-mounted in cannot be read when its mode says so."""
    c = container("cat /mnt/secret; stat -c %u /mnt/secret").user_namespace()
    shared = c.shared_directory()
    (shared / "secret").write_text("secret")
    (shared / "secret").chmod(0o600)
    c.mount("/mnt", source=shared)
    done = c.run()
    assert "secret" not in done.out
    assert done.out.strip() == "65534"


def test_user_namespace_devices_are_usable(container):
    """mknod is refused to it, so the default devices are bound from the host."""
    c = container("echo x > /dev/null && head -c 3 /dev/zero | wc -c && head -c 1 /dev/urandom | wc -c")
    assert c.user_namespace().lines() == ["3", "1"]


def test_a_user_without_a_mapping(container):
    c = container("true").user_namespace(size=10)
    c.process["user"] = {"uid": 500, "gid": 500}
    done = c.run()
    assert done.rc != 0
    c.assert_gone()


def test_mappings_without_a_user_namespace_are_refused_or_ignored(container):
    c = container("cat /proc/self/uid_map")
    c.linux["uidMappings"] = c.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 10}]
    done = c.run()
    assert done.rc != 0 or done.out.split() == ["0", "0", "4294967295"]


def test_a_user_namespace_without_mappings_is_refused(container):
    container("true").namespace("user").refused("mapping")


def test_overlapping_mappings_are_refused(container):
    c = container("true").user_namespace()
    c.linux["uidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 10},
                              {"containerID": 5, "hostID": 200000, "size": 10}]
    c.refused("uid|mapping")


@pytest.mark.needs("joined-user-namespace")
def test_a_user_namespace_joined_by_path(container):
    first = container("echo up; sleep 100").user_namespace().up()
    second = container("id -u; readlink /proc/self/ns/user").user_namespace()
    second.namespace("user", f"/proc/{first.pid}/ns/user")
    del second.linux["uidMappings"], second.linux["gidMappings"]
    assert second.stdout().split() == ["0", link("user", first.pid)]


# ---- cgroup and time


def test_cgroup_namespace_hides_the_path(container):
    c = container("cat /proc/self/cgroup")
    for line in c.lines():
        number, names, path = line.split(":", 2)
        if host.cgroup_mode() == "hybrid" and number == "0":
            continue  # a runtime may leave the process where it was in the second hierarchy
        assert path == "/", line


def test_without_a_cgroup_namespace_the_path_is_seen(container):
    c = container("cat /proc/self/cgroup").without_namespace("cgroup")
    assert any(line.endswith("/" + c.id) for line in c.lines())


@pytest.mark.needs("time")
def test_time_namespace_offsets(container):
    c = container("readlink /proc/self/ns/time; probe clocks").namespace("time")
    c.linux["timeOffsets"] = {"monotonic": {"secs": 864000}, "boottime": {"secs": 1728000, "nanosecs": 5}}
    name, clocks = c.lines()
    assert name != link("time")
    mono, boot = map(int, clocks.split())
    uptime = float(host.read_softly("/proc/uptime").split()[0])
    assert abs(mono - uptime - 864000) < 60
    assert abs(boot - uptime - 1728000) < 60


@pytest.mark.needs("time")
def test_time_offsets_with_a_user_namespace(container):
    c = container("probe clocks; cut -d. -f1 /proc/uptime").user_namespace().namespace("time")
    c.linux["timeOffsets"] = {"monotonic": {"secs": 864000}, "boottime": {"secs": 1728000}}
    mono, boot, shown = map(int, c.stdout().split())
    uptime = float(host.read_softly("/proc/uptime").split()[0])
    assert abs(mono - uptime - 864000) < 60
    assert abs(boot - uptime - 1728000) < 60
    assert abs(shown - uptime - 1728000) < 60


@pytest.mark.needs("time")
def test_exec_sees_the_time_namespace(container):
    c = container("echo up; sleep 100").namespace("time")
    c.linux["timeOffsets"] = {"monotonic": {"secs": 864000}}
    c.up()
    assert int(c.exec("probe", "clocks").out.split()[0]) > 864000


@pytest.mark.needs("time")
def test_time_offsets_without_a_time_namespace_are_refused(container):
    c = container("true")
    c.linux["timeOffsets"] = {"monotonic": {"secs": 1}}
    c.refused("time")


# ---- network devices


@pytest.mark.needs("netDevices")
def test_a_network_device_moves_in_and_is_renamed(container, token):
    made = subprocess.run(["ip", "link", "add", "ptgrape0", "type", "veth", "peer", "name", "ptgrape1"])
    if made.returncode:
        pytest.skip("cannot make a veth pair here")
    try:
        c = container("ls /sys/class/net")
        c.linux["netDevices"] = {"ptgrape0": {"name": "eth0"}}
        assert c.lines() == ["eth0", "lo"]
    finally:
        subprocess.run(["ip", "link", "del", "ptgrape1"], capture_output=True)
        subprocess.run(["ip", "link", "del", "ptgrape0"], capture_output=True)


@pytest.mark.needs("netDevices")
def test_a_network_device_that_is_not_there(container):
    c = container("true")
    c.linux["netDevices"] = {"ptnone0": {}}
    c.refused("ptnone0")
