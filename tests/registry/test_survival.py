"""What was acknowledged is there after kill -9, what was not is not to be seen; what nobody uses goes, and
never under the hands of a push."""

import hashlib
import os
import random
import threading
import time

import pytest

from server import OCI_LAYER, descriptor, digest_of


def files(registry):
    return [path for path in (registry.data / "images/blobs").rglob("*") if path.is_file()]


class Pusher(threading.Thread):
    """Pushes images until the server is gone; remembers what was acknowledged."""

    def __init__(self, registry, number):
        super().__init__()
        self.registry, self.number, self.blobs, self.tags = registry, number, {}, {}
        self.random = random.Random(number)

    def run(self):
        try:
            for count in range(1000):
                self.push(count)
        except (OSError, AssertionError):
            pass  # it was killed
        except Exception as problem:
            if "HTTP" not in type(problem).__mro__[1].__name__:
                raise

    def push(self, count):
        repository, layers = f"kill/{self.number}", []
        for _ in range(2):
            data = self.random.randbytes(self.random.choice([10, 5_000, 300_000, 2_000_000]))
            layers.append(data)
            way, digest = self.random.randrange(3), digest_of(data)
            if way == 0:
                self.registry.push_blob(repository, data)
            elif way == 1:
                path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
                assert self.registry.call("POST", path, data).status == 201
            else:
                location, half = self.registry.begin(repository), len(data) // 2
                assert self.registry.call("PATCH", location, data[:half]).status == 202
                assert self.registry.call("PUT", location, data[half:], digest=digest).status == 201
            self.blobs[digest] = len(data)
        tag = f"v{count}"
        self.tags[tag] = None
        self.tags[tag] = self.registry.push_image(repository, tag, *layers, salt=tag)


@pytest.mark.parametrize("after", [0.3, 0.8, 1.5])
def test_killed_while_eight_push(make_registry, after):
    registry = make_registry()
    pushers = [Pusher(registry, number) for number in range(8)]
    for pusher in pushers:
        pusher.start()
    time.sleep(after)
    registry.process.kill()
    for pusher in pushers:
        pusher.join()
    registry.process.wait()
    registry.start()
    acknowledged = 0
    for pusher in pushers:
        repository = f"kill/{pusher.number}"
        for digest, size in pusher.blobs.items():
            answer = registry.call("GET", f"/v2/{repository}/blobs/{digest}")
            assert answer.status == 200 and digest_of(answer.body) == digest
            acknowledged += 1
        for tag, digest in pusher.tags.items():
            answer = registry.call("GET", f"/v2/{repository}/manifests/{tag}")
            if digest is not None:  # the last one may or may not be there
                assert answer.status == 200 and digest_of(answer.body) == digest
            if answer.status == 200:
                for part in [answer.json["config"], *answer.json["layers"]]:
                    path = f"/v2/{repository}/blobs/{part['digest']}"
                    assert digest_of(registry.call("GET", path).body) == part["digest"]
    assert acknowledged > 0
    for path in files(registry):  # nothing that is not what its name says
        assert path.name == hashlib.new(path.parent.name, path.read_bytes()).hexdigest()


def test_an_upload_goes_on_after_a_kill(make_registry):
    registry, data = make_registry(), os.urandom(2_000_000)
    location = registry.begin("resume")
    answer = registry.call("PATCH", location, data[:1_500_000])
    assert answer.status == 202
    registry.restart()
    status = registry.call("GET", location)
    assert (status.status, status["Range"]) == (204, "0-1499999")
    assert registry.call("PATCH", location, data, {"Content-Range": f"0-{len(data) - 1}"}).status == 416
    rest = {"Content-Range": f"1500000-{len(data) - 1}"}
    assert registry.call("PUT", location, data[1_500_000:], rest, digest=digest_of(data)).status == 201
    assert registry.call("GET", f"/v2/resume/blobs/{digest_of(data)}").body == data
    registry.restart()
    assert registry.call("GET", location).status == 404
    assert registry.call("GET", f"/v2/resume/blobs/{digest_of(data)}").body == data


def test_a_partial_blob_is_not_to_be_seen(make_registry):
    registry, data = make_registry(), os.urandom(1_000_000)
    registry.call("PATCH", registry.begin("partial"), data[:600_000])
    for _ in range(2):
        assert registry.call("HEAD", f"/v2/partial/blobs/{digest_of(data)}").status == 404
        assert registry.call("HEAD", f"/v2/partial/blobs/{digest_of(data[:600_000])}").status == 404
        assert registry.call("POST", "/v2/x/blobs/uploads/", mount=digest_of(data)).status == 202
        registry.restart()


def test_everything_is_there_in_the_next_life(make_registry):
    registry = make_registry()
    document = registry.image("life", b"one", b"two")
    digest = registry.push_manifest("life", "v1", document)
    registry.push_manifest("life", "v2", document)
    registry.call("DELETE", "/v2/life/manifests/v2")
    for again in (registry.restart, lambda: (registry.stop(), registry.start())):
        again()
        assert registry.call("GET", "/v2/life/tags/list").json["tags"] == ["v1"]
        assert registry.call("GET", "/v2/life/manifests/v1")["Docker-Content-Digest"] == digest
        assert registry.call("GET", f"/v2/life/blobs/{digest_of(b'two')}").body == b"two"


def test_the_data_folder_is_one_servers(make_registry):
    registry = make_registry()
    other = make_registry(start=False)
    other.data = registry.data
    with pytest.raises(AssertionError, match="another podo"):
        other.start()
    other.process = None


def test_a_full_disk_is_told_and_nothing_is_lost(make_registry, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    registry = make_registry(start=False)
    registry.data.mkdir()
    assert os.system(f"mount -t tmpfs -o size=8m none {registry.data}") == 0
    try:
        registry.start()
        digest = registry.push_blob("full", b"before")
        answer = registry.call("PUT", registry.begin("full"), bytes(20_000_000), digest=digest)
        assert answer.status == 507
        assert registry.call("GET", f"/v2/full/blobs/{digest}").body == b"before"
    finally:
        registry.stop()
        assert os.system(f"umount {registry.data}") == 0


# --- garbage ---


def wait_for(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_nobody_refers_to_goes(make_registry):
    registry = make_registry("--hold", 1, "--collect-every", 1)
    kept = registry.push_image("gc", "v1", b"kept layer")
    lost = registry.push_image("gc", "v2", b"lost layer")
    registry.push_blob("gc", b"no manifest's")
    untagged = registry.push_image("gc", None, b"untagged layer")
    registry.call("DELETE", f"/v2/gc/manifests/{lost}")
    gone = [digest_of(b"lost layer"), digest_of(b"no manifest's"), lost]
    time.sleep(3)
    registry.restart()  # what just came in is held by the content store, too, until then
    wait_for(lambda: not {path.name for path in files(registry)} & {one.split(":")[1] for one in gone})
    for digest in gone[:2]:
        assert registry.call("HEAD", f"/v2/gc/blobs/{digest}").status == 404
    for data in (b"kept layer", b"untagged layer"):
        assert registry.call("GET", f"/v2/gc/blobs/{digest_of(data)}").body == data
    for digest in (kept, untagged):
        assert registry.call("GET", f"/v2/gc/manifests/{digest}").status == 200
    registry.restart()
    assert registry.call("GET", f"/v2/gc/blobs/{digest_of(b'kept layer')}").status == 200


def test_untagged_manifests_go_when_asked_for(make_registry):
    registry = make_registry("--hold", 1, "--collect-every", 1, "--collect-untagged")
    old = registry.push_image("gc", "latest", b"old layer", salt="old")
    new = registry.push_image("gc", "latest", b"new layer", salt="new")
    time.sleep(4)  # asking for it would hold it
    assert registry.call("HEAD", f"/v2/gc/blobs/{digest_of(b'old layer')}").status == 404
    assert registry.call("HEAD", f"/v2/gc/manifests/{old}").status == 404
    assert registry.call("GET", "/v2/gc/manifests/latest")["Docker-Content-Digest"] == new


def test_what_a_push_was_told_of_is_held(make_registry):
    """A client asks for a blob, is told that it is here, and pushes its manifest later, while garbage is
    collected all the time."""
    registry = make_registry("--hold", 4, "--collect-every", 1)
    layer, document = b"a layer of somebody else", registry.image("held", b"x")
    registry.push_blob("held", layer)
    document["layers"] = [descriptor(layer, OCI_LAYER)]
    for _ in range(4):
        time.sleep(2)
        for part in [document["config"], *document["layers"]]:
            assert registry.call("HEAD", f"/v2/held/blobs/{part['digest']}").status == 200
    registry.push_manifest("held", "v1", document)
    time.sleep(6)
    assert registry.call("GET", f"/v2/held/blobs/{digest_of(layer)}").body == layer


def test_pushes_and_collections_side_by_side(make_registry):
    registry = make_registry("--hold", 3, "--collect-every", 1, "--collect-untagged")
    failures, until = [], time.monotonic() + 8

    def push(number):
        count = 0
        while time.monotonic() < until:
            count += 1
            layer = f"{number} {count}".encode() * 1000
            try:
                digest = registry.push_image(
                    f"side/{number}", "latest", layer, b"a layer of all", salt=str(count)
                )
                if count % 2:
                    registry.call("DELETE", f"/v2/side/{number}/manifests/{digest}")
                registry.push_image(f"side/{number}", "stays", layer, b"a layer of all", salt=str(count))
            except Exception as problem:
                failures.append(problem)

    threads = [threading.Thread(target=push, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    time.sleep(5)
    for number in range(4):
        manifest = registry.call("GET", f"/v2/side/{number}/manifests/stays").json
        for part in [manifest["config"], *manifest["layers"]]:
            assert registry.call("HEAD", f"/v2/side/{number}/blobs/{part['digest']}").status == 200
    registry.restart()
    wait_for(lambda: len(files(registry)) < 4 * 6)  # the rest was garbage


def test_memory_stays_small(make_registry):
    registry = make_registry()
    data = os.urandom(16_000_000)

    def work(number):
        part = data + bytes([number])
        registry.push_blob("memory", part)
        assert registry.call("GET", f"/v2/memory/blobs/{digest_of(part)}").body == part

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.peak_bytes() < 40 << 20  # a debug build's; ./bench registry measures the program's
