"""pytest tests/docs: the commands of the documents, run.

PODO names the program (default: build/release/podo).
"""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "api"), str(TESTS / "engine"), str(TESTS / "cluster")]

from cluster import Cluster
from images import make_busybox, make_tree
from pages import REPOSITORY, Run

BASE = REPOSITORY / "build/images/debian.tar"  # ./demo makes the same
# Not the usual ones: other daemons, or ./demo, may be at work.
SERVICES, NODE_PORT = "10.117.0.0/16", "30117"
TOOLS = REPOSITORY / "build/tools"
SHIMS = {
    # The tests are root's already. VARIABLE=value words are the command's environment.
    "sudo": '#!/bin/sh\n[ "$1" = -E ] && shift\nexec env "$@"\n',
    # The daemon of a page's first block runs already.
    "podo": '#!/bin/sh\n[ "$*" = serve ] && exec "{podo}" version >/dev/null\nexec "{podo}" "$@"\n',
}


def pytest_configure(config):
    program = Path(os.environ.get("PODO", REPOSITORY / "build/release/podo")).absolute()
    if not os.access(program, os.X_OK):
        pytest.exit(f"there is no {program}: build it (./test does) or set PODO", 2)
    if os.geteuid() != 0:
        pytest.exit("these tests start containers: run them as root", 2)
    config.podo = program


class Reader(Cluster):
    """A cluster, and a machine as a reader of the documents has it: commands in the path, a folder."""

    def prepare(self):
        self.shims = self.folder / "bin"
        self.shims.mkdir()
        for name, text in SHIMS.items():
            (self.shims / name).write_text(text.replace("{podo}", str(self.program)))
            (self.shims / name).chmod(0o755)

    def follow(self, page):
        """Does what a page says. -> what went wrong, or None"""
        folder = self.folder / "reader" / page.replace("/", "-")
        folder.mkdir(parents=True)
        shutil.copytree(REPOSITORY / "examples", folder / "examples")
        front = folder / "examples/shop/kubernetes/front.yaml"
        front.write_text(front.read_text().replace("30080", NODE_PORT))
        shutil.copy(self.kubeconfig, folder / "kubeconfig")  # a page may change its own
        kubectl = TOOLS / "kubectl/usr/bin"
        path = [self.shims, kubectl, TOOLS / "docker/usr/bin", os.environ["PATH"]]
        environment = {
            **self.engine.environment,
            "PATH": ":".join(map(str, path)),
            "HOME": str(folder),
            "PODO_HOST": f"unix://{self.engine.socket}",
            "KUBECONFIG": str(folder / "kubeconfig"),
        }
        said = self.folder / "said"
        with open(said, "wb") as output:
            run = Run(page, self.places(), output, cwd=folder, env=environment)
            problem = run.problem()
        print(page, run.took)
        return problem and f"{problem}\n{said.read_text(errors='replace')[-4000:]}\n{self.tail()}"

    def places(self):
        """What the documents call the default installation -> here."""
        return {
            "build/release/podo": "podo",
            "/var/lib/podo/kubeconfig": "$HOME/kubeconfig",
            "/var/lib/podo": str(self.folder / "data"),
            "/run/podo": str(self.folder / "run"),
            "127.0.0.1:6443": f"127.0.0.1:{self.port}",
            "127.0.0.1:30080": f"127.0.0.1:{NODE_PORT}",
        }

    def destroy(self):
        """Also what a page that failed has left, and at once: nobody is asked to end in good order."""
        at_once = {"kind": "DeleteOptions", "gracePeriodSeconds": 0}
        for namespace in self.admin.get("/api/v1/namespaces")["items"]:
            name = namespace["metadata"]["name"]
            if name != "default" and not name.startswith("kube-"):
                self.admin.ask("DELETE", f"/api/v1/namespaces/{name}")
                self.admin.ask("DELETE", f"/api/v1/namespaces/{name}/pods", at_once)
        for container in self.engine.docker("ps", "-aq", "--filter", "name=^[^k]").split():
            self.docker("rm", "-f", "-v", container, code=None)
        self.docker("network", "prune", "-f", code=None)
        super().destroy()

    def bring_base_image(self):
        if self.docker("images", "-q", "debian:bookworm-slim"):
            return
        if not BASE.exists():
            if not shutil.which("mmdebstrap"):
                pytest.skip("there is no mmdebstrap to make debian:bookworm-slim with")
            make_tree(BASE)
        self.engine.podo("import", "--change", 'CMD ["bash"]', BASE, "debian:bookworm-slim", timeout=120)


@pytest.fixture(scope="session")
def reader(request, tmp_path_factory):
    program = shutil.which("busybox")
    assert program, "there is no static busybox"
    busybox = make_busybox(tmp_path_factory.mktemp("images"), program)
    folder = Path(tempfile.mkdtemp(prefix="podo-docs-", dir="/tmp"))  # short: sockets lie below it
    one = Reader(request.config.podo, folder, "--service-cidr", SERVICES, images=[busybox])
    one.prepare()
    one.start()
    yield one
    one.destroy()


@pytest.fixture(autouse=True)
def watchdog():
    def expired(*_):
        raise TimeoutError("the page took too long")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(400)
    yield
    signal.alarm(0)
