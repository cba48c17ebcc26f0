"""distribution-spec 1.1, "Push": blobs by every way in, and manifests."""

import json
import os
import socket
import time

import pytest

from server import (
    ABSENT,
    OCI_CONFIG,
    OCI_EMPTY,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    descriptor,
    digest_of,
)

DATA = os.urandom(3_000_000)
DIGEST = digest_of(DATA)
OCTETS = {"Content-Type": "application/octet-stream"}


def chunk(first, data):
    return {**OCTETS, "Content-Range": f"{first}-{first + len(data) - 1}"}


def is_there(registry, repository, data, digest=None):
    answer = registry.call("GET", f"/v2/{repository}/blobs/{digest or digest_of(data)}")
    return answer.status == 200 and answer.body == data


# --- at once ---


def test_post_then_put(registry):
    answer = registry.call("POST", "/v2/push/a/blobs/uploads/")
    assert answer.status == 202
    assert answer["Docker-Upload-UUID"] in answer["Location"]
    assert answer["Range"] == "0-0"
    done = registry.call("PUT", answer["Location"], DATA, OCTETS, digest=DIGEST)
    assert done.status == 201
    assert done["Docker-Content-Digest"] == DIGEST
    assert registry.call("GET", done["Location"]).body == DATA
    assert registry.call("GET", answer["Location"]).status == 404  # the session is over


def test_every_session_has_a_name_of_its_own(registry):
    assert len({registry.begin("push/a") for _ in range(20)}) == 20


def test_a_single_post(registry):
    answer = registry.call("POST", "/v2/push/b/blobs/uploads/", DATA, OCTETS, digest=DIGEST)
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, DIGEST)
    assert registry.call("GET", answer["Location"]).body == DATA


def test_a_single_post_of_other_bytes(registry):
    answer = registry.call("POST", "/v2/push/c/blobs/uploads/", DATA, OCTETS, digest=ABSENT)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert registry.call("HEAD", f"/v2/push/c/blobs/{ABSENT}").status == 404
    assert registry.call("HEAD", f"/v2/push/c/blobs/{DIGEST}").status == 404


def test_bytes_of_another_digest_are_refused_and_leave_nothing(registry):
    location = registry.begin("push/c")
    answer = registry.call("PUT", location, DATA, OCTETS, digest=ABSENT)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert registry.call("HEAD", f"/v2/push/c/blobs/{ABSENT}").status == 404
    assert registry.call("GET", location).status == 404


@pytest.mark.parametrize("digest", ["", "sha256:abc", "md5:" + 32 * "0"])
def test_the_end_needs_a_digest(registry, digest):
    location = registry.begin("push/c")
    answer = registry.call("PUT", location, b"x", OCTETS, **({"digest": digest} if digest else {}))
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("data", [b"", b"x", bytes(262_144), bytes(262_145)])
def test_sizes_at_the_edges(registry, data):
    registry.push_blob("push/edges", data)
    assert is_there(registry, "push/edges", data)
    assert registry.call("HEAD", f"/v2/push/edges/blobs/{digest_of(data)}")["Content-Length"] == str(
        len(data)
    )


def test_a_streamed_body_as_docker_sends_it(registry):
    """PATCH without a range and without a length, then an empty PUT."""
    location = registry.begin("push/docker")
    connection = registry.connect()
    pieces = (DATA[i : i + 32_768] for i in range(0, len(DATA), 32_768))
    connection.request("PATCH", location, pieces, {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 202 and answer.headers["Range"] == f"0-{len(DATA) - 1}"
    answer.read()
    done = registry.call("PUT", answer.headers["Location"], None, digest=DIGEST)
    assert done.status == 201
    assert is_there(registry, "push/docker", DATA)


def test_a_client_that_waits_for_leave_to_send(registry):
    location = registry.begin("push/expect").encode()
    with socket.create_connection(("127.0.0.1", registry.port)) as connection:
        connection.settimeout(10)
        head = b"PUT %s?digest=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head % (location, digest_of(b"hello").encode()))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(b"hello")
        assert connection.recv(1000).startswith(b"HTTP/1.1 201 Created\r\n")
    with socket.create_connection(("127.0.0.1", registry.port)) as connection:
        connection.settimeout(10)
        connection.sendall(head % (b"/v2/push/expect/blobs/uploads/none", ABSENT.encode()))
        assert connection.recv(1000).startswith(b"HTTP/1.1 404 ")  # without having to send it


def test_sha512_chosen_at_the_begin_or_at_the_end(registry):
    digest = digest_of(DATA, "sha512")
    location = registry.begin("push/sha512", **{"digest-algorithm": "sha512"})
    registry.call("PATCH", location, DATA[:1000], chunk(0, DATA[:1000]))
    assert registry.call("PUT", location, DATA[1000:], digest=digest).status == 201
    assert is_there(registry, "push/sha512", DATA, digest)
    location = registry.begin("push/sha512b")
    registry.call("PATCH", location, DATA)
    assert registry.call("PUT", location, digest=digest).status == 201
    assert is_there(registry, "push/sha512b", DATA, digest)
    answer = registry.call("POST", "/v2/push/x/blobs/uploads/", **{"digest-algorithm": "md5"})
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


# --- in chunks ---


def test_chunks_in_their_order(registry):
    answer = registry.call("POST", "/v2/push/chunks/blobs/uploads/", headers={"Content-Length": "0"})
    assert int(answer.headers.get("OCI-Chunk-Min-Length", 0)) <= 1  # a chunk may be as small as it likes
    location, at = answer["Location"], 0
    for size in (1, 999_999, 1_000_000):
        part = DATA[at : at + size]
        answer = registry.call("PATCH", location, part, chunk(at, part))
        at += size
        assert answer.status == 202
        assert answer["Range"] == f"0-{at - 1}"
        location = answer["Location"]
        status = registry.call("GET", location)
        assert (status.status, status["Range"], status.body) == (204, f"0-{at - 1}", b"")
        assert status["Location"]
    rest = DATA[at:]  # the last one comes with the PUT
    answer = registry.call("PUT", location, rest, chunk(at, rest), digest=DIGEST)
    assert answer.status == 201
    assert registry.call("GET", answer["Location"]).body == DATA


@pytest.mark.parametrize("first", [1, 999, 1001, 2000])
def test_a_chunk_out_of_order(registry, first):
    location = registry.begin("push/order")
    assert registry.call("PATCH", location, DATA[:1000], chunk(0, DATA[:1000])).status == 202
    for method, query in (("PATCH", {}), ("PUT", {"digest": DIGEST})):
        answer = registry.call(method, location, DATA[first : first + 10], chunk(first, bytes(10)), **query)
        assert (answer.status, answer.code) == (416, "RANGE_INVALID")
        assert (answer["Range"], answer["Location"]) == ("0-999", location)
    assert registry.call("GET", location)["Range"] == "0-999"  # nothing of it was taken
    assert registry.call("PUT", location, DATA[1000:], chunk(1000, DATA[1000:]), digest=DIGEST).status == 201


def test_the_first_chunk_begins_at_zero(registry):
    location = registry.begin("push/order")
    assert registry.call("PATCH", location, b"abc", chunk(1, b"abc")).status == 416


@pytest.mark.parametrize("spoken", ["5", "a-b", "9-5", "bytes", "-5"])
def test_a_range_that_is_none(registry, spoken):
    location = registry.begin("push/order")
    answer = registry.call("PATCH", location, b"abc", {"Content-Range": spoken})
    assert (answer.status, answer.code) == (416, "RANGE_INVALID")


def test_a_range_of_another_length_than_the_body(registry):
    location = registry.begin("push/order")
    answer = registry.call("PATCH", location, b"abc", {"Content-Range": "0-9"})
    assert (answer.status, answer.code) == (400, "SIZE_INVALID")
    assert registry.call("GET", location)["Range"] == "0-0"


def test_an_upload_is_cancelled(registry):
    location = registry.begin("push/cancel")
    registry.call("PATCH", location, DATA)
    assert registry.call("DELETE", location).status == 204
    for method in ("GET", "DELETE", "PATCH"):
        answer = registry.call(method, location, b"" if method == "PATCH" else None)
        assert answer.status == 404
    assert registry.call("GET", location).code == "BLOB_UPLOAD_UNKNOWN"


def test_an_upload_is_of_its_repository(registry):
    location = registry.begin("push/mine")
    assert registry.call("GET", location.replace("push/mine", "push/yours")).status == 404


def send_a_part(registry, location, data, length):
    """Promises `length` bytes, sends these, and goes."""
    with socket.create_connection(("127.0.0.1", registry.port)) as connection:
        head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode() + data)


def offset_of(registry, location):
    answer = registry.call("GET", location)
    assert answer.status == 204
    return int(answer["Range"].split("-")[1]) + 1


def test_a_broken_connection_is_gone_on_with(registry):
    location = registry.begin("push/broken")
    send_a_part(registry, location, DATA[:1_234_567], len(DATA))
    deadline = time.monotonic() + 10
    while offset_of(registry, location) < 1_234_567:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    rest = DATA[1_234_567:]
    assert registry.call("PATCH", location, rest, chunk(1_234_567, rest)).status == 202
    assert registry.call("PUT", location, digest=DIGEST).status == 201
    assert is_there(registry, "push/broken", DATA)


def test_a_client_comes_back_before_its_old_connection_is_known_to_be_dead(registry):
    location = registry.begin("push/again")
    with socket.create_connection(("127.0.0.1", registry.port)) as old:
        head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(DATA)}\r\n\r\n"
        old.sendall(head.encode() + DATA[:500_000])
        time.sleep(0.3)
        begun = time.monotonic()
        answer = registry.call("PATCH", location, b"", {"Content-Range": "0-0"})
        assert answer.status == 416  # and it says where to go on
        here = int(answer["Range"].split("-")[1]) + 1
        assert here == 500_000
        rest = DATA[here:]
        assert registry.call("PUT", location, rest, chunk(here, rest), digest=DIGEST).status == 201
        assert time.monotonic() - begun < 5
    assert is_there(registry, "push/again", DATA)


# --- mounting ---


def test_a_blob_is_mounted_from_another_repository(registry):
    registry.push_blob("push/from", DATA)
    answer = registry.call("POST", "/v2/push/to/blobs/uploads/", mount=DIGEST, **{"from": "push/from"})
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, DIGEST)
    assert registry.call("GET", answer["Location"]).body == DATA
    assert answer["Location"] == f"/v2/push/to/blobs/{DIGEST}"


def test_a_mount_without_from_finds_it(registry):
    registry.push_blob("push/from", DATA)
    answer = registry.call("POST", "/v2/push/to2/blobs/uploads/", mount=DIGEST)
    assert answer.status == 201
    assert is_there(registry, "push/to2", DATA)


@pytest.mark.parametrize("query", [{"mount": ABSENT, "from": "push/from"}, {"mount": ABSENT}, {"mount": "x"}])
def test_what_cannot_be_mounted_is_uploaded(registry, query):
    answer = registry.call("POST", "/v2/push/to3/blobs/uploads/", **query)
    assert answer.status == 202
    assert registry.call("PUT", answer["Location"], DATA, digest=DIGEST).status == 201


def test_a_mount_from_where_it_is_not(registry):
    registry.push_blob("push/from", b"only in from")
    answer = registry.call(
        "POST", "/v2/push/to4/blobs/uploads/", mount=digest_of(b"only in from"), **{"from": "push/nowhere"}
    )
    assert answer.status == 202


# --- manifests ---


def test_a_manifest_is_kept_byte_for_byte(registry):
    document = registry.image("push/bytes", b"layer")
    text = ("\n " + json.dumps(document, indent=7) + "\n\n").encode()
    answer = registry.call("PUT", "/v2/push/bytes/manifests/v1", text, {"Content-Type": OCI_MANIFEST})
    assert answer.status == 201
    assert answer["Docker-Content-Digest"] == digest_of(text)
    assert registry.call("GET", answer["Location"]).body == text
    assert registry.call("GET", "/v2/push/bytes/manifests/v1").body == text


def test_a_manifest_by_its_digest(registry):
    document = registry.image("push/digest", b"layer")
    digest = registry.push_manifest("push/digest", None, document)
    assert registry.call("GET", f"/v2/push/digest/manifests/{digest}").status == 200
    assert registry.call("GET", "/v2/push/digest/tags/list").json["tags"] == []
    text = json.dumps(document).encode()
    answer = registry.call("PUT", f"/v2/push/digest/manifests/{ABSENT}", text)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


def test_parameters_of_the_type_are_ignored(registry):
    document = json.dumps(registry.image("push/type", b"layer")).encode()
    kind = {"Content-Type": OCI_MANIFEST + "; charset=utf-8"}
    assert registry.call("PUT", "/v2/push/type/manifests/v1", document, kind).status == 201
    assert registry.call("GET", "/v2/push/type/manifests/v1")["Content-Type"] == OCI_MANIFEST


def test_the_type_and_the_document_say_the_same(registry):
    document = json.dumps(registry.image("push/type", b"layer")).encode()
    answer = registry.call("PUT", "/v2/push/type/manifests/v2", document, {"Content-Type": OCI_INDEX})
    assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")
    assert registry.call("GET", "/v2/push/type/manifests/v2").status == 404


def test_a_document_without_a_type_is_what_the_client_says(registry):
    document = registry.image("push/type", b"layer")
    del document["mediaType"]
    kind = {"Content-Type": "application/vnd.docker.distribution.manifest.v2+json"}
    answer = registry.call("PUT", "/v2/push/type/manifests/v3", json.dumps(document).encode(), kind)
    assert answer.status == 201
    assert registry.call("GET", "/v2/push/type/manifests/v3")["Content-Type"] == kind["Content-Type"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"{}",
        b'{"schemaVersion":1,"fsLayers":[]}',
        b'{"schemaVersion":2,"mediaType":"text/plain"}',
        b'{"schemaVersion":2,"config":{"digest":"sha256:zz","size":1},"layers":[]}',
        b'{"schemaVersion":2,"manifests":[],"config":{}}',
        b'{"schemaVersion":2,"manifests":[],"subject":{"digest":"x","size":1}}',
        b'{"schemaVersion":2,"manifests":[],"manifests":[]}',
    ],
)
def test_what_is_no_manifest(registry, text):
    answer = registry.call("PUT", "/v2/push/bad/manifests/v1", text)
    assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize("tag", [".x", "-x", "a" * 129, "a%20b", "a@b"])
def test_what_is_no_tag(registry, tag):
    answer = registry.call("PUT", f"/v2/push/bad/manifests/{tag}", b"{}")
    assert (answer.status, answer.code) == (400, "TAG_INVALID")


def test_its_parts_have_to_be_there(registry):
    document = registry.image("push/parts", b"a layer")
    missing = descriptor(b"never pushed", OCI_LAYER)
    for broken in (
        {**document, "layers": [missing]},
        {**document, "config": {**missing, "mediaType": OCI_CONFIG}},
    ):
        answer = registry.call("PUT", "/v2/push/parts/manifests/v1", json.dumps(broken).encode())
        assert (answer.status, answer.code) == (400, "MANIFEST_BLOB_UNKNOWN")
        assert answer.json["errors"][0]["detail"]["digest"] == missing["digest"]
    elsewhere = registry.call("PUT", "/v2/push/other/manifests/v1", json.dumps(document).encode())
    assert elsewhere.status == 400  # they are in another repository


def test_layers_that_may_be_elsewhere(registry):
    document = registry.image("push/foreign")
    document["layers"] = [
        descriptor(b"one", OCI_LAYER, urls=["https://example.com/one"]),
        descriptor(b"two", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        descriptor(b"three", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
    ]
    registry.push_manifest("push/foreign", "v1", document)


def test_a_manifest_of_no_layers(registry):
    registry.push_manifest("push/none", "v1", registry.image("push/none"))


def test_an_index_and_its_entries(registry):
    digests = [registry.push_image("push/index", None, b"layer", salt=str(i)) for i in range(3)]
    entries = [
        {**descriptor(registry.call("GET", f"/v2/push/index/manifests/{digest}").body, OCI_MANIFEST)}
        for digest in digests
    ]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    digest = registry.push_manifest("push/index", "v1", index)
    answer = registry.call("GET", "/v2/push/index/manifests/v1")
    assert (answer["Content-Type"], answer["Docker-Content-Digest"]) == (OCI_INDEX, digest)
    index["manifests"].append(descriptor(b"not here", OCI_MANIFEST))
    registry.push_manifest("push/index", "v2", index, status=400)
    registry.push_manifest("push/index", "v3", {**index, "manifests": []})


def test_a_tag_moves(registry):
    first = registry.push_image("push/tag", "latest", salt="1")
    second = registry.push_image("push/tag", "latest", salt="2")
    assert registry.call("HEAD", "/v2/push/tag/manifests/latest")["Docker-Content-Digest"] == second != first
    assert registry.call("GET", f"/v2/push/tag/manifests/{first}").status == 200


def test_a_manifest_may_have_four_megabytes_and_no_more(registry):
    document = registry.image("push/large")
    document["annotations"] = {"padding": ""}
    document["annotations"]["padding"] = "x" * (4 * 2**20 - len(json.dumps(document)))
    text = json.dumps(document).encode()
    assert len(text) == 4 * 2**20
    registry.push_manifest("push/large", "v1", text)
    assert registry.call("GET", "/v2/push/large/manifests/v1").body == text
    answer = registry.call("PUT", "/v2/push/large/manifests/v2", text + b" ", {"Content-Type": OCI_MANIFEST})
    assert answer.status == 413


def test_an_artifact(registry):
    registry.push_blob("push/artifact", b"{}")
    registry.push_blob("push/artifact", b"hello")
    digest = registry.push_manifest(
        "push/artifact",
        "v1",
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "application/vnd.example",
            "config": descriptor(b"{}", OCI_EMPTY),
            "layers": [descriptor(b"hello", "text/plain")],
        },
    )
    assert registry.call("HEAD", "/v2/push/artifact/manifests/v1")["Docker-Content-Digest"] == digest


def test_a_read_only_registry(make_registry):
    registry = make_registry()
    digest = registry.push_image("ro", "v1", b"layer")
    registry.stop()
    registry.start("--read-only")
    assert registry.call("GET", "/v2/ro/manifests/v1")["Docker-Content-Digest"] == digest
    for method, path in (
        ("POST", "/v2/ro/blobs/uploads/"),
        ("PUT", "/v2/ro/manifests/v2"),
        ("DELETE", "/v2/ro/manifests/v1"),
        ("DELETE", f"/v2/ro/blobs/{digest_of(b'layer')}"),
    ):
        answer = registry.call(method, path)
        assert (answer.status, answer.code) == (405, "UNSUPPORTED")


def test_methods_that_mean_nothing(registry):
    for method, path in (
        ("PUT", "/v2/a/tags/list"),
        ("POST", "/v2/a/manifests/x"),
        ("PATCH", f"/v2/a/blobs/{ABSENT}"),
        ("GET", "/v2/a/blobs/uploads/"),
        ("DELETE", "/v2/_catalog"),
    ):
        assert registry.call(method, path).status == 405, (method, path)
