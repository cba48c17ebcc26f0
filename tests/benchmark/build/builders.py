"""The builders that are compared, each on an engine of tests/benchmark/engine."""

import os
import subprocess
from pathlib import Path

from machine import forget_peak, status_kb


class Builder:
    """`command` is what a person types before the context's folder."""

    name, command, environment = "", (), {}
    no_cache = ("--no-cache",)

    def __init__(self, engine):
        self.engine = engine
        self.environment = {**engine.environment, **self.environment}

    def load(self, archive):
        self.engine.run("load", "-q", "-i", archive, stderr=None)

    def build(self, context, *options):
        """The peak of the largest client process, in bytes."""
        with open(self.engine.folder / "build.log", "w") as log:
            process = subprocess.Popen(
                [*self.command, "-t", "built", *options, str(context)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError((self.engine.folder / "build.log").read_text()[-500:])
        return usage.ru_maxrss * 1024

    def forget_peak(self):
        for pid in self.engine.processes():
            forget_peak(pid)

    def peak_bytes(self):
        return sum(status_kb(pid, "VmHWM") for pid in self.engine.processes()) * 1024

    def remove_image(self):
        self.engine.run("rmi", "-f", "built", check=False)


class PodoBuild(Builder):
    name = "podo"

    def __init__(self, engine):
        super().__init__(engine)
        self.command = (*engine.command, "build")


class Classic(Builder):
    name = "docker, classic"
    command, environment = ("docker", "build"), {"DOCKER_BUILDKIT": "0"}


class ClassicOnPodo(Classic):
    name = "podo, docker's CLI"


class BuildKit(Builder):
    name = "docker, BuildKit"
    command = ("docker", "buildx", "build")

    def __init__(self, engine, plugin):
        super().__init__(engine)
        folder = Path(engine.environment["DOCKER_CONFIG"]) / "cli-plugins"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "docker-buildx").symlink_to(plugin.resolve())


class PodmanBuild(Builder):
    name = "podman"

    def __init__(self, engine):
        super().__init__(engine)
        self.command = (*engine.command, "build", "--layers", *LIMITS)

    def load(self, archive):
        super().load(archive)
        self.engine.run("tag", "localhost/busybox:latest", "busybox:latest", check=False)


class Buildah(PodmanBuild):
    """Its images come and go by podman's command."""

    name = "buildah"

    def __init__(self, engine):
        super().__init__(engine)
        kept, words = {"--root", "--runroot"}, list(engine.command)
        pairs = [words[at : at + 2] for at, word in enumerate(words) if word in kept]
        runtime = words[words.index("--runtime") + 1]
        self.command = ("buildah", *sum(pairs, []), "bud", "--runtime", runtime, "--layers", *LIMITS)


# Theirs would be more than a machine may grant.
LIMITS = ("--ulimit", "nofile=1024:2048", "--ulimit", "nproc=4096:4096")
