"""The registries that are compared, and a client that costs little: blobs go from the page cache to the
socket and from the socket to nowhere (sendfile, MSG_TRUNC), so that what is measured is the server."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from machine import cpu_seconds, forget_peak, status_kb

OCTETS = b"Content-Type: application/octet-stream\r\n"
NOWHERE = bytearray(4 << 20)  # nothing is written there
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, folder, command):
        self.name, self.folder, self.port = name, Path(folder), free_port()
        self.folder.mkdir(parents=True)
        self.command, self.process = command, None

    def start(self):
        begun = time.monotonic()
        self.process = subprocess.Popen(
            list(map(str, self.command(self))),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            assert self.process.poll() is None, f"{self.name} has ended"
            try:
                with Connection(self) as connection:
                    connection.ask(b"GET", "/v2/")
                return time.monotonic() - begun
            except OSError:
                time.sleep(0.002)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            self.process = None

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def memory(self, field="VmHWM"):
        return status_kb(self.process.pid, field) * 1024

    def forget_peak(self):
        forget_peak(self.process.pid)


def podo(program, folder):
    return Server(
        "podo",
        folder,
        lambda self: [
            program,
            "registry",
            "serve",
            "--data",
            self.folder,
            "--listen",
            f"127.0.0.1:{self.port}",
        ],
    )


def docker_registry(folder):
    if not shutil.which("docker-registry"):
        return None

    def command(self):
        config = self.folder / "config.yml"
        config.write_text(
            "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {self.folder}}},\n"
            "  cache: {blobdescriptor: inmemory}}\n"
            f"http: {{addr: '127.0.0.1:{self.port}'}}\n"
        )
        return ["docker-registry", "serve", config]

    return Server("docker-registry", folder, command)


class Connection:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(120)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def head(self):
        """(status, fields, bytes behind the head)"""
        while b"\r\n\r\n" not in self.rest:
            piece = self.socket.recv(65536)
            if not piece:
                raise OSError("closed")
            self.rest += piece
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        fields = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines[1:])}
        return int(lines[0].split()[1]), fields

    def drop_body(self, length):
        length -= len(self.rest)
        self.rest = b""
        while length > 0:
            count = self.socket.recv_into(NOWHERE, min(length, len(NOWHERE)), socket.MSG_TRUNC)
            assert count > 0
            length -= count

    def ask(self, method, target, body=b"", fields=b""):
        head = b"%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n"
        self.socket.sendall(head % (method, target.encode(), fields, len(body)) + body)
        status, answer = self.head()
        if method != b"HEAD" and status != 204:
            self.drop_body(int(answer.get("content-length", 0)))
        return status, answer

    def begin(self, repository):
        status, answer = self.ask(b"POST", f"/v2/{repository}/blobs/uploads/")
        assert status == 202
        return re.sub(r"^https?://[^/]*", "", answer["location"])

    def put(self, repository, path, digest):
        location = self.begin(repository)
        target = location + ("&" if "?" in location else "?") + f"digest={digest}"
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = b"PUT %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n"
            self.socket.sendall(head % (target.encode(), OCTETS, size))
            self.socket.sendfile(file)
        status, answer = self.head()
        self.drop_body(int(answer.get("content-length", 0)))
        assert status == 201, status
        return size

    def get(self, repository, digest):
        self.socket.sendall(f"GET /v2/{repository}/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        status, answer = self.head()
        assert status == 200
        self.drop_body(int(answer["content-length"]))
        return int(answer["content-length"])


def side_by_side(count, work):
    """work(number) in `count` threads; gives the sum of what they give, and the time it took."""
    given, failures = [0] * count, []

    def one(number):
        try:
            given[number] = work(number)
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=one, args=[number]) for number in range(count)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    if failures:
        raise failures[0]
    return sum(given), took


class Blobs:
    """Files of `size` random bytes, each another one, with their digests."""

    def __init__(self, folder, size):
        self.folder, self.noise, self.made = Path(folder), os.urandom(size), 0
        self.folder.mkdir(parents=True, exist_ok=True)

    def make(self, count):
        made = []
        for _ in range(count):
            self.made += 1
            path, mark = self.folder / str(self.made), self.made.to_bytes(8, "little")
            path.write_bytes(mark)
            with open(path, "ab") as file:
                file.write(memoryview(self.noise)[8:])
            digest = hashlib.sha256(mark)
            digest.update(memoryview(self.noise)[8:])
            made.append((path, "sha256:" + digest.hexdigest()))
        os.sync()  # or the measurement would be of writing these back
        return made

    def drop(self, made):
        for path, _ in made:
            path.unlink()


def push_manifest(server, repository, tag):
    with Connection(server) as connection:
        config = b'{"architecture":"amd64","os":"linux"}'
        digest = "sha256:" + hashlib.sha256(config).hexdigest()
        location = connection.begin(repository)
        target = location + ("&" if "?" in location else "?") + f"digest={digest}"
        assert connection.ask(b"PUT", target, config, OCTETS)[0] == 201
        kind = "application/vnd.oci.image.config.v1+json"
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": kind, "digest": digest, "size": len(config)},
            "layers": [],
            "annotations": {f"note {number}": 40 * "x" for number in range(10)},
        }
        fields = f"Content-Type: {MANIFEST}\r\n".encode()
        target = f"/v2/{repository}/manifests/{tag}"
        assert connection.ask(b"PUT", target, json.dumps(document).encode(), fields)[0] == 201
