"""The engines that are compared, each with folders of its own: Podo by its own command and by docker's, and
what is there of dockerd and podman."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from machine import processes, version_of

QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


class Engine:
    """`command` is what a person types before the verb."""

    name = ""
    socket = None
    process = None

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.environment = {**os.environ, "DOCKER_CONFIG": str(self.folder / "config")}

    def start(self):
        """Seconds from the start of the daemon to its first answer."""
        begun = time.monotonic()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.daemon(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() - begun > 60:
                raise RuntimeError(f"{self.name} does not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.001)
        return time.monotonic() - begun

    def answers(self):
        try:
            connection = UnixConnection(self.socket)
            connection.request("GET", "/_ping")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def run(self, *words, check=True, **how):
        return subprocess.run(
            [*self.command, *map(str, words)], env=self.environment, check=check, **{**QUIET, **how}
        )

    def out(self, *words):
        return self.run(*words, stdout=subprocess.PIPE, text=True).stdout.strip()

    def spawn(self, *words):
        return subprocess.Popen([*self.command, *map(str, words)], env=self.environment, **QUIET)

    def processes(self):
        """Of the daemon, and what it started in its session that is no container."""
        found = []
        for pid in processes():
            try:
                session = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[3])
            except OSError:
                continue
            if self.process is not None and session == self.process.pid:
                found.append(pid)
        return found

    def version(self):
        """A line about who this is."""
        return version_of(self.program)


class Podo(Engine):
    name = "podo"

    def __init__(self, folder, program):
        super().__init__(folder)
        self.socket = self.folder / "run/docker.sock"
        self.program = program
        self.command = [program]
        self.environment["PODO_HOST"] = self.environment["DOCKER_HOST"] = f"unix://{self.socket}"

    def daemon(self):
        return [
            self.program,
            "serve",
            "--no-cluster",
            "--data",
            self.folder / "data",
            "--run",
            self.folder / "run",
        ]

    monitors = "podo-monitor"


class DockerOnPodo(Podo):
    """The docker command against Podo's socket: shares the daemon of a Podo."""

    name = "podo, docker's CLI"

    def __init__(self, podo):
        self.__dict__.update(podo.__dict__)
        self.command, self.program = ["docker"], "docker"


class Docker(Engine):
    name = "docker"
    monitors = "containerd-shim"

    def __init__(self, folder, programs):
        super().__init__(folder)
        self.socket = self.folder / "docker.sock"
        self.command = ["docker"]
        self.environment["DOCKER_HOST"] = f"unix://{self.socket}"
        self.environment["PATH"] = ":".join([*programs, self.environment["PATH"]])
        self.program = self.found(programs)

    @staticmethod
    def found(programs=()):
        return shutil.which("dockerd", path=":".join([*programs, os.environ["PATH"]]))

    def daemon(self):
        return [
            "dockerd",
            "--data-root",
            self.folder / "data",
            "--exec-root",
            self.folder / "exec",
            "--pidfile",
            self.folder / "pid",
            "-H",
            f"unix://{self.socket}",
            "--insecure-registry",
            "127.0.0.0/8",
        ]


class Podman(Engine):
    name = program = "podman"
    monitors = "conmon"

    @staticmethod
    def found():
        return shutil.which("podman")

    def __init__(self, folder):
        super().__init__(folder)
        config = self.folder / "containers.conf"
        config.write_text('[containers]\ndefault_ulimits = ["nofile=1024:2048", "nproc=4096:4096"]\n')
        registries = self.folder / "registries.conf"
        registries.write_text(
            'unqualified-search-registries = []\n[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n'
        )
        del self.environment["DOCKER_CONFIG"]
        self.environment |= {"CONTAINERS_CONF": str(config), "CONTAINERS_REGISTRIES_CONF": str(registries)}
        runtime = shutil.which("crun" if not os.path.exists("/sys/fs/cgroup/unified") else "runc") or "runc"
        self.command = [
            "podman",
            "--root",
            self.folder / "root",
            "--runroot",
            self.folder / "run",
            "--cgroup-manager",
            "cgroupfs",
            "--runtime",
            runtime,
            "--events-backend",
            "file",
        ]

    def start(self):
        return None

    def stop(self):
        pass


def start_peer(kind, folder, *programs):
    """A list: the engine, when it is on this machine and starts; why not, is said."""
    if not kind.found(*programs):
        print(f"{kind.name} is not on this machine: it is left out")
        return []
    engine = kind(folder, *programs)
    try:
        engine.start()
    except RuntimeError as error:
        print(error)
        return []
    return [engine]
