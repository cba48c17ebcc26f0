"""./test soak: half an hour of everything at once, with kills; then everything is deleted, and the machine
has to be as it was.

    --minutes N     of load (30). The daemon is killed in the first two thirds of it: the one that is left at
                    the end has lived through the last third, and its memory is looked at without a restart
    --seed N        what is done when, and what is killed (a new one, printed, without)
    --json FILE     keeps every figure
    --keep          the folder stays: the daemon's log, and soak.log with every operation that failed

Runs in network and mount namespaces of its own. PODO names the program.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / name) for name in ("benchmark", "cluster", "api", "engine")]

from cluster import Cluster
from docker_load import DockerLoad
from figures import Figures, compare, name_prefix
from images import make_busybox
from kills import Kills
from kube_load import KubeLoad, make_namespace
from life import FAILURES, Life, Worker, wait_for
from machine import facts, in_own_namespaces

LINE = 30  # seconds
WORKERS = 2  # of each kind
BETWEEN = "eth0"  # in our namespace: an address for the node
PAST_SECONDS = 360  # so long, at most, the API keeps what was, for watches


def say(*words):
    print(time.strftime("%X"), *words, flush=True)


class Soak:
    """warm_up() -> work() -> converge() -> empty() -> verdict()"""

    def __init__(self, options, cluster, log):
        self.options, self.cluster = options, cluster
        self.life = Life(cluster, options.seed, log)
        self.lines, self.loads = [], []

    def warm_up(self):
        """Everything once, so that what is kept for later is there when figures are first taken."""
        life = Life(self.cluster, self.options.seed, self.life.log)
        make_namespace(self.cluster)
        for kind in (DockerLoad, KubeLoad):
            load, chance = kind(life, 0), random.Random(0)
            for number, name in enumerate(load.OPERATIONS):
                load.begin(chance, f"{name.replace('_', '-')}-w{number}")
                if not life.perform(name, getattr(load, name)):
                    raise AssertionError(f"the first {name}: {life.failures}")
                load.tidy()
        empty(self.cluster)
        return self.settled(None)

    def work(self):
        make_namespace(self.cluster)
        workers = []
        for kind in (DockerLoad, KubeLoad):
            for number in range(1, WORKERS + 1):
                self.loads.append(kind(self.life, number))
                workers.append(Worker(self.life, self.loads[-1], number))
        begun, seconds = time.monotonic(), 60 * self.options.minutes
        kills = Kills(self.life, random.Random(self.options.seed))
        print(f"{'':8}  seconds    done excused failed{Figures.head()}")
        due = begun + LINE
        try:
            while (now := time.monotonic()) < begun + seconds:
                kills.maybe(also_the_daemon=now < begun + seconds * 2 / 3)
                if now >= due:
                    self.print_line(now - begun)
                    due += LINE
                time.sleep(0.1)
        finally:
            self.life.going = False
            self.life.up.set()
        for worker in workers:
            worker.join(180)
            assert not worker.is_alive(), f"{worker.name} does not end"

    def print_line(self, seconds):
        done, excused, failed = self.life.counts()
        try:
            now = Figures(self.cluster)
        except (OSError, subprocess.SubprocessError) as error:
            return say(f"no figures now: {error}")
        self.lines.append({"seconds": round(seconds), "done": done, "failed": failed, **now.amounts})
        say(f"{seconds:8.0f}{done:8}{excused:8}{failed:7}{now.line()}")

    def converge(self):
        """What is declared has to come true once nobody hurts it any more."""
        begun = time.monotonic()
        for load in self.loads:
            if isinstance(load, KubeLoad):
                self.life.perform("converge", load.converged, 120)
        say(f"what was declared is there after {time.monotonic() - begun:.1f} s without kills")

    def settled(self, began, seconds=90):
        """The figures, once they stand still (or are what they were): the latter within the time given."""
        deadline, last = time.monotonic() + seconds, None
        while True:
            time.sleep(10)
            now = Figures(self.cluster)
            same = last is not None and not now.leaks(last) and not last.leaks(now)
            if time.monotonic() > deadline or (not now.leaks(began) if began else same):
                return now
            last = now

    def verdict(self, began, ended):
        print("\n" + "\n".join(compare(began, ended)))
        done, excused, failed = self.life.counts()
        print(
            f"\n{done} operations; {excused} that met a kill and failed; {failed} that failed for no reason"
        )
        print("kills:", ", ".join(f"{count} {what}" for what, count in sorted(self.life.kills.items())))
        print("operations:", ", ".join(f"{count} {what}" for what, count in sorted(self.life.done.items())))
        for one in self.life.failures[:20]:
            print(f"FAILED: {one}")
        leaks = ended.leaks(began)
        whole = not leaks and not failed
        print(
            "soak: "
            + ("everything is as it was" if whole else f"FAILED: leaks of {leaks}, {failed} failures")
        )
        return whole


def empty(cluster):
    """Everything is deleted, as a user would."""
    admin, docker = cluster.admin, cluster.docker
    for one in admin.get("/api/v1/namespaces")["items"]:
        name = one["metadata"]["name"]
        if name != "default" and not name.startswith("kube-"):
            path = f"/api/v1/namespaces/{name}"
            admin.ask("DELETE", path)
            gone = lambda: admin.ask("GET", path).status == 404
            wait_for(gone, 120, lambda: f"the end of {name}: {admin.ask('GET', path)}")
    admin.ask("DELETE", "/api/v1/namespaces/default/events")  # about the node, of an hour
    volumes = lambda: admin.get("/api/v1/persistentvolumes")["items"]
    wait_for(lambda: not volumes(), 60, lambda: f"the end of {[one['metadata'] for one in volumes()]}")
    of_pods = lambda: docker("ps", "-aq", "--filter", "name=k8s_")
    wait_for(lambda: not of_pods(), 60, lambda: f"the end of pods' containers: {of_pods()}")
    for name in docker("ps", "-aq").split():
        docker("rm", "-f", "-v", name, code=None)
    docker("network", "prune", "-f")
    docker("volume", "prune", "-a", "-f")
    docker("builder", "prune", "-a", "-f")
    for name in docker("images", "-q", "--filter", "dangling=true").split():
        docker("rmi", "-f", name, code=None)
    for name in docker("images", "--format", "{{.Repository}}:{{.Tag}}").split():
        if name != "busybox:latest":
            docker("rmi", "-f", name, code=None)


def run(options, cluster):
    with open(cluster.folder / "soak.log", "a") as log:
        say(f"seed {options.seed}, {options.minutes:g} minutes, {facts(cluster.program)}")
        cluster.start()
        soak = Soak(options, cluster, log)
        began = soak.warm_up()
        say(f"at the beginning:{began.line()}")
        soak.work()
        soak.converge()
        begun = time.monotonic()
        empty(cluster)
        say(f"everything is deleted, in {time.monotonic() - begun:.1f} s")
        ended = soak.settled(began, PAST_SECONDS + 90)
        whole = soak.verdict(began, ended)
        check = ["store", "check", cluster.data / "cluster"]
        print(
            subprocess.run([cluster.program, *check], capture_output=True, text=True).stdout.splitlines()[0]
        )
        cluster.stop()
        cluster.start()
        time.sleep(10)
        again = Figures(cluster)
        say(f"after a restart:{again.line()}")
        if options.json:
            document = {"machine": facts(cluster.program), "seed": options.seed, "minutes": options.minutes}
            document |= {"began": began.amounts, "ended": ended.amounts, "restarted": again.amounts}
            document |= {"lines": soak.lines, "done": soak.life.done, "kills": soak.life.kills}
            document |= {"failures": soak.life.failures, "whole": whole}
            Path(options.json).write_text(json.dumps(document, indent=1) + "\n")
        return whole


def make_road():
    """A node wants an address that is no loopback's, and a way out."""
    for words in (
        f"link add {BETWEEN} type veth peer name road",
        "link set road up",
        f"addr add 198.51.100.2/24 dev {BETWEEN}",
        f"link set {BETWEEN} up",
        "route add default via 198.51.100.1",
    ):
        subprocess.run(["ip", *words.split()], check=True)


def main():
    parser = argparse.ArgumentParser(prog="./test soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    in_own_namespaces()
    make_road()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="podo-soak-", dir="/tmp"))
    archive = make_busybox(tempfile.mkdtemp(dir=folder), shutil.which("busybox"))
    program = Path(os.environ.get("PODO", TESTS.parent / "build/release/podo")).absolute()
    cluster, whole = Cluster(program, folder, images=[archive]), False
    try:
        whole = run(options, cluster)
    except KeyboardInterrupt:
        print("interrupted: removing what was made", flush=True)
    except FAILURES as error:
        print(f"soak: FAILED: {error}\n{cluster.tail() if cluster.log.exists() else ''}")
        raise
    finally:
        if options.keep:
            keep = Path(tempfile.mkdtemp(prefix="podo-soak-kept-", dir="/var/tmp"))
            for name in ("soak.log", "server.log"):
                if (folder / name).exists():
                    shutil.copy(folder / name, keep)
            print(f"logs: {keep}")
        if folder.exists():
            end(cluster)
    sys.exit(0 if whole else 1)


def end(cluster):
    """Also when the run was broken off: no container, mount, control group or file stays."""
    try:
        if cluster.process is None or cluster.process.poll() is not None:
            cluster.start()
        prefix = name_prefix()
        empty(cluster)
        cluster.destroy()
        remove_groups(prefix)
    except FAILURES as error:
        print(f"the end was not clean: {error}")


def remove_groups(prefix):
    """The daemon leaves its own control group, for when it comes back."""
    for folder, names, _ in os.walk("/sys/fs/cgroup", topdown=False):
        for name in names:
            if name.startswith(prefix) or f"/{prefix}" in folder:
                try:
                    os.rmdir(f"{folder}/{name}")
                except OSError:
                    pass


main()
