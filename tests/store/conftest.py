"""pytest tests/store: the log store on a real file system, its process killed, its disk full, its files
damaged; and `podo store`, which looks after it.

PODO_BUILD names the build folder (default: build/release) that has podo and store_writer.
"""

import os
import signal
from pathlib import Path

import pytest

from store import Podo, Process

REPOSITORY = Path(__file__).resolve().parents[2]
WATCHDOG = 120  # seconds any one test may take


def pytest_configure(config):
    build = Path(os.environ.get("PODO_BUILD", REPOSITORY / "build/release")).absolute()
    for name in ("podo", "store_writer"):
        if not os.access(build / name, os.X_OK):
            pytest.exit(f"there is no {build / name}: build it (./test does) or set PODO_BUILD", 2)
    config.podo_build = build


@pytest.fixture(autouse=True)
def watchdog():
    def expired(*_):
        raise TimeoutError(f"the test took more than {WATCHDOG} s")
    signal.signal(signal.SIGALRM, expired)
    signal.alarm(WATCHDOG)
    yield
    signal.alarm(0)


@pytest.fixture
def podo(request):
    return Podo(request.config.podo_build)


@pytest.fixture
def start(request, tmp_path):
    """A maker of store_writer processes. What still runs after the test is killed."""
    running = []

    def make(*words):
        running.append(Process(request.config.podo_build, tmp_path / f"out-{len(running)}", *words))
        return running[-1]
    yield make
    for process in running:
        process.kill()
