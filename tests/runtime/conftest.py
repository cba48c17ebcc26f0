"""pytest tests/runtime: the OCI runtime judged from inside its containers.

PODO_OCI="program args" names the runtime (default: build/release/podo-oci). It also runs against runc,
which is how the suite itself is checked; what runc lacks is listed below and skipped for runc only.
"""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

import bundle
import host
from container import Container, Runtime

REPOSITORY = Path(__file__).resolve().parents[2]
WATCHDOG = 90  # seconds any one test may take

# Tests marked needs("...") are skipped for runc 1.1: what it does not have, or does in a way the
# specification or plain care rules out.
RUNC_LACKS = {
    "scheduler": "process.scheduler came with 1.2",
    "ioPriority": "process.ioPriority came with 1.2",
    "execCPUAffinity": "came with 1.3",
    "idmap": "idmapped mounts came with 1.2",
    "time": "time namespaces came with 1.2",
    "domainname": "came with 1.2",
    "personality": "came with 1.2",
    "netDevices": "came with 1.4",
    "rro": "recursive mount attributes came with 1.2",
    "soft-limits": "a limit that cannot be raised is fatal",
    "process-less": "process is required by create",
    "strict-json": "Go takes duplicate keys and trailing text",
    "fd-hygiene": "--preserve-fds of a closed descriptor passes runc's own",
    "defaults": "passes the mount option `defaults` to the kernel",
    "locked-flags": "a bind mount in a user namespace must repeat the flags the host locked",
    "tmpfs-mode": "the mode of the target wins over the option",
    "bare-root": "cannot start without /proc",
    "rootfs-propagation": "`/` is private in the end, whatever was asked for",
    "capability-intersection": "a capability outside the caller's bounding set is fatal",
    "joined-user-namespace": "insists on mappings although the namespace has them",
    "poststart": "runs poststart hooks in create, and fails on them",
    "poststop-continues": "stops at the first failing poststop hook",
    "hook-env": "a hook without env inherits the caller's",
    "hook-children": "waits for children of a killed hook",
    "seccomp-flags": "came with 1.2",
    "weight-warning": "drops a weight the host cannot apply in silence",
    "kernelTCP": "ignores memory.kernelTCP",
    "exec-settings": "ignores user.umask and oomScoreAdj of an exec",
    "oci-version": "reads ociVersion and judges nothing by it",
    "size-limit": "reads a config.json of any size",
    "proc-mounts": "checks bind mounts only",
    "cgroup-name": "goes on without a cgroup whose name is too long",
    "cve-2025": "Debian's 1.1.5 predates the fixes of CVE-2025-31133, -52565 and -52881",
    "atomic-create": "two creates of one id can both begin",
    "signal-mask": "keeps the caller's signal mask",
    "scope-before-birth": "has the container's process begin a scope",
    "exact-quota": "an update of the quota alone forgets the period it has",
    "weight-kept": "does not tell systemd of a weight for block I/O",
    "taken-scope": "goes into a scope that holds processes, with a warning",
    "podo's names": "a scope without a path has the runtime's own name",
    "podo's words": "refuses as well, in words of its own",
    "occupied-group": "only warns of a group that holds processes",
    "inner-processes": "makes a group with processes a threaded domain",
    "threaded-group": "makes its group a threaded one",
    "weight-2025": "the conversion came with 1.3.2",
    "idle-and-burst": "came with 1.2",
    "hugetlb-rsvd": "came with 1.2",
    "v2-warnings": "drops what cgroup v2 has not in silence",
    "v2-realtime": "drops real-time limits on cgroup v2 in silence",
    "unified-processes": "takes cgroup.procs for a setting",
    "group-leftovers": "delete leaves groups that hold processes",
    "update-swap": "takes a new limit with swap only beside one without",
    "update-throttle": "update leaves out blockIO throttles",
    "update-devices": "update leaves out device rules",
    "memory-peak": "came with 1.2",
    "check-before-update": "came with 1.2 for cgroup v2",
    "superblock-options": "mounts cgroup2 anew, which takes nsdelegate from the host's mount",
}


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(what): skipped for runc when RUNC_LACKS says why")
    config.addinivalue_line("markers", "cgroup_v1: reads files of cgroup v1 hierarchies")
    config.addinivalue_line("markers", "cgroup_v2: reads files of the one tree of a v2-only host")
    command = os.environ.get("PODO_OCI") or f"{REPOSITORY}/build/release/podo-oci"
    program = command.split()[0]
    if shutil.which(program) is None:
        pytest.exit(f"there is no runtime to test at '{program}': build it (./test does) or set PODO_OCI", 2)
    if os.geteuid() != 0:
        pytest.exit("these tests make containers as root: run them with sudo", 2)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a stopped session cleans up too
    config.podo_command = command
    host.isolate()


def pytest_report_header(config):
    return f"runtime: {config.podo_command}; cgroups: {host.cgroup_mode()}"


def pytest_collection_modifyitems(config, items):
    is_runc = os.path.basename(config.podo_command.split()[0]) == "runc"
    for item in items:
        for mark in item.iter_markers("needs"):
            reason = RUNC_LACKS.get(mark.args[0])
            if is_runc and reason:
                item.add_marker(pytest.mark.skip(reason=f"runc: {mark.args[0]}: {reason}"))
        if host.cgroup_mode() == "v2" and item.get_closest_marker("cgroup_v1"):
            item.add_marker(pytest.mark.skip(reason="this host has no cgroup v1 hierarchies"))
        if host.cgroup_mode() != "v2" and item.get_closest_marker("cgroup_v2"):
            item.add_marker(pytest.mark.skip(reason="this host has its controllers on cgroup v1"))


@pytest.fixture(scope="session")
def place():
    """Everything of a session lives here. Searchable by all, because containers have users of their own."""
    path = Path(tempfile.mkdtemp(prefix="podo-runtime-tests-"))
    path.chmod(0o711)
    yield path
    host.remove_tree(path)


@pytest.fixture(scope="session")
def token():
    return f"pt{os.getpid()}x"


@pytest.fixture(scope="session")
def rootfs(place):
    return bundle.Rootfs(place / "bin")


@pytest.fixture(scope="session")
def runtime(request, place):
    state = place / "state"
    state.mkdir(mode=0o700)
    return Runtime(request.config.podo_command, state)


@pytest.fixture(autouse=True)
def watchdog():
    def expired(*_):
        raise TimeoutError(f"the test took more than {WATCHDOG} s")
    signal.signal(signal.SIGALRM, expired)
    signal.alarm(WATCHDOG)
    yield
    signal.alarm(0)


@pytest.fixture(autouse=True)
def nothing_left(request, runtime, token, watchdog):
    """After every test: no mount, process, cgroup or state entry that was not there before."""
    before = host.Snapshot(token, runtime.root)
    yield
    leaks = before.leaks()
    if leaks:
        before.sweep()
        pytest.fail("left behind: " + "; ".join(leaks), pytrace=False)


@pytest.fixture
def container(runtime, place, token, rootfs, request, nothing_left):
    """A maker of containers; `container()` has a bundle, a fresh id and nothing running. All are
    deleted after."""
    made = []

    def make(script=None, *, args=None):
        make.count += 1
        identifier = f"{token}{make.serial}-{make.count}"
        one = Container(runtime, identifier, place / identifier, rootfs)
        made.append(one)
        if script is not None:
            one.sh(script)
        if args is not None:
            one.args(*args)
        return one
    make.count = 0
    container_serial[0] += 1
    make.serial = container_serial[0]
    yield make
    for one in made:
        try:
            if one.id in os.listdir(runtime.root):
                host.reap_while(runtime.argv("delete", "--force", one.id))
        except Exception as problem:  # the sweep that follows takes over
            print("delete --force:", problem)
        host.remove_tree(one.bundle)


container_serial = [0]
