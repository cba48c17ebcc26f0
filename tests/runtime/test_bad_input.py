"""Hostile and broken bundles and state: a sentence that names the place, and nothing left behind."""

import json
import os
import re
import resource

import pytest

import host


def raw(c, text):
    """A config.json as it is, not through the dict."""
    c.write = lambda: (c.bundle / "config.json").write_bytes(text if isinstance(text, bytes)
                                                             else text.encode()) and c
    return c


def crashed(done):
    """A signal of its own, or one a shell would report; a Go or sanitizer panic counts too."""
    return done.rc < 0 or done.rc in (132, 134, 135, 136,
                                      139) or "panic:" in done.err or "Sanitizer" in done.err


def whole(c):
    return json.dumps(c.config)


# ---- config.json is not JSON


@pytest.mark.parametrize("cut", [0, 1, 20, 500, -1])
def test_truncated(container, cut):
    c = container("true")
    raw(c, whole(c)[:cut]).refused()


@pytest.mark.parametrize("text",
                         ["[]", "null", "7", '"x"', "{}", "\0" * 100, "\xff\xfe", "{'a': 1}", '{"a": 1,}'],
                         ids=["array", "null", "number", "string", "empty", "nul", "bom", "single", "comma"])
def test_not_a_configuration(container, text):
    raw(container("true"), text).refused()


@pytest.mark.needs("strict-json")
def test_text_after_the_end(container):
    c = container("true")
    raw(c, whole(c) + "grape").refused("config.json")


@pytest.mark.needs("strict-json")
def test_duplicate_keys(container):
    """Two readers of one file must not see two different containers."""
    c = container("true")
    raw(c, whole(c).replace('"hostname": "podo"',
                            '"hostname": "podo", "hostname": "other"')).refused("hostname")


@pytest.mark.needs("strict-json")
def test_invalid_utf8(container):
    c = container("true")
    raw(c, whole(c).encode().replace(b'"podo"', b'"po\xff\xfedo"')).refused("config.json|utf")


@pytest.mark.needs("strict-json")
@pytest.mark.parametrize("depth", [5000, 1_000_000])
def test_deep_nesting(container, depth):
    c = container("true")
    raw(c, '{"x": ' + "[" * depth + "]" * depth + ", " + whole(c)[1:]).refused("config.json|depth|deep|nest")


@pytest.mark.needs("size-limit")
def test_a_huge_file(container):
    c = container("true")
    raw(c, whole(c)[:-1] + ', "annotations": {"a": "' + "x" * (64 << 20) + '"}}')
    done = c.create(expect=1)
    assert "config.json" in done.err or "large" in done.err or "size" in done.err


def test_a_missing_config(container):
    c = container("true")
    c.write = lambda: c
    c.refused("config.json", "no such file|not found")


def test_a_config_that_is_a_directory(container):
    c = container("true")
    (c.bundle / "config.json").mkdir()
    c.write = lambda: c
    c.refused("config.json", "directory|regular file")


def test_a_config_that_is_a_fifo_does_not_hang(container):
    """Or is refused by its type; but the runtime must come back."""
    import subprocess
    c = container("true")
    os.mkfifo(c.bundle / "config.json")
    c.write = lambda: c
    try:
        done = c.runtime("create", "--bundle", c.bundle, c.id, timeout=3)
        assert done.rc != 0
    except subprocess.TimeoutExpired:
        if c.runtime.name != "runc":
            raise


def test_a_missing_bundle(container):
    c = container("true").write()
    done = c.runtime("create", "--bundle", "/no/such/bundle", c.id)
    assert done.rc != 0 and "no such file" in done.err.lower()


# ---- the wrong type, with the path in the message


@pytest.mark.parametrize("path, value, word", [
    ("process.args", "sh -c true", "args"), ("process.args", [1], "args"), ("process.env", {"A": "b"}, "env"),
    ("process.cwd", 7, "cwd"), ("process.user.uid", "root", "uid"), ("process.user.uid", -1, "uid"),
    ("process.user.uid", 2**33, "uid"), ("process.user.additionalGids", 5, "additionalGids"),
    ("process.terminal", "no", "terminal"),
    ("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": "many"}], "soft"),
    ("process.capabilities", ["CAP_CHOWN"], "capabilities"),
    ("process.noNewPrivileges", 1, "noNewPrivileges"),
    ("process.oomScoreAdj", 1.5, "oomScoreAdj"), ("mounts", {"destination": "/x"}, "mounts"),
    ("root", "rootfs", "root"), ("root.readonly", "yes", "readonly"), ("hostname", 7, "hostname"),
    ("hooks", [], "hooks"), ("hooks", {"prestart": {"path": "/bin/true"}}, "prestart"),
    ("linux", [], "linux"), ("linux.namespaces", "all", "namespaces"),
    ("linux.namespaces", [{"type": 7}], "type"),
    ("linux.resources.memory", {"limit": "32m"}, "limit"),
    ("linux.resources.pids", {"limit": "ten"}, "limit"),
    ("linux.resources.devices", [{"allow": "yes"}], "allow"),
    ("linux.sysctl", {"kernel.msgmax": 5}, "sysctl"),
    ("linux.seccomp", "default", "seccomp"), ("linux.maskedPaths", "/proc/kcore", "maskedPaths"),
    ("linux.uidMappings", [{"containerID": "0"}], "containerID"), ("annotations", {"a": 1}, "annotations"),
    ("ociVersion", 1, "ociVersion"),
], ids=lambda v: v if isinstance(v, str) else json.dumps(v)[:30])
def test_wrong_types_name_the_place(container, path, value, word):
    c = container("true")
    *way, last = path.split(".")
    at = c.config
    for name in way:
        at = at.setdefault(name, {})
    at[last] = value
    done = c.create(expect=1)
    assert re.search(word, done.err, re.I), done.err
    c.assert_gone()


# ---- what must be there


@pytest.mark.parametrize("path", ["root", "process.args", "process.cwd", "process", "root.path"])
def test_missing_parts(container, path):
    c = container("true")
    *way, last = path.split(".")
    at = c.config
    for name in way:
        at = at[name]
    del at[last]
    done = c.create(expect=None)
    if done.rc == 0 and path == "process":  # the specification lets create do without, start may not
        c.start(expect=1)
        c.delete("--force")
    else:
        assert done.rc != 0
        assert re.search(last, done.err, re.I) or c.runtime.name == "runc", done.err
    c.assert_gone()


def test_empty_args(container):
    container(args=[]).refused("args")


@pytest.mark.needs("oci-version")
@pytest.mark.parametrize("version", [None, "", "grape", "2.0.0", "0.0.1", "1"])
def test_oci_versions_that_cannot_be(container, version):
    c = container("true")
    c.config["ociVersion"] = version
    if version is None:
        del c.config["ociVersion"]
    c.refused("ociVersion")


@pytest.mark.parametrize("version", ["1.0.0", "1.0.2-dev", "1.1.0", "1.2.0", "1.2.1", "1.3.0"])
def test_oci_versions_that_are_taken(container, version):
    c = container("echo ran")
    c.config["ociVersion"] = version
    assert c.stdout() == "ran\n"


def test_unknown_members_are_ignored(container):
    c = container("echo ran")
    c.config["grape"] = {"a": [1]}
    c.process["grape"] = c.linux["grape"] = True
    assert c.stdout() == "ran\n"


# ---- root


def test_a_missing_rootfs(container):
    c = container("true")
    c.config["root"]["path"] = "nowhere"
    c.refused("nowhere", "no such file")


def test_a_rootfs_that_is_a_file(container):
    c = container("true")
    (c.bundle / "file").write_text("")
    c.config["root"]["path"] = "file"
    c.refused("not a directory")


def test_the_hosts_root_is_refused_or_private(container):
    """root.path "/" is allowed by none of the engines' checks to change the host."""
    before = host.mounts()
    c = container(args=["/bin/true"])
    c.config["root"] = {"path": "/", "readonly": True}
    c.config["mounts"] = [m for m in c.config["mounts"] if m["destination"] == "/proc"]
    c.run()
    assert host.mounts() == before


# ---- mounts


def test_a_relative_destination(container):
    c = container("cat /mnt/file || true")
    (c.shared_directory() / "file").write_text("here\n")
    c.mount("mnt", source="shared")
    done = c.run()
    if done.rc:  # the specification wants absolute ones; older runtimes warn and take it from the root
        assert "mnt" in done.err
    else:
        assert done.out == "here\n"


def test_an_empty_destination(container):
    c = container("true").mount("", "tmpfs")
    done = c.create(expect=None)
    if done.rc:
        c.assert_gone()
        assert done.err.strip()


def test_a_mount_over_the_root_itself(container):
    c = container("ls /")
    c.config["mounts"].insert(0, {"destination": "/", "type": "tmpfs", "source": "tmpfs"})
    done = c.run()
    assert done.rc != 0
    c.assert_gone()


@pytest.mark.parametrize("where", ["/proc/self", "/proc/1", "/proc/kcore/x",
                                   pytest.param("/proc/sys/kernel", marks=pytest.mark.needs("proc-mounts"))])
def test_mounts_inside_proc_are_refused(container, where):
    """Over a few named files only (what lxcfs needs); a false /proc lies to the runtime itself."""
    c = container("true").mount(where, "tmpfs")
    done = c.create(expect=1)
    assert "proc" in done.err
    c.assert_gone()


def test_a_bind_over_proc_that_is_not_proc(container):
    c = container("true")
    c.without_mount("/proc").mount("/proc", source=c.shared_directory())
    done = c.create(expect=1)
    assert "proc" in done.err
    c.assert_gone()


def test_lxcfs_like_files_in_proc_are_allowed(container):
    c = container("cat /proc/uptime")
    (c.bundle / "uptime").write_text("1.00 2.00\n")
    assert c.mount("/proc/uptime", source="uptime").stdout() == "1.00 2.00\n"


@pytest.mark.parametrize("kind", ["sysfs", "proc"])
def test_kernel_files_at_a_link_are_not_mounted_elsewhere(container, kind):
    """CVE-2019-19921, CVE-2021-30465 class: /proc is a link in the image."""
    where = {"sysfs": "sys", "proc": "proc"}[kind]
    c = container("true")
    (c.rootfs / where).rmdir()
    (c.rootfs / "elsewhere").mkdir()
    (c.rootfs / where).symlink_to("elsewhere")
    done = c.create(expect=1)
    assert where in done.err
    c.assert_gone()


# ---- the runtime's own state


def broken_states(c):
    """Every file of the container's state directory, one after the other."""
    for path, _, names in os.walk(os.path.join(c.runtime.root, c.id)):
        for name in names:
            full = os.path.join(path, name)
            if os.path.isfile(full):
                yield full


@pytest.mark.parametrize("how", ["truncated", "empty", "noise", "another"])
def test_damaged_state(container, how):
    c = container("echo up; sleep 100").up()
    c.says("up")
    paths = list(broken_states(c))
    assert paths
    for path in paths:
        good = open(path, "rb").read()
        bad = {"truncated": good[:len(good) // 2], "empty": b"", "noise": bytes(range(256)),
               "another": b'{"id": 7}'}[how]
        open(path, "wb").write(bad)
        try:
            for command in (["state", c.id], ["start", c.id], ["exec", c.id, "true"], ["list"]):
                done = c.runtime(*command)
                assert not crashed(done), (command, done)
        finally:
            open(path, "wb").write(good)
    assert c.status() == "running"


def test_a_dead_state_directory_can_be_deleted(container):
    """What a crash of the machine leaves: a state whose process and cgroups are gone."""
    c = container("echo up; sleep 100").up()
    c.says("up")
    os.kill(c.pid, 9)
    c.wait()
    for path in host.cgroup_dirs(c.id):
        path.rmdir()
    assert c.status() == "stopped"
    c.delete()
    c.assert_gone()


def test_an_empty_state_directory_can_be_deleted_by_force(container):
    c = container("true")
    os.mkdir(os.path.join(c.runtime.root, c.id))
    assert c.runtime("state", c.id).rc != 0
    c.runtime("delete", "--force", c.id)
    if os.path.exists(os.path.join(c.runtime.root, c.id)):
        os.rmdir(os.path.join(c.runtime.root, c.id))
        assert c.runtime.name == "runc", "an empty state directory blocks its id for ever"


def test_a_state_root_that_cannot_be_written(container):
    c = container("true").write()
    done = c.runtime("create", "--bundle", c.bundle, c.id, flags=["--root", "/proc/nowhere"])
    assert done.rc != 0 and done.err.strip()
    assert not host.cgroup_dirs(c.id)


@pytest.mark.needs("cgroup-name")
def test_a_full_cgroup_name_is_an_error(container):
    c = container("true")
    c.linux["cgroupsPath"] = "/" + c.id + "x" * 5000  # the kernel takes long names, but no longer paths
    c.refused("name too long|cgroup")


def test_few_descriptors_are_an_error_not_a_crash(container):
    c = container("echo ran").write()
    done = c.runtime("run", "--bundle", c.bundle, c.id,
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12)))
    assert not crashed(done), done
    c.runtime("delete", "--force", c.id)
    c.assert_gone()


@pytest.mark.parametrize("kind", ["string", "number", "list"])
def test_random_damage_never_crashes_or_leaks(container, kind):
    """Every leaf of a full config.json replaced in turn: an error or a run, never a signal, never a leak."""
    c = container("true")
    c.linux["sysctl"] = {"kernel.msgmax": "9000"}
    c.config["annotations"] = {"a": "b"}
    value = {"string": "\u0000grape", "number": -7, "list": [[]]}[kind]
    good = whole(c)

    def leaves(node, way=()):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in items:
            if isinstance(child, (dict, list)) and child:
                yield from leaves(child, (*way, key))
            yield (*way, key)
    skip = {"options", "bounding", "effective", "permitted", "maskedPaths", "readonlyPaths", "env"}
    places = [way for way in leaves(json.loads(good))
              if not (len(way) > 1 and way[-2] in skip and way[-1] != 0)]
    for way in places:
        config = json.loads(good)
        at = config
        for key in way[:-1]:
            at = at[key]
        at[way[-1]] = value
        raw(c, json.dumps(config))
        done = c.run(timeout=10)
        assert not crashed(done), (way, done)
        assert c.id not in os.listdir(c.runtime.root), way
