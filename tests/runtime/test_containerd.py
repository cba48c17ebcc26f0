"""Debian's containerd and ctr, through containerd-shim-runc-v2 with the runtime under test as its runc."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

import pytest

import host

pytestmark = pytest.mark.skipif(shutil.which("containerd") is None or shutil.which("ctr") is None,
                                reason="containerd is not installed")

IMAGE = "localhost/podo-test-grape:latest"

CONFIGURATION = """\
version = 2
root = "{place}/root"
state = "{place}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs",
"io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt"]
[grpc]
  address = "{place}/containerd.sock"
[ttrpc]
  address = "{place}/containerd.ttrpc"
"""


def oci_image(path, rootfs, place):
    """One layer, one config, one manifest, one index, in a tar."""
    tree = rootfs.copy_to(place / "image-root")
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(tree, arcname=".")
    host.remove_tree(tree)
    blobs = {}

    def blob(data):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"digest": "sha256:" + digest, "size": len(data)}
    as_json = lambda value: json.dumps(value).encode()
    packed = blob(gzip.compress(layer.getvalue(), 1))
    config = blob(as_json({
        "architecture": "amd64" if os.uname().machine == "x86_64" else "arm64", "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
        "rootfs": {"type": "layers",
                   "diff_ids": ["sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()]}}))
    manifest = blob(as_json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **packed}]}))
    index = as_json({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", **manifest,
        "annotations": {"io.containerd.image.name": IMAGE, "org.opencontainers.image.ref.name": "latest"}}]})
    with tarfile.open(path, "w") as tar:
        def add(name, data):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        add("index.json", index)
        for digest, data in blobs.items():
            add("blobs/sha256/" + digest, data)


class Containerd:
    def __init__(self, place, runtime, token):
        self.place = place / "containerd"
        self.place.mkdir()
        self.runc = runtime.executable(self.place)
        self.token, self.count = token, 0
        (self.place / "config.toml").write_text(CONFIGURATION.format(place=self.place))
        self.log = open(self.place / "log", "w")
        self.process = subprocess.Popen(["containerd", "--config", str(self.place / "config.toml")],
                                        stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)

    def __call__(self, *args, check=None, timeout=40, stdin=None):
        done = subprocess.run(["ctr", "--address", str(self.place / "containerd.sock"), *map(str, args)],
                              text=True,
                              input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)
        if check is not None:
            assert done.returncode == check, (done, (self.place / "log").read_text()[-2000:])
        return done

    def run(self, *args, flags=(), check=0, **how):
        self.count += 1
        name = f"{self.token}c{self.count}"
        done = self("run", "--runc-binary", self.runc, "--cgroup", f"/{name}", *flags, IMAGE, name, *args,
                    check=check, **how)
        return name, done


@pytest.fixture(scope="module")
def containerd(place, runtime, rootfs, token):
    engine = Containerd(place, runtime, token)
    try:
        host.until(lambda: engine("version").returncode == 0, 20, "containerd answers")
        oci_image(engine.place / "image.tar", rootfs, engine.place)
        engine("image", "import", engine.place / "image.tar", check=0, timeout=80)
        yield engine
    finally:
        engine.process.terminate()
        try:
            engine.process.wait(10)
        except subprocess.TimeoutExpired:
            engine.process.kill()
            engine.process.wait()
        engine.log.close()
        for _, where, _ in reversed(host.mounts()):
            if where.startswith(str(engine.place)):
                host.umount(where)
        shutil.rmtree(engine.place, ignore_errors=True)


@pytest.fixture
def task(containerd):
    name, _ = containerd.run("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done",
                             flags=["--detach"])
    yield name
    containerd("task", "kill", "--signal", "KILL", "--all", name)
    host.until(lambda: "RUNNING" not in status(containerd, name), what="the end of the task")
    containerd("task", "delete", "--force", name)
    containerd("container", "delete", name)


def status(containerd, name):
    for line in containerd("task", "list").stdout.splitlines()[1:]:
        if line.split()[0] == name:
            return line.split()[2]
    return ""


def test_run(containerd):
    assert containerd.run("echo", "hello", flags=["--rm"])[1].stdout == "hello\n"


def test_exit_code(containerd):
    containerd.run("sh", "-c", "exit 7", flags=["--rm"], check=7)


def test_a_missing_program(containerd):
    _, done = containerd.run("/no/such/program", flags=["--rm"], check=1)
    assert "no such file" in done.stderr.lower()


def test_stdin(containerd):
    script = "read line; echo got $line"  # ctr 1.6 does not pass on the end of its input
    assert containerd.run("sh", "-c", script, flags=["--rm"], stdin="grape\n")[1].stdout == "got grape\n"


def test_inside(containerd):
    out = containerd.run("sh", "-c", "echo $$; hostname; grep CapEff /proc/self/status; ls /sys/class/net",
                         flags=["--rm", "--env", "A=b", "--cwd", "/usr"])[1].stdout.split()
    assert out[0] == "1" and out[-1] == "lo"


def test_the_task_is_running_and_has_a_pid(containerd, task):
    assert status(containerd, task) == "RUNNING"
    assert containerd("task", "ps", task, check=0).stdout.splitlines()[1].split()[0].isdigit()


def test_exec(containerd, task):
    done = containerd("task", "exec", "--exec-id", "one", "--cwd", "/usr", task, "sh", "-c",
                      "pwd; echo in; exit 5", check=5)
    assert done.stdout == "/usr\nin\n"


def test_pause_and_resume(containerd, task):
    containerd("task", "pause", task, check=0)
    assert status(containerd, task) == "PAUSED"
    containerd("task", "resume", task, check=0)
    assert status(containerd, task) == "RUNNING"
    assert containerd("task", "exec", "--exec-id", "two", task, "echo", "alive", check=0).stdout == "alive\n"


def test_kill_and_delete(containerd):
    name, _ = containerd.run("sleep", "1000", flags=["--detach"])
    containerd("task", "kill", "--signal", "KILL", name, check=0)
    host.until(lambda: status(containerd, name) == "STOPPED", what="STOPPED")
    done = containerd("task", "delete", name)
    assert done.returncode in (0, 137)
    containerd("container", "delete", name, check=0)
    host.until(lambda: not host.cgroup_dirs(name), 3, "the cgroups are gone")


def test_term_is_passed(containerd, task):
    host.until(lambda: status(containerd, task) == "RUNNING", what="RUNNING")
    containerd("task", "exec", "--exec-id", "wait", task, "sleep", "0.2")
    containerd("task", "kill", task, check=0)
    host.until(lambda: status(containerd, task) == "STOPPED", what="STOPPED")


def test_metrics(containerd, task):
    out = containerd("task", "metrics", "--format", "json", task, check=0).stdout
    assert "pids" in out or "memory" in out


def test_limits(containerd):
    containerd.run("probe", "memory", "100", flags=["--rm", "--memory-limit", str(32 << 20)], check=137)


def test_mounts_and_read_only(containerd):
    shared = containerd.place / "shared"
    shared.mkdir(exist_ok=True)
    (shared / "file").write_text("outside\n")
    _, done = containerd.run("sh", "-c", "cat /mnt/file; touch /x || echo ro", flags=[
        "--rm", "--read-only", "--mount", f"type=bind,src={shared},dst=/mnt,options=rbind:ro"])
    assert done.stdout == "outside\nro\n"


def test_ten_at_once(containerd):
    argv = lambda n: ["ctr", "--address", str(containerd.place / "containerd.sock"), "run", "--rm",
                      "--runc-binary",
                      containerd.runc, "--cgroup", f"/{containerd.token}many{n}", IMAGE,
                      f"{containerd.token}many{n}",
                      "echo", str(n)]
    running = [subprocess.Popen(argv(n), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
               for n in range(10)]
    assert [p.communicate(timeout=60)[0] for p in running] == [f"{n}\n" for n in range(10)]
