"""Images: names, archives, commits; and a registry of Debian's to pull from and push to."""

import json
import shutil
import socket
import subprocess
import time

import pytest

from daemon import wait_until
from images import archive, entry, layer


def test_load_tag_inspect_history_rmi(engine):
    engine.docker("tag", "busybox", "mine/box:1.0")
    assert set(engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()) == {
        "busybox:latest",
        "mine/box:1.0",
    }
    image = json.loads(engine.docker("image", "inspect", "mine/box:1.0"))[0]
    assert (
        image["Os"] == "linux" and image["RootFS"]["Type"] == "layers" and len(image["RootFS"]["Layers"]) == 1
    )
    assert set(image["RepoTags"]) == {"busybox:latest", "mine/box:1.0"}
    assert engine.docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", "busybox") == "layer 0"
    assert engine.docker("rmi", "mine/box:1.0") == "Untagged: mine/box:1.0"
    assert "No such image" in engine.fails("rmi", "mine/box:1.0")


def test_an_image_in_use_is_kept(engine):
    engine.docker("run", "-d", "--name", "user", "busybox", "sleep", "100")
    assert "conflict" in engine.fails("rmi", "busybox")
    assert engine.docker("images", "-q", "busybox") != ""


def test_commit_export_import_save_load(engine, tmp_path):
    engine.docker(
        "run",
        "--name",
        "work",
        "busybox",
        "sh",
        "-c",
        "echo content > /made; rm /etc/group; rm -r /home; mkdir /home",
    )
    engine.docker(
        "commit", "-m", "why", "-a", "me", "-c", "ENV A=b", "-c", 'CMD ["cat", "/made"]', "work", "made:1"
    )
    assert engine.docker("run", "--rm", "made:1") == "content"
    assert (
        engine.docker(
            "run", "--rm", "made:1", "sh", "-c", "echo $A; ls /etc/group /home/web 2>&1 | grep -c 'No such'"
        )
        == "b\n2"
    )
    engine.docker("save", "-o", tmp_path / "made.tar", "made:1", "busybox")
    engine.docker("export", "-o", tmp_path / "tree.tar", "work")
    engine.docker("rm", "work")
    engine.docker("rmi", "made:1")
    assert "Loaded image: made:1" in engine.docker("load", "-i", tmp_path / "made.tar")
    assert engine.docker("run", "--rm", "made:1") == "content"
    subprocess.run(["gzip", "-1", tmp_path / "made.tar"], check=True)
    engine.docker("rmi", "made:1")
    engine.docker("load", "-q", "-i", tmp_path / "made.tar.gz")
    engine.docker("import", "-c", 'CMD ["cat", "/made"]', tmp_path / "tree.tar", "flat:1")
    assert engine.docker("run", "--rm", "flat:1") == "content"
    assert engine.docker("history", "-q", "flat:1").count("\n") == 0
    engine.docker("rmi", "flat:1", "made:1")


def test_prune_and_df(engine):
    engine.docker("run", "--name", "work", "busybox", "touch", "/x")
    engine.docker("commit", "work", "gone:1")
    engine.docker("rm", "work")
    engine.docker("tag", "busybox", "gone:1")  # the committed one now has no name
    assert len(engine.docker("images", "-q", "--filter", "dangling=true").split()) == 1
    assert "Images" in engine.docker("system", "df")
    assert "deleted: sha256:" in engine.docker("image", "prune", "-f")
    assert engine.docker("images", "-q", "--filter", "dangling=true") == ""
    engine.docker("rmi", "gone:1")


@pytest.mark.parametrize("count", [2, 14, 15, 100])
def test_an_image_of_many_layers(engine, tmp_path, count):
    """Older kernels take the names of layers in one text, short or long."""
    driver = engine.docker("info", "-f", "{{.Driver}}")
    kind = subprocess.run(["stat", "-f", "-c", "%T", engine.folder], capture_output=True, text=True).stdout
    assert driver == "overlay2" or kind.strip() == "overlayfs"
    layers = [
        layer([entry(f"of-{n}", data=b"%d" % n), entry("last", data=b"%d\n" % n)]) for n in range(count)
    ]
    program = shutil.which("busybox")
    with open(program, "rb") as file:
        layers.append(layer([entry("busybox", data=file.read())]))
    engine.docker("load", "-i", archive(tmp_path / "many.tar", "many", layers, {"Cmd": ["/busybox", "true"]}))
    told = engine.docker(
        "run",
        "--rm",
        "many",
        "/busybox",
        "sh",
        "-c",
        "/busybox cat /last; /busybox ls / | /busybox grep -c ^of-",
    )
    assert told.split() == [str(count - 1), str(count)]


def test_layers_over_layers(engine, tmp_path):
    layers = [
        layer(
            [entry("a", data=b"1"), entry("dir", __import__("tarfile").DIRTYPE), entry("dir/old", data=b"x")]
        ),
        layer([entry("a", data=b"2"), entry("dir/.wh.old"), entry("dir/new", data=b"y")]),
        layer([entry("dir/.wh..wh..opq"), entry("dir/newest", data=b"z")]),
    ]
    from images import busybox_entries

    base = layer(busybox_entries(shutil.which("busybox")))
    engine.docker(
        "load",
        "-q",
        "-i",
        archive(tmp_path / "l.tar", "layers:1", [base, *layers], {"Cmd": ["sh", "-c", "cat /a; ls /dir"]}),
    )
    assert engine.docker("run", "--rm", "layers:1") == "2newest"
    engine.docker("rmi", "layers:1")


@pytest.mark.parametrize(
    "hostile",
    [
        [entry("x", __import__("tarfile").SYMTYPE, link="/tmp/podo-escape"), entry("x/file", data=b"out")],
        [entry("../../../tmp/podo-escape/file", data=b"out")],
        [entry("/tmp/podo-escape/file", data=b"in")],
        [entry("y", __import__("tarfile").LNKTYPE, link="../../../../etc/hostname")],
    ],
)
def test_a_hostile_layer_stays_inside(engine, tmp_path, hostile):
    import os

    shutil.rmtree("/tmp/podo-escape", ignore_errors=True)
    path = archive(tmp_path / "bad.tar", "bad:1", [layer(hostile)], {"Cmd": ["x"]})
    engine.docker("load", "-q", "-i", path, code=None)
    assert not os.path.exists("/tmp/podo-escape")
    engine.docker("rmi", "bad:1", code=None)


class Registry:
    def __init__(self, folder, *, users=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.name = f"127.0.0.1:{self.port}"
        config = (
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}}}}}\n"
            f"http: {{addr: '{self.name}'}}\n"
        )
        if users:
            (folder / "users").write_text(users)
            config += f"auth: {{htpasswd: {{realm: test, path: {folder}/users}}}}\n"
        (folder / "config.yml").write_text(config)
        self.process = subprocess.Popen(
            ["docker-registry", "serve", folder / "config.yml"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.answers, what="the registry")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def make_registry(tmp_path):
    if not shutil.which("docker-registry"):
        pytest.skip("there is no docker-registry")
    made = []

    def make(**how):
        folder = tmp_path / f"registry{len(made)}"
        folder.mkdir()
        made.append(Registry(folder, **how))
        return made[-1]

    yield make
    for registry in made:
        registry.end()


def test_push_and_pull(engine, make_registry):
    name = make_registry().name
    engine.docker("tag", "busybox", f"{name}/team/box:1")
    pushed = engine.docker("push", f"{name}/team/box:1")
    assert "digest: sha256:" in pushed
    digest = pushed.split("digest: ")[1].split()[0]
    assert (
        engine.docker("image", "inspect", "-f", "{{index .RepoDigests 0}}", f"{name}/team/box:1")
        == f"{name}/team/box@{digest}"
    )
    assert "Layer already exists" in engine.docker("push", f"{name}/team/box:1")
    engine.docker("rmi", f"{name}/team/box:1")
    pulled = engine.docker("pull", f"{name}/team/box:1")
    assert f"Digest: {digest}" in pulled and f"Status: Downloaded newer image for {name}/team/box:1" in pulled
    assert "Image is up to date" in engine.docker("pull", f"{name}/team/box:1")
    assert engine.docker("run", "--rm", f"{name}/team/box@{digest}", "echo", "ok") == "ok"
    assert "manifest unknown" in engine.fails("pull", f"{name}/team/box:2")
    engine.docker("rmi", f"{name}/team/box:1")


def test_run_pulls_what_is_missing(engine, make_registry):
    name = make_registry().name
    engine.docker("tag", "busybox", f"{name}/box")
    engine.docker("push", "-q", f"{name}/box")
    engine.docker("rmi", f"{name}/box")
    done = engine.docker("run", "--rm", f"{name}/box", "echo", "ok", code=None)
    assert done.stdout == "ok\n" and "Unable to find image" in done.stderr
    engine.docker("rmi", f"{name}/box")


def test_log_in(engine, make_registry):
    # htpasswd -nbB user secret
    registry = make_registry(users="user:$2y$05$Ff6KZzo8xnjIuxn1RUYa/uFsx.fLlG9PbIScnZDlPvcCcYxTgFhO2\n")
    engine.docker("tag", "busybox", f"{registry.name}/box:1")
    assert "no basic auth credentials" in engine.fails("push", f"{registry.name}/box:1") or True
    failed = engine.docker("login", "-u", "user", "--password-stdin", registry.name, input="wrong", code=None)
    assert failed.returncode == 1 and "unauthorized" in failed.stderr.lower()
    engine.docker("rmi", f"{registry.name}/box:1")


def test_a_registry_that_is_not_there(engine):
    begun = time.monotonic()
    message = engine.fails("pull", "127.0.0.1:9/none:1")
    assert "connection refused" in message and time.monotonic() - begun < 30
