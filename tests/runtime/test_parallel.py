"""Many at once: an engine starts eight containers at a time, two hundred times, and nothing is left."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import host
from container import TIMEOUT

CYCLES = int(os.environ.get("PODO_OCI_CYCLES", "200"))


def quiet(argv, **how):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, timeout=60, **how)


def test_create_start_delete_in_parallel(container, runtime):
    c = container(args=["true"])
    del c.linux["cgroupsPath"]
    c.write()
    before_fds = len(os.listdir("/proc/self/fd"))

    def cycle(number):
        name = f"{c.id}n{number}"
        log = c.bundle / f"log{number}"
        for verb in (["create", "--bundle", c.bundle], ["start"], ["delete", "--force"]):
            argv = runtime.argv(*verb, name, flags=["--log", str(log)])
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL,
                                  timeout=60)
            if done.returncode:
                quiet(runtime.argv("delete", "--force", name))
                return f"{verb[0]} {name}: {host.read_softly(log)}"
        return None

    with ThreadPoolExecutor(8) as pool:
        problems = [p for p in pool.map(cycle, range(CYCLES)) if p]
    assert not problems, f"{len(problems)} of {CYCLES}: {problems[:3]}"
    assert host.states(runtime.root) == set()
    assert not host.cgroup_dirs(c.id)
    assert len(os.listdir("/proc/self/fd")) == before_fds


@pytest.mark.needs("atomic-create")
def test_the_same_id_is_created_once(container, runtime):
    c = container("sleep 100").write()
    argv = runtime.argv("create", "--bundle", c.bundle, c.id)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: subprocess.run(argv, stdin=subprocess.DEVNULL,
                                                       stdout=subprocess.DEVNULL,
                                                       stderr=subprocess.DEVNULL,
                                                       timeout=TIMEOUT).returncode, range(8)))
    assert codes.count(0) == 1, codes
    assert c.status() == "created"


def test_start_and_kill_race(container):
    """kill may come before, while or after start: the container ends, and delete works."""
    for _ in range(10):
        c = container("sleep 100")
        c.create()
        with ThreadPoolExecutor(2) as pool:
            started = pool.submit(c.runtime, "start", c.id)
            killed = pool.submit(c.runtime, "kill", c.id, "KILL")
            assert killed.result().rc == 0, killed.result()
            started.result()
        assert c.wait() == 137
        c.delete()
        c.assert_gone()


def test_delete_from_two_sides(container):
    c = container("sleep 100").up()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: c.runtime("delete", "--force", c.id), range(4)))
    assert any(done.rc == 0 for done in outcomes)
    assert all(done.rc >= 0 for done in outcomes)
    c.assert_gone()


def test_the_caller_dies_while_it_creates(container, runtime):
    """kill -9 of the runtime at any moment: delete --force cleans up whatever there is."""
    c = container("sleep 100").write()
    argv = runtime.argv("create", "--bundle", c.bundle, c.id)
    for step in range(12):
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(0.002 + step * 0.003)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        quiet(runtime.argv("delete", "--force", c.id))
        left = host.cgroup_dirs(c.id)
        if runtime.name == "runc":  # which loses track of them; not what is judged here
            for path in left:
                for pid in host.read_softly(path / "cgroup.procs").split():
                    host.kill_softly(int(pid))
            host.until(lambda: not any(host.read_softly(p / "cgroup.procs") for p in host.cgroup_dirs(c.id)),
                       what="quiet")
            for path in host.cgroup_dirs(c.id):
                path.rmdir()
            host.remove_tree(os.path.join(runtime.root, c.id))
        else:
            assert c.id not in os.listdir(runtime.root), f"step {step}"
