"""pytest tests/registry: the registry by the text of the distribution-spec, and through the clients people
use, against servers of the tests' own.

PODO names the program (default: build/release/podo).
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/engine"))

from server import Registry

WATCHDOG = 180  # seconds any one test may take


def pytest_configure(config):
    program = Path(os.environ.get("PODO", REPOSITORY / "build/release/podo")).absolute()
    if not os.access(program, os.X_OK):
        pytest.exit(f"there is no {program}: build it (./test does) or set PODO", 2)
    config.podo = program


@pytest.fixture(autouse=True)
def watchdog():
    def expired(*_):
        raise TimeoutError(f"the test took more than {WATCHDOG} s")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(WATCHDOG)
    yield
    signal.alarm(0)


@pytest.fixture
def make_registry(request):
    """A maker of registries; they are destroyed after the test."""
    made = []

    def make(*flags, start=True, **how):
        folder = Path(tempfile.mkdtemp(prefix="podo-registry-", dir="/var/tmp"))
        registry = Registry(request.config.podo, folder, *flags, **how)
        made.append(registry)
        return registry.start() if start else registry

    yield make
    for registry in made:
        registry.destroy()


@pytest.fixture(scope="module")
def registry(request):
    """One for all tests of a file that do not hurt it."""
    folder = Path(tempfile.mkdtemp(prefix="podo-registry-", dir="/var/tmp"))
    one = Registry(request.config.podo, folder).start()
    yield one
    one.destroy()
