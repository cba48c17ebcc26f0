"""The ways to build that are judged, each a command line against a daemon."""

import subprocess
from pathlib import Path

from corpus import Image

# For the reference only; Debian has it as docker-buildx.
PLUGIN = (
    Path(__file__).resolve().parents[2] / "build/tools/docker/usr/libexec/docker/cli-plugins/docker-buildx"
)


class Built:
    def __init__(self, done, engine, tag):
        self.code, self.output, self.error = done.returncode, done.stdout + done.stderr, done.stderr
        self.engine, self.tag = engine, tag

    def __str__(self):
        return f"exit {self.code}\n{self.output}\n--- daemon:\n{self.engine.tail()[-1000:]}"

    @property
    def image(self):
        assert self.code == 0, str(self)
        status, saved = self.engine.api("GET", f"/images/{self.tag}/get")
        assert status == 200, saved
        return Image(saved)

    @property
    def id(self):
        assert self.code == 0, str(self)
        return self.engine.inspect(self.tag)["Id"]


class Builder:
    """build(FOLDER, OPTION...) builds an image called `case`."""

    command, environment = (), {}

    def __init__(self, engine):
        self.engine = engine
        self.environment = {**engine.environment, **self.environment}

    def words(self, context, options, tag):
        named = ["-t", tag] if tag else []
        return [*self.command, *named, *map(str, options), str(context)]

    def build(self, context, *options, tag="case", cwd=None, input=None, timeout=120, environment=None):
        done = subprocess.run(
            self.words(context, options, tag),
            env=self.environment | (environment or {}),
            cwd=cwd or "/",
            capture_output=True,
            timeout=timeout,
            **({"input": input} if input is not None else {"stdin": subprocess.DEVNULL}),
        )
        done.stdout, done.stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return Built(done, self.engine, tag)

    def spawn(self, context, *options, tag="case", cwd=None):
        return subprocess.Popen(
            self.words(context, options, tag),
            env=self.environment,
            cwd=cwd or "/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


class Classic(Builder):
    command = ("docker", "build")
    environment = {"DOCKER_BUILDKIT": "0"}


class BuildKit(Builder):
    command = ("docker", "buildx", "build", "--progress", "plain")


class Podo(Builder):
    def __init__(self, engine):
        super().__init__(engine)
        self.command = (str(engine.program), "build", "--progress", "plain")


def make_builder(name, engine):
    builder = {"classic": Classic, "buildkit": BuildKit, "podo": Podo}[name](engine)
    builder.name = name
    return builder
