"""Builds while they run: side by side, cancelled, with the daemon killed under them; and what they may not
leave behind."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from builders import make_builder
from daemon import wait_until


def write(folder, dockerfile, **files):
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        (context / name).write_text(text)
    return context


def sleepers(seconds):
    """Processes of the machine that sleep that long; nobody else does."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cmdline").read_bytes() == b"sleep\0%s\0" % seconds.encode():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def mounts(engine):
    """Below the daemon's folders."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {line.split()[4] for line in lines if line.split()[4].startswith(str(engine.folder))}


def groups(pid):
    """The cgroups of a process, in every hierarchy."""
    found = set()
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        name = controllers.removeprefix("name=")
        for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", f"/sys/fs/cgroup/{name}"):
            if path != "/" and os.path.isdir(root + path):
                found.add(root + path)
    return found


def containers(engine):
    """Docker's classic builder leaves those of failed steps behind."""
    return engine.docker("ps", "-aq") if engine.is_podo else ""


class Step:
    """A build on its way, in a step that sleeps; and what there has to be nothing of when it has ended."""

    def __init__(self, builder, context, seconds, *options):
        self.engine, self.seconds = builder.engine, seconds
        self.mounts = mounts(self.engine)
        self.process = builder.spawn(context, *options)
        try:
            wait_until(lambda: sleepers(seconds), 30, "the step")
        except AssertionError:
            self.process.kill()
            raise AssertionError(self.process.communicate()[0]) from None
        self.groups = groups(sleepers(seconds)[0])

    def left_nothing(self):
        self.process.stdout.close()
        wait_until(lambda: not sleepers(self.seconds), 20, "the end of the step")
        wait_until(lambda: not any(map(os.path.isdir, self.groups)), 20, "the end of its cgroups")
        wait_until(lambda: mounts(self.engine) <= self.mounts, 20, "the end of its mounts")
        wait_until(lambda: containers(self.engine) == "", 20, "the end of its container")


CLOCK = "cut -d ' ' -f 1 /proc/uptime"


def test_stages_that_do_not_wait_for_each_other_run_at_once(podo, folder):
    stages = "".join(
        f"FROM busybox AS s{number}\nRUN {CLOCK} > /{number}; sleep 1.5; {CLOCK} >> /{number}\n"
        for number in (1, 2)
    )
    context = write(folder, stages + "FROM busybox\nCOPY --from=s1 /1 /\nCOPY --from=s2 /2 /\n")
    tree = podo.build(context, "--no-cache").image.tree()
    (begun1, ended1), (begun2, ended2) = (map(float, tree[path].text.split()) for path in ("/1", "/2"))
    assert max(begun1, begun2) < min(ended1, ended2)


def test_a_failed_stage_ends_the_others(podo, folder):
    context = write(
        folder,
        "FROM busybox AS slow\nRUN sleep 1711\nFROM busybox AS bad\nRUN sleep 0.5; exit 9\n"
        "FROM busybox\nCOPY --from=slow /x /\nCOPY --from=bad /x /\n",
    )
    begun = time.monotonic()
    built = podo.build(context, "--no-cache")
    assert built.code != 0 and re.search("exit code: 9|non-zero code: 9", built.output), str(built)
    assert time.monotonic() - begun < 20
    wait_until(lambda: not sleepers("1711"))


def test_a_failed_build_leaves_nothing(builder, engine, folder):
    context = write(folder, "FROM busybox\nRUN echo x > /x\nRUN false\n")
    before = mounts(engine)
    assert builder.build(context, "--no-cache", "--force-rm").code != 0
    assert containers(engine) == ""
    wait_until(lambda: mounts(engine) <= before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_client_that_goes_leaves_nothing(builder, engine, folder, number):
    context = write(folder, "FROM busybox\nRUN touch /a\nRUN sleep 1712 & sleep 1713\n")
    step = Step(builder, context, "1713", "--no-cache")
    step.process.send_signal(number)
    step.process.wait(20)
    step.left_nothing()
    wait_until(lambda: not sleepers("1712"))
    assert builder.build(write(folder, "FROM busybox\nRUN true\n"), "--no-cache").code == 0


@pytest.mark.podo
@pytest.mark.parametrize("attempt", range(3))
def test_a_daemon_that_is_killed_leaves_nothing(fresh, folder, attempt):
    builder = make_builder("podo", fresh)
    context = write(
        folder,
        "FROM busybox\nRUN echo kept > /kept\nRUN --mount=type=cache,target=/c --mount=target=/s,rw "
        "--mount=type=tmpfs,target=/t sleep 1714\n",
    )
    step = Step(builder, context, "1714")
    time.sleep(attempt * 0.05)
    fresh.kill()
    assert step.process.wait(20) != 0
    fresh.start()
    step.left_nothing()
    assert fresh.docker("images", "-q") != ""
    (context / "Dockerfile").write_text("FROM busybox\nRUN echo kept > /kept\nCOPY Dockerfile /\n")
    assert builder.build(context).image.tree()["/kept"].text == "kept\n"


def test_a_secret_is_nowhere_afterwards(podo, engine, folder):
    secret = "swordfish" + os.urandom(8).hex()
    (folder / "secret").write_text(secret)
    context = write(
        folder,
        "FROM busybox\nRUN --mount=type=secret,id=s cat /run/secrets/s | md5sum > /sum\n"
        "RUN --mount=type=secret,id=s,target=/deep/down/s --mount=type=secret,id=s,env=S test -n $S\n",
    )
    built = podo.build(context, "--secret", f"id=s,src={folder}/secret")
    assert secret not in built.output
    assert secret not in json_of(built.image) and secret not in engine.docker("history", "--no-trunc", "case")
    found = subprocess.run(["grep", "-rl", "--binary-files=text", secret, engine.data], capture_output=True)
    assert found.stdout == b"", found.stdout
    assert secret not in engine.log.read_text()


def json_of(image):
    return repr(image.document) + repr(image.layers[1:])


def test_limits_of_the_steps(builder, folder):
    if builder.name == "buildkit":
        pytest.skip("BuildKit has no limits")
    context = write(
        folder,
        "FROM busybox\nRUN (cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max)"
        " > /memory 2>/dev/null; ulimit -n > /files; grep ' /dev/shm ' /proc/mounts > /shm\n",
    )
    image = builder.build(
        context, "--no-cache", "-m", "64m", "--ulimit", "nofile=512:512", "--shm-size", "3m"
    ).image
    tree = image.tree()
    assert tree["/memory"].text == f"{64 << 20}\n"
    assert tree["/files"].text == "512\n" and "size=3072k" in tree["/shm"].text


def test_a_step_ends_with_its_first_process(builder, folder):
    context = write(folder, "FROM busybox\nRUN sleep 1715 & echo begun > /a\n")
    begun = time.monotonic()
    assert builder.build(context, "--no-cache").image.tree()["/a"].text == "begun\n"
    assert time.monotonic() - begun < 20
    wait_until(lambda: not sleepers("1715"))


def test_much_output(builder, folder):
    much = "yes $(printf %s%s 01234 56789) | head -n 20000"
    context = write(folder, f"FROM busybox\nRUN {much}; echo the end\n")
    built = builder.build(context, "--no-cache")
    assert built.code == 0 and "the end" in built.output
    if builder.name != "buildkit":  # which cuts it at 2 MB
        assert built.output.count("0123456789") == 20000


def test_builds_side_by_side(podo, folder):
    contexts = []
    for number in range(6):
        (folder / str(number)).mkdir()
        contexts.append(
            write(folder / str(number), f"FROM busybox\nRUN sleep 0.3; echo {number} > /n\nCOPY a /\n", a="a")
        )
    running = [
        podo.spawn(context, "--no-cache", tag=f"side{number}") for number, context in enumerate(contexts)
    ]
    for process in running:
        output = process.communicate(timeout=100)[0]
        assert process.returncode == 0, output
    for number in range(6):
        assert podo.engine.docker("run", "--rm", f"side{number}", "cat", "/n") == str(number)
