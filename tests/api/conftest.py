"""pytest tests/api: the Kubernetes API as its users meet it: kubectl (an old one and the newest),
python3-kubernetes and plain HTTPS, against servers of the tests' own.

PODO names the program (default: build/release/podo).
"""

import itertools
import os
import signal
import tempfile
from pathlib import Path

import pytest

from manifests import WEB
from server import Kubectl, Server, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
# Where ./test api unpacks them.
KUBECTLS = {
    "1.20": REPOSITORY / "build/tools/kubectl-1.20/usr/bin/kubectl",
    "newest": REPOSITORY / "build/tools/kubectl/usr/bin/kubectl",
}
WATCHDOG = 120  # seconds any one test may take
numbers = itertools.count(1)


def pytest_configure(config):
    program = Path(os.environ.get("PODO", REPOSITORY / "build/release/podo")).absolute()
    if not os.access(program, os.X_OK):
        pytest.exit(f"there is no {program}: build it (./test does) or set PODO", 2)
    if os.geteuid() != 0:
        pytest.exit("these tests mount a small file system: run them as root", 2)
    config.podo = program


@pytest.fixture(autouse=True)
def watchdog():
    def expired(*_):
        raise TimeoutError(f"the test took more than {WATCHDOG} s")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(WATCHDOG)
    yield
    signal.alarm(0)


def new_folder():
    return Path(tempfile.mkdtemp(prefix="podo-api-", dir="/var/tmp"))


@pytest.fixture
def make_server(request):
    """A maker of servers; they are destroyed after the test."""
    made = []

    def make(*flags, start=True, **how):
        server = Server(request.config.podo, new_folder(), *flags, **how)
        made.append(server)
        return server.start() if start else server

    yield make
    for server in made:
        server.destroy()


@pytest.fixture(scope="session")
def server(request):
    """One for all tests that do not hurt it."""
    one = Server(request.config.podo, new_folder()).start()
    yield one
    one.destroy()


@pytest.fixture
def admin(server):
    return server.admin


@pytest.fixture
def namespace(server):
    """The name of a namespace for this test alone."""
    name = f"test-{next(numbers)}"
    server.admin.create("/api/v1/namespaces", {"metadata": {"name": name}})
    # What every namespace gets soon after: pods cannot be made before.
    for furniture in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
        path = f"/api/v1/namespaces/{name}/{furniture}"
        wait_until(lambda: server.admin.ask("GET", path).status == 200, what=furniture)
    yield name
    server.admin.ask("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture(params=list(KUBECTLS))
def kubectl(request, server, namespace):
    """Each kubectl there is, in the test's namespace."""
    program = KUBECTLS[request.param]
    if not program.exists():
        pytest.skip(f"there is no kubectl {request.param} in {program.parent}")
    one = Kubectl(program, server, request.param)
    one("config", "view", "--minify")  # a kubeconfig that it cannot read fails here
    return InNamespace(one, namespace)


@pytest.fixture
def web(kubectl):
    """kubectl, with a deployment to look at."""
    assert kubectl("create", "-f", "-", input=WEB) == "deployment.apps/web created"
    return kubectl


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
