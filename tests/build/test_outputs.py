"""What becomes of a build's result: names, files, archives; the same again, bit for bit."""

import json
import shutil
import subprocess
import tarfile

import pytest

EPOCH = 1_600_000_000


@pytest.fixture
def context(folder):
    context = folder / "context"
    context.mkdir()
    (context / "a").write_text("a")
    (context / "Dockerfile").write_text(
        "FROM busybox AS one\nRUN mkdir /out && echo made > /out/made && chown 1000:29 /out/made\n"
        "FROM scratch\nCOPY a /\nCOPY --from=one /out /out\nLABEL x=y\nCMD [\"/a\"]\n"
    )
    return context


def test_several_names_and_the_id_in_a_file(builder, engine, context, folder):
    tags = ("-t", "second:name", "-t", "127.0.0.1:5000/third")
    builder.build(context, *tags, "--iidfile", folder / "id").image
    ids = {engine.inspect(name)["Id"] for name in ("case", "second:name", "127.0.0.1:5000/third")}
    assert ids == {(folder / "id").read_text().strip()}


def test_a_build_without_a_name(builder, engine, context, folder):
    assert builder.build(context, "--iidfile", folder / "id", tag=None).code == 0
    assert engine.inspect((folder / "id").read_text().strip())["Config"]["Cmd"] == ["/a"]


def test_quiet_says_only_the_id(builder, engine, context):
    if builder.name == "buildkit":
        pytest.skip("it says nothing with --progress")
    built = builder.build(context, "-q")
    assert built.output.replace(built.error, "").strip() == engine.inspect("case")["Id"]


def test_a_failed_build_moves_no_name(builder, engine, context, folder):
    builder.build(context).image
    before = engine.inspect("case")["Id"]
    (context / "Dockerfile").write_text("FROM busybox\nRUN false\n")
    assert builder.build(context, "--iidfile", folder / "id").code != 0
    assert engine.inspect("case")["Id"] == before and not (folder / "id").exists()


def test_the_exit_code_of_a_failed_command(builder, context):
    (context / "Dockerfile").write_text("FROM busybox\nRUN echo said; exit 42\n")
    built = builder.build(context)
    assert built.code == (1 if builder.name == "buildkit" else 42), str(built)


def test_files_into_a_folder(podo, context, folder):
    assert podo.build(context, "-o", f"type=local,dest={folder}/result", tag=None).code == 0
    assert (folder / "result/a").read_text() == "a"
    made = folder / "result/out/made"
    assert made.read_text() == "made\n"
    assert podo.build(context, "-o", folder / "again", tag=None).code == 0
    assert (folder / "again/a").read_text() == "a"


def test_files_into_an_archive(podo, context, folder):
    assert podo.build(context, "-o", f"type=tar,dest={folder}/result.tar", tag=None).code == 0
    with tarfile.open(folder / "result.tar") as archive:
        made = archive.getmember("out/made")
        assert (made.uid, made.gid, archive.extractfile(made).read()) == (1000, 29, b"made\n")
    done = subprocess.run(
        podo.words(context, ["-o", "-"], None), env=podo.environment, capture_output=True, check=True
    )
    (folder / "stdout.tar").write_bytes(done.stdout)
    with tarfile.open(folder / "stdout.tar") as archive:
        assert "a" in archive.getnames()


@pytest.mark.podo
def test_an_archive_that_docker_loads(podo, engine, context, folder):
    assert podo.build(context, "-o", f"type=docker,dest={folder}/image.tar", tag="carried:1").code == 0
    engine.docker("rmi", "-f", "carried:1", code=None)
    assert "carried:1" in engine.docker("load", "-i", folder / "image.tar")
    assert engine.inspect("carried:1")["Config"]["Labels"] == {"x": "y"}


SKOPEO = pytest.mark.skipif(not shutil.which("skopeo"), reason="there is no skopeo")


def skopeo(*words):
    done = subprocess.run(["skopeo", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@SKOPEO
@pytest.mark.podo
def test_an_oci_archive(podo, context, folder):
    assert podo.build(context, "-o", f"type=oci,dest={folder}/image.tar", tag="case:1").code == 0
    config = json.loads(skopeo("inspect", "--config", f"oci-archive:{folder}/image.tar"))
    assert config["config"]["Labels"] == {"x": "y"} and len(config["rootfs"]["diff_ids"]) == 2
    skopeo("copy", "-q", f"oci-archive:{folder}/image.tar", f"dir:{folder}/copied")


@SKOPEO
@pytest.mark.podo
def test_an_index_of_several_platforms(podo, folder):
    context = folder / "context"
    context.mkdir()
    (context / "a-amd64").write_text("for amd64")
    (context / "a-arm64").write_text("for arm64")
    (context / "Dockerfile").write_text(
        "FROM scratch\nARG TARGETARCH\nCOPY a-$TARGETARCH /a\nENV ARCH=$TARGETARCH\n"
    )
    built = podo.build(
        context, "--platform", "linux/amd64,linux/arm64", "-o", f"type=oci,dest={folder}/index.tar"
    )
    assert built.code == 0, str(built)
    skopeo("copy", "-q", "--all", f"oci-archive:{folder}/index.tar", f"oci:{folder}/layout:x")
    index = json.loads((folder / "layout/index.json").read_text())
    if index["manifests"][0]["mediaType"].endswith("image.index.v1+json"):
        digest = index["manifests"][0]["digest"].split(":")[1]
        index = json.loads((folder / "layout/blobs/sha256" / digest).read_text())
    assert {one["platform"]["architecture"] for one in index["manifests"]} == {"amd64", "arm64"}
    for architecture in ("amd64", "arm64"):
        config = json.loads(
            skopeo(
                "--override-arch", architecture, "inspect", "--config", f"oci-archive:{folder}/index.tar"
            )
        )
        assert config["architecture"] == architecture and f"ARCH={architecture}" in config["config"]["Env"]


@pytest.mark.podo
def test_the_same_twice_is_the_same_to_the_bit(podo, context):
    (context / "Dockerfile").write_text(
        "FROM busybox\nRUN mkdir /d && date > /dev/null && echo x > /d/f && ln -s f /d/l\nCOPY a /new/a\n"
        "WORKDIR /w\nADD a /w/\n"
    )
    seen = set()
    for _ in range(2):
        built = podo.build(context, "--no-cache", environment={"SOURCE_DATE_EPOCH": str(EPOCH)})
        seen.add(built.id)
        image = built.image
        assert image.document["created"] == "2020-09-13T12:26:40Z"
        assert all(entry.mtime <= EPOCH for layer in image.layers[1:] for entry in layer.values())
    assert len(seen) == 1
    given = podo.build(context, "--no-cache", "--build-arg", f"SOURCE_DATE_EPOCH={EPOCH}")
    assert {given.id} == seen


@pytest.mark.podo
def test_squash(builder, base, context):
    (context / "Dockerfile").write_text("FROM busybox\nRUN echo 1 > /a\nRUN rm /a && echo 2 > /b\nENV A=1\n")
    if builder.name == "classic":
        pytest.skip("the docker command asks for an experimental daemon")
    image = builder.build(context, "--squash").image
    (layer,) = image.above(base)
    assert "/b" in layer and "/a" not in layer and "A=1" in image.config["Env"]


@pytest.mark.podo
def test_checks_without_a_build(podo, folder):
    context = folder / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM busybox as one\nMAINTAINER me\nWORKDIR relative\nRUN false\n")
    built = podo.build(context, "--check")
    for rule in ("FromAsCasing", "MaintainerDeprecated", "WorkdirRelativePath"):
        assert rule in built.output, str(built)
    assert "Dockerfile:2" in built.output
