"""podman --runtime: the engine drives the runtime as it is, with storage and state of its own."""

import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

import host

pytestmark = pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed")

# Who makes control groups. The second is podman's own choice where there is systemd, so it is not told.
MANAGERS = ["cgroupfs", "systemd"]
CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
log_driver = "k8s-file"
[engine]
{chosen}
events_logger = "file"
"""


class Podman:
    def __init__(self, place, runtime, token, manager):
        self.place = place / f"podman-{manager[0]}"  # podman wants a short path
        self.place.mkdir()
        self.token, self.count, self.manager = token, 0, manager
        chosen = "" if manager == "systemd" else f'cgroup_manager = "{manager}"'
        (self.place / "containers.conf").write_text(CONFIGURATION.format(chosen=chosen))
        (self.place / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{self.place}/root"\nrunroot = "{self.place}/run"\n')
        (self.place / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self.environment = {**os.environ, "CONTAINERS_CONF": str(self.place / "containers.conf"),
                            "CONTAINERS_STORAGE_CONF": str(self.place / "storage.conf"),
                            "TMPDIR": str(self.place)}
        chosen = ["--cgroup-manager", manager] if chosen else []
        self.flags = ["--root", self.place / "root", "--runroot", self.place / "run", "--tmpdir",
                      self.place / "tmp",
                      "--runtime", runtime.executable(self.place), "--events-backend", "file", *chosen]

    def __call__(self, *args, timeout=40, stdin=None, check=None):
        done = subprocess.run(["podman", *map(str, self.flags), *map(str, args)], env=self.environment,
                              cwd=self.place, text=True,
                              input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)
        if check is not None:
            assert done.returncode == check, done
        return done

    def run(self, *args, check=0, **how):
        """`podman run --network none ARGS`, args starting with podman's own flags and then the command."""
        flags = [a for a in args if isinstance(a, str)]
        return self("run", "--network", "none", *flags, check=check, **how)

    def name(self):
        self.count += 1
        return f"{self.token}p{self.count}"


IMAGE = "localhost/podo-test-grape"


def image_tar(path, rootfs, place):
    tree = rootfs.copy_to(place / "image-root")
    with tarfile.open(path, "w") as tar:
        tar.add(tree, arcname=".")
    host.remove_tree(tree)


@pytest.fixture(scope="module", params=MANAGERS)
def podman(request, place, runtime, rootfs, token):
    if request.param == "systemd" and not os.path.exists("/run/systemd/system"):
        pytest.skip("systemd does not run this host")
    parents = {p for p in host.cgroup_dirs("libpod_parent")}
    engine = Podman(place, runtime, token, request.param)
    image_tar(engine.place / "image.tar", rootfs, engine.place)
    engine("import", "--change", "ENV PATH=/bin", engine.place / "image.tar", IMAGE, check=0, timeout=80)
    engine("run", "--rm", "--network", "none", IMAGE, "true")  # what podman mounts once, it mounts now
    yield engine
    engine("rm", "--all", "--force", "--time", "0")
    for _, where, _ in reversed(host.mounts()):
        if where.startswith(str(engine.place)):
            host.umount(where)
    for path in host.cgroup_dirs("libpod_parent"):
        if path not in parents:
            try:
                path.rmdir()
            except OSError:
                pass
    shutil.rmtree(engine.place, ignore_errors=True)


@pytest.fixture
def running(podman):
    """A container with a process that ends on TERM."""
    name = podman.name()
    podman.run("--detach", "--name", name, IMAGE, "sh", "-c",
               "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done")
    yield name
    podman("rm", "--force", "--time", "0", name)


def test_run(podman):
    assert podman.run("--rm", IMAGE, "echo", "hello").stdout == "hello\n"


@pytest.mark.parametrize("code", [0, 7, 125])
def test_exit_codes(podman, code):
    podman.run("--rm", IMAGE, "sh", "-c", f"exit {code}", check=code)


def test_a_missing_program_is_127(podman):
    assert podman.run("--rm", IMAGE, "/no/such/program", check=127)


def test_a_program_without_permission_is_126(podman):
    assert podman.run("--rm", IMAGE, "/etc/passwd", check=126)


def test_stdin(podman):
    assert podman.run("--rm", "--interactive", IMAGE, "cat", stdin="grape\n").stdout == "grape\n"


def test_the_defaults_inside(podman):
    """Podman's own profile: 11 capabilities, seccomp, masked paths, a name, a read-only /proc/sys."""
    out = podman.run("--rm", "--hostname", "vine", IMAGE, "sh", "-c",
                     "hostname; grep -E '^(CapEff|Seccomp:)' /proc/self/status; echo $$; "
                     "cat /proc/keys | wc -c;"
                     "touch /proc/sys/kernel/x 2>/dev/null || echo fixed; ls /sys/class/net").stdout.split()
    assert out[0] == "vine"
    assert int(out[2], 16) not in (0, 0x1fffeffffff)
    assert out[4] == "2" and out[5] == "1" and out[6] == "0" and out[7] == "fixed" and out[8:] == ["lo"]


def test_exec(podman, running):
    done = podman("exec", "--env", "FRUIT=grape", "--workdir", "/usr", "--user", "1000", running, "sh", "-c",
                  "echo $FRUIT; pwd; id -u; exit 3")
    assert (done.returncode, done.stdout) == (3, "grape\n/usr\n1000\n")


def test_exec_with_stdin(podman, running):
    assert podman("exec", "--interactive", running, "cat", stdin="through\n").stdout == "through\n"


def test_logs(podman, running):
    host.until(lambda: podman("logs", running).stdout == "up\n", what="the log")


def test_kill(podman, running):
    podman("kill", "--signal", "KILL", running, check=0)
    podman("wait", running)
    assert json.loads(podman("inspect", running).stdout)[0]["State"]["ExitCode"] == 137


def test_stop_is_term(podman, running):
    host.until(lambda: podman("logs", running).stdout == "up\n", what="the trap is set")
    begun = time.monotonic()
    podman("stop", "--time", "10", running, check=0)
    assert time.monotonic() - begun < 8
    assert json.loads(podman("inspect", running).stdout)[0]["State"]["ExitCode"] == 0


def test_pause_and_unpause(podman, running):
    podman("pause", running, check=0)
    assert podman("inspect", "--format", "{{.State.Status}}", running).stdout.strip() == "paused"
    podman("unpause", running, check=0)
    assert podman("inspect", "--format", "{{.State.Status}}", running).stdout.strip() == "running"
    assert podman("exec", running, "echo", "alive").stdout == "alive\n"


def test_inspect(podman, running):
    state = json.loads(podman("inspect", running).stdout)[0]
    assert state["State"]["Running"] is True
    assert os.path.exists(f"/proc/{state['State']['Pid']}")
    assert Path(state["OCIRuntime"]).name in ("runc", "podo-oci", "podo")


def test_restart(podman, running):
    first = podman("inspect", "--format", "{{.State.Pid}}", running).stdout
    podman("restart", "--time", "1", running, check=0)
    assert podman("inspect", "--format", "{{.State.Running}}", running).stdout.strip() == "true"
    assert podman("inspect", "--format", "{{.State.Pid}}", running).stdout != first


def test_memory_limit(podman):
    podman.run("--rm", "--memory", "32m", "--memory-swap", "32m", IMAGE, "probe", "memory", "100", check=137)
    assert "touched 20" in podman.run("--rm", "--memory", "64m", IMAGE, "probe", "memory", "20").stdout


def test_pids_limit(podman):
    assert "EAGAIN" in podman.run("--rm", "--pids-limit", "10", IMAGE, "probe", "forks", "30").stdout


def test_stats_and_who_made_the_groups(podman, running):
    [about] = json.loads(podman("inspect", running, check=0).stdout)
    assert about["HostConfig"]["CgroupManager"] == podman.manager
    assert about["State"]["CgroupPath"].endswith(".scope") == (podman.manager == "systemd")
    [stats] = json.loads(podman("stats", "--no-stream", "--format", "json", running, check=0).stdout)
    assert int(stats["pids"]) >= 1


def test_a_pod_has_a_group_of_its_own(podman):
    pod = podman.name()
    podman("pod", "create", "--network", "none", "--infra-image", IMAGE, "--infra-command", "sleep 1000",
           "--name", pod, check=0)
    try:
        first = podman.name()
        podman("run", "--detach", "--pod", pod, "--name", first, IMAGE, "sleep", "1000", check=0)
        path = json.loads(podman("inspect", first).stdout)[0]["State"]["CgroupPath"]
        assert json.loads(podman("pod", "inspect", pod).stdout)["Id"] in path
        assert podman("exec", first, "echo", "alive").stdout == "alive\n"
    finally:
        podman("pod", "rm", "--force", "--time", "0", pod, check=0)


def test_volumes_read_only_and_tmpfs(podman):
    shared = podman.place / "shared"
    shared.mkdir(exist_ok=True)
    (shared / "file").write_text("outside\n")
    out = podman.run("--rm", "--read-only", "--volume", f"{shared}:/mnt:ro", "--tmpfs", "/tmp:size=1m",
                     IMAGE, "sh", "-c",
                     "cat /mnt/file; touch /mnt/x || echo ro; touch /x || echo ro; "
                     "touch /tmp/x && echo rw").stdout
    assert out == "outside\nro\nro\nrw\n"


def test_capabilities_and_users(podman):
    out = podman.run("--rm", "--cap-drop", "ALL", "--cap-add", "CHOWN", "--user", "0", IMAGE, "sh", "-c",
                     "grep CapEff /proc/self/status").stdout
    assert int(out.split()[1], 16) == 1


def test_a_terminal(podman):
    """podman's conmon opens a console socket and takes the pty."""
    out = podman.run("--rm", "--tty", IMAGE, "sh", "-c", "test -t 0 && test -t 1 && echo terminal").stdout
    assert out.strip() == "terminal"


def test_an_init_and_sysctl(podman):
    out = podman.run("--rm", "--sysctl", "net.ipv4.ip_forward=1", IMAGE, "cat",
                     "/proc/sys/net/ipv4/ip_forward").stdout
    assert out == "1\n"


def test_user_namespace(podman):
    host.need_user_namespaces()
    out = podman.run("--rm", "--uidmap", "0:100000:1000", "--gidmap", "0:100000:1000", IMAGE, "sh", "-c",
                     "id -u; cat /proc/self/uid_map | tr -s ' '").stdout.split()
    assert out == ["0", "0", "100000", "1000"]


def test_a_pod_shares_namespaces(podman):
    """Joined by path: the second container is in the first one's network and ipc namespaces."""
    first = podman.name()
    podman.run("--detach", "--name", first, "--ipc", "shareable", IMAGE, "sleep", "1000")
    try:
        look = ["sh", "-c", "readlink /proc/self/ns/net; readlink /proc/self/ns/ipc"]
        mine = podman("exec", first, *look, check=0).stdout
        out = podman("run", "--rm", "--network", f"container:{first}", "--ipc", f"container:{first}", IMAGE,
                     *look, check=0).stdout
        assert out == mine
    finally:
        podman("rm", "--force", "--time", "0", first)


def test_rm_force_of_a_running_container(podman):
    name = podman.name()
    podman.run("--detach", "--name", name, IMAGE, "sleep", "1000")
    pid = int(podman("inspect", "--format", "{{.State.Pid}}", name).stdout)
    identifier = podman("inspect", "--format", "{{.Id}}", name).stdout.strip()
    podman("rm", "--force", "--time", "0", name, check=0)
    assert host.process_state(pid) in (None, "Z")
    assert not host.cgroup_dirs(identifier)


def test_the_signal_of_a_stopped_init_is_seen(podman):
    name = podman.name()
    podman.run("--detach", "--name", name, IMAGE, "sleep", "1000")
    pid = int(podman("inspect", "--format", "{{.State.Pid}}", name).stdout)
    os.kill(pid, signal.SIGKILL)
    podman("wait", name)
    assert podman("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip() == "137"
    podman("rm", name, check=0)
