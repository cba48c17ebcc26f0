"""What people do with docker's command: an operation is a method, and leaves nothing when it ends well."""

import subprocess
import time
import urllib.request

from life import FAILURES, wait_for

DOCKERFILE = """FROM busybox
COPY data /data
RUN wc -c /data >/size && date >/when
FROM busybox
COPY --from=0 /size /size
ENV NAME={name}
CMD ["cat", "/size"]
"""


class DockerLoad:
    OPERATIONS = {
        "run": 6,
        "serve": 4,
        "print_lines": 2,
        "build": 2,
        "connect": 2,
        "keep": 2,
        "commit": 1,
        "move_image": 1,
        "leave_early": 2,
        "pause": 1,
    }

    def __init__(self, life, number):
        self.cluster, self.mark = life.cluster, f"d{number}x"
        self.docker = life.cluster.docker
        self.folder = life.cluster.folder / f"docker-{number}"
        self.folder.mkdir()
        self.left = []  # containers, networks, volumes and images of operations that failed

    def begin(self, chance, name):
        self.chance, self.name = chance, name

    def tidy(self):
        """Also what failed earlier, once the daemon answers."""
        self.left.append(self.name)
        try:
            for name in self.left[:]:
                self.sweep(name)
                self.left.remove(name)
        except FAILURES:
            pass

    def sweep(self, name):
        ids = self.docker("ps", "-aq", "--filter", f"name=^{name}$|^{name}-").split()
        if ids:
            self.docker("rm", "-f", "-v", *ids)
        for kind in ("network", "volume"):
            names = self.docker(kind, "ls", "-q", "--filter", f"name={name}").split()
            if names:
                self.docker(kind, "rm", *names)
        if images := self.docker("images", "-q", name).split():
            self.docker("rmi", "-f", *images)

    def run(self):
        ways = [[], ["--network", "none"], ["-m", "64m", "--cpus", "0.5"], ["-v", "/made"]]
        ways += [["--read-only", "--tmpfs", "/tmp"], ["-u", "web"], ["--init"], ["--pid", "host"]]
        way = self.chance.choice(ways)
        said = self.docker("run", "--rm", "--name", self.name, *way, "busybox", "echo", self.name)
        assert said == self.name, said

    def serve(self):
        """A server whose life is everything that docker has a word for."""
        name, docker = self.name, self.docker
        how = ["--restart", "always", "-p", "127.0.0.1::80"]
        docker("run", "-d", "--name", name, *how, "busybox", "sh", "-c", "echo up; exec httpd -f -h /tmp")
        assert docker("exec", name, "echo", "inside") == "inside"
        source, back = self.folder / "source", self.folder / "back"
        source.write_text(name * 1000)
        docker("cp", source, f"{name}:/tmp/{name}")
        assert docker("exec", name, "cat", f"/tmp/{name}") == name * 1000
        docker("cp", f"{name}:/tmp/{name}", back)
        assert back.read_text() == source.read_text()
        port = docker("port", name, "80").split(":")[-1]
        fetch = lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=10).read()
        assert wait_for(fetch, 10, "an answer of a published port").decode() == source.read_text()
        assert name in docker("stats", "--no-stream", "--format", "{{.Name}}", name)
        docker("restart", "-t", "0", name)
        assert docker("exec", name, "test", "-e", f"/tmp/{name}") == ""
        assert "up" in docker("logs", name)
        docker("stop", "-t", "0", name)
        assert docker("inspect", "--format", "{{.State.Running}}", name) == "false"
        docker("rm", name)

    def print_lines(self):
        count = self.chance.randrange(1000, 20000)
        self.docker("run", "-d", "--name", self.name, "busybox", "seq", count)
        assert self.docker("wait", self.name) == "0"
        lines = self.docker("logs", self.name).splitlines()
        assert lines == [str(n + 1) for n in range(count)], f"{len(lines)} of {count} lines"
        assert len(self.docker("logs", "--tail", "10", self.name).splitlines()) == 10
        self.docker("rm", self.name)

    def build(self):
        context = self.folder / "context"
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(DOCKERFILE.format(name=self.name))
        (context / "data").write_bytes(self.chance.randbytes(self.chance.randrange(1000, 2_000_000)))
        words = ["build", "-q", "-t", self.name, context]
        if self.chance.random() < 0.5:
            self.cluster.engine.podo(*words)
        else:
            self.docker("DOCKER_BUILDKIT=0", "docker", *words, program="env")
        size = self.docker("run", "--rm", "--name", self.name, self.name).split()[0]
        assert int(size) == (context / "data").stat().st_size, size
        self.docker("rmi", self.name)

    def connect(self):
        name = self.name
        self.docker("network", "create", name)
        self.docker("run", "-d", "--name", f"{name}-a", "--network", name, "busybox", "sleep", "1000")
        asks = ["busybox", "ping", "-c1", "-W5", f"{name}-a"]
        said = self.docker("run", "--rm", "--name", f"{name}-b", "--network", name, *asks)
        assert "1 packets received" in said, said
        self.docker("network", "connect", "bridge", f"{name}-a")
        self.docker("network", "disconnect", name, f"{name}-a")
        self.docker("rm", "-f", f"{name}-a")
        self.docker("network", "rm", name)

    def keep(self):
        name = self.name
        self.docker("volume", "create", name)
        for word, expected in ((f"echo {name} >/v/f", ""), ("cat /v/f", name)):
            said = self.docker("run", "--rm", "--name", name, "-v", f"{name}:/v", "busybox", "sh", "-c", word)
            assert said == expected, said
        self.docker("volume", "rm", name)

    def commit(self):
        name = self.name
        self.docker("run", "--name", name, "busybox", "sh", "-c", f"echo {name} >/made; rm /etc/group")
        changes = set(self.docker("diff", name).splitlines())
        assert {"A /made", "D /etc/group"} <= changes, changes
        self.docker("commit", name, name)
        assert self.docker("run", "--rm", "--name", f"{name}-again", name, "cat", "/made") == name
        self.docker("export", "-o", self.folder / "export.tar", name)
        (self.folder / "export.tar").unlink()
        self.docker("rm", name)
        self.docker("rmi", name)

    def move_image(self):
        name, archive = self.name, self.folder / "image.tar"
        self.docker("tag", "busybox", name)
        self.docker("save", "-o", archive, name)
        self.docker("rmi", name)
        self.docker("load", "-q", "-i", archive)
        assert self.docker("images", "-q", name)
        self.docker("rmi", name)
        archive.unlink()

    def leave_early(self):
        """Clients that go away in the middle of a stream."""
        name = self.name
        self.docker(
            "run", "-d", "--name", name, "busybox", "sh", "-c", "while echo tick; do sleep 0.05; done"
        )
        streams = [["logs", "-f", name], ["attach", name], ["exec", name, "sleep", "1000"], ["wait", name]]
        streams += [["events"], ["stats", name], ["exec", "-i", name, "cat"]]
        going = [self.cluster.engine.background(*words, stdin=subprocess.PIPE) for words in streams]
        time.sleep(0.3 + self.chance.random())
        for process in going:
            process.kill()
        for process in going:
            process.communicate()
        self.docker("rm", "-f", name)

    def pause(self):
        name = self.name
        self.docker("run", "-d", "--name", name, "-m", "64m", "busybox", "sleep", "1000")
        self.docker("pause", name)
        self.docker("unpause", name)
        self.docker("update", "-m", "128m", "--memory-swap", "-1", name)
        assert self.docker("exec", "-e", "A=1", name, "sh", "-c", "echo $A") == "1"
        self.docker("rename", name, f"{name}-again")
        self.docker("top", f"{name}-again")
        self.docker("kill", f"{name}-again")
        wait_for(lambda: "false" in self.docker("inspect", "--format", "{{.State.Running}}", f"{name}-again"),
                 10, "the end of what was killed")  # fmt: skip
        self.docker("rm", f"{name}-again")
