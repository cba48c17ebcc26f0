"""Streams of a pod over WebSockets, as other clients than kubectl speak them: python3-websocket."""

import base64
import json
import time
from urllib.parse import urlencode

import pytest

from clients import raw, resident_kb
from cluster import pod
from server import wait_until

websocket = pytest.importorskip("websocket")

SUCCESS = {"metadata": {}, "status": "Success"}


class Channels:
    """A connection to a subresource of the pod `p`."""

    def __init__(self, cluster, namespace, part, protocol=None, **query):
        path = f"/api/v1/namespaces/{namespace}/pods/p/{part}?{urlencode(query, doseq=True)}"
        self.base64 = bool(protocol) and "base64" in protocol
        self.socket = websocket.WebSocket()
        self.socket.connect(
            f"wss://127.0.0.1:{cluster.port}{path}",
            socket=raw(cluster, timeout=30),
            subprotocols=[protocol] if protocol else None,
        )
        assert self.socket.subprotocol == protocol

    def send(self, channel, data):
        if self.base64:
            self.socket.send(str(channel) + base64.b64encode(data).decode())
        else:
            self.socket.send_binary(bytes([channel]) + data)

    def receive(self):
        """(channel, bytes); None: the other side said goodbye."""
        opcode, message = self.socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            assert message[:2] == b"\x03\xe8", message
            return None
        if self.base64:
            return message[0] - ord("0"), base64.b64decode(message[1:])
        return message[0], message[1:]

    def all(self):
        """What came on each channel until the end."""
        channels = {}
        while received := self.receive():
            channels[received[0]] = channels.get(received[0], b"") + received[1]
        return {channel: data for channel, data in channels.items() if data}


@pytest.fixture
def running(pods):
    pods.run(pod(command="sleep 1000"))
    pods.ready()
    return pods


@pytest.fixture
def connect(cluster, namespace, running):
    return lambda part, protocol=None, **query: Channels(cluster, namespace, part, protocol, **query)


@pytest.mark.parametrize(
    "protocol", ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", None]
)
def test_exec(connect, protocol):
    command = ["sh", "-c", "echo out; echo err >&2; exit 3"]
    told = connect("exec", protocol, command=command, stdout=1, stderr=1).all()
    assert (told[1], told[2]) == (b"out\n", b"err\n")
    if protocol and protocol.startswith("v"):
        status = json.loads(told[3])
        assert status["reason"] == "NonZeroExitCode"
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
    else:
        assert b"exit code 3" in told[3]


def test_the_client_closes_standard_input(connect):
    channels = connect("exec", "v5.channel.k8s.io", command="sort", stdin=1, stdout=1)
    channels.send(0, b"b\na\n")
    channels.send(255, b"\x00")
    told = channels.all()
    assert told[1] == b"a\nb\n" and json.loads(told[3]) == SUCCESS


def test_a_message_in_many_frames_with_pings_between(connect):
    channels = connect("exec", "v5.channel.k8s.io", command=["wc", "-c"], stdin=1, stdout=1)
    frame = websocket.ABNF.create_frame
    channels.socket.send_frame(frame(b"\x00" + b"x" * 100_000, websocket.ABNF.OPCODE_BINARY, 0))
    channels.socket.ping(b"there?")
    channels.socket.send_frame(frame(b"y" * 100_000, websocket.ABNF.OPCODE_CONT, 1))
    channels.send(255, b"\x00")
    assert channels.all()[1].strip() == b"200000"


def test_a_terminal_has_a_size(connect):
    channels = connect("exec", "v5.channel.k8s.io", command="sh", stdin=1, stdout=1, tty=1)
    channels.send(4, b'{"Width":101,"Height":37}\n')
    channels.send(0, b"stty size; exit 5\n")
    told = channels.all()
    assert b"37 101" in told[1]
    assert json.loads(told[3])["details"]["causes"][0]["message"] == "5"


def test_who_hangs_up_ends_standard_input(connect, running):
    command = ["sh", "-c", "cat > /tmp/in; touch /tmp/end"]
    channels = connect("exec", "v5.channel.k8s.io", command=command, stdin=1, stdout=1)
    channels.send(0, b"some")
    wait_until(lambda: running.exec("p", "sh", "-c", "cat /tmp/in || true") == "some")
    channels.socket.sock.close()
    wait_until(lambda: running.exec("p", "sh", "-c", "ls /tmp").split() == ["end", "in"])


def test_a_client_that_does_not_read_costs_no_memory(connect, cluster):
    channels = [connect("exec", "v5.channel.k8s.io", command="yes", stdout=1) for _ in range(4)]
    before = resident_kb(cluster.process)
    time.sleep(2)
    assert resident_kb(cluster.process) - before < 20_000
    for one in channels:
        assert one.receive()[0] == 1
        one.socket.sock.close()


def test_ports(connect, running):
    running.exec("p", "sh", "-c", "echo hello > /tmp/x; httpd -p 127.0.0.1:8080 -h /tmp")
    channels = connect("portforward", "v4.channel.k8s.io", ports=[8080, 9])
    channels.send(0, b"GET /x HTTP/1.0\r\n\r\n")
    told = channels.all()
    assert told[0].startswith(b"\x90\x1fHTTP/1.") and told[0].endswith(b"hello\n")
    assert told[1] == b"\x90\x1f" and told[2] == b"\x09\x00"
    assert told[3].startswith(b"\x09\x00error forwarding port 9 to pod p")


def test_who_may_only_look_may_not_run(cluster, namespace, running):
    role = {"rules": [{"apiGroups": [""], "resources": ["pods/exec", "pods"], "verbs": ["get"]}]}
    cluster.admin.create(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
        {"metadata": {"name": "look"}, **role},
    )
    cluster.admin.create(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
        {
            "metadata": {"name": "look"},
            "subjects": [{"kind": "User", "name": "looker", "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"kind": "Role", "name": "look", "apiGroup": "rbac.authorization.k8s.io"},
        },
    )
    looker = cluster.admin.as_user("looker")
    path = f"/api/v1/namespaces/{namespace}/pods/p"
    wait_until(lambda: looker.ask("GET", path).status == 200)
    answer = looker.ask("GET", f"{path}/exec?command=true&stdout=1")
    assert answer.status == 403
    assert 'cannot create resource "pods/exec"' in answer.json["message"]
