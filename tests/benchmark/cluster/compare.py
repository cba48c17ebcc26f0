"""./bench cluster: a whole node in one process against its targets: what it costs to be idle, how long starts
and pods take. The image is on the machine. --json FILE keeps what was measured.
"""

import argparse
import os
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), *(str(HERE.parents[1] / name) for name in ("cluster", "engine", "api"))]

from cluster import Cluster, pod
from images import make_busybox
from machine import at_rest, cpu_seconds, facts, processes_below, pss_kb, run
from report import Report
from server import Server

PODS = "/api/v1/namespaces/default/pods"


def switches(pid):
    total = 0
    for task in os.scandir(f"/proc/{pid}/task"):
        for line in Path(task.path, "status").read_text().splitlines():
            if "ctxt_switches" in line:
                total += int(line.split()[1])
    return total


def written(pid):
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])


def idle(cluster, report):
    time.sleep(5)
    pid = cluster.process.pid
    before = cpu_seconds(pid), switches(pid), written(pid)
    time.sleep(OPTIONS.idle_seconds)
    after = cpu_seconds(pid), switches(pid), written(pid)
    cpu, wakes, bytes = (b - a for a, b in zip(before, after))
    report.say("idle: PSS of the daemon", pss_kb(pid) / 1000, "MB", 40)
    report.say("idle: CPU", 100 * cpu / OPTIONS.idle_seconds, "% of a core", 0.3)
    report.say("idle: context switches", wakes / OPTIONS.idle_seconds, "switches/s", 5)
    report.say("idle: written to the disk", bytes / 1000 / OPTIONS.idle_seconds, "kB/s", 0.1)


class Watch:
    """Every event of pods, with the time it came."""

    def __init__(self, cluster):
        self.events, self.changed = [], threading.Condition()
        version = cluster.admin.get(PODS)["metadata"]["resourceVersion"]
        self.caller = cluster.caller_of(cluster.kubeconfig)
        self.thread = threading.Thread(target=self.follow, args=(version,), daemon=True)
        self.thread.start()

    def follow(self, version):
        try:
            with self.caller.watch(PODS, resourceVersion=version, timeout=600) as events:
                for event in events:
                    with self.changed:
                        self.events.append((time.monotonic(), event))
                        self.changed.notify_all()
        except (OSError, ValueError, ssl.SSLError):
            pass

    def wait(self, holds, seconds=60):
        with self.changed:
            assert self.changed.wait_for(lambda: holds(self.events), seconds), "it did not come true"


def running(event):
    status = event["object"].get("status", {})
    return any("running" in c.get("state", {}) for c in status.get("containerStatuses", []))


def condition(event, type):
    conditions = event["object"].get("status", {}).get("conditions", [])
    return any(c["type"] == type and c["status"] == "True" for c in conditions)


def first(events, name, holds):
    return next(at for at, event in events if event["object"]["metadata"]["name"] == name and holds(event))


STEPS = {
    "scheduled": lambda e: e["object"]["spec"].get("nodeName"),
    "its sandbox is ready": lambda e: condition(e, "PodReadyToStartContainers"),
    "running": running,
    "ready": lambda e: condition(e, "Ready"),
}


def one_by_one(cluster, report, watch):
    steps = {name: [] for name in STEPS}
    for number in range(OPTIONS.pods):
        name = f"one-{number}"
        began = time.monotonic()
        cluster.admin.create(PODS, pod(name, "sleep 1000"))
        watch.wait(
            lambda events: any(
                e["object"]["metadata"]["name"] == name and condition(e, "Ready") for _, e in events[-20:]
            )
        )
        for step, holds in STEPS.items():
            steps[step].append(1e3 * (first(watch.events, name, holds) - began))
        cluster.admin.ask("DELETE", f"{PODS}/{name}?gracePeriodSeconds=0")
    for step, times in steps.items():
        targets = (60, 150) if step == "running" else (None, None)
        report.say(f"pod created -> {step}, p50", statistics.median(times), "ms", targets[0])
        report.say(f"pod created -> {step}, p99", sorted(times)[int(len(times) * 0.99)], "ms", targets[1])


def at_once(cluster, report, watch, count=100):
    before = at_rest(lambda: pss_kb(cluster.process.pid))
    all_before = sum(pss_kb(p) for p in processes_below(cluster.folder))
    cpu = cpu_seconds(cluster.process.pid)
    began = time.monotonic()
    for number in range(count):
        cluster.admin.create(PODS, pod(f"many-{number}", ["sleep", "1000"]))

    def all_run(events):
        names = {e["object"]["metadata"]["name"] for _, e in events if running(e)}
        return sum(name.startswith("many-") for name in names) == count

    watch.wait(all_run, 120)
    report.say(f"{count} pods at once, all running", time.monotonic() - began, "s", 3)
    report.say(f"{count} pods at once, CPU of the daemon", cpu_seconds(cluster.process.pid) - cpu, "s")
    after = at_rest(lambda: pss_kb(cluster.process.pid))
    report.say("the daemon's memory of one running pod", (after - before) / count, "KB")
    all_after = sum(pss_kb(p) for p in processes_below(cluster.folder))
    report.say("with its monitor (PSS)", (all_after - all_before) / count, "KB")
    began = time.monotonic()
    for number in range(count):
        cluster.admin.ask("DELETE", f"{PODS}/many-{number}?gracePeriodSeconds=0")
    deadline = time.monotonic() + 120
    while cluster.docker("ps", "-q") and time.monotonic() < deadline:
        time.sleep(0.05)
    report.say(f"{count} pods deleted, no container left", time.monotonic() - began, "s")


def control_plane(cluster, report, count=5000):
    """API server, store, controllers and scheduler, without a node: what a pod costs all of them."""
    before = at_rest(lambda: pss_kb(cluster.process.pid))
    report.say("control plane alone, idle: PSS", before / 1000, "MB", 20)
    spent, pause = cpu_seconds(cluster.process.pid), min(20, OPTIONS.idle_seconds)
    time.sleep(pause)
    spent = cpu_seconds(cluster.process.pid) - spent
    report.say("control plane alone, idle: CPU", 100 * spent / pause, "% of a core", 0.2)
    for number in range(count):
        labels = {"app": f"a{number % 100}"}
        cluster.admin.create(PODS, pod(f"waits-{number}", ["sleep", "1000"], labels=labels))
    after = at_rest(lambda: pss_kb(cluster.process.pid))
    report.say("control plane: memory of one pod", (after - before) / count, "KB", 15)


def scheduler(report):
    """Decisions about plain pods alone, for one core: the first thing that bench_scheduler measures."""
    if "BENCH_SCHEDULER" not in os.environ:
        return
    command = [os.environ["BENCH_SCHEDULER"], "--pods", "50000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if found := re.match(r"decisions +plain +\d+ pods/s +(\d+) pods/cpu-s", line):
                report.say("scheduler, plain pods", float(found[1]), "/s", 5000)
                break
        process.kill()


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(prog="./bench cluster")
    parser.add_argument("--pods", type=int, default=40, help="started one after the other")
    parser.add_argument("--idle-seconds", type=float, default=60)
    parser.add_argument("--json")
    OPTIONS = parser.parse_args()
    report = Report("cluster")
    folder = Path(tempfile.mkdtemp(prefix="podo-bench-", dir="/tmp"))
    images = tempfile.TemporaryDirectory(prefix="podo-bench-image-", dir="/tmp")
    archive = make_busybox(images.name, shutil.which("busybox"))
    cluster = Cluster(os.environ["PODO"], folder, images=[archive])
    try:
        cluster.start()
        cluster.stop()
        began = time.monotonic()
        cluster.start()
        report.say("start to a node that is ready", 1e3 * (time.monotonic() - began), "ms", 500)
        idle(cluster, report)
        watch = Watch(cluster)
        one_by_one(cluster, report, watch)
        at_once(cluster, report, watch)
        cluster.stop()
        began = time.monotonic()
        cluster.start()
        cluster.admin.create(PODS, pod("first", "sleep 1000"))
        while cluster.admin.get(f"{PODS}/first").get("status", {}).get("phase") != "Running":
            time.sleep(0.002)
        report.say("start to the first pod that runs", 1e3 * (time.monotonic() - began), "ms", 1000)
    finally:
        cluster.destroy()
    folder = Path(tempfile.mkdtemp(prefix="podo-bench-", dir="/tmp"))
    cluster = Cluster(os.environ["PODO"], folder, "--no-node")
    try:
        Server.start(cluster)
        control_plane(cluster, report)
    finally:
        cluster.stop()
        shutil.rmtree(folder)
    scheduler(report)
    report.write(OPTIONS.json, facts(os.environ["PODO"]))


run(main)
