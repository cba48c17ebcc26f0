"""./bench services --churn SECONDS [--services N] [--endpoints N] [--rate N] [--allocate SECONDS]

A whole `podo serve` in a network namespace of its own; Services without selectors, and EndpointSlices that
change all the time: endpoints are replaced, unready, more, fewer; Services are deleted and made again.
Datagrams go to them meanwhile. Every minute the churn stops for a moment, and the kernel has to have what was
declared: each backend, and no flow of datagrams to one that is no more. At the end all of it is deleted, and
what is left in the kernel and in the daemon has to be what was there before. Then addresses and node ports
are given and freed (allocation.py). Fails when something is left behind.

Run by ./bench, which makes the namespace.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parents[1]
sys.path[:0] = [str(TESTS / "cluster"), str(TESTS / "engine"), str(TESTS / "api"), str(HERE)]

from allocation import Allocation
from declared import Declared
from observed import Datagrams, Kernel, Process
from cluster import Cluster
from server import wait_until


class Alone(Cluster):
    """A cluster without pods, so without docker's command."""

    def destroy(self):
        self.stop()
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=True)


def make_wires():
    """What a machine has: a loopback, an address, a way out."""
    for line in (
        "link set lo up",
        "link add wire type veth peer name outside",
        "addr add 198.18.254.1/24 dev wire",
        "-6 addr add fd00:198:18::1/64 dev wire nodad",
        "link set outside up",
        "link set wire up",
        "route add default via 198.18.254.2 dev wire",
        "-6 route add default via fd00:198:18::2 dev wire",
        "route add local 10.200.0.0/15 dev lo",
    ):
        subprocess.run(["ip", *line.split()], check=True)
    Path("/proc/sys/net/netfilter/nf_conntrack_udp_timeout").write_text("120")
    Path("/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream").write_text("120")


class Churn:
    """begin() -> change() ... -> check() -> end()"""

    def __init__(self, cluster):
        self.cluster, self.declared = cluster, Declared(cluster, OPTIONS.endpoints)
        self.kernel, self.process = Kernel(), Process(cluster.process.pid)
        self.rows, self.changes = [], 0
        self.counting, self.failed = threading.Lock(), []

    def row(self, when):
        kernel, process = self.kernel.sizes(), self.process.sizes()
        self.rows.append({"when": when, "changes": self.changes, **process, **kernel})
        words = " ".join(f"{name} {value:g}" for name, value in self.rows[-1].items() if name != "when")
        print(f"{when:>14}: {words}", flush=True)
        return self.rows[-1]

    def check(self, seconds=30):
        """The kernel has what is declared; no flow goes where nobody is."""
        told = []

        def holds():
            told[:] = self.declared.differences(self.kernel) or self.declared.stale(self.kernel)
            return not told

        try:
            wait_until(holds, seconds, lambda: f"what is declared: {told[:5]} ({len(told)} in all)")
        except AssertionError as problem:
            self.failed.append(str(problem))
            print(f"FAILED: {problem}", flush=True)

    def write_or_fail(self, number, until):
        try:
            self.write(number, until)
        except (OSError, AssertionError, http.client.HTTPException) as problem:
            self.failed.append(f"a writer: {problem!r}")

    def write(self, number, until):
        """One of the writers: its Services, as fast as its part of the rate."""
        dice, mine = random.Random(f"{OPTIONS.seed} {number} {until}"), range(
            number, OPTIONS.services, OPTIONS.writers
        )
        began, done = time.monotonic(), 0
        while time.monotonic() < until:
            written = self.declared.change_something(dice.choice(mine), dice)
            done += written
            with self.counting:
                self.changes += written
            time.sleep(max(0.0, done / (OPTIONS.rate / OPTIONS.writers) - (time.monotonic() - began)))

    def stretch(self, until):
        began = time.monotonic()
        threads = [
            threading.Thread(target=self.write_or_fail, args=(n, until)) for n in range(OPTIONS.writers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - began

    def run(self):
        datagrams = Datagrams(self.declared, OPTIONS.datagrams)
        cpu, changing = self.process.cpu_seconds(), 0.0
        while changing < OPTIONS.churn:
            changing += self.stretch(time.monotonic() + min(60, OPTIONS.churn - changing))
            with datagrams.held():
                self.check()
                self.row(f"{changing / 60:.1f} min")
        cpu = self.process.cpu_seconds() - cpu
        datagrams.end()
        return {"changing_s": changing, "cpu_s": cpu, "datagrams": datagrams.sent}


def as_before(before, after):
    """What is left behind: the kernel's to the last element, the daemon's descriptors."""
    exact = ("elements", "chains", "sets", "rules", "flows", "descriptors")
    return [
        f"{name}: {before[name]} before, {after[name]} after" for name in exact if before[name] != after[name]
    ]


def churn(cluster, report):
    one = Churn(cluster)
    time.sleep(2)
    before = one.row("before")
    began = time.monotonic()
    for number in range(OPTIONS.services):
        one.declared.make(number)
    one.check(60)
    print(f"{OPTIONS.services} Services x {OPTIONS.endpoints} made in {time.monotonic() - began:.1f} s")
    first = one.row("0 min")
    report.update(one.run())
    last = one.rows[-1]
    for number in range(OPTIONS.services):
        one.declared.remove(number)
    for name in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
        Path(f"/proc/sys/net/netfilter/{name}").write_text("1")
    try:
        wait_until(lambda: not as_before(before, {**one.kernel.sizes(), **one.process.sizes()}), 30)
    except AssertionError:
        pass
    after = one.row("all deleted")
    one.failed += as_before(before, after)
    minute = one.rows[2] if len(one.rows) > 4 else first  # the first minute warms up
    grown = last["rss_mb"] - minute["rss_mb"]
    if grown > OPTIONS.grown_mb:
        one.failed.append(f"memory: {minute['rss_mb']} MB after a minute, {last['rss_mb']} at the end")
    report.update(rows=one.rows, changes=one.changes, grown_mb=grown)
    took = one.process.metric(cluster, "kubeproxy_sync_proxy_rules_duration_seconds_sum")
    times = one.process.metric(cluster, "kubeproxy_sync_proxy_rules_duration_seconds_count")
    report.update(commits=times, commit_ms=1000 * took / times if times else None)
    return one.failed


def tell(report):
    changes = max(1, report["changes"])
    print(f"changes {changes}, {changes / report['changing_s']:.0f}/s, datagrams {report['datagrams']}")
    print(f"CPU of the whole daemon a change {1000 * report['cpu_s'] / changes:.2f} ms (the API's part, too)")
    if report["commit_ms"] is not None:
        print(
            f"changes of the kernel {report['commits']:.0f}, each {report['commit_ms']:.2f} ms by the clock"
        )
    print(f"memory from minute 1 to the end: {report['grown_mb']:+.1f} MB")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the daemon ends, too
    make_wires()
    folder = Path(tempfile.mkdtemp(prefix="podo-churn-", dir="/tmp"))
    cluster = Alone(Path(os.environ["PODO"]).absolute(), folder)
    cluster.start()
    report, failed = {}, []
    try:
        if OPTIONS.churn:
            failed += churn(cluster, report)
            tell(report)
        if OPTIONS.allocate:
            failed += Allocation(cluster, OPTIONS.allocate).run(report)
        if cluster.process.poll() is not None:
            failed.append("the daemon ended")
    finally:
        if OPTIONS.keep_log:
            shutil.copy(cluster.log, OPTIONS.keep_log)
        cluster.destroy()
    if OPTIONS.json:
        OPTIONS.json.write_text(json.dumps(report, indent=1) + "\n")
    for problem in failed:
        print(f"LEFT BEHIND: {problem}")
    print("nothing is left behind" if not failed else f"{len(failed)} failed")
    return 1 if failed else 0


def options():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--churn", type=float, default=300, help="seconds")
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--endpoints", type=int, default=10)
    parser.add_argument("--rate", type=float, default=100, help="changes a second")
    parser.add_argument("--writers", type=int, default=4, help="clients that write side by side")
    parser.add_argument("--datagrams", type=float, default=50, help="a second")
    parser.add_argument("--allocate", type=float, default=0, help="seconds of giving and freeing addresses")
    parser.add_argument("--grown-mb", type=float, default=16, help="more memory than that is a leak")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep-log", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = options()
    sys.exit(main())
