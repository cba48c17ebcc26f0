"""A daemon of its own for a test: `podo serve` with a data and a run folder that nobody else has; and what
a test does to it: the docker CLI, plain HTTP, kill -9, a new life."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

sys.path.append(str(Path(__file__).resolve().parents[1]))

from waiting import wait_until

# Where ./test engine unpacks it.
COMPOSE = (
    Path(__file__).resolve().parents[2] / "build/tools/docker/usr/libexec/docker/cli-plugins/docker-compose"
)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """start() -> docker(...), podo(...), api(...) -> kill(), start() again ... -> destroy()"""

    def __init__(self, program, folder, flags=(), data=None):
        self.program, self.folder, self.flags = Path(program), Path(folder), list(flags)
        self.data, self.run = data or self.folder / "data", self.folder / "run"
        self.socket = self.run / "docker.sock"
        self.config = self.folder / "docker-config"
        (self.config / "cli-plugins").mkdir(parents=True, exist_ok=True)
        if COMPOSE.exists():
            (self.config / "cli-plugins/docker-compose").symlink_to(COMPOSE)
        self.log = self.folder / "daemon.log"
        self.process = None

    def start(self, *more):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [
                    self.program,
                    "serve",
                    "--no-cluster",
                    "--data",
                    self.data,
                    "--run",
                    self.run,
                    *self.flags,
                    *more,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 20
        while not self.answers():
            assert self.process.poll() is None, f"the daemon ended: {self.tail()}"
            assert time.monotonic() < deadline, f"the daemon does not answer: {self.tail()}"
            time.sleep(0.005)
        return self

    def answers(self):
        try:
            return self.api("GET", "/_ping")[0] == 200
        except OSError:
            return False

    def tail(self):
        return self.log.read_text(errors="replace")[-3000:]

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.process = None
        return code

    def kill(self):
        self.stop(signal.SIGKILL)

    def api(self, method, path, body=None, headers=None, **query):
        """(status, decoded JSON or bytes)"""
        connection = UnixConnection(self.socket)
        try:
            target = path + ("?" + urlencode(query) if query else "")
            headers = dict(headers or {})
            if isinstance(body, (dict, list)):
                body, headers["Content-Type"] = json.dumps(body), "application/json"
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            if answer.getheader("Content-Type", "").startswith("application/json") and data:
                try:
                    return answer.status, json.loads(data)
                except ValueError:
                    pass
            return answer.status, data
        finally:
            connection.close()

    @property
    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        return {
            **kept,
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(self.config),
            "LC_ALL": "C.UTF-8",
        }

    def docker(self, *words, code=0, input=None, timeout=60, program="docker"):
        """Standard output of the docker CLI, without its last newline; `code` is the exit code that has to
        come (None: any; then the finished process is returned)."""
        done = subprocess.run(
            [program, *map(str, words)],
            env=self.environment,
            timeout=timeout,
            input=input,
            capture_output=True,
            text=isinstance(input, (str, type(None))),
            **({} if input is not None else {"stdin": subprocess.DEVNULL}),
        )
        if code is None:
            return done
        assert (
            done.returncode == code
        ), f"docker {words}: exit {done.returncode}\n{done.stdout}{done.stderr}\n{self.tail()}"
        return done.stdout.rstrip("\n") if isinstance(done.stdout, str) else done.stdout

    def fails(self, *words, code=1):
        """Standard error of a docker command that has to fail."""
        done = self.docker(*words, code=None)
        assert (
            done.returncode == code
        ), f"docker {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr

    def podo(self, *words, **how):
        return self.docker(*words, program=str(self.program), **how)

    def inspect(self, name):
        return json.loads(self.docker("inspect", name))[0]

    def background(self, *words, **how):
        return subprocess.Popen(
            ["docker", *map(str, words)],
            env=self.environment,
            text=True,
            stdin=how.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **how,
        )

    def destroy(self):
        """Everything the daemon made is gone afterwards; what it left in the kernel fails the test."""
        if self.process is None:
            self.start()
        ids = self.docker("ps", "-aq", "--no-trunc").split()
        if ids:
            self.docker("rm", "-f", "-v", *ids, code=None)
        networks = [
            line.split()[0]
            for line in self.docker(
                "network", "ls", "--format", "{{.Name}} {{.Driver}}", "--filter", "type=custom"
            ).splitlines()
        ]
        if networks:
            self.docker("network", "rm", *networks, code=None)
        self.stop()
        left = leftovers(self.folder)
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=True)
        assert not left, f"left behind: {left}"


def leftovers(folder):
    """Mounts below the folder, and processes that have a file of it as program or working directory."""
    folder = str(folder)
    left = [
        line.split()[4]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if line.split()[4].startswith(folder + "/")
    ]
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if folder in Path(entry.path, "cmdline").read_text(errors="replace"):
                    left.append(f"process {entry.name}")
            except OSError:
                pass
    return left
