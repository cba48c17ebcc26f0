"""--proxy: a pull-through cache of another registry."""

import http.server
import os
import threading

import pytest

from server import OCI_INDEX, OCI_MANIFEST, basic, descriptor, digest_of
from test_access import bcrypt


@pytest.fixture
def upstream(make_registry):
    return make_registry()


@pytest.fixture
def cache(make_registry, upstream):
    return make_registry("--proxy", f"http://{upstream.host}")


def test_what_was_pulled_is_there_without_the_upstream(upstream, cache):
    layer = os.urandom(3_000_000)
    digest = upstream.push_image("library/x", "v1", layer)
    answer = cache.call("GET", "/v2/library/x/manifests/v1")
    assert (answer.status, answer["Docker-Content-Digest"]) == (200, digest)
    assert cache.call("HEAD", f"/v2/library/x/blobs/{digest_of(layer)}")["Content-Length"] == str(len(layer))
    assert cache.call("GET", f"/v2/library/x/blobs/{digest_of(layer)}").body == layer
    upstream.stop()
    for reference in ("v1", digest):
        assert cache.call("GET", f"/v2/library/x/manifests/{reference}").body == answer.body
    assert cache.call("GET", f"/v2/library/x/blobs/{digest_of(layer)}").body == layer
    cache.restart()
    assert cache.call("GET", "/v2/library/x/manifests/v1").body == answer.body
    assert cache.call("GET", f"/v2/library/x/blobs/{digest_of(layer)}").body == layer
    assert cache.call("GET", "/v2/library/x/manifests/v2").status in (500, 502, 503)


def test_a_tag_is_what_it_is_upstream(upstream, cache):
    first = upstream.push_image("x", "latest", salt="1")
    assert cache.call("HEAD", "/v2/x/manifests/latest")["Docker-Content-Digest"] == first
    second = upstream.push_image("x", "latest", salt="2")
    assert cache.call("HEAD", "/v2/x/manifests/latest")["Docker-Content-Digest"] == second
    upstream.call("DELETE", f"/v2/x/manifests/{second}")
    assert cache.call("GET", "/v2/x/manifests/latest").status == 404
    assert cache.call("GET", f"/v2/x/manifests/{first}").status == 200


def test_what_the_upstream_does_not_have(cache):
    assert cache.call("GET", "/v2/none/manifests/latest").code == "MANIFEST_UNKNOWN"
    absent = "sha256:" + 64 * "a"
    assert cache.call("GET", f"/v2/none/blobs/{absent}").code == "BLOB_UNKNOWN"
    assert cache.call("HEAD", f"/v2/none/blobs/{absent}").status == 404


def test_an_index_is_cached_as_it_is(upstream, cache):
    digest = upstream.push_image("x", None, b"layer")
    entry = descriptor(upstream.call("GET", f"/v2/x/manifests/{digest}").body, OCI_MANIFEST)
    index = upstream.push_manifest(
        "x", "v1", {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
    )
    assert cache.call("GET", "/v2/x/manifests/v1")["Docker-Content-Digest"] == index
    assert cache.call("GET", f"/v2/x/manifests/{digest}").status == 200
    assert cache.call("GET", f"/v2/x/blobs/{digest_of(b'layer')}").body == b"layer"


def test_nothing_is_pushed_to_a_cache(cache):
    for method, path in (("POST", "/v2/x/blobs/uploads/"), ("PUT", "/v2/x/manifests/v1")):
        answer = cache.call(method, path)
        assert (answer.status, answer.code) == (405, "UNSUPPORTED")


def test_many_ask_for_one_blob(upstream, cache):
    layer, bodies = os.urandom(20_000_000), []
    upstream.push_image("x", "v1", layer)
    path = f"/v2/x/blobs/{digest_of(layer)}"
    threads = [threading.Thread(target=lambda: bodies.append(cache.call("GET", path).body)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [digest_of(body) for body in bodies] == 6 * [digest_of(layer)]
    assert not list((cache.data / "registry/uploads").iterdir())


def test_a_range_of_what_is_not_here_yet(upstream, cache):
    layer = os.urandom(1_000_000)
    upstream.push_image("x", "v1", layer)
    answer = cache.call("GET", f"/v2/x/blobs/{digest_of(layer)}", headers={"Range": "bytes=10-19"})
    assert (answer.status, answer.body) == (206, layer[10:20])


def test_who_we_are_upstream(make_registry, tmp_path):
    (tmp_path / "users").write_text(f"ann:{bcrypt('secret')}\n")
    upstream = make_registry("--users", tmp_path / "users")
    upstream.authorization = basic("ann", "secret")
    upstream.push_image("x", "v1", b"layer")
    stranger = make_registry("--proxy", f"http://{upstream.host}")
    assert stranger.call("GET", "/v2/x/manifests/v1").status == 404
    known = make_registry("--proxy", f"http://{upstream.host}", "--proxy-user", "ann:secret")
    assert known.call("GET", "/v2/x/manifests/v1").status == 200
    assert known.call("GET", f"/v2/x/blobs/{digest_of(b'layer')}").body == b"layer"


class Liar(http.server.BaseHTTPRequestHandler):
    """A registry whose blobs are other bytes than it says; the first answer breaks off in the middle."""

    blob, break_off = b"", False

    def do_GET(self):
        data, first = self.blob, 0
        if self.headers.get("Range"):
            first = int(self.headers["Range"].split("=")[1].split("-")[0])
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        half = type(self).break_off and not first
        self.wfile.write(data[first : len(data) // 2 if half else len(data)])
        type(self).break_off = False

    def log_message(self, *_):
        pass


@pytest.fixture
def liar():
    handler = type("OneLiar", (Liar,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()


def test_other_bytes_are_not_kept_and_not_passed_on_whole(make_registry, liar):
    cache, liar.blob = make_registry("--proxy", liar.url), os.urandom(2_000_000)
    wanted = digest_of(b"something else")
    for _ in range(2):
        try:
            body = cache.call("GET", f"/v2/x/blobs/{wanted}").body
        except Exception:
            continue  # cut off
        assert body != liar.blob
    assert not [path for path in (cache.data / "images/blobs").rglob("*") if path.is_file()]


def test_a_download_that_breaks_goes_on(make_registry, liar):
    cache, liar.blob, liar.break_off = make_registry("--proxy", liar.url), os.urandom(2_000_000), True
    assert cache.call("GET", f"/v2/x/blobs/{digest_of(liar.blob)}").body == liar.blob
    assert not liar.break_off
