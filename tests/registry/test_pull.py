"""distribution-spec 1.1, "Pull": manifests and blobs are given, and asked for."""

import json

import pytest

from server import ABSENT, OCI_INDEX, OCI_MANIFEST, descriptor, digest_of

LAYER = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def image(registry):
    return registry.push_image("library/pull", "v1", LAYER)


def test_the_base_says_which_api_it_is(registry):
    for path in ("/v2/", "/v2"):
        answer = registry.call("GET", path)
        assert (answer.status, answer.json) == (200, {})
        assert answer["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert registry.call("GET", "/v1/").status == 404
    assert registry.call("POST", "/v2/").status == 405


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_by_tag_and_by_digest(registry, image, method):
    for reference in ("v1", image):
        answer = registry.call(
            method, f"/v2/library/pull/manifests/{reference}", headers={"Accept": OCI_MANIFEST}
        )
        assert answer.status == 200
        assert answer["Content-Type"] == OCI_MANIFEST
        assert answer["Docker-Content-Digest"] == image
        assert answer["ETag"] == f'"{image}"'
        assert answer["Docker-Distribution-Api-Version"] == "registry/2.0"
        if method == "GET":
            assert digest_of(answer.body) == image
        else:
            assert answer.body == b""
            size = len(registry.call("GET", f"/v2/library/pull/manifests/{image}").body)
            assert int(answer["Content-Length"]) == size


def test_the_type_is_what_was_pushed_whatever_is_accepted(registry, image):
    answer = registry.call("GET", "/v2/library/pull/manifests/v1", headers={"Accept": OCI_INDEX})
    assert (answer.status, answer["Content-Type"]) == (200, OCI_MANIFEST)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_that_is_not_here(registry, image, method):
    for reference in ("v2", ABSENT, ".INVALID", "-x", "a" * 129):
        answer = registry.call(method, f"/v2/library/pull/manifests/{reference}")
        assert answer.status == 404
        if method == "GET":
            assert answer.code == "MANIFEST_UNKNOWN"
    assert registry.call(method, "/v2/library/nothing/manifests/v1").status == 404


def test_a_manifest_the_client_has_already(registry, image):
    for tag in (f'"{image}"', f'"x", W/"{image}"', "*"):
        answer = registry.call("GET", "/v2/library/pull/manifests/v1", headers={"If-None-Match": tag})
        assert (answer.status, answer.body) == (304, b"")
        assert answer["Docker-Content-Digest"] == image
    answer = registry.call("GET", "/v2/library/pull/manifests/v1", headers={"If-None-Match": '"other"'})
    assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob(registry, image, method):
    digest = digest_of(LAYER)
    answer = registry.call(method, f"/v2/library/pull/blobs/{digest}")
    assert answer.status == 200
    assert answer["Docker-Content-Digest"] == digest
    assert int(answer["Content-Length"]) == len(LAYER)
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer.body == (LAYER if method == "GET" else b"")
    again = registry.call(
        method, f"/v2/library/pull/blobs/{digest}", headers={"If-None-Match": answer["ETag"]}
    )
    assert (again.status, again.body) == (304, b"")


def test_a_percent_encoded_digest_is_the_same(registry, image):
    assert (
        registry.call("GET", f"/v2/library/pull/blobs/{digest_of(LAYER).replace(':', '%3A')}").body == LAYER
    )
    assert registry.call("GET", "/v2/library%2Fpull/manifests/v1").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_that_is_not_here(registry, image, method):
    answer = registry.call(method, f"/v2/library/pull/blobs/{ABSENT}")
    assert answer.status == 404
    if method == "GET":
        assert answer.code == "BLOB_UNKNOWN"
    assert registry.call(method, f"/v2/library/elsewhere/blobs/{digest_of(LAYER)}").status == 404


def test_a_digest_that_is_none(registry, image):
    for digest in ("sha256:abc", "sha256:" + 64 * "G", "md5:" + 32 * "a", "latest"):
        answer = registry.call("GET", f"/v2/library/pull/blobs/{digest}")
        assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize(
    "asked, first, last",
    [
        ("bytes=0-9", 0, 9),
        ("bytes=1000-", 1000, 255_999),
        ("bytes=-5", 255_995, 255_999),
        ("bytes=255999-999999", 255_999, 255_999),
    ],
)
def test_a_range_of_a_blob(registry, image, asked, first, last):
    answer = registry.call("GET", f"/v2/library/pull/blobs/{digest_of(LAYER)}", headers={"Range": asked})
    assert answer.status == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(LAYER)}"
    assert answer.body == LAYER[first : last + 1]
    assert answer["Docker-Content-Digest"] == digest_of(LAYER)


def test_a_range_that_cannot_be(registry, image):
    path = f"/v2/library/pull/blobs/{digest_of(LAYER)}"
    answer = registry.call("GET", path, headers={"Range": "bytes=256000-"})
    assert (answer.status, answer["Content-Range"]) == (416, "bytes */256000")
    whole = registry.call("GET", path, headers={"Range": "bytes=0-9,20-29"})
    assert (whole.status, whole.body) == (200, LAYER)
    condition = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert registry.call("GET", path, headers=condition).status == 200


def test_an_interrupted_pull_goes_on(registry, image):
    path, received = f"/v2/library/pull/blobs/{digest_of(LAYER)}", b""
    while len(received) < len(LAYER):
        connection = registry.connect()
        connection.request("GET", path, headers={"Range": f"bytes={len(received)}-"})
        response = connection.getresponse()
        assert response.status == 206
        received += response.read(60_000)
        connection.close()  # in the middle
    assert received == LAYER


def test_names_have_a_grammar(registry):
    for name in ("UPPER", "a//b", "-a", "a_", "a" * 256, "a/../b"):
        answer = registry.call("GET", f"/v2/{name}/tags/list")
        assert (answer.status, answer.code) == (400, "NAME_INVALID"), name
    for name in ("a/b/c/d", "0", "a__b", "a-----b", "x.y", "b" * 255):
        assert registry.call("GET", f"/v2/{name}/tags/list").status == 404


def test_errors_are_json_of_the_specification(registry):
    answer = registry.call("GET", "/v2/nothing/tags/list")
    assert answer.status == 404
    assert answer["Content-Type"].startswith("application/json")
    (error,) = answer.json["errors"]
    assert error["code"] == "NAME_UNKNOWN" and error["message"] and error["detail"] == {"name": "nothing"}


def test_requests_in_a_row_on_one_connection(registry, image):
    request = f"GET /v2/library/pull/blobs/{digest_of(LAYER)} HTTP/1.1\r\nHost: x\r\n"
    head = f"HEAD /v2/library/pull/manifests/v1 HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = registry.raw((request + "\r\n" + head + request + "Connection: close\r\n\r\n").encode())
    assert answers.count(LAYER) == 2 and answers.count(b"HTTP/1.1 200 OK") == 3


def test_sha512_is_a_digest_too(registry):
    data = b"sixty-four bytes of digest" * 3000
    digest = registry.push_blob("library/sha512", data, "sha512")
    answer = registry.call("GET", f"/v2/library/sha512/blobs/{digest}")
    assert (answer.body, answer["Docker-Content-Digest"]) == (data, digest)
    document = registry.image("library/sha512")
    document["layers"] = [{**descriptor(data, "text/plain"), "digest": digest}]
    text = json.dumps(document).encode()
    name = digest_of(text, "sha512")
    assert registry.call("PUT", f"/v2/library/sha512/manifests/{name}", text).status == 201
    answer = registry.call("GET", f"/v2/library/sha512/manifests/{name}")
    assert (answer.body, answer["Docker-Content-Digest"]) == (text, name)
    registry.restart()
    assert registry.call("GET", f"/v2/library/sha512/blobs/{digest}").body == data
