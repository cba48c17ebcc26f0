"""pytest tests/cluster: pods that run: a whole `podo serve`, kubectl, and real containers.

PODO names the program (default: build/release/podo).
"""

import itertools
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from cluster import Cluster, Pods
from images import make_busybox
from server import Kubectl, wait_until
from toolbox import make_toolbox

REPOSITORY = Path(__file__).resolve().parents[2]
# Where ./test api and ./test cluster unpack them.
KUBECTLS = {
    "1.20": REPOSITORY / "build/tools/kubectl-1.20/usr/bin/kubectl",
    "newest": REPOSITORY / "build/tools/kubectl/usr/bin/kubectl",
}
WATCHDOG = 240  # seconds any one test may take
numbers = itertools.count(1)


def pytest_configure(config):
    program = Path(os.environ.get("PODO", REPOSITORY / "build/release/podo")).absolute()
    if not os.access(program, os.X_OK):
        pytest.exit(f"there is no {program}: build it (./test does) or set PODO", 2)
    if os.geteuid() != 0:
        pytest.exit("these tests start containers: run them as root", 2)
    config.podo = program


@pytest.fixture(autouse=True)
def watchdog():
    def expired(*_):
        raise TimeoutError(f"the test took more than {WATCHDOG} s")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(WATCHDOG)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def busybox_archive(tmp_path_factory):
    program = shutil.which("busybox")
    assert program, "there is no static busybox"
    return make_busybox(tmp_path_factory.mktemp("images"), program)


@pytest.fixture
def make_cluster(request, busybox_archive):
    """A maker of clusters with busybox:latest loaded; after the test they are gone, and leave nothing."""
    made = []

    def make(*flags, start=True):
        folder = Path(tempfile.mkdtemp(prefix="podo-cluster-", dir="/tmp"))  # short: sockets lie below it
        one = Cluster(request.config.podo, folder, *flags, images=[busybox_archive])
        made.append(one)
        return one.start() if start else one

    yield make
    for one in made:
        one.destroy()


@pytest.fixture(scope="session")
def cluster(request, busybox_archive):
    """One for all tests that do not hurt it."""
    folder = Path(tempfile.mkdtemp(prefix="podo-cluster-", dir="/tmp"))
    one = Cluster(request.config.podo, folder, images=[busybox_archive]).start()
    yield one
    one.destroy()


@pytest.fixture(scope="session")
def toolbox(cluster, tmp_path_factory):
    """The image of tests about traffic, loaded."""
    cluster.docker(
        "load", "-q", "-i", make_toolbox(tmp_path_factory.mktemp("toolbox"), shutil.which("busybox"))
    )


def new_namespace(cluster):
    name = f"test-{next(numbers)}"
    cluster.admin.create("/api/v1/namespaces", {"metadata": {"name": name}})
    for furniture in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
        path = f"/api/v1/namespaces/{name}/{furniture}"
        wait_until(lambda: cluster.admin.ask("GET", path).status == 200, what=furniture)
    return name


def kubectl_of(version, cluster, namespace):
    program = KUBECTLS[version]
    if not program.exists():
        pytest.skip(f"there is no kubectl {version} in {program.parent}")
    return InNamespace(Kubectl(program, cluster, version), namespace)


@pytest.fixture
def namespace(cluster):
    """The name of a namespace for this test alone."""
    name = new_namespace(cluster)
    yield name
    cluster.admin.ask("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def kubectl(cluster, namespace):
    """The newest kubectl, in the test's namespace."""
    return kubectl_of("newest", cluster, namespace)


@pytest.fixture(params=list(KUBECTLS))
def each_kubectl(request, cluster, namespace):
    return kubectl_of(request.param, cluster, namespace)


@pytest.fixture
def pods(kubectl):
    return Pods(kubectl)


@pytest.fixture
def pods_of():
    """Pods of a cluster that the test made: pods_of(cluster) is in a new namespace of it."""
    return lambda cluster: Pods(kubectl_of("newest", cluster, new_namespace(cluster)))


class InNamespace:
    def __init__(self, kubectl, namespace):
        self.kubectl, self.namespace = kubectl, namespace
        self.old = kubectl.version == "1.20"
        self.home = kubectl.home

    def __call__(self, *words, **how):
        return self.kubectl("-n", self.namespace, *words, **how)

    def fails(self, *words, **how):
        return self.kubectl.fails("-n", self.namespace, *words, **how)

    def json(self, *words, **how):
        return self.kubectl.json("-n", self.namespace, *words, **how)

    def run(self, *words, **how):
        return self.kubectl.run("-n", self.namespace, *words, **how)
