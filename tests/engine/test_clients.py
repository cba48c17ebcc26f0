"""Other clients: python3-docker and docker-compose, as Debian packages them."""

import importlib.util
import os
import shutil
import subprocess

import pytest

from daemon import COMPOSE, wait_until


def test_the_allocator_takes_its_settings(request):
    """One it does not know would be told to everybody by every command."""
    command = [request.config.podo, "--version"]
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""
    asked = {**os.environ, "MALLOC_CONF": "confirm_conf:true"}
    told = subprocess.run(command, capture_output=True, check=True, text=True, env=asked).stderr
    taken = {line.split("value: ")[1] for line in told.splitlines() if "Set conf value: " in line}
    assert {"narenas:1", "dirty_decay_ms:3000", "tcache_nslots_small_max:20"} <= taken and len(taken) == 8
    assert "Invalid" not in told


@pytest.fixture
def client(engine):
    docker = pytest.importorskip("docker", reason="there is no python3-docker")
    client = docker.DockerClient(base_url=f"unix://{engine.socket}")
    yield client
    client.close()


def test_the_python_client_runs_containers(client):
    assert client.containers.run("busybox", ["echo", "hi"], remove=True) == b"hi\n"
    container = client.containers.run(
        "busybox",
        ["sh", "-c", "echo started; exec sleep 100"],
        detach=True,
        name="py",
        labels={"a": "b"},
        environment={"X": "1"},
        mem_limit="32m",
        ports={"80/tcp": None},
    )
    assert container.status in ("created", "running")
    container.reload()
    assert container.status == "running" and container.labels["a"] == "b"
    assert container.exec_run(["sh", "-c", "echo $X; exit 3"]) == (3, b"1\n")
    out, err = container.exec_run(["sh", "-c", "echo o; echo e >&2"], demux=True).output
    assert (out, err) == (b"o\n", b"e\n")
    wait_until(lambda: container.logs() == b"started\n")
    assert container.stats(stream=False)["memory_stats"]["limit"] == 32 << 20
    assert container.top()["Titles"]
    assert [one.name for one in client.containers.list(filters={"label": "a=b"})] == ["py"]
    assert container.ports["80/tcp"][0]["HostPort"]
    container.pause()
    container.reload()
    assert container.status == "paused"
    container.unpause()
    container.stop(timeout=0)
    assert container.wait()["StatusCode"] == 137
    container.remove()


def test_the_python_client_speaks_of_images_networks_and_volumes(client):
    import docker

    assert client.ping() and client.version()["Os"] == "linux" and client.info()["Images"] >= 1
    image = client.images.get("busybox")
    assert image.tag("again", tag="1")
    assert {"again:1", "busybox:latest"} <= {tag for one in client.images.list() for tag in one.tags}
    client.images.remove("again:1")
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get("again:1")
    network = client.networks.create(
        "pynet",
        driver="bridge",
        ipam=docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet="10.78.0.0/24")]),
    )
    volume = client.volumes.create("pyvol", labels={"k": "v"})
    container = client.containers.create(
        "busybox", ["sleep", "100"], volumes={"pyvol": {"bind": "/v", "mode": "rw"}}
    )
    network.connect(container, ipv4_address="10.78.0.20")
    container.start()
    network.reload()
    assert network.attrs["Containers"][container.id]["IPv4Address"] == "10.78.0.20/24"
    bits, stat = container.get_archive("/etc/passwd")
    assert stat["name"] == "passwd" and b"root:" in b"".join(bits)
    container.remove(force=True)
    volume.remove()
    network.remove()
    with pytest.raises(docker.errors.NotFound):
        client.containers.get(container.id)


def test_the_python_client_attaches_and_follows_events(client):
    events = client.events(decode=True, filters={"type": "container"})
    container = client.containers.create("busybox", ["cat"], stdin_open=True)
    socket = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    container.start()
    socket._sock.sendall(b"typed\n")
    assert socket._sock.recv(100)[8:] == b"typed\n"
    socket._sock.close()
    assert [next(events)["Action"] for _ in range(3)] == ["create", "attach", "start"]
    events.close()
    container.remove(force=True)


COMPOSE_FILE = """
version: "3.8"
services:
  db:
    image: busybox
    command: sh -c "echo data > /data/file; while :; do nc -l -p 5000 -e cat /data/file; done"
    volumes: [data:/data]
    networks: [back]
    healthcheck: {test: ["CMD", "test", "-e", "/data/file"], interval: 1s}
  app:
    image: busybox
    command: sh -c "while :; do nc -l -p 6000 -e nc db 5000; done"
    depends_on: [db]
    networks: [back, front]
    environment: {MODE: test}
  web:
    image: busybox
    command: sh -c "while :; do nc -l -p 80 -e nc app 6000; done"
    depends_on: [app]
    networks: [front]
    ports: ["127.0.0.1:0:80"]
    restart: unless-stopped
volumes: {data: {}}
networks: {back: {}, front: {}}
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
def test_compose_brings_up_three_services(engine, tmp_path, program):
    if program is None:
        pytest.skip("there is no docker-compose")
    import socket

    (tmp_path / "docker-compose.yml").write_text(COMPOSE_FILE)

    def compose(*words):
        done = subprocess.run(
            [*program, "-p", "three", *words],
            cwd=tmp_path,
            env=engine.environment,
            timeout=120,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}\n{engine.tail()}"
        return done.stdout + done.stderr

    compose("up", "-d")
    port = int(compose("port", "web", "80").strip().rsplit(":", 1)[1])

    def through():
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.settimeout(5)
                return connection.recv(100)
        except OSError:
            return b""

    assert wait_until(through, 20) == b"data\n"
    assert "web" in compose("ps")
    assert "test" in compose("exec", "-T", "app", "sh", "-c", "echo $MODE")
    compose("restart", "-t", "0", "db")
    wait_until(lambda: through() == b"data\n", 20)
    compose("logs", "web")
    compose("up", "-d", "--scale", "app=2")
    compose("stop", "-t", "0")
    compose("start")
    compose("down", "-v", "-t", "0")
    assert engine.docker("ps", "-aq") == "" and "three_data" not in engine.docker("volume", "ls", "-q")
