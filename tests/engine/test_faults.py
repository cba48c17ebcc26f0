"""What goes wrong around the engine: full disks, registries that stall, lie or hang up."""

import hashlib
import http.server
import json
import subprocess
import tempfile
import threading
import time

import pytest

from daemon import Daemon, wait_until


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_survived(request, small_disk, busybox_archive):
    engine = Daemon(
        request.config.podo, tempfile.mkdtemp(prefix="podo-engine-", dir="/tmp"), data=small_disk / "data"
    ).start()
    try:
        engine.docker("load", "-q", "-i", busybox_archive)
        engine.docker(
            "run",
            "-d",
            "--name",
            "fills",
            "--log-opt",
            "max-size=1g",
            "busybox",
            "sh",
            "-c",
            "yes 0123456789012345678901234567890123456789 | head -c 100000000; echo finished > /dev/shm/mark;"
            " exec sleep 1000",
        )
        wait_until(
            lambda: engine.docker("exec", "fills", "cat", "/dev/shm/mark", code=None).stdout == "finished\n",
            60,
            "a container whose log has no room goes on",
        )
        failed = engine.docker("load", "-q", "-i", busybox_archive, code=None)
        assert failed.returncode == 0 or "no space left on device" in failed.stderr.lower()
        engine.docker("rm", "-f", "fills")
        assert engine.docker("run", "--rm", "busybox", "echo", "again") == "again"
    finally:
        engine.destroy()


class FaultyRegistry(http.server.BaseHTTPRequestHandler):
    """One image of one layer, served as `fault` says."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        world = self.server.world
        world.requests.append(self.path)
        if self.path == "/v2/":
            return self.answer(b"{}")
        if "/manifests/" in self.path:
            return self.answer(world.manifest, "application/vnd.oci.image.manifest.v1+json")
        digest = self.path.rsplit("/", 1)[1]
        data = world.blobs.get(digest)
        if data is None:
            return self.answer(b"{}", status=404)
        fault = world.fault if digest == world.layer else None
        begin = 0
        if self.headers.get("Range"):
            begin = int(self.headers["Range"].split("=")[1].split("-")[0])
        if fault == "lie":
            data = data[:-1] + bytes([data[-1] ^ 1])
        if fault in ("drop", "drop once") and not (fault == "drop once" and world.dropped):
            world.dropped = True
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            self.wfile.write(data[begin : begin + 100_000])
            self.close_connection = True
            return None
        if fault == "stall":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:1000])
            self.wfile.flush()
            world.released.wait(120)
            self.close_connection = True
            return None
        return self.answer(data[begin:], status=206 if begin else 200)

    do_HEAD = do_GET

    def answer(self, data, kind="application/octet-stream", status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


class World:
    def __init__(self, layer_bytes):
        self.requests, self.fault, self.dropped, self.released = [], None, False, threading.Event()
        digest = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["cat", "/big"]},
                "rootfs": {"type": "layers", "diff_ids": [digest(layer_bytes)]},
            }
        ).encode()
        self.layer = digest(layer_bytes)
        self.blobs = {digest(config): config, self.layer: layer_bytes}
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {
                    "mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": digest(config),
                    "size": len(config),
                },
                "layers": [
                    {
                        "mediaType": "application/vnd.oci.image.layer.v1.tar",
                        "digest": self.layer,
                        "size": len(layer_bytes),
                    }
                ],
            }
        ).encode()


@pytest.fixture
def world():
    from images import busybox_entries, entry, layer
    import os, shutil

    world = World(layer([*busybox_entries(shutil.which("busybox")), entry("big", data=os.urandom(500_000))]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FaultyRegistry)
    server.world, world.name = world, f"127.0.0.1:{server.server_port}/x:1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield world
    world.released.set()
    server.shutdown()
    server.server_close()


def test_a_registry_that_lies_about_a_digest_is_refused(engine, world):
    world.fault = "lie"
    message = engine.docker("pull", world.name, code=None)
    assert message.returncode == 1 and "digest" in message.stderr.lower() + message.stdout.lower()
    assert world.name not in engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}")
    world.fault = None
    engine.docker("pull", world.name)
    engine.docker("rmi", world.name)


def test_a_download_that_breaks_off_is_resumed(engine, world):
    world.fault = "drop"
    engine.docker("pull", world.name)
    assert len([path for path in world.requests if path.endswith(world.layer)]) > 3
    assert len(engine.docker("run", "--rm", world.name, "wc", "-c", "/big").split()) == 2
    engine.docker("rmi", world.name)


def test_a_client_that_gives_up_ends_the_pull(engine, world):
    world.fault = "stall"
    command = engine.background("pull", world.name)
    wait_until(lambda: any(path.endswith(world.layer) for path in world.requests))
    command.kill()
    command.communicate()
    world.fault = None
    world.released.set()
    engine.docker("pull", world.name)
    engine.docker("rmi", world.name)


def test_a_slow_reader_of_logs_holds_nobody_up(engine):
    engine.docker(
        "run",
        "-d",
        "--name",
        "busy",
        "busybox",
        "sh",
        "-c",
        "i=0; while [ $i -lt 200000 ]; do echo line $i; i=$((i+1)); done; touch /done; sleep 1000",
    )
    reader = engine.background("logs", "-f", "busy")  # nobody reads its pipe
    follower = engine.background("attach", "--no-stdin", "busy")
    try:
        wait_until(lambda: engine.docker("exec", "busy", "ls", "/done", code=None).returncode == 0, 60)
    finally:
        for process in (reader, follower):
            process.kill()
            process.communicate()


def test_bad_requests_are_answered(engine):
    assert engine.api("POST", "/v1.41/containers/create", "{not json")[0] == 400
    assert engine.api("POST", "/v1.41/containers/create", {"Image": 7})[0] == 400
    assert engine.api("GET", "/v1.41/containers/none/json") == (404, {"message": "No such container: none"})
    assert engine.api("GET", "/v1.41/nothing") == (404, {"message": "page not found"})
    assert engine.api("GET", "/v1.1/info")[0] == 400
    assert engine.api("GET", "/v9.99/info")[0] == 400
    assert engine.api("GET", "/v1.41/containers/json?filters=%7Bx")[0] == 400
    assert engine.api("GET", "/swarm")[0] == 503
    assert engine.api("POST", "/build", b"")[0] in (400, 501)
