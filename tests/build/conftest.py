"""pytest tests/build: the builder as its users meet it: `docker build`, `podo build`, clients of the API.

PODO names the program (default: build/release/podo); with tests/build/real_docker Docker itself is judged,
by its classic builder and by BuildKit.
"""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "engine")]

from builders import PLUGIN, make_builder
from corpus import Image, read_cases
from daemon import Daemon
from images import make_busybox
from web import Web

REPOSITORY = HERE.parents[1]
WATCHDOG = 300  # seconds any one test may take


def pytest_configure(config):
    program = Path(os.environ.get("PODO", REPOSITORY / "build/release/podo")).absolute()
    if not os.access(program, os.X_OK):
        pytest.exit(f"there is no {program}: build it (./test does) or set PODO", 2)
    if os.geteuid() != 0:
        pytest.exit("these tests start containers: run them as root", 2)
    config.podo = program
    config.reference = program.name == "real_docker"
    config.addinivalue_line("markers", "podo: what only Podo has; not asked of the reference")


def pytest_generate_tests(metafunc):
    if "builder_name" not in metafunc.fixturenames:
        return
    reference = metafunc.config.reference
    names = ["classic", "buildkit" if reference else "podo"]
    if "case" not in metafunc.fixturenames:
        metafunc.parametrize("builder_name", names, scope="session")
        return
    pairs = [
        pytest.param(name, case, id=f"{name}-{case.id}")
        for name in names
        for case in read_cases()
        if case.runs_through(name, reference)
    ]
    metafunc.parametrize("builder_name, case", pairs, scope="session")


def pytest_collection_modifyitems(config, items):
    if config.reference:
        for item in items:
            if item.get_closest_marker("podo"):
                item.add_marker(pytest.mark.skip(reason="Docker has nothing like it"))


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
def make_daemon(request, busybox_archive):
    """A maker of daemons with busybox:latest loaded; they are destroyed at the end, and leave nothing."""
    made = []

    def make(*flags):
        folder = Path(tempfile.mkdtemp(prefix="podo-build-", dir="/tmp"))
        daemon = Daemon(request.config.podo, folder, flags)
        daemon.is_podo = not request.config.reference
        made.append(daemon)
        if request.config.reference and PLUGIN.exists():
            (daemon.config / "cli-plugins/docker-buildx").symlink_to(PLUGIN)
        daemon.start()
        daemon.docker("load", "-q", "-i", busybox_archive)
        return daemon

    yield make
    problems = []
    for daemon in made:
        try:
            daemon.destroy()
        except AssertionError as problem:  # the others have to end all the same
            problems.append(problem)
    assert not problems, problems


@pytest.fixture(scope="session")
def engine(make_daemon):
    return make_daemon()


@pytest.fixture
def fresh(make_daemon):
    """A daemon that a test may kill, fill or prune."""
    return make_daemon()


@pytest.fixture(scope="session")
def builder(engine, builder_name):
    return make_builder(builder_name, engine)


@pytest.fixture(scope="session")
def podo(request, engine):
    """What people who want everything use: `podo build`; of the reference, BuildKit."""
    return make_builder("buildkit" if request.config.reference else "podo", engine)


@pytest.fixture(scope="session")
def base(engine):
    return Image(engine.api("GET", "/images/busybox/get")[1])


@pytest.fixture
def folder(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture
def web(tmp_path):
    web = Web(tmp_path / "web")
    yield web
    web.close()
