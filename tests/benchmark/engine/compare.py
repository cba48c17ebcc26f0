"""./bench engine: Podo beside dockerd and podman, in one interleaved run. Prints medians and ratios.

Runs in network and mount namespaces of its own, so no engine changes the host's. CPU is that of the whole
machine: let it do nothing else.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "engine")]

import images
from engines import Docker, DockerOnPodo, Podman, Podo, UnixConnection, start_peer
from machine import at_rest, busy_seconds, facts, in_own_namespaces, processes, pss_kb, run, status_kb
from report import Report

IMAGE = "busybox:latest"


def repeat(engine, table, work, count, words):
    walls, busy = [], busy_seconds()
    for _ in range(count):
        begun = time.monotonic()
        engine.run(*words)
        walls.append(time.monotonic() - begun)
    table.add(f"{work}, wall ms", engine.name, statistics.median(walls) * 1000)
    table.add(f"{work}, CPU ms", engine.name, (busy_seconds() - busy) / count * 1000)


def short_runs(engines, table, options):
    for _ in range(options.rounds):
        for engine in engines:
            repeat(
                engine,
                table,
                "run --rm true, no network",
                10,
                ["run", "--rm", "--network", "none", IMAGE, "true"],
            )
        for engine in engines:
            repeat(engine, table, "run --rm true, bridge", 10, ["run", "--rm", IMAGE, "true"])


def execs(engines, table, options):
    for engine in engines:
        engine.run("run", "-d", "--name", f"e{id(engine)}", IMAGE, "sleep", "1000")
    for _ in range(options.rounds):
        for engine in engines:
            repeat(engine, table, "exec true", 10, ["exec", f"e{id(engine)}", "true"])
    for engine in engines:
        engine.run("rm", "-f", "-t", "0", f"e{id(engine)}", check=False)
        engine.run("rm", "-f", f"e{id(engine)}", check=False)


def burst(engines, table, options):
    for engine in engines:
        busy, begun, running, names = (
            busy_seconds(),
            time.monotonic(),
            [],
            [f"b{number}" for number in range(50)],
        )
        for name in names:
            while len(running) >= 8:
                running.pop(0).wait()
            running.append(engine.spawn("run", "-d", "--name", name, IMAGE, "sleep", "1000"))
        for process in running:
            process.wait()
        table.add("50 containers, 8 at a time, wall s", engine.name, time.monotonic() - begun)
        table.add("50 containers, 8 at a time, CPU s", engine.name, busy_seconds() - busy)
        assert len(engine.out("ps", "-q").split()) == 50, engine.name
        if engine.socket:
            connection, walls = UnixConnection(engine.socket), []
            for _ in range(200):
                at = time.monotonic()
                connection.request("GET", "/v1.41/containers/json")
                assert len(json.loads(connection.getresponse().read())) == 50
                walls.append(time.monotonic() - at)
            table.add("ps of 50 by the API, wall ms", engine.name, statistics.median(walls) * 1000)
        monitors = monitors_of(engine)
        table.add(
            "PSS beside each of 50 containers, MB",
            engine.name,
            sum(map(pss_kb, monitors)) / 50 / 1e3,
        )
        begun = time.monotonic()
        engine.run("rm", "-f", *names)
        table.add("rm -f of the 50, wall s", engine.name, time.monotonic() - begun)


def monitors_of(engine):
    found = []
    for pid in processes():
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == engine.monitors[:15]:
                found.append(pid)
        except OSError:
            pass
    return found


def idle(engines, table, options):
    """First, before anything else has run."""
    for engine in engines:
        if engine.process is None or engine.name.startswith("podo,"):
            continue
        engine.stop()
        for _ in range(3):
            table.add("daemon start to first answer, ms", engine.name, engine.start() * 1000)
            memory = at_rest(lambda: sum(map(pss_kb, engine.processes())))
            table.add("idle daemon, PSS MB", engine.name, memory / 1e3)
            engine.stop()
        engine.start()


def logs(engines, table, options):
    script = f"yes {'a' * 99} | head -n 1000000"
    for _ in range(options.rounds):
        for engine in engines:
            if engine.name.startswith("podo,"):
                continue
            begun = time.monotonic()
            more = (
                ["--log-driver", "k8s-file"]
                if engine.name == "podman"
                else ["--log-driver", "json-file", "--log-opt", "max-size=1g"]
            )
            engine.run("run", "-d", "--name", "log", *more, IMAGE, "sh", "-c", script)
            engine.run("wait", "log")
            table.add("1,000,000 lines into the log, wall s", engine.name, time.monotonic() - begun)
            begun = time.monotonic()
            engine.run("logs", "log")
            table.add("and read back, wall s", engine.name, time.monotonic() - begun)
            engine.run("rm", "-f", "log")


def make_large(folder):
    """223 MB in five layers that compress about as well as programs do."""
    path = Path(folder) / "large.tar"
    pool = b"".join(
        Path(file).read_bytes()
        for file in sorted(Path("/usr/lib").rglob("*.so*"))
        if file.is_file() and not file.is_symlink() and file.stat().st_size < 8 << 20
    )[: 400 << 20]
    if len(pool) < 223 << 20:
        pool = pool * (1 + (223 << 20) // max(1, len(pool)))
    sizes, at, layers = [110, 60, 30, 15, 8], 0, []
    for number, megabytes in enumerate(sizes):
        entries, left = [], megabytes << 20
        while left > 0:
            size = min(left, 40_000 + (at * 7919) % 300_000)
            entries.append(images.entry(f"layer{number}/f{at}", data=pool[at : at + size]))
            at, left = at + size, left - size
        layers.append(images.layer(entries))
    return images.archive(path, "large:latest", layers, {"Cmd": ["true"]})


def transfers(engines, table, options):
    if not shutil.which("docker-registry"):
        print("there is no docker-registry: push and pull are not measured")
        return
    archive = make_large(options.folder)
    for engine in engines:
        if engine.name.startswith("podo,"):
            continue
        secure = ["--tls-verify=false"] if engine.name == "podman" else []
        engine.run("load", "-q", "-i", archive, stderr=None)
        for number in range(options.rounds):
            # Another registry each time: who remembers where a layer was has none to mount it from.
            with new_registry(options.folder / f"registry-{engine.name}-{number}") as place:
                transfer(engine, table, f"{place}/large", secure)
        engine.run("rmi", "-f", "large", check=False)


def transfer(engine, table, name, secure):
    engine.run("tag", "localhost/large" if engine.name == "podman" else "large", name, check=False)
    engine.run("tag", "large", name, check=False)
    timed(engine, table, "push of 223 MB", ["push", *secure, name])
    engine.run("rmi", "-f", name, "large", check=False)
    engine.run("rmi", "-f", "localhost/large", check=False)
    timed(engine, table, "pull of 223 MB", ["pull", *secure, name])
    if engine.process:
        peak = max(status_kb(pid, "VmHWM") for pid in engine.processes())
        table.add("peak RSS of the daemon so far, MB", engine.name, peak / 1000)
    engine.run("tag", name, "large")
    engine.run("rmi", name)


@contextlib.contextmanager
def new_registry(folder):
    """An empty docker-registry; its HOST:PORT."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = "127.0.0.1:%d" % free.getsockname()[1]
    (folder / "config.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}}}}}\n"
        f"http: {{addr: '{place}'}}\n"
    )
    registry = subprocess.Popen(
        ["docker-registry", "serve", folder / "config.yml"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(0.5)
    try:
        yield place
    finally:
        registry.kill()
        registry.wait()
        shutil.rmtree(folder)


def timed(engine, table, work, words):
    busy, begun = busy_seconds(), time.monotonic()
    engine.run(*words, stderr=None)
    table.add(f"{work}, wall s", engine.name, time.monotonic() - begun)
    table.add(f"{work}, CPU s", engine.name, busy_seconds() - busy)


SCENARIOS = {
    "idle": idle,
    "run": short_runs,
    "exec": execs,
    "burst": burst,
    "logs": logs,
    "transfer": transfers,
}


def load(engine, archive):
    if engine.name.startswith("podo,"):
        return
    engine.run("load", "-q", "-i", archive, stderr=None)
    if engine.name == "podman":
        engine.run("tag", "localhost/busybox:latest", IMAGE, check=False)


def works(engine, archive):
    """Whether it can run anything on this machine; what it says otherwise is shown."""
    load(engine, archive)
    tried = engine.run("run", "--rm", "--network", "none", IMAGE, "true", check=False, stderr=subprocess.PIPE)
    if tried.returncode != 0:
        print(f"{engine.name} is left out: {tried.stderr.decode()[-300:]}")
        engine.stop()
    return tried.returncode == 0


def main():
    parser = argparse.ArgumentParser(prog="./bench engine")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--peers", action="append", default=[], help="folders with dockerd, containerd, runc")
    options = parser.parse_args()
    in_own_namespaces()
    options.folder = Path(tempfile.mkdtemp(prefix="podo-bench-", dir="/var/tmp"))
    engines, table = [], Report("engine")
    try:
        podo = Podo(options.folder / "podo", os.environ["PODO"])
        engines.append(podo)
        podo.start()
        engines.append(DockerOnPodo(podo))
        if not options.alone:
            engines += start_peer(Docker, options.folder / "docker", options.peers)
            engines += start_peer(Podman, options.folder / "podman")
        archive = images.make_busybox(options.folder, shutil.which("busybox"))
        engines = [engine for engine in engines if works(engine, archive)]
        names = [engine.name for engine in engines]
        for scenario in options.only or SCENARIOS:
            if scenario == "idle":
                SCENARIOS[scenario](engines, table, options)
            for engine in engines:
                load(engine, archive)
            if scenario != "idle":
                SCENARIOS[scenario](engines, table, options)
            print(f"done: {scenario}", file=sys.stderr)
        table.print(names)
        versions = {engine.name: engine.version() for engine in engines}
        table.write(options.json, facts(os.environ["PODO"]), versions)
    finally:
        for engine in engines:
            ids = engine.out("ps", "-aq").split() if engine.process or engine.name == "podman" else []
            if ids:
                engine.run("rm", "-f", *ids, check=False)
        for engine in reversed(engines):
            if not engine.name.startswith("podo,"):
                engine.stop()
        subprocess.run(["rm", "-rf", "--one-file-system", options.folder], check=False)


run(main)
