"""Bodies that are no objects, requests that hide another, floods of HTTP/2: refused, and nothing is hurt."""

import json
import os
import socket

import pytest

from clients import assert_alive, raw, read_all, resident_kb
from server import PATCHES

MAPS = "/api/v1/namespaces/default/configmaps"


# --- bodies ---


@pytest.mark.parametrize(
    "type", ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
)
def test_bodies_that_are_too_big(server, admin, type):
    body = b"k8s\0" if "protobuf" in type else b'{"metadata":{"name":"x"},"data":{"a":"'
    body += b"x" * (4 << 20)
    try:
        answer = admin.ask("POST", MAPS, body, type=type)
        assert answer.status == 413 and answer.json["message"] == "Request entity too large: limit is 3145728"
    except OSError:
        admin.close()  # it was hung up on before everything was sent
    assert_alive(server)


@pytest.mark.parametrize(
    "type, body",
    [
        ("application/json", b"{" * 100000),
        ("application/json", b"[" * 1000000),
        ("application/json", b'{"metadata":{"name":"\xff\xfe"}}'),
        ("application/json", b'{"a":1' + b',"a":1' * 100000),
        ("application/json", b'{"metadata":{"name":"x"},"data":{"a":1e999999}}'),
        ("application/yaml", b"a: &a [x]\n" + b"".join(b"a%d: &a%d [*a, *a]\n" % (n, n) for n in range(50))),
        ("application/yaml", b"&a [*a]"),
        ("application/yaml", b"- " * 100000),
        ("application/yaml", b"!!python/object:os.system x"),
        ("application/yaml", b"\t\0\x01"),
        ("application/vnd.kubernetes.protobuf", b""),
        ("application/vnd.kubernetes.protobuf", b"k8s\0"),
        ("application/vnd.kubernetes.protobuf", b"k8s\0\x0a\xff\xff\xff\xff\x0f"),
        ("application/vnd.kubernetes.protobuf", b"k8s\0\x12\x05abc"),
        (
            "application/vnd.kubernetes.protobuf",
            b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x04\x0a\xff\xff\x7f",
        ),
        ("application/vnd.kubernetes.protobuf", os.urandom(1000)),
    ],
)
def test_bodies_that_are_no_objects(server, admin, type, body):
    answer = admin.ask("POST", MAPS, body, type=type)
    assert answer.status in (400, 413, 415, 422), answer
    assert answer.json["kind"] == "Status"
    assert_alive(server)


@pytest.mark.parametrize("kind", ["json", "merge", "strategic", "apply"])
def test_patches_that_are_none(server, admin, namespace, kind):
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    admin.create(path, {"metadata": {"name": "x"}, "data": {"a": "b"}})
    bodies = [
        b"",
        b"7",
        b'"x"',
        b"null",
        b"{" * 10000,
        b"[" * 10000,
        b"[{}]",
        b'[{"op":"add","path":"x","value":1}]',
        b"\xff",
    ]
    bodies.append(json.dumps([{"op": "copy", "from": "", "path": "/data/a"}] * 30).encode())
    bodies.append(json.dumps([{"op": "test", "path": "/data/a", "value": "b"}] * 10001).encode())
    for body in bodies:
        answer = admin.ask("PATCH", f"{path}/x", body, type=PATCHES[kind], fieldManager="m")
        assert 200 <= answer.status < 500, (body[:40], answer)
    assert admin.get(f"{path}/x")["metadata"]["name"] == "x"


# --- HTTP/1.1 ---


POST = b"POST /healthz HTTP/1.1\r\nHost: x\r\n"
HIDDEN = b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
STRANGE = {
    "length and chunks": POST + b"Content-Length: 4\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde" + HIDDEN,
    "chunks, then not": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a signed length": POST + b"Content-Length: +3\r\n\r\nabc" + HIDDEN,
    "an endless chunk": POST + CHUNKED + b"\r\nfffffffffffffffff\r\n",
    "a folded header": b"GET /healthz HTTP/1.1\r\nHost: x\r\n X: folded\r\n\r\n" + HIDDEN,
    "a zero in a name": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA\x00b: c\r\n\r\n",
    "endless headers": b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 100000,
    "an endless path": b"GET /" + b"x" * 1000000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "nonsense": b"nonsense\r\n\r\n",
}


@pytest.mark.parametrize("head", STRANGE.values(), ids=STRANGE)
def test_requests_that_hide_another(server, head):
    with raw(server, timeout=5) as connection:
        try:
            connection.sendall(head)
        except OSError:
            pass
        answer = read_all(connection)
    assert answer.count(b"HTTP/1.1 ") <= 1 and b"APIVersions" not in answer
    assert not answer or answer.split()[1] in (b"400", b"405", b"413", b"414", b"431", b"501"), answer
    assert_alive(server)


def test_plain_http_is_told_so(server):
    with socket.create_connection(("127.0.0.1", server.port), 5) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" not in read_all(plain)
    assert_alive(server)


# --- HTTP/2 ---


@pytest.fixture
def h2(server):
    connection = pytest.importorskip("h2.connection", reason="there is no python3-h2")
    socket = raw(server, ("h2",))
    assert socket.selected_alpn_protocol() == "h2"
    one = connection.H2Connection()
    one.initiate_connection()
    socket.sendall(one.data_to_send())
    yield one, socket
    socket.close()


def headers(path="/healthz", method="GET"):
    return [(":method", method), (":scheme", "https"), (":authority", "127.0.0.1"), (":path", path)]


def frame(type, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([type, flags]) + stream.to_bytes(4, "big") + payload


def test_http2_answers_many_at_once(server, h2):
    from h2.events import DataReceived, ResponseReceived, StreamEnded

    one, connection = h2
    streams = []
    for _ in range(50):
        stream = one.get_next_available_stream_id()
        one.send_headers(stream, headers("/api/v1/namespaces/default"), end_stream=True)
        streams.append(stream)
    connection.sendall(one.data_to_send())
    bodies, codes, ended = {}, {}, set()
    while len(ended) < len(streams):
        for event in one.receive_data(connection.recv(65536)):
            if isinstance(event, ResponseReceived):
                codes[event.stream_id] = dict(event.headers)[b":status"]
            if isinstance(event, DataReceived):
                bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                one.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if isinstance(event, StreamEnded):
                ended.add(event.stream_id)
        connection.sendall(one.data_to_send())
    assert set(codes.values()) == {b"200"} and len(set(bodies.values())) == 1
    assert json.loads(bodies[streams[0]])["kind"] == "Namespace"


def flood(server, h2, frames):
    """Sends until the server hangs up or everything is sent; the types of the frames that it answered with,
    GOAWAY among them when it hung up (one cut with bytes on their way may lose it). The server goes on
    either way."""
    _, connection = h2
    connection.settimeout(0.5)
    try:
        for data in frames:
            connection.sendall(data)
    except OSError:
        pass
    answer, at, types = read_all(connection), 0, []
    while at + 9 <= len(answer):
        types.append(answer[at + 3])
        at += 9 + int.from_bytes(answer[at : at + 3], "big")
    if GOAWAY not in types and hung_up(connection):
        types.append(GOAWAY)
    assert_alive(server)
    return types


def hung_up(connection):
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


GOAWAY = 7


def test_rapid_reset(server, h2):
    one, _ = h2
    before = resident_kb(server.process)

    def frames():
        for _ in range(5000):
            stream = one.get_next_available_stream_id()
            one.send_headers(stream, headers("/api/v1/configmaps"), end_stream=True)
            one.reset_stream(stream)
            yield one.data_to_send()

    assert GOAWAY in flood(server, h2, frames())
    assert resident_kb(server.process) - before < 64 << 10


def test_endless_headers(server, h2):
    one, _ = h2
    before = resident_kb(server.process)
    stream = one.get_next_available_stream_id()
    block = b"\x00\x01a\x7f\x21" + b"x" * 160
    frames = [frame(1, 1, stream, block)] + [frame(9, 0, stream, block * 90)] * 2000
    assert GOAWAY in flood(server, h2, frames)
    assert resident_kb(server.process) - before < 64 << 10


def test_floods_of_small_frames(server):
    h2 = pytest.importorskip("h2.connection", reason="there is no python3-h2")
    floods = {
        "settings": [frame(4, 0, 0, b"\x00\x04\x00\x01\x00\x00")] * 50000,
        "pings": [frame(6, 0, 0, b"12345678")] * 50000,
        "empty data": [frame(0, 0, 1)] * 50000,
        "priorities": [frame(2, 0, 1, b"\0\0\0\0\x10")] * 20000,
        "window updates of nothing": [frame(8, 0, 0, b"\0\0\0\0")],
        "a huge frame": [frame(0, 0, 1, b"x" * ((1 << 24) - 1))],
    }
    before = resident_kb(server.process)
    for frames in floods.values():
        one = h2.H2Connection()
        one.initiate_connection()
        with raw(server, ("h2",)) as connection:
            connection.sendall(one.data_to_send())
            # Many in one write: it is the frames that count, not the writes.
            flood(
                server, (one, connection), [b"".join(frames[i : i + 500]) for i in range(0, len(frames), 500)]
            )
    assert resident_kb(server.process) - before < 64 << 10
