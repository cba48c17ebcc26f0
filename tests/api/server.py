"""An API server of a test's own: `podo serve --listen` with folders that nobody else has; and what speaks to
it: HTTPS with a client certificate or a token, watches, kubectl, python3-kubernetes."""

import base64
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import yaml

sys.path.append(str(Path(__file__).resolve().parents[1]))

from waiting import wait_until


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()

    @property
    def warnings(self):
        """The texts of the Warning headers."""
        found = self.headers.get_all("Warning") or []
        assert all(each.startswith('299 - "') and each.endswith('"') for each in found), found
        return [each[7:-1].replace('\\"', '"').replace("\\\\", "\\") for each in found]

    def __repr__(self):
        return f"{self.status} {self.body[:2000]!r}"


class Caller:
    """Who asks: by a certificate (`context`), by a token, or nobody. A connection for each thread is kept."""

    def __init__(self, server, context, token=None, headers=None):
        self.server, self.context = server, context
        self.headers = dict(headers or {})
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.local = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection(
            "127.0.0.1", self.server.port, context=self.context, timeout=timeout
        )

    def as_user(self, name, *groups):
        """The same caller, acting as somebody else."""
        headers = {**self.headers, "Impersonate-User": name}
        if groups:
            headers["Impersonate-Group"] = list(groups)
        return Caller(self.server, self.context, headers=headers)

    def ask(self, method, path, body=None, type=None, accept=None, headers=None, **query):
        """One request. A body that is no text or bytes goes as JSON."""
        if query:
            path += ("&" if "?" in path else "?") + urlencode(query, doseq=True)
        sent = {**self.headers, **(headers or {})}
        if accept:
            sent["Accept"] = accept
        if body is not None:
            if not isinstance(body, (str, bytes)):
                body = json.dumps(body)
            body = body.encode() if isinstance(body, str) else body
            sent["Content-Type"] = type or "application/json"
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None)
            fresh = connection is None
            if fresh:
                connection = self.local.connection = self.connect()
            try:
                return self.exchange(connection, method, path, body, sent)
            except (http.client.HTTPException, OSError):
                connection.close()
                self.local.connection = None
                if fresh or attempt == 2:
                    raise

    @staticmethod
    def exchange(connection, method, path, body, headers):
        connection.putrequest(method, path)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                connection.putheader(name, one)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def close(self):
        connection = getattr(self.local, "connection", None)
        if connection is not None:
            connection.close()
            self.local.connection = None

    # What has to work: the object that came back.
    def get(self, path, **query):
        return self.expect(200, "GET", path, **query)

    def create(self, path, body, **query):
        return self.expect(201, "POST", path, body, **query)

    def replace(self, path, body, **query):
        return self.expect(200, "PUT", path, body, **query)

    def delete(self, path, body=None, **query):
        return self.expect((200, 202), "DELETE", path, body, **query)

    def patch(self, path, body, kind="merge", **query):
        return self.expect((200, 201), "PATCH", path, body, type=PATCHES[kind], **query)

    def apply(self, path, body, manager, **query):
        return self.expect(
            (200, 201), "PATCH", path, body, type=PATCHES["apply"], fieldManager=manager, **query
        )

    def expect(self, codes, method, path, body=None, **how):
        answer = self.ask(method, path, body, **how)
        codes = codes if isinstance(codes, tuple) else (codes,)
        assert answer.status in codes, f"{method} {path}: {answer}"
        return answer.json

    def refused(self, code, method, path, body=None, **how):
        """The Status of a request that has to fail with this code."""
        answer = self.ask(method, path, body, **how)
        assert answer.status == code, f"{method} {path}: {answer}"
        status = answer.json
        assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
        assert status["code"] == code and status["metadata"] == {}
        return status

    def watch(self, path, timeout=20, accept="application/json", **query):
        return Watch(self, path, accept, timeout, query)


PATCHES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Watch:
    """Events as they come. `with caller.watch(...) as events: events.next()`"""

    def __init__(self, caller, path, accept, timeout, query):
        self.connection = caller.connect(timeout)
        query = {"watch": "true", **query}
        self.connection.putrequest("GET", path + "?" + urlencode(query))
        self.connection.putheader("Accept", accept)
        for name, value in caller.headers.items():
            self.connection.putheader(name, value)
        self.connection.endheaders()
        self.answer = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def next(self):
        """The next event, None at the end; TimeoutError when nothing comes."""
        line = self.answer.readline()
        return json.loads(line) if line.strip() else None

    def close(self):
        # Not the answer's close(): it would read up to the end of the stream.
        if self.connection.sock:
            self.connection.sock.close()
        self.connection.close()


class Server:
    """start() -> admin.get(...), kubectl(...) -> kill(), start() again ... -> destroy()"""

    parts = ["--api-only"]  # objects stay what the test made them

    def __init__(self, program, folder, *flags, data=None, kubectls=None):
        self.program, self.folder, self.flags = Path(program), Path(folder), list(flags)
        self.data, self.run = Path(data or self.folder / "data"), self.folder / "run"
        self.kubectls = kubectls or {}
        self.port = free_port()
        self.log = self.folder / "server.log"
        self.kubeconfig = self.data / "kubeconfig"
        self.process = None
        self.admin = None

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def start(self, *more, wait=True):
        command = [self.program, "serve", "--data", self.data, "--run", self.run]
        command += ["--listen", f"127.0.0.1:{self.port}", *self.parts, *self.flags, *more]
        self.began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        if not wait:
            return self
        deadline = self.began + 20
        while not self.answers():
            assert self.process.poll() is None, f"the server ended: {self.tail()}"
            assert time.monotonic() < deadline, f"the server does not answer: {self.tail()}"
            time.sleep(0.005)
        self.ready_after = time.monotonic() - self.began
        return self

    def answers(self):
        if self.admin is None:
            try:
                self.admin = self.caller_of(self.kubeconfig)
            except (OSError, TypeError, KeyError, ssl.SSLError):
                return False
        try:
            return self.admin.ask("GET", "/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def caller_of(self, path):
        """The caller that a kubeconfig describes."""
        config = yaml.safe_load(Path(path).read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = self.context(base64.b64decode(cluster["certificate-authority-data"]).decode())
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile(dir=self.folder) as both:
                both.write(base64.b64decode(user["client-certificate-data"]))
                both.write(base64.b64decode(user["client-key-data"]))
                both.flush()
                context.load_cert_chain(both.name)
        return Caller(self, context, user.get("token"))

    @staticmethod
    def context(authority):
        context = ssl.create_default_context(cadata=authority)
        context.check_hostname = True
        return context

    @property
    def authority(self):
        config = yaml.safe_load(self.kubeconfig.read_text())
        return base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()

    def anonymous(self):
        return Caller(self, self.context(self.authority))

    def bearer(self, token):
        return Caller(self, self.context(self.authority), token)

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

    def destroy(self):
        self.stop()
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=True)


class Kubectl:
    """One kubectl with a home of its own: `kubectl("get", "pods")` is its standard output."""

    def __init__(self, program, server, version):
        self.program, self.server, self.version = program, server, version
        self.home = server.folder / f"home-{version}"
        self.home.mkdir(exist_ok=True)

    def run(self, *words, input=None, env=None, timeout=60, config=None):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KUBE", "HTTP", "http"))}
        kept.update(HOME=str(self.home), LC_ALL="C.UTF-8", KUBECONFIG=str(config or self.server.kubeconfig))
        return subprocess.run(
            [self.program, *map(str, words)],
            input=input if input is None or isinstance(input, str) else json.dumps(input),
            env={**kept, **(env or {})},
            timeout=timeout,
            capture_output=True,
            text=True,
            **({} if input is not None else {"stdin": subprocess.DEVNULL}),
        )

    def __call__(self, *words, code=0, **how):
        done = self.run(*words, **how)
        shown = f"kubectl {' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == code, f"{shown}\n{self.server.tail()}"
        return done.stdout.rstrip("\n")

    def fails(self, *words, code=1, **how):
        """Standard error of a command that has to fail."""
        done = self.run(*words, **how)
        assert done.returncode == code, f"kubectl {words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr.rstrip("\n")

    def json(self, *words, **how):
        return json.loads(self(*words, "-o", "json", **how))
