"""The clients people use, against our registry: skopeo, podman, docker, python3-docker, containerd, curl."""

import gzip
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from daemon import Daemon
from images import entry, layer, make_busybox
from server import OCI_INDEX, OCI_MANIFEST, descriptor, digest_of, free_port, trusting
from test_access import bcrypt, self_signed

TOOLS = Path(__file__).resolve().parents[2] / "build/tools/docker/usr/bin"


def need(program):
    path = shutil.which(program) or (TOOLS / program if (TOOLS / program).exists() else None)
    if not path:
        pytest.skip(f"there is no {program}")
    return path


def need_root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


def run(*words, code=0, **how):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=120, **how)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    program = need("busybox")
    return make_busybox(tmp_path_factory.mktemp("images"), program)


def tree_digests(folder):
    return {
        path.name: digest_of(path.read_bytes()) for path in Path(folder).iterdir() if path.name != "version"
    }


# --- skopeo ---


def test_skopeo_there_and_back(registry, archive, tmp_path):
    skopeo = need("skopeo")
    run(skopeo, "copy", "--quiet", "--dest-tls-verify=false", f"docker-archive:{archive}",
        f"docker://{registry.host}/skopeo/busybox:1")  # fmt: skip
    out = ["--src-tls-verify=false", f"docker://{registry.host}/skopeo/busybox:1"]
    run(skopeo, "copy", "--quiet", *out, f"dir:{tmp_path}/one")
    run(skopeo, "copy", "--quiet", "--dest-tls-verify=false", f"dir:{tmp_path}/one",
        f"docker://{registry.host}/skopeo/again:1")  # fmt: skip
    run(skopeo, "copy", "--quiet", "--src-tls-verify=false", f"docker://{registry.host}/skopeo/again:1",
        f"dir:{tmp_path}/two")  # fmt: skip
    assert tree_digests(tmp_path / "one") == tree_digests(tmp_path / "two") != {}
    tags = json.loads(
        run(skopeo, "list-tags", "--tls-verify=false", f"docker://{registry.host}/skopeo/busybox")
    )
    assert tags["Tags"] == ["1"]
    inspected = json.loads(
        run(skopeo, "inspect", "--tls-verify=false", f"docker://{registry.host}/skopeo/again:1")
    )
    assert (
        inspected["Digest"]
        == registry.call("HEAD", "/v2/skopeo/busybox/manifests/1")["Docker-Content-Digest"]
    )
    run(skopeo, "delete", "--tls-verify=false", f"docker://{registry.host}/skopeo/again:1")
    assert registry.call("GET", "/v2/skopeo/again/manifests/1").status == 404


@pytest.mark.parametrize("form", ["oci", "v2s2"])
@pytest.mark.parametrize("packed", ["gzip", "zstd"])
def test_skopeo_in_every_form(registry, archive, form, packed):
    if (form, packed) == ("v2s2", "zstd"):
        pytest.skip("docker's manifests know no zstd")
    skopeo, name = need("skopeo"), f"docker://{registry.host}/skopeo/{form}-{packed}:1"
    how = ["--format", form, "--dest-compress", "--dest-compress-format", packed]
    run(skopeo, "copy", "--quiet", "--dest-tls-verify=false", *how, f"docker-archive:{archive}", name)
    run(skopeo, "inspect", "--tls-verify=false", name)


def test_skopeo_all_of_an_index(registry, tmp_path):
    skopeo = need("skopeo")
    entries = []
    for architecture in ("amd64", "arm64"):
        digest = registry.push_image(
            "skopeo/multi", None, gzip.compress(layer([entry(architecture)]), mtime=0), salt=architecture
        )
        text = registry.call("GET", f"/v2/skopeo/multi/manifests/{digest}").body
        platform = {"os": "linux", "architecture": architecture}
        entries.append(descriptor(text, OCI_MANIFEST, platform=platform))
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    digest = registry.push_manifest("skopeo/multi", "1", index)
    run(skopeo, "copy", "--quiet", "--all", "--src-tls-verify=false", "--dest-tls-verify=false",
        f"docker://{registry.host}/skopeo/multi:1", f"docker://{registry.host}/skopeo/copied:1")  # fmt: skip
    assert registry.call("HEAD", "/v2/skopeo/copied/manifests/1")["Docker-Content-Digest"] == digest
    run(skopeo, "copy", "--quiet", "--all", "--src-tls-verify=false",
        f"docker://{registry.host}/skopeo/copied:1", f"dir:{tmp_path}/all")  # fmt: skip
    run(skopeo, "copy", "--quiet", "--all", "--dest-tls-verify=false",
        f"dir:{tmp_path}/all", f"docker://{registry.host}/skopeo/third:1")  # fmt: skip
    assert registry.call("HEAD", "/v2/skopeo/third/manifests/1")["Docker-Content-Digest"] == digest


def test_skopeo_with_a_password_and_tls(make_registry, archive, tmp_path):
    skopeo, certificates = need("skopeo"), tmp_path / "certificates"
    certificates.mkdir()
    self_signed(tmp_path / "key.pem", certificates / "ca.crt")
    (tmp_path / "users").write_text(f"ann:{bcrypt('secret')}\n")
    registry = make_registry("--tls-cert", certificates / "ca.crt", "--tls-key", tmp_path / "key.pem",
                             "--users", tmp_path / "users", start=False)  # fmt: skip
    registry.tls = trusting(certificates / "ca.crt")
    registry.start()
    words = ["--dest-cert-dir", certificates, f"docker-archive:{archive}", f"docker://{registry.host}/x:1"]
    run(skopeo, "copy", "--quiet", "--dest-creds", "ann:wrong", *words, code=1)
    run(skopeo, "copy", "--quiet", "--dest-creds", "ann:secret", *words)


# --- podman ---


def test_podman(registry, archive, tmp_path):
    need_root()
    podman = [
        need("podman"),
        "--root",
        tmp_path / "root",
        "--runroot",
        tmp_path / "run",
        "--storage-driver",
        "vfs",
    ]
    name = f"{registry.host}/podman/busybox:1"
    loaded = run(*podman, "load", "-q", "-i", archive).strip().rsplit(" ", 1)[-1]
    run(*podman, "push", "-q", "--tls-verify=false", loaded, name)
    run(*podman, "rmi", "-f", "-a")
    run(*podman, "pull", "-q", "--tls-verify=false", name)
    digest = run(*podman, "image", "inspect", name, "--format", "{{.Digest}}").strip()
    assert digest == registry.call("HEAD", "/v2/podman/busybox/manifests/1")["Docker-Content-Digest"]
    run(*podman, "search", "--tls-verify=false", "--list-tags", f"{registry.host}/podman/busybox")


# --- containerd ---


@pytest.fixture
def containerd(tmp_path):
    need_root()
    ctr, server, socket = need("ctr"), need("containerd"), tmp_path / "containerd.sock"
    (tmp_path / "config.toml").write_text(
        f'version = 2\nroot = "{tmp_path}/root"\nstate = "{tmp_path}/state"\n'
        f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{socket}"\n'
    )
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([server, "-c", tmp_path / "config.toml"], stdout=log, stderr=log)
    deadline = time.monotonic() + 30
    while subprocess.run([ctr, "-a", socket, "version"], capture_output=True).returncode != 0:
        assert time.monotonic() < deadline and process.poll() is None, (tmp_path / "log").read_text()
        time.sleep(0.1)
    yield [ctr, "-a", socket]
    process.terminate()
    process.wait(20)


def test_containerd(registry, archive, containerd):
    need("skopeo")
    name = f"{registry.host}/containerd/busybox:1"
    run(
        "skopeo",
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
        f"docker-archive:{archive}",
        f"docker://{name}",
    )
    run(*containerd, "images", "pull", "--plain-http", "--snapshotter", "native", name)
    target = f"{registry.host}/containerd/pushed:1"
    run(*containerd, "images", "tag", name, target)
    run(*containerd, "images", "push", "--plain-http", target)
    same = registry.call("HEAD", "/v2/containerd/pushed/manifests/1")["Docker-Content-Digest"]
    assert same == registry.call("HEAD", "/v2/containerd/busybox/manifests/1")["Docker-Content-Digest"]


# --- curl ---


def test_curl_as_the_manual_tells(registry, tmp_path):
    curl, data = need("curl"), os.urandom(1_000_000)
    (tmp_path / "blob").write_bytes(data)
    begun = run(curl, "-sf", "-D-", "-X", "POST", f"http://{registry.host}/v2/curl/blobs/uploads/")
    location = next(line.split()[1] for line in begun.splitlines() if line.lower().startswith("location:"))
    run(curl, "-sf", "-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary",
        f"@{tmp_path}/blob", f"http://{registry.host}{location}?digest={digest_of(data)}")  # fmt: skip
    url = f"http://{registry.host}/v2/curl/blobs/{digest_of(data)}"
    run(curl, "-sfL", "-o", tmp_path / "back", url)
    assert (tmp_path / "back").read_bytes() == data
    (tmp_path / "part").write_bytes(data[:400_000])
    run(curl, "-sfL", "-C", "-", "-o", tmp_path / "part", url)  # goes on where it stopped
    assert (tmp_path / "part").read_bytes() == data
    run(
        curl, "-sf", "-T", tmp_path / "blob", "-X", "PATCH", f"http://{registry.host}{registry.begin('curl')}"
    )


# --- the engine ---


@pytest.fixture
def engine(request, tmp_path, archive):
    """`podo serve` with a registry beside it, and busybox loaded."""
    need_root()
    need("docker")
    folder = Path("/tmp") / f"podo-registry-engine-{os.getpid()}"
    folder.mkdir()
    port = free_port()
    daemon = Daemon(request.config.podo, folder, ["--registry", f"127.0.0.1:{port}"])
    daemon.host, daemon.port = f"127.0.0.1:{port}", port
    daemon.start()
    daemon.docker("load", "-q", "-i", archive)
    yield daemon
    daemon.destroy()


def blobs_of(daemon):
    return {path: path.stat().st_ino for path in (daemon.data / "images/blobs").rglob("*") if path.is_file()}


def test_docker_pushes_what_the_engine_has_without_a_copy(engine):
    name = f"{engine.host}/mine/busybox:1"
    engine.docker("tag", "busybox", name)
    before = blobs_of(engine)
    told = engine.docker("push", name)
    assert "Layer already exists" in told and "digest: sha256:" in told
    new = set(blobs_of(engine)) - set(before)
    assert sum(path.stat().st_size for path in new) < 10_000, new  # a manifest at most
    digest = told[told.index("sha256:") :].split()[0]
    engine.docker("rmi", "-f", name)
    engine.docker("pull", "-q", f"{engine.host}/mine/busybox@{digest}")
    assert digest in engine.docker(
        "image", "inspect", "-f", "{{.RepoDigests}}", f"{engine.host}/mine/busybox@{digest}"
    )


def test_what_the_engine_has_is_served_by_its_name(engine, tmp_path):
    skopeo = need("skopeo")
    engine.docker("tag", "busybox", f"{engine.host}/never/pushed:2")
    for name in ("never/pushed:2", "busybox:latest"):
        run(skopeo, "copy", "--quiet", "--src-tls-verify=false", f"docker://{engine.host}/{name}",
            f"dir:{tmp_path}/{name.replace('/', '-')}")  # fmt: skip
    run(skopeo, "inspect", "--tls-verify=false", f"docker://{engine.host}/never/pushed:3", code=1)


def test_removing_the_image_does_not_take_what_was_pushed(engine, tmp_path):
    skopeo, name = need("skopeo"), f"{engine.host}/kept:1"
    engine.docker("tag", "busybox", name)
    engine.docker("push", "-q", name)
    engine.docker("rmi", "-f", name, "busybox")
    engine.docker("image", "prune", "-af")
    run(skopeo, "copy", "--quiet", "--src-tls-verify=false", f"docker://{name}", f"dir:{tmp_path}/kept")
    engine.docker("pull", "-q", name)
    assert engine.docker("run", "--rm", "--network", "none", name, "echo", "here") == "here"


def test_the_engine_and_a_registry_of_its_own_process(engine, registry):
    name = f"{registry.host}/engine/busybox:1"
    engine.docker("tag", "busybox", name)
    assert "Pushed" in engine.docker("push", name)
    assert "Layer already exists" in engine.docker("push", name)
    engine.docker("rmi", "-f", name, "busybox")
    assert "Downloaded newer image" in engine.docker("pull", name)
    assert engine.docker("run", "--rm", "--network", "none", name, "echo", "here") == "here"


def test_docker_logs_in(engine, make_registry, tmp_path):
    (tmp_path / "users").write_text(f"ann:{bcrypt('secret')}\n")
    registry = make_registry("--users", tmp_path / "users")
    name = f"{registry.host}/x:1"
    engine.docker("tag", "busybox", name)
    assert "no basic auth credentials" in engine.fails("push", name)
    assert "401 Unauthorized" in engine.fails("login", "-u", "ann", "-p", "wrong", registry.host)
    engine.docker("login", "-u", "ann", "-p", "secret", registry.host)
    engine.docker("push", "-q", name)


def test_python_docker(engine, registry):
    docker = pytest.importorskip("docker")
    client = docker.DockerClient(base_url=f"unix://{engine.socket}", version="1.41")
    image = client.images.get("busybox")
    repository = f"{registry.host}/python/busybox"
    assert image.tag(repository, "1")
    lines = list(client.images.push(repository, "1", stream=True, decode=True))
    digest = next(line["aux"]["Digest"] for line in lines if "aux" in line)
    assert digest == registry.call("HEAD", "/v2/python/busybox/manifests/1")["Docker-Content-Digest"]
    client.images.remove(f"{repository}:1", force=True)
    assert client.images.pull(repository, "1").attrs["RepoDigests"] == [f"{repository}@{digest}"]
    assert client.images.get_registry_data(f"{repository}:1").id == digest
    client.close()
