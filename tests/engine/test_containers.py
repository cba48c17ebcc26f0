"""The life of containers, as the docker CLI asks for it."""

import json
import re
import subprocess
import time

import pytest

from daemon import wait_until


def test_run_shows_output_and_exit_code(engine):
    done = engine.docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3", code=None)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)
    assert engine.docker("ps", "-aq") == ""


def test_run_passes_standard_input_whole(engine):
    data = "".join(f"line {number}\n" for number in range(100_000))
    assert (
        engine.docker("run", "--rm", "-i", "busybox", "sha256sum", input=data).split()[0]
        == __import__("hashlib").sha256(data.encode()).hexdigest()
    )
    assert engine.docker("run", "--rm", "-i", "busybox", "cat", input=data) == data.rstrip("\n")


@pytest.mark.parametrize(
    "words, code, message",
    [
        (["busybox", "nothere"], 127, "executable file not found in $PATH"),
        (["busybox", "/etc/passwd"], 126, "permission denied"),
        (["nosuchimage:1", "true"], 125, "nosuchimage:1"),
        (["--memory", "1m", "busybox", "true"], 125, "Minimum memory limit allowed is 6MB"),
        (["--name", "bad name", "busybox", "true"], 125, "Invalid container name (bad name)"),
        (["--user", "nobodyhere", "busybox", "true"], 125, "unable to find user nobodyhere"),
        (["--network", "nosuchnet", "busybox", "true"], 125, "network nosuchnet not found"),
        (
            ["--mount", "type=bind,source=/nosuchdir,target=/x", "busybox", "true"],
            125,
            "bind source path does not exist",
        ),
    ],
)
def test_what_cannot_be_run_is_told_as_docker_tells_it(engine, words, code, message):
    assert message in engine.fails("run", "--rm", *words, code=code)
    assert engine.docker("ps", "-aq") == ""


def test_detached_life(engine):
    started = engine.docker(
        "run", "-d", "--name", "web", "busybox", "sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.1; done"
    )
    assert re.fullmatch("[0-9a-f]{64}", started)
    assert engine.docker("ps", "--format", "{{.Names}} {{.Image}} {{.State}}") == "web busybox running"
    assert "already in use by container" in engine.fails("run", "--name", "web", "busybox", code=125)
    engine.docker("pause", "web")
    assert engine.inspect("web")["State"]["Status"] == "paused"
    assert "(Paused)" in engine.docker("ps", "--format", "{{.Status}}")
    engine.docker("unpause", "web")
    engine.docker("rename", "web", "site")
    engine.docker("stop", "site")
    state = engine.inspect("site")["State"]
    assert (state["Status"], state["ExitCode"], state["Running"]) == ("exited", 7, False)
    assert engine.docker("wait", "site") == "7"
    engine.docker("start", "site")
    assert "cannot remove" in engine.fails("rm", "site")
    engine.docker("kill", "-s", "KILL", "site")
    wait_until(lambda: engine.inspect("site")["State"]["Status"] == "exited")
    assert engine.inspect("site")["State"]["ExitCode"] == 137
    engine.docker("restart", "-t", "0", "site")
    assert engine.inspect("site")["State"]["Running"]
    assert engine.docker("rm", "-f", "site") == "site"
    assert "No such container: site" in engine.fails("rm", "site")


def test_stop_kills_after_its_grace(engine):
    engine.docker(
        "run", "-d", "--name", "deaf", "busybox", "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"
    )
    begun = time.monotonic()
    engine.docker("stop", "-t", "1", "deaf")
    assert 0.9 < time.monotonic() - begun < 5
    assert engine.inspect("deaf")["State"]["ExitCode"] == 137


def test_create_start_attach(engine):
    engine.docker("create", "--name", "later", "busybox", "echo", "now")
    assert engine.inspect("later")["State"]["Status"] == "created"
    assert engine.docker("start", "-a", "later") == "now"
    assert engine.docker("logs", "later") == "now"
    for _ in range(2):
        assert engine.docker("start", "-a", "later") == "now"


def test_attach_sees_what_comes_and_sends_what_is_typed(engine):
    engine.docker("create", "-i", "--name", "echo", "busybox", "cat")
    assert engine.docker("start", "-a", "-i", "echo", input="hello\n") == "hello"
    engine.docker("run", "-d", "-i", "--name", "stays", "busybox", "cat")
    attached = engine.background("attach", "stays", stdin=subprocess.PIPE)
    attached.stdin.write("typed\n")
    attached.stdin.flush()
    assert attached.stdout.readline() == "typed\n"
    attached.kill()
    attached.communicate()
    assert engine.inspect("stays")["State"]["Running"]


def test_exec(engine):
    engine.docker("run", "-d", "--name", "box", "-e", "A=1", "-w", "/tmp", "busybox", "sleep", "100")
    assert engine.docker("exec", "box", "sh", "-c", "echo $A $PWD; hostname").split()[:2] == ["1", "/tmp"]
    assert (
        engine.docker(
            "exec", "-e", "B=2", "-w", "/etc", "-u", "web", "box", "sh", "-c", "echo $B $PWD $(id -u)"
        )
        == "2 /etc 1000"
    )
    assert engine.docker("exec", "box", "sh", "-c", "exit 9", code=9) == ""
    assert engine.docker("exec", "-i", "box", "cat", input="typed\n") == "typed"
    engine.docker("exec", "-d", "box", "touch", "/tmp/detached")
    wait_until(lambda: engine.docker("exec", "box", "ls", "/tmp") == "detached")
    assert (
        "executable file not found"
        in engine.docker("exec", "box", "nothere", code=None).stderr
        + engine.docker("exec", "box", "nothere", code=None).stdout
    )
    engine.docker("stop", "-t", "0", "box")
    assert "is not running" in engine.fails("exec", "box", "true")


def test_logs(engine):
    engine.docker(
        "run",
        "--name",
        "talk",
        "busybox",
        "sh",
        "-c",
        "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done",
    )
    done = engine.docker("logs", "talk", code=None)
    assert done.stdout == "".join(f"out {i}\n" for i in range(1, 6))
    assert done.stderr == "".join(f"err {i}\n" for i in range(1, 6))
    both = engine.docker("logs", "-n", "3", "talk", code=None)
    assert len((both.stdout + both.stderr).splitlines()) == 3
    stamped = engine.docker("logs", "-t", "-n", "1", "talk", code=None)
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (out|err) 5\n", stamped.stdout + stamped.stderr)
    assert engine.docker("logs", "--since", "1h", "talk").count("out") == 5
    assert engine.docker("logs", "--until", "1h", "talk") == ""


def test_logs_are_followed_to_the_end(engine):
    engine.docker(
        "run", "-d", "--name", "slow", "busybox", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done"
    )
    assert engine.docker("logs", "-f", "slow") == "1\n2\n3"


def test_log_drivers_and_rotation(engine):
    for driver in ("json-file", "local"):
        engine.docker(
            "run",
            "--name",
            driver,
            "--log-driver",
            driver,
            "--log-opt",
            "max-size=100k",
            "--log-opt",
            "max-file=3",
            "busybox",
            "sh",
            "-c",
            "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done",
        )
        lines = engine.docker("logs", driver).split("\n")
        assert lines[-1] == "line 19999"
        first = int(lines[0].split()[1])
        assert 0 < first < 19_000, "the oldest were rotated away, and not all"
        assert lines == [f"line {number}" for number in range(first, 20_000)]
    engine.docker("run", "--name", "mute", "--log-driver", "none", "busybox", "echo", "x")
    assert "configured logging driver does not support reading" in engine.fails("logs", "mute")


def test_restart_policies(engine):
    engine.docker("run", "-d", "--name", "three", "--restart", "on-failure:3", "busybox", "false")
    wait_until(
        lambda: engine.inspect("three")["State"]["Status"] == "exited"
        and engine.inspect("three")["RestartCount"] == 3,
        15,
    )
    engine.docker("run", "-d", "--name", "ever", "--restart", "always", "busybox", "sh", "-c", "sleep 0.1")
    wait_until(lambda: engine.inspect("ever")["RestartCount"] >= 2)
    engine.docker("stop", "-t", "0", "ever")
    count = engine.inspect("ever")["RestartCount"]
    time.sleep(1)
    assert engine.inspect("ever")["RestartCount"] == count
    assert engine.inspect("ever")["State"]["Status"] == "exited"


def test_out_of_memory_is_told(engine):
    code = engine.docker(
        "run",
        "--name",
        "fat",
        "--memory",
        "16m",
        "busybox",
        "sh",
        "-c",
        "exec dd if=/dev/zero of=/dev/null bs=200M",
        code=None,
    ).returncode
    state = engine.inspect("fat")["State"]
    assert code == 137 and state["OOMKilled"] is True


def test_health_checks(engine):
    engine.docker(
        "run",
        "-d",
        "--name",
        "well",
        "--health-cmd",
        "test ! -e /tmp/sick",
        "--health-interval",
        "1s",
        "--health-retries",
        "2",
        "busybox",
        "sleep",
        "100",
    )
    assert engine.inspect("well")["State"]["Health"]["Status"] == "starting"
    wait_until(lambda: engine.inspect("well")["State"]["Health"]["Status"] == "healthy")
    assert "(healthy)" in engine.docker("ps", "--format", "{{.Status}}")
    engine.docker("exec", "well", "touch", "/tmp/sick")
    wait_until(lambda: engine.inspect("well")["State"]["Health"]["Status"] == "unhealthy")
    assert engine.inspect("well")["State"]["Health"]["Log"][-1]["ExitCode"] == 1


def test_top_stats_diff_and_update(engine):
    engine.docker(
        "run",
        "-d",
        "--name",
        "box",
        "--memory",
        "64m",
        "busybox",
        "sh",
        "-c",
        "touch /new; rm /etc/group; sleep 100",
    )
    assert "sleep 100" in wait_until(lambda: engine.docker("top", "box"))
    wait_until(
        lambda: sorted(engine.docker("diff", "box").split("\n")) == ["A /new", "C /etc", "D /etc/group"]
    )
    cells = engine.docker(
        "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}} {{.PIDs}}", "box"
    ).split()
    assert cells[0] == "box" and cells[3] == "64MiB" and cells[4] in ("1", "2")
    engine.docker("update", "--memory", "32m", "--memory-swap", "64m", "--restart", "unless-stopped", "box")
    changed = engine.inspect("box")["HostConfig"]
    assert (changed["Memory"], changed["RestartPolicy"]["Name"]) == (32 << 20, "unless-stopped")
    assert "32MiB" in engine.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", "box")


def test_copying_both_ways(engine, tmp_path):
    engine.docker("run", "-d", "--name", "box", "-v", "data:/data", "busybox", "sleep", "100")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_text("content")
    engine.docker("cp", tmp_path / "in", "box:/data")
    assert engine.docker("exec", "box", "cat", "/data/in/file") == "content"
    engine.docker("exec", "box", "ln", "-s", "/etc/passwd", "/data/link")
    engine.docker("cp", "-L", "box:/data/link", tmp_path / "passwd")
    assert (tmp_path / "passwd").read_text().startswith("root:")
    engine.docker("stop", "-t", "0", "box")
    engine.docker("cp", "box:/data/in", tmp_path / "out")
    assert (tmp_path / "out/file").read_text() == "content"
    assert "Could not find the file /nothing in container box" in engine.fails("cp", "box:/nothing", tmp_path)
    assert engine.docker("cp", "box:/data/in/file", "-", input=b"")[:4] == b"file"


def test_environment_limits_and_security_from_inside(engine):
    inside = engine.docker(
        "run",
        "--rm",
        "--name",
        "inside",
        "--hostname",
        "h1",
        "--domainname",
        "example",
        "-e",
        "X=y",
        "--user",
        "web:audio",
        "--workdir",
        "/srv/new",
        "--read-only",
        "--tmpfs",
        "/scratch:size=1m",
        "--cap-drop",
        "ALL",
        "--cap-add",
        "CHOWN",
        "--pids-limit",
        "50",
        "--ulimit",
        "nofile=100:200",
        "--shm-size",
        "8m",
        "--add-host",
        "other:10.1.2.3",
        "--dns",
        "10.9.8.7",
        "--sysctl",
        "net.ipv4.ip_forward=1",
        "--security-opt",
        "no-new-privileges",
        "--label",
        "a=b",
        "busybox",
        "sh",
        "-c",
        """
        hostname; echo $X; id -u; id -g; pwd; touch /x 2>/dev/null || echo ro
        df -k /scratch | tail -1 | awk '{print $2}'
        awk '/CapBnd|NoNewPrivs|Seccomp:/ {print $2}' /proc/self/status; ulimit -n
        df -k /dev/shm | tail -1 | awk '{print $2}'
        grep other /etc/hosts; grep ^nameserver /etc/resolv.conf
        cat /proc/sys/net/ipv4/ip_forward; echo $HOME""",
    ).split("\n")
    assert inside == [
        "h1",
        "y",
        "1000",
        "29",
        "/srv/new",
        "ro",
        "1024",
        "0000000000000001",
        "1",
        "2",
        "100",
        "8192",
        "10.1.2.3\tother",
        "nameserver 10.9.8.7",
        "1",
        "/home/web",
    ]


def test_the_defaults_are_dockers(engine):
    status = engine.docker("run", "--rm", "busybox", "cat", "/proc/self/status")
    assert re.search(r"CapBnd:\s+00000000a80425fb", status) and re.search(r"Seccomp:\s+2", status)
    assert "Operation not permitted" in engine.docker(
        "run", "--rm", "busybox", "sh", "-c", "unshare -m true 2>&1 || true"
    )
    assert engine.docker(
        "run",
        "--rm",
        "busybox",
        "sh",
        "-c",
        "cat /proc/kcore 2>&1 | wc -c; echo 1 > /proc/sys/kernel/panic || echo ro",
    ).endswith("ro")
    mounts = engine.docker("run", "--rm", "busybox", "cat", "/proc/mounts")
    assert re.search(r" /sys sysfs ro", mounts) and re.search(r"/proc/sys proc ro", mounts)


def test_a_terminal(engine):
    import pty, os, select

    leader, follower = pty.openpty()
    process = engine.background(
        "run",
        "--rm",
        "-it",
        "busybox",
        "sh",
        "-c",
        "tty; stty size; read x; echo got $x",
        stdin=follower,
        start_new_session=True,
    )
    seen = b""
    os.write(leader, b"word\n")
    seen = process.stdout.read()
    assert process.wait(20) == 0
    assert "/dev/pts/0" in seen and "got word" in seen
    os.close(leader), os.close(follower)


def test_events(engine):
    before = engine.docker("run", "--rm", "busybox", "date", "+%s")
    engine.docker("run", "--name", "ev", "--label", "color=red", "busybox", "sh", "-c", "exit 4", code=4)
    engine.docker("rm", "ev")
    events = [
        json.loads(line)
        for line in engine.docker(
            "events",
            "--since",
            str(int(before) - 1),
            "--until",
            str(int(time.time()) + 1),
            "--filter",
            "container=ev",
            "--format",
            "{{json .}}",
        ).splitlines()
    ]
    assert [event["Action"] for event in events] == ["create", "attach", "start", "die", "destroy"]
    died = events[3]["Actor"]["Attributes"]
    assert (died["exitCode"], died["name"], died["image"], died["color"]) == ("4", "ev", "busybox", "red")


def test_filters_of_ps(engine):
    for name in ("box-a", "box-b", "box-c"):
        engine.docker("run", "-d", "--name", name, "--label", f"which={name}", "busybox", "sleep", "100")
    engine.docker("stop", "-t", "0", "box-c")
    names = lambda *words: engine.docker("ps", "--format", "{{.Names}}", *words).split()
    assert names() == ["box-b", "box-a"]
    assert names("-a") == ["box-c", "box-b", "box-a"]
    assert names("-a", "--filter", "status=exited") == ["box-c"]
    assert names("--filter", "label=which=box-a") == ["box-a"]
    assert names("-a", "--filter", "name=^/?box-b$") == ["box-b"]
    assert names("-a", "-n", "1") == ["box-c"]
    assert names("-a", "--filter", "exited=137") == ["box-c"]
    assert names("-a", "--filter", "before=box-b") == ["box-a"]
    assert names("-a", "--filter", "ancestor=busybox") == ["box-c", "box-b", "box-a"]
    assert "invalid filter" in engine.fails("ps", "--filter", "colour=red")


def test_container_prune(engine):
    engine.docker("run", "--name", "old", "busybox", "true")
    engine.docker("run", "-d", "--name", "young", "busybox", "sleep", "100")
    assert "Deleted Containers:" in engine.docker("container", "prune", "-f")
    assert engine.docker("ps", "-a", "--format", "{{.Names}}") == "young"


def test_init_reaps_and_passes_signals_on(engine):
    engine.docker(
        "run", "-d", "--init", "--name", "init", "busybox", "sh", "-c", "(sleep 0.1 &) ; exec sleep 100"
    )
    time.sleep(0.4)
    listed = engine.docker("exec", "init", "ps")
    assert listed.splitlines()[1].split()[2] == "/sbin/docker-init" and not re.search(
        "root +sleep 0.1", listed
    )
    begun = time.monotonic()
    engine.docker("stop", "init")
    assert time.monotonic() - begun < 5


def test_namespaces_of_others(engine):
    engine.docker("run", "-d", "--name", "first", "--ipc", "shareable", "busybox", "sleep", "100")
    link = lambda kind, *words: engine.docker(
        "run", "--rm", *words, "busybox", "readlink", f"/proc/self/ns/{kind}"
    )
    of_first = lambda kind: engine.docker("exec", "first", "readlink", f"/proc/self/ns/{kind}")
    assert link("net", "--network", "container:first") == of_first("net")
    assert link("pid", "--pid", "container:first") == of_first("pid")
    assert link("ipc", "--ipc", "container:first") == of_first("ipc")
    import os

    assert link("uts", "--uts", "host") == os.readlink("/proc/self/ns/uts")
    assert link("net", "--network", "host") == os.readlink("/proc/self/ns/net")
    assert link("pid", "--pid", "host") == os.readlink("/proc/self/ns/pid")
