"""A registry of its own for a test: `podo registry serve` with a data folder that nobody else has; and how a
test speaks to it: plain HTTP, raw bytes, kill -9, a new life."""

import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path
from urllib.parse import urlencode

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
ABSENT = "sha256:" + 64 * "a"


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def __getitem__(self, name):
        return self.headers[name]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of the first error."""
        return self.json["errors"][0]["code"]


class Registry:
    """start() -> call(...), push_blob(...), ... -> kill(), start() again ... -> destroy()"""

    def __init__(self, program, folder, *flags, port=None):
        self.program, self.folder, self.flags = Path(program), Path(folder), [str(flag) for flag in flags]
        self.port, self.process, self.tls = port or free_port(), None, None
        self.host, self.data = f"127.0.0.1:{self.port}", self.folder / "data"
        self.log = self.folder / "registry.log"
        self.authorization = None

    def start(self, *more):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "registry", "serve", "--data", self.data, "--listen", self.host]
                + self.flags
                + list(map(str, more)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 20
        while True:
            assert self.process.poll() is None, f"the registry ended: {self.tail()}"
            assert time.monotonic() < deadline, f"the registry does not answer: {self.tail()}"
            try:
                self.call("GET", "/v2/")
                return self
            except OSError:
                time.sleep(0.01)

    def tail(self):
        return self.log.read_text(errors="replace")[-3000:]

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return None
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.process = None
        return code

    def kill(self):
        self.stop(signal.SIGKILL)

    def restart(self, *more):
        self.kill()
        return self.start(*more)

    def destroy(self):
        self.stop()
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=True)

    def peak_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def connect(self, timeout=30):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def call(self, method, path, body=None, headers=None, connection=None, **query):
        own = connection or self.connect()
        headers = dict(headers or {})
        if self.authorization and "Authorization" not in headers:
            headers["Authorization"] = self.authorization
        if query:
            path += ("&" if "?" in path else "?") + urlencode(query)
        own.request(method, path, body, headers)
        response = own.getresponse()
        answer = Answer(response, response.read())
        if connection is None:
            own.close()
        return answer

    def raw(self, data, timeout=10):
        """What comes back to these bytes, until the server closes or `timeout` has passed."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.settimeout(timeout)
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return received
                received += piece

    # --- what most tests begin with ---
    def begin(self, repository, **query):
        answer = self.call("POST", f"/v2/{repository}/blobs/uploads/", **query)
        assert answer.status == 202, (answer.status, answer.body)
        return answer["Location"]

    def push_blob(self, repository, data, algorithm="sha256"):
        digest = digest_of(data, algorithm)
        answer = self.call("PUT", self.begin(repository), data, digest=digest)
        assert answer.status == 201, (answer.status, answer.body)
        return digest

    def push_manifest(self, repository, reference, document, status=201):
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        kind = json.loads(data).get("mediaType", OCI_MANIFEST)
        answer = self.call(
            "PUT", f"/v2/{repository}/manifests/{reference or digest_of(data)}", data, {"Content-Type": kind}
        )
        assert answer.status == status, (answer.status, answer.body)
        return digest_of(data)

    def push_image(self, repository, reference, *layers, **more):
        """A manifest over these layers; gives its digest."""
        document = self.image(repository, *layers, **more)
        return self.push_manifest(repository, reference, document)

    def image(self, repository, *layers, **more):
        config = json.dumps({"architecture": "amd64", "os": "linux", "salt": more.pop("salt", "")}).encode()
        self.push_blob(repository, config)
        for layer in layers:
            self.push_blob(repository, layer)
        return {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config, OCI_CONFIG),
            "layers": [descriptor(layer, OCI_LAYER) for layer in layers],
            **more,
        }


def descriptor(data, kind, **more):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data), **more}


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def trusting(certificate):
    return ssl.create_default_context(cafile=str(certificate))
