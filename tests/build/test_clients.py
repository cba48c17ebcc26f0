"""Clients of the build API: plain HTTP, python3-docker, docker-compose."""

import io
import json
import shutil
import subprocess

import pytest
from corpus import pack
from daemon import COMPOSE, wait_until
from stream import post_build


def tar(dockerfile, **files):
    return pack({"Dockerfile": dockerfile, **files})


# --- HTTP ---------------------------------------------------------------------------------------------------
def test_the_lines_of_a_build(engine):
    events = post_build(engine, tar("FROM busybox\nENV A=1\nRUN echo said\n"), t="case", nocache="1", rm="1")
    assert events.status == 200
    lines = events.text.split("\n")
    assert lines[0] == "Step 1/3 : FROM busybox" and "Step 2/3 : ENV A=1" in lines and "said" in lines, events
    assert any(line.startswith(" ---> Running in ") for line in lines), events
    assert any(line.startswith(" ---> Removed intermediate container ") for line in lines), events
    short = events.id.removeprefix("sha256:")[:12]
    assert f"Successfully built {short}" in lines and "Successfully tagged case:latest" in lines
    assert f" ---> {short}" in lines
    assert engine.inspect("case")["Id"] == events.id


def test_the_lines_of_a_cached_build(engine):
    archive = tar("FROM busybox\nRUN echo cached > /a\nRUN echo cached > /b\n")
    post_build(engine, archive)
    assert post_build(engine, archive).text.count(" ---> Using cache\n") == 2


def test_quiet(engine):
    events = post_build(engine, tar("FROM busybox\nRUN echo said\n"), q="1", nocache="1")
    assert engine.inspect(events.text.strip())["RootFS"] and "said" not in events.text


def test_the_line_of_a_failed_command(engine):
    events = post_build(engine, tar("FROM busybox\nRUN echo said; exit 3\n"), nocache="1")
    message = "The command '/bin/sh -c echo said; exit 3' returned a non-zero code: 3"
    assert events.status == 200 and "said\n" in events.text
    assert events.lines[-1] == {"errorDetail": {"code": 3, "message": message}, "error": message}


def test_the_line_of_another_failure(engine):
    events = post_build(engine, tar("FROM busybox\nCOPY nothing /\n"))
    assert events.status == 200 and events.lines[-1]["error"] == events.lines[-1]["errorDetail"]["message"]


@pytest.mark.parametrize(
    "query, message",
    [
        ({"t": "Upper"}, "must be lowercase"),
        ({"t": "a:b:c"}, "invalid reference format"),
        ({"buildargs": "no json"}, "error reading build args"),
        ({"labels": "[1]"}, "error reading labels"),
        ({"platform": "no/such/thing/at/all"}, "platform"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_query_that_is_wrong(engine, query, message):
    events = post_build(engine, tar("FROM busybox\n"), **query)
    assert events.status in (400, 500) and message in events.failure, events


def test_a_dockerfile_that_is_wrong_answers_with_a_status(engine):
    events = post_build(engine, tar("FROM busybox\nBOGUS\n"))
    assert events.status == 400 and "unknown instruction: BOGUS" in events.failure, events


def test_a_body_that_is_no_archive(engine):
    events = post_build(engine, b"this is no archive" * 100)
    assert events.status >= 400 or events.failure, events


@pytest.mark.parametrize("name", ["../outside", "/absolute", "a/../../b"])
def test_an_archive_that_leads_out(engine, base, name):
    events = post_build(engine, pack({"Dockerfile": "FROM busybox\nCOPY . /c/\n", name: "x"}), t="case")
    if not events.failure:
        assert all(path.startswith("/c") for path in events.image(engine).above(base)[0])


def test_all_the_options(engine):
    archive = pack({"sub/other": "FROM busybox AS one\nARG A\nENV A=$A\nFROM busybox\nRUN false\n"})
    events = post_build(
        engine,
        archive,
        dockerfile="sub/other",
        target="one",
        t="case",
        buildargs=json.dumps({"A": "given", "B": None}),
        labels=json.dumps({"l": "1"}),
        memory=64 << 20,
        memswap=64 << 20,
        cpushares=100,
        cpuperiod=100000,
        cpuquota=50000,
        shmsize=1 << 20,
        networkmode="none",
        extrahosts="a:1.2.3.4",
        ulimits=json.dumps([{"Name": "nofile", "Soft": 100, "Hard": 200}]),
        cachefrom=json.dumps(["no/such:image"]),
        forcerm="1",
        version="1",
        headers={"X-Registry-Config": "e30="},
    )
    config = events.image(engine).config
    assert "A=given" in config["Env"] and config["Labels"] == {"l": "1"}


@pytest.mark.podo
def test_buildkit_is_told_what_to_do(engine):
    events = post_build(engine, tar("FROM busybox\n"), version="2", session="x", buildid="y")
    assert "DOCKER_BUILDKIT=0" in events.failure, events


# --- python3-docker -----------------------------------------------------------------------------------------
@pytest.fixture
def client(engine):
    docker = pytest.importorskip("docker", reason="there is no python3-docker")
    client = docker.DockerClient(base_url=f"unix://{engine.socket}")
    yield client
    client.close()


def test_python_builds_from_a_file(client):
    image, log = client.images.build(
        fileobj=io.BytesIO(b"FROM busybox\nMAINTAINER docker-py\nRUN mkdir -p /tmp/test\nEXPOSE 8080\n"),
        tag="case:py",
        rm=True,
        labels={"test": "true"},
    )
    assert image.labels == {"test": "true"} and "case:py" in image.tags
    text = "".join(line.get("stream", "") for line in log)
    assert " : FROM busybox" in text and "Successfully built" in text


def test_python_builds_from_a_folder(client, folder):
    (folder / "Dockerfile").write_text("FROM busybox\nCOPY . /test\n")
    (folder / ".dockerignore").write_text("ignored\nnot/*\n!not/this\n# a comment\n")
    for name in ("ignored", "kept", "not/that", "not/this"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    image, _ = client.images.build(path=str(folder), tag="case")
    found = client.containers.run(image, ["find", "/test", "-type", "f"], remove=True).decode().split()
    assert sorted(found) == ["/test/.dockerignore", "/test/Dockerfile", "/test/kept", "/test/not/this"]


def test_python_builds_from_an_archive(client):
    archive = tar("FROM busybox\nCOPY a /a\n", a="in the archive")
    image, _ = client.images.build(fileobj=io.BytesIO(archive), custom_context=True, tag="case")
    assert client.containers.run(image, ["cat", "/a"], remove=True) == b"in the archive"


def test_python_reads_the_lines(client):
    lines = list(client.api.build(fileobj=io.BytesIO(b"FROM busybox\nRUN echo said\n"), decode=True, rm=True))
    assert any("Step 2/2" in line.get("stream", "") for line in lines)
    assert all(set(line) <= {"stream", "aux"} for line in lines), lines


def test_python_gets_the_log_of_a_failure(client):
    import docker

    with pytest.raises(docker.errors.BuildError) as failure:
        client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN echo said; exit 500\n"), nocache=True)
    assert "returned a non-zero code: 244" in str(failure.value)  # 500 & 0xff
    assert any("said" in line.get("stream", "") for line in failure.value.build_log)


def test_python_options(client):
    text = b"FROM busybox AS one\nARG A\nENV A=$A\n"
    text += b"RUN hostname > /h; grep extra /etc/hosts > /e\nFROM busybox\n"
    image, _ = client.images.build(
        fileobj=io.BytesIO(text),
        tag="case",
        target="one",
        buildargs={"A": "given"},
        extra_hosts={"extra": "1.2.3.4"},
        shmsize=1 << 20,
        container_limits={"memory": 64 << 20},
        network_mode="bridge",
        nocache=True,
        forcerm=True,
        cache_from=["busybox"],
        platform="linux",
    )
    assert "A=given" in image.attrs["Config"]["Env"]
    assert b"1.2.3.4" in client.containers.run(image, ["cat", "/e"], remove=True)


def test_python_is_told_of_a_bad_network(client):
    import docker

    with pytest.raises((docker.errors.BuildError, docker.errors.APIError)):
        client.images.build(
            fileobj=io.BytesIO(b"FROM busybox\nRUN true\n"), network_mode="no-such-network", nocache=True
        )


def test_python_is_told_of_a_dockerfile_outside(client, folder):
    (folder / "context").mkdir()
    (folder / "file").write_text("FROM busybox\nENV A=outside\n")
    image, _ = client.images.build(path=str(folder / "context"), dockerfile=str(folder / "file"), tag="case")
    assert "A=outside" in image.attrs["Config"]["Env"]


# --- docker-compose -----------------------------------------------------------------------------------------
COMPOSE_FILE = """
services:
  web:
    build:
      context: ./web
      dockerfile: Other
      args: {WHO: compose}
      target: final
      labels: {built: by-compose}
    image: case-compose:1
    command: sh -c "while :; do nc -l -p 80 -e cat /who; done"
    stop_signal: SIGKILL
  side:
    build: ./side
    stop_signal: SIGKILL
    depends_on: [web]
"""


def compose_programs():
    found = []
    if shutil.which("docker-compose"):
        found.append(["docker-compose"])
    if COMPOSE.exists():
        found.append(["docker", "compose"])
    return found


@pytest.mark.parametrize(
    "program", compose_programs() or [None], ids=lambda words: "-".join(words or ["none"])
)
def test_compose_builds_and_brings_up(engine, folder, program):
    if program is None:
        pytest.skip("there is no docker-compose")
    (folder / "web").mkdir()
    (folder / "side").mkdir()
    (folder / "web/Other").write_text(
        "FROM busybox AS final\nARG WHO=nobody\nCOPY file /file\nRUN echo $WHO > /who\n"
        "FROM busybox\nRUN false\n"
    )
    (folder / "web/file").write_text("x")
    (folder / "side/Dockerfile").write_text('FROM busybox\nRUN echo side > /side\nCMD ["sleep", "1000"]\n')
    (folder / "docker-compose.yml").write_text('version: "3.8"\n' + COMPOSE_FILE)

    def compose(*words, code=0):
        done = subprocess.run(
            [*program, "-p", "built", *words],
            cwd=folder,
            env={**engine.environment, "DOCKER_BUILDKIT": "0"},
            timeout=120,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}\n{engine.tail()}"
        return done.stdout + done.stderr

    try:
        compose("up", "-d", "--build")
        wait_until(lambda: "compose" in compose("exec", "-T", "web", "cat", "/who"))
        assert compose("exec", "-T", "side", "cat", "/side").splitlines()[-1] == "side"
        labels = engine.inspect("case-compose:1")["Config"]["Labels"]
        assert labels["built"] == "by-compose"
        (folder / "side/Dockerfile").write_text(
            'FROM busybox\nRUN echo changed > /side\nCMD ["sleep", "1000"]\n'
        )
        compose("rm", "-s", "-f", "side")
        compose("up", "-d", "--build")
        assert compose("exec", "-T", "side", "cat", "/side").splitlines()[-1] == "changed"
        (folder / "side/Dockerfile").write_text("FROM busybox\nRUN exit 3\n")
        done = subprocess.run(
            [*program, "-p", "built", "build"],
            cwd=folder,
            env={**engine.environment, "DOCKER_BUILDKIT": "0"},
            capture_output=True,
            text=True,
        )
        assert done.returncode != 0 and "non-zero code: 3" in done.stdout + done.stderr
    finally:
        compose("down", "-v", "-t", "0")
