"""pytest tests/engine: the engine as its users meet it: the docker CLI, python3-docker, docker-compose and
plain HTTP, against daemons of the tests' own.

PODO names the program (default: build/release/podo).
"""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from daemon import Daemon
from images import make_busybox, make_service

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = REPOSITORY / "build/images"
WATCHDOG = 300  # seconds any one test may take


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


@pytest.fixture(scope="session")
def service_archive():
    """A maker: service_archive("nginx") is the archive's path."""
    return lambda name: make_service(name, IMAGES)


@pytest.fixture
def make_daemon(request, busybox_archive):
    """A maker of daemons with busybox:latest loaded; they are destroyed after the test, and leave nothing."""
    made = []

    def make(*flags, start=True):
        folder = Path(
            tempfile.mkdtemp(prefix="podo-engine-", dir="/tmp")
        )  # short: a socket's path has 107 bytes
        daemon = Daemon(request.config.podo, folder, flags)
        made.append(daemon)
        if start:
            daemon.start()
            daemon.docker("load", "-q", "-i", busybox_archive)
        return daemon

    yield make
    for daemon in made:
        daemon.destroy()


@pytest.fixture(scope="session")
def shared_daemon(request, busybox_archive):
    folder = Path(tempfile.mkdtemp(prefix="podo-engine-", dir="/tmp"))
    daemon = Daemon(request.config.podo, folder).start()
    daemon.docker("load", "-q", "-i", busybox_archive)
    yield daemon
    daemon.destroy()


@pytest.fixture
def engine(shared_daemon):
    """A daemon shared by the tests; what a test left is removed after it."""
    yield shared_daemon
    for command, remove in (
        (("ps", "-aq", "--no-trunc"), ("rm", "-f", "-v")),
        (("network", "ls", "-q", "--no-trunc", "--filter", "type=custom"), ("network", "rm")),
        (("volume", "ls", "-q"), ("volume", "rm", "-f")),
    ):
        names = shared_daemon.docker(*command).split()
        if names:
            shared_daemon.docker(*remove, *names)
