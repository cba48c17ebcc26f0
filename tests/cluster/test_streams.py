"""logs, exec, attach, port-forward, cp, debug: what kubectl does with a running pod."""

import socket
import subprocess

import pytest

from cluster import Pods, container, pod
from server import wait_until


@pytest.fixture
def pods(each_kubectl):
    return Pods(each_kubectl)


def test_logs(pods):
    command = "for i in 1 2 3 4 5; do echo line $i; done; echo err >&2; sleep 1000"
    pods.run(pod(command=command))
    pods.ready()
    wait_until(lambda: "err" in pods.logs(), what="the last line")
    assert pods.logs().splitlines() == [f"line {i}" for i in range(1, 6)] + ["err"]
    assert pods.logs("p", "--tail=2").splitlines() == ["line 5", "err"]
    stamped = pods.logs("p", "--timestamps", "--tail=1")
    assert stamped.endswith("Z err") and stamped[10] == "T"
    assert pods.logs("p", "--limit-bytes=6") == "line 1"
    assert pods.logs("p", "--since=1h").count("line") == 5
    message = pods.kubectl.fails("logs", "p", "-c", "none")
    assert "container none is not valid for pod p" in message


def test_logs_of_the_run_before(pods):
    pods.run(pod(command="echo run; exit 1"))
    wait_until(lambda: pods.container().get("restartCount", 0) >= 1, 30, lambda: pods.story("p"))
    assert pods.logs("p", "--previous") == "run"


def test_logs_are_followed_to_the_end(pods):
    pods.run(pod(command="for i in 1 2 3; do echo $i; sleep 1; done", restartPolicy="Never"))
    wait_until(lambda: pods.phase() == "Running", 20, lambda: pods.story("p"))
    assert pods.kubectl("logs", "-f", "p", timeout=30) == "1\n2\n3"


def test_exec(pods):
    pods.run(pod(containers=[container("a", "sleep 1000"), container("b", "sleep 1000")], command=None))
    pods.ready()
    assert pods.exec("p", "echo", "hi there", container="b") == "hi there"
    done = pods.kubectl.run("exec", "p", "-c", "a", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.stdout, done.returncode) == ("out\n", 7)
    assert done.stderr.splitlines() == ["err", "command terminated with exit code 7"]
    fed = pods.kubectl.run("exec", "-i", "p", "-c", "a", "--", "cat", input="x" * 300_000)
    assert fed.stdout == "x" * 300_000
    many = pods.exec("p", "sh", "-c", "yes | head -n 200000 | wc -c", container="a")
    assert many == "400000"
    big = pods.kubectl.run("exec", "p", "-c", "a", "--", "sh", "-c", "yes | head -n 500000")
    assert len(big.stdout) == 1_000_000
    missing = pods.kubectl.run("exec", "p", "-c", "a", "--", "/no/such")
    assert missing.returncode != 0 and "no such" in missing.stderr.lower()


def test_a_terminal(pods):
    pods.run(pod(command="sleep 1000"))
    pods.ready()
    command = f"{pods.kubectl.kubectl.program} -n {pods.kubectl.namespace} exec -it p"
    # Its size is awaited for a moment before the command starts; a busy machine may need longer than that,
    # and busybox' stty then says nothing, with success.
    size = "s=$(stty size 2>/dev/null)"
    command += f" -- sh -c 'tty; until {size}; [ \"$s\" ]; do sleep 0.1; done; echo $s; exit 3'"
    environment = {"KUBECONFIG": str(pods.kubectl.kubectl.server.kubeconfig), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["script", "-qec", f"stty rows 33 cols 99; {command}", "/dev/null"],
        env={**environment, "HOME": str(pods.kubectl.home), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert "/dev/pts/0" in done.stdout and "33 99" in done.stdout, done.stdout
    assert done.returncode == 3


def test_attach(pods):
    pods.run(pod(command="read x; echo got $x; sleep 2", stdin=True, stdinOnce=True, restartPolicy="Never"))
    pods.ready()
    done = pods.kubectl.run("attach", "-i", "p", input="word\n", timeout=30)
    assert "got word" in done.stdout, done.stderr


def test_run_and_wait(pods):
    done = pods.kubectl.run(
        "run", "once", "--image=busybox", "--image-pull-policy=IfNotPresent", "--restart=Never", "-i", "--rm",
        "--", "sh", "-c", "sleep 1; echo done", timeout=60,
    )  # fmt: skip
    assert "done" in done.stdout, done.stderr
    assert pods.kubectl.run("get", "pod", "once").returncode != 0


def test_port_forward(pods):
    serve = "mkdir /www; head -c 1000000 /dev/zero | tr '\\0' a > /www/big; echo hi > /www/x; "
    serve += "httpd -f -p 127.0.0.1:8080 -h /www"
    pods.run(pod(command=serve))
    pods.ready()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {"KUBECONFIG": str(pods.kubectl.kubectl.server.kubeconfig), "HOME": str(pods.kubectl.home)}
    forward = subprocess.Popen(
        [pods.kubectl.kubectl.program, "-n", pods.kubectl.namespace, "port-forward", "p", f"{port}:8080"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert "Forwarding from" in forward.stdout.readline()

        def get(path):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                got = b""
                while piece := connection.recv(65536):
                    got += piece
                return got.partition(b"\r\n\r\n")[2]

        assert get("/x") == b"hi\n"
        for _ in range(3):
            assert get("/big") == b"a" * 1_000_000
    finally:
        forward.terminate()
        forward.wait(10)


def test_cp(pods, tmp_path):
    pods.run(pod(command="sleep 1000"))
    pods.ready()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/x").write_text("contents")
    pods.kubectl("cp", tmp_path / "in", "p:/tmp/there")
    assert pods.exec("p", "cat", "/tmp/there/x") == "contents"
    pods.kubectl("cp", "p:/tmp/there", tmp_path / "out")
    assert (tmp_path / "out/x").read_text() == "contents"


def test_debug(pods):
    if pods.kubectl.old:
        pytest.skip("kubectl 1.20 asks for ephemeral containers in a way that 1.36 does not serve")
    pods.run(pod(command="sleep 1000"))
    pods.ready()
    image = ("--image=busybox", "--image-pull-policy=IfNotPresent")
    looks = ("-c", "look", "--target=c", "--", "sh", "-c", "ps -o args; sleep 1000")
    pods.kubectl("debug", "p", *image, *looks)
    wait_until(
        lambda: "running" in pods.container(container="look").get("state", {}), 30, lambda: pods.story("p")
    )
    wait_until(lambda: "sleep 1000" in pods.logs("p", "-c", "look"), what="what it sees")
    assert pods.container()["restartCount"] == 0


def test_who_may_not_exec(pods):
    pods.run(pod(command="sleep 1000"))
    pods.ready()
    pods.kubectl("create", "role", "look", "--verb=get", "--resource=pods")
    pods.kubectl("create", "rolebinding", "look", "--role=look", "--user=somebody")
    message = pods.kubectl.fails("exec", "p", "--as=somebody", "--", "true")
    assert 'User "somebody" cannot' in message and '"pods/exec"' in message
