"""./bench build: Dockerfile builds by Podo beside dockerd's two builders, buildah and podman, in one
interleaved run. Prints medians and ratios.

Runs in network and mount namespaces of its own. CPU is that of the whole machine: let it do nothing else.
Peak RSS is that of the daemon's processes and of the largest client process.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "engine"), str(HERE.parents[1] / "engine")]

import images
from builders import Buildah, BuildKit, Classic, ClassicOnPodo, PodmanBuild, PodoBuild
from engines import Docker, Podman, Podo, start_peer
from machine import busy_seconds, facts, in_own_namespaces, run
from report import Report


def measure(builder, table, work, context, *options):
    builder.forget_peak()
    busy, begun = busy_seconds(), time.monotonic()
    largest = builder.build(context, *options)
    table.add(f"{work}, wall ms", builder.name, (time.monotonic() - begun) * 1000)
    table.add(f"{work}, CPU ms", builder.name, (busy_seconds() - busy) * 1000)
    table.add(f"{work}, peak RSS MB", builder.name, (builder.peak_bytes() + largest) / 1e6)


def write_small_files(folder, count):
    folder.mkdir(parents=True)
    for number in range(count):
        sub = folder / f"d{number % 20}"
        sub.mkdir(exist_ok=True)
        (sub / f"file{number}.txt").write_text(f"{number}\n" * (50 + number % 300))


TWO_STAGES = """FROM busybox AS build
WORKDIR /src
COPY files /src/files
RUN find files -type f | sort > list
RUN cat $(cat list) > all
FROM busybox
ENV A=1
COPY --from=build /src/all /srv/all
COPY files /srv/files
RUN wc -c /srv/all > /srv/size
CMD ["cat", "/srv/size"]
"""


def two_stages(builders, table, options):
    """2 stages, 3 RUN, 50 small files: without cache, then with everything in it."""
    context = options.folder / "two-stages"
    write_small_files(context / "files", 50)
    (context / "Dockerfile").write_text(TWO_STAGES)
    for _ in range(options.rounds):
        for builder in builders:
            measure(builder, table, "2 stages, no cache", context, *builder.no_cache)
        for builder in builders:
            builder.build(context)
            measure(builder, table, "2 stages, all cached", context)


def one_changed(builders, table, options):
    """One of 2,000 files is another: the copy is made again, and a RUN behind it."""
    context = options.folder / "one-changed"
    write_small_files(context / "files", 2000)
    (context / "Dockerfile").write_text("FROM busybox\nRUN true\nCOPY files /files\nRUN true\n")
    for builder in builders:
        builder.build(context)
    for number in range(options.rounds):
        for builder in builders:
            (context / "files/d7/file7.txt").write_text(f"{number} {builder.name}\n")
            measure(builder, table, "1 of 2,000 files changed", context)


def large_context(builders, table, options):
    """200 MB of context that nobody has seen, then again unchanged."""
    context = options.folder / "large"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM busybox\nCOPY . /all/\n")
    for _ in range(min(options.rounds, 3)):
        for number in range(10):
            (context / f"part{number}").write_bytes(os.urandom(20 << 20))
        os.sync()
        for builder in builders:
            measure(builder, table, "200 MB context, first", context)
        for builder in builders:
            measure(builder, table, "200 MB context, again", context)
        for builder in builders:
            builder.remove_image()


def parallel_stages(builders, table, options):
    """Four stages that sleep half a second each."""
    context = options.folder / "parallel"
    context.mkdir()
    stages = [f"FROM busybox AS s{number}\nRUN sleep 0.5; echo {number} > /f" for number in range(4)]
    copies = [f"COPY --from=s{number} /f /f{number}" for number in range(4)]
    (context / "Dockerfile").write_text("\n".join([*stages, "FROM busybox", *copies, ""]))
    for _ in range(options.rounds):
        for builder in builders:
            measure(builder, table, "4 stages that sleep 500 ms", context, *builder.no_cache)


SCENARIOS = {
    "stages": two_stages,
    "changed": one_changed,
    "large": large_context,
    "parallel": parallel_stages,
}


def start_engines(options):
    """What can be started of Podo, dockerd, podman and buildah; and the builders on them."""
    podo = Podo(options.folder / "podo", os.environ["PODO"])
    podo.start()
    engines, builders = [podo], [PodoBuild(podo), ClassicOnPodo(podo)]
    if options.alone:
        return engines, builders
    for docker in start_peer(Docker, options.folder / "docker", options.peers):
        engines.append(docker)
        if options.buildx:
            builders.append(BuildKit(docker, options.buildx))
        builders.append(Classic(docker))
    for podman in start_peer(Podman, options.folder / "podman"):
        engines.append(podman)
        builders.append(PodmanBuild(podman))
        if shutil.which("buildah"):
            engines.append(Podman(options.folder / "buildah"))  # with images of its own
            builders.append(Buildah(engines[-1]))
    return engines, builders


def works(builder, archive, options):
    """Whether it builds anything on this machine; what it says otherwise is shown."""
    context = options.folder / f"try-{id(builder)}"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM busybox\nRUN true\n")
    try:
        builder.load(archive)
        builder.build(context)
        return True
    except RuntimeError as error:
        print(f"{builder.name} is left out: {error}")
        return False


def main():
    parser = argparse.ArgumentParser(prog="./bench build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--peers", action="append", default=[], help="folders with dockerd, containerd, runc")
    parser.add_argument("--buildx", type=Path, help="the docker-buildx plugin")
    options = parser.parse_args()
    in_own_namespaces()
    options.folder = Path(tempfile.mkdtemp(prefix="podo-bench-", dir="/var/tmp"))
    engines, table = [], Report("build")
    try:
        engines, builders = start_engines(options)
        archive = images.make_busybox(options.folder, shutil.which("busybox"))
        builders = [builder for builder in builders if works(builder, archive, options)]
        for scenario in options.only or SCENARIOS:
            SCENARIOS[scenario](builders, table, options)
            print(f"done: {scenario}", file=sys.stderr)
        table.print([builder.name for builder in builders])
        versions = {builder.name: builder.engine.version() for builder in builders}
        table.write(options.json, facts(os.environ["PODO"]), versions)
    finally:
        for engine in reversed(engines):
            engine.stop()
        subprocess.run(["rm", "-rf", "--one-file-system", options.folder], check=False)


run(main)
