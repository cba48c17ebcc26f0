"""./bench registry: `podo registry serve` beside docker-registry, in one interleaved run. Prints medians and
ratios; --json FILE keeps every value.

The clients run on the same machine: what they cost is not the servers'. CPU is the servers' own.
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
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "engine")]

from machine import at_rest, facts, run, version_of
from report import Report
from servers import MANIFEST, Blobs, Connection, docker_registry, podo, push_manifest, side_by_side


def blobs(servers, table, options):
    """PUT and GET of large blobs over 1 and 8 connections."""
    for connections, size in ((1, 256 << 20), (8, 32 << 20)):
        source = Blobs(options.folder / "blobs", size)
        for number in range(options.rounds):
            for server in turn(servers, number):
                made = source.make(connections)
                work = f"of {size >> 20} MB blobs, {connections} connection{'s' if connections > 1 else ''}"
                repository = f"bench/{connections}"

                def put(index):
                    with Connection(server) as connection:
                        return connection.put(repository, *made[index])

                def get(index):
                    with Connection(server) as connection:
                        return sum(connection.get(repository, made[index][1]) for _ in range(options.gets))

                for verb, what in (("PUT", put), ("GET", get)):
                    server.forget_peak()
                    cpu = server.cpu_seconds()
                    count, seconds = side_by_side(connections, what)
                    megabytes = count / 1e6
                    table.add(f"{verb} {work}, MB/s", server.name, megabytes / seconds)
                    cpu = (server.cpu_seconds() - cpu) / megabytes * 1e6
                    table.add(f"{verb} {work}, CPU ms per GB", server.name, cpu)
                    table.add(f"{verb} {work}, peak RSS MB", server.name, server.memory() / 1e6)
                source.drop(made)


def small(servers, table, options):
    """A small manifest, asked for over and over: 8 requests a write."""
    depth = 8
    for server in servers:
        push_manifest(server, "bench/small", "latest")
    request = (
        f"GET /v2/bench/small/manifests/latest HTTP/1.1\r\nHost: x\r\nAccept: {MANIFEST}\r\n\r\n".encode()
    )
    for number in range(options.rounds):
        for connections in (1, 8):
            for server in turn(servers, number):

                def ask(_):
                    count, until = 0, time.monotonic() + options.seconds
                    with Connection(server) as connection:
                        connection.socket.sendall(request)
                        status, fields = connection.head()
                        assert status == 200
                        connection.drop_body(int(fields["content-length"]))
                        connection.socket.sendall(request)
                        size = 0
                        while size < int(fields["content-length"]) or b"\r\n\r\n" not in connection.rest:
                            connection.rest += connection.socket.recv(65536)
                            size = len(connection.rest.split(b"\r\n\r\n", 1)[-1])
                        answer = len(connection.rest)
                        while time.monotonic() < until:
                            connection.socket.sendall(request * depth)
                            left = answer * depth
                            while left > 0:
                                left -= len(connection.socket.recv(262_144))
                            count += depth
                    return count

                cpu = server.cpu_seconds()
                count, seconds = side_by_side(connections, ask)
                work = f"GET of a manifest, {connections} connection{'s' if connections > 1 else ''}"
                table.add(f"{work}, requests/s", server.name, count / seconds)
                table.add(f"{work}, CPU us each", server.name, (server.cpu_seconds() - cpu) / count * 1e6)


def skopeo(servers, table, options):
    """An image of four layers, packed already, pushed and pulled by skopeo."""
    if not shutil.which("skopeo"):
        print("there is no skopeo: pushing and pulling an image is not measured", file=sys.stderr)
        return
    import images

    pool, layers = os.urandom(64 << 20), []
    for megabytes in (60, 40, 20, 8):
        entries = [
            images.entry(f"f{number}", data=pool[number << 19 : (number + 2) << 19])
            for number in range(megabytes)
        ]
        layers.append(images.layer(entries))
    archive = images.archive(options.folder / "image.tar", "large:latest", layers, {"Cmd": ["true"]})
    source = options.folder / "image"
    quiet = ["skopeo", "copy", "--quiet"]
    subprocess.run([*quiet, f"docker-archive:{archive}", "--dest-compress", f"dir:{source}"], check=True)
    for number in range(options.rounds):
        for server in turn(servers, number):
            name = f"docker://127.0.0.1:{server.port}/skopeo/{number}:latest"
            back = options.folder / "back"
            words = {
                "push": [*quiet, "--dest-tls-verify=false", f"dir:{source}", name],
                "pull": [*quiet, "--src-tls-verify=false", name, f"dir:{back}"],
            }
            for verb, command in words.items():
                # Each round an image that the server does not have: what it has is not sent again.
                if verb == "push" and number > 0:
                    forget(server)
                begun = time.monotonic()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                table.add(f"skopeo {verb} of an image of 128 MB, s", server.name, time.monotonic() - begun)
            shutil.rmtree(back)


def forget(server):
    server.stop()
    for entry in server.folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    server.start()


def idle(servers, table, options):
    for server in servers:
        server.stop()
        for _ in range(3):
            table.add("start to first answer, ms", server.name, server.start() * 1000)
            table.add("RSS when idle, MB", server.name, at_rest(lambda: server.memory("VmRSS")) / 1e6)
            server.stop()
        server.start()


def turn(servers, number):
    return servers if number % 2 == 0 else servers[::-1]


SCENARIOS = {"idle": idle, "blobs": blobs, "small": small, "skopeo": skopeo}


def main():
    parser = argparse.ArgumentParser(prog="./bench registry", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of asking for a manifest")
    parser.add_argument("--gets", type=int, default=4, help="of each blob that was put")
    parser.add_argument("--only", action="append", choices=SCENARIOS)
    parser.add_argument("--alone", action="store_true", help="without docker-registry")
    parser.add_argument("--dir", default="/var/tmp", help="on the disk to be measured")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.folder = Path(tempfile.mkdtemp(prefix="podo-bench-registry-", dir=options.dir))
    servers = [podo(Path(os.environ.get("PODO", "build/release/podo")).absolute(), options.folder / "podo")]
    peer = None if options.alone else docker_registry(options.folder / "peer")
    if peer is not None:
        servers.append(peer)
    elif not options.alone:
        print("there is no docker-registry to compare with", file=sys.stderr)
    table = Report("registry")
    try:
        for server in servers:
            server.start()
        for scenario in options.only or SCENARIOS:
            SCENARIOS[scenario](servers, table, options)
            for server in servers:
                table.add("peak RSS since the start, MB", server.name, server.memory() / 1e6)
            print(f"done: {scenario}", file=sys.stderr)
        table.print([server.name for server in servers])
        versions = {"docker-registry": version_of("docker-registry")} if peer else {}
        table.write(options.json, facts(os.environ.get("PODO", "build/release/podo")), versions)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(options.folder, ignore_errors=True)


run(main)
