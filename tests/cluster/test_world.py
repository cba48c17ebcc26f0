"""What pods ask of the world around them: probes by gRPC, hooks by HTTP, images of a registry that wants a
password, certificates; and streams of logs."""

import base64
import http.server
import json
import subprocess
import threading

import pytest

from cluster import container, pod
from server import free_port, wait_until

h2 = pytest.importorskip("h2.connection")
import h2.config  # noqa: E402
import h2.events  # noqa: E402
import socketserver  # noqa: E402


class Health(socketserver.ThreadingTCPServer):
    """grpc.health.v1.Health/Check, on every address of this machine: `status` is what it answers."""

    allow_reuse_address = daemon_threads = True
    SERVING, NOT_SERVING = 1, 2

    def __init__(self):
        super().__init__(("0.0.0.0", 0), HealthConnection)
        self.status, self.asked = self.SERVING, []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class HealthConnection(socketserver.BaseRequestHandler):
    def handle(self):
        connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        connection.initiate_connection()
        self.request.sendall(connection.data_to_send())
        bodies = {}
        while data := self.request.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    bodies[event.stream_id] = b""
                    self.path = dict(event.headers)[":path"]
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    self.answer(connection, event.stream_id, bodies[event.stream_id])
            self.request.sendall(connection.data_to_send())

    def answer(self, connection, stream, body):
        assert self.path == "/grpc.health.v1.Health/Check"
        service = body[7:].decode() if len(body) > 5 else ""  # field 1 behind the 5 bytes of the frame
        self.server.asked.append(service)
        connection.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        connection.send_data(stream, bytes([0, 0, 0, 0, 2, 8, self.server.status]))
        connection.send_headers(stream, [("grpc-status", "0")], end_stream=True)


@pytest.fixture
def health():
    server = Health()
    yield server
    server.shutdown()
    server.server_close()


def test_probes_by_grpc(pods, health):
    """The pod has the host's network, so the test itself can answer its probes."""
    fast = {"periodSeconds": 1, "failureThreshold": 1}
    readiness = {"grpc": {"port": health.port, "service": "ready"}, **fast}
    liveness = {"grpc": {"port": health.port}, **fast}
    pods.run(pod("live", "sleep 1000", hostNetwork=True, livenessProbe=liveness))
    pods.run(pod("ready", "sleep 1000", hostNetwork=True, readinessProbe=readiness))
    pods.ready("live")
    pods.ready("ready")
    wait_until(lambda: {"", "ready"} <= set(health.asked), 10, "both kinds of questions")
    assert pods.container("live")["restartCount"] == 0
    health.status = Health.NOT_SERVING
    wait_until(lambda: not pods.is_ready("ready"), 20, lambda: pods.story("ready"))
    wait_until(lambda: pods.container("live")["restartCount"] > 0, 20, lambda: pods.story("live"))
    assert any(
        'service unhealthy (responded with "NOT_SERVING")' in said
        for said in pods.events("Unhealthy", "ready")
    )
    health.status = Health.SERVING
    pods.ready("ready")


@pytest.fixture
def hooks():
    """A server on this machine that hooks are sent to; `hooks.paths` has what came."""
    paths = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append((self.path, self.headers.get("X-Word")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    server.paths, server.port = paths, server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_hooks_by_http(pods, hooks):
    def ask(path):
        headers = [{"name": "X-Word", "value": "hi"}]
        return {"httpGet": {"host": "127.0.0.1", "port": hooks.port, "path": path, "httpHeaders": headers}}

    pods.run(pod(command="sleep 1000", lifecycle={"postStart": ask("/began"), "preStop": ask("/ends?x=1")}))
    pods.ready()
    assert hooks.paths == [("/began", "hi")]
    pods.kubectl("delete", "pod", "p")
    pods.gone()
    assert hooks.paths == [("/began", "hi"), ("/ends?x=1", "hi")]
    nobody = {"httpGet": {"host": "127.0.0.1", "port": 1, "path": "/"}}
    pods.run(pod("bad", "sleep 1000", lifecycle={"postStart": nobody}))
    assert pods.has_event("FailedPostStartHook", "bad")


def test_sidecars_begin_in_order_and_end_in_the_other_one(pods, hooks):
    def side(name, **more):
        end = {"httpGet": {"host": "127.0.0.1", "port": hooks.port, "path": f"/end-of-{name}"}}
        began = {"httpGet": {"host": "127.0.0.1", "port": hooks.port, "path": f"/start-of-{name}"}}
        hook = {"postStart": began, "preStop": end}
        # What gets no time for it does not end by SIGTERM: a shell that is PID 1 must ask for it.
        return container(name, "trap exit TERM; while true; do sleep 0.1; done", lifecycle=hook, **more)

    sides = [side("one", restartPolicy="Always"), side("two", restartPolicy="Always")]
    body = pod(containers=[side("main")], initContainers=sides, terminationGracePeriodSeconds=20)
    pods.run(body)
    pods.ready()
    pods.kubectl("delete", "pod", "p")
    pods.gone()
    order = [path for path, _ in hooks.paths]
    assert order[:3] == ["/start-of-one", "/start-of-two", "/start-of-main"]
    # preStop of all begins at once; their ends come one after the other.
    assert sorted(order[3:]) == ["/end-of-main", "/end-of-one", "/end-of-two"]


@pytest.fixture
def private(make_cluster, tmp_path):
    """A cluster whose registry wants a password; and the name of an image there that is nowhere else."""
    users = tmp_path / "users"
    hashed = subprocess.run(
        [
            "/usr/bin/python3",
            "-c",
            "import crypt; print(crypt.crypt('word', crypt.mksalt(crypt.METHOD_BLOWFISH)))",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    users.write_text(f"user:{hashed}\n")
    place = f"127.0.0.1:{free_port()}"
    cluster = make_cluster("--registry", place, "--registry-users", users, "--insecure-registry", place)
    cluster.docker("login", "-u", "user", "-p", "word", place)
    cluster.docker("tag", "busybox", f"{place}/private")
    cluster.docker("push", "-q", f"{place}/private")
    cluster.docker("rmi", f"{place}/private")
    return cluster, place


def test_pull_secrets(private, pods_of):
    cluster, place = private
    pods = pods_of(cluster)
    image = {"image": f"{place}/private", "imagePullPolicy": "Always"}
    pods.run(pod("without", "sleep 1000", **image))
    pods.waiting("ErrImagePull", "without")
    failed = pods.events("Failed", "without")
    assert any("no basic auth credentials" in said for said in failed), failed
    pods.kubectl("create", "secret", "docker-registry", "key", f"--docker-server={place}",
                 "--docker-username=user", "--docker-password=word")  # fmt: skip
    body = pod("own", "sleep 1000", **image)
    body["spec"]["imagePullSecrets"] = [{"name": "key"}]
    pods.run(body)
    pods.ready("own")
    # Of the service account: admission gives them to its pods.
    pods.kubectl("patch", "serviceaccount", "default", "-p", '{"imagePullSecrets":[{"name":"key"}]}')
    wait_until(lambda: pods.get("default", "serviceaccount").get("imagePullSecrets"))
    pods.run(pod("account", "sleep 1000", **image))
    pods.ready("account")
    assert pods.get("account")["spec"]["imagePullSecrets"] == [{"name": "key"}]


def test_a_certificate_is_asked_for_approved_and_used(pods, cluster, tmp_path):
    command = f"openssl req -new -newkey rsa:2048 -nodes -subj /O=dev/CN=jane -keyout {tmp_path}/key".split()
    request = subprocess.run(command, check=True, capture_output=True).stdout
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "jane"},
        "spec": {
            "request": base64.b64encode(request).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        },
    }
    pods.kubectl("create", "-f", "-", input=json.dumps(body))
    assert "Pending" in pods.kubectl("get", "csr", "jane")
    pods.kubectl("certificate", "approve", "jane")
    wait_until(lambda: "Approved,Issued" in pods.kubectl("get", "csr", "jane"), 15, "the certificate")
    signed = pods.get("jane", "csr")["status"]["certificate"]
    (tmp_path / "crt").write_bytes(base64.b64decode(signed))
    config = ["--client-certificate", tmp_path / "crt", "--client-key", tmp_path / "key"]
    config += ["--server", cluster.url, "--kubeconfig", "/dev/null", "--insecure-skip-tls-verify"]
    assert 'User "jane" cannot list resource "pods"' in pods.kubectl.fails(*config, "get", "pods")
    pods.kubectl("create", "role", "look", "--verb=list", "--resource=pods")
    pods.kubectl("create", "rolebinding", "look", "--role=look", "--group=dev")
    wait_until(lambda: pods.kubectl.run(*config, "get", "pods").returncode == 0, 10, "the role")
    pods.kubectl("delete", "csr", "jane")


def test_logs_by_websocket(pods, cluster, namespace):
    websocket = pytest.importorskip("websocket")
    from clients import raw

    pods.run(pod(command="echo one; echo two; sleep 1000"))
    pods.ready()
    wait_until(lambda: "two" in pods.logs())
    connection = websocket.WebSocket()
    connection.connect(
        f"wss://127.0.0.1:{cluster.port}/api/v1/namespaces/{namespace}/pods/p/log?container=c",
        socket=raw(cluster, timeout=30),
        subprotocols=["binary.k8s.io"],
    )
    got = b""  # an empty message says that it begins
    while len(got) < 8:
        opcode, message = connection.recv_data()
        assert opcode in (websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT), (opcode, message)
        got += message
    assert got == b"one\ntwo\n"
    connection.sock.close()
