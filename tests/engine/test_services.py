"""Real services from Debian packages: they serve, keep their data over a recreation, and stop cleanly."""

import socket
import subprocess
import urllib.request

import pytest

from daemon import wait_until


@pytest.fixture(scope="module")
def services(shared_daemon, service_archive):
    def load(name):
        shared_daemon.docker("load", "-q", "-i", service_archive(name), timeout=200)
        return shared_daemon

    return load


def port_of(engine, name, inside):
    return int(engine.docker("port", name, inside).split("\n")[0].rsplit(":", 1)[1])


def test_nginx(services, engine, tmp_path):
    services("nginx")
    (tmp_path / "index.html").write_text("<p>grapes</p>")
    tmp_path.chmod(0o755)
    engine.docker(
        "run", "-d", "--name", "web", "-p", "127.0.0.1::80", "-v", f"{tmp_path}:/var/www/html:ro", "nginx"
    )
    port = port_of(engine, "web", "80")

    def page():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=5).read()
        except OSError:
            return None

    assert wait_until(page) == b"<p>grapes</p>"
    for _ in range(200):
        assert page() == b"<p>grapes</p>"
    wait_until(lambda: engine.docker("logs", "web").count("GET /index.html") >= 201)
    engine.docker("stop", "web")
    assert engine.inspect("web")["State"]["ExitCode"] == 0


def redis(port, *words):
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(
            "".join([f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]).encode()
        )
        return connection.recv(1000)


def test_redis_keeps_its_data(services, engine):
    services("redis")
    for life in (1, 2):
        engine.docker("run", "-d", "--name", "store", "-p", "127.0.0.1::6379", "-v", "redis:/data", "redis")
        port = port_of(engine, "store", "6379")

        def ready():
            try:
                return redis(port, "PING") == b"+PONG\r\n"
            except OSError:
                return False

        wait_until(ready)
        if life == 1:
            assert redis(port, "SET", "fruit", "grape") == b"+OK\r\n"
        assert redis(port, "GET", "fruit") == b"$5\r\ngrape\r\n"
        engine.docker("stop", "store")
        assert engine.inspect("store")["State"]["ExitCode"] == 0
        engine.docker("rm", "store")


def test_postgres_keeps_its_data(services, engine):
    services("postgres")
    for life in (1, 2):
        engine.docker("run", "-d", "--name", "db", "-v", "pg:/data", "--shm-size", "128m", "postgres")
        sql = lambda text: engine.docker(
            "exec", "db", "psql", "-h", "/tmp", "-U", "postgres", "-Atc", text, code=None
        )
        wait_until(lambda: sql("select 1").returncode == 0, 60, "postgres")
        if life == 1:
            assert sql("create table fruit as select 'grape' as name").returncode == 0
        assert sql("select name from fruit").stdout == "grape\n"
        engine.docker("stop", "db")
        assert engine.inspect("db")["State"]["ExitCode"] == 0
        engine.docker("rm", "db")
