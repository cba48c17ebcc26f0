"""./bench net: what networks cost. Prints medians and ratios; --json FILE keeps every value.

bridge     TCP from container to container on the default bridge, Podo beside dockerd; loopback is the floor
pods       pod -> pod and pod -> Service: one stream, and connections one after the other
rules      Services in the kernel (bench_services): programming them, one change, the cost of a packet
dns        the cluster's names, by dnsperf (tests/benchmark/dns)

One sender of our own (load.cpp) for all, in the busybox image of the tests. Runs in network and mount
namespaces of its own; the rounds of all contenders alternate.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parents[1]
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "engine"), str(HERE.parent / "dns")]
sys.path += [str(TESTS / name) for name in ("cluster", "engine", "api")]

from cluster import Cluster, pod
from engines import Docker, Podo, start_peer
from images import archive, busybox_entries, entry, layer
from machine import facts, in_own_namespaces, run
from report import PODO, Report
from server import wait_until

IMAGE, PORT = "net:latest", 7700
PODS = "/api/v1/namespaces/default/pods"
SERVE = ["/net_load", "serve", str(PORT)]


def make_image(folder, load):
    entries = [*busybox_entries(shutil.which("busybox")), entry("net_load", data=Path(load).read_bytes())]
    return archive(folder / "net.tar", IMAGE, [layer(entries)], {"Cmd": SERVE})


def measure(report, title, name, ask, seconds, target=None):
    """`ask` runs net_load's client where it is to run, and gives what it printed."""
    report.add(f"{title}, Gbit/s", name, float(ask("send", seconds)))
    rate, middle, late = map(float, ask("connect", seconds).split())
    report.add(f"{title}, connections/s", name, rate)
    report.add(f"{title}, a connection, p99 us", name, late)


def on_loopback(load):
    def ask(what, seconds):
        words = [load, what, "127.0.0.1", str(PORT), str(seconds)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    return ask


def in_container(engine, address):
    return lambda what, seconds: engine.out("exec", "client", "/net_load", what, address, PORT, seconds)


def bridge(report, options):
    """Containers of two engines, and the loopback that both of them have."""
    engines = [Podo(options.folder / "podo", os.environ["PODO"])]
    floor = subprocess.Popen([options.load, *SERVE[1:]], start_new_session=True)
    try:
        engines[0].start()
        if not options.alone:
            engines += start_peer(Docker, options.folder / "docker", options.peers)
        asks = {"loopback": on_loopback(options.load)}
        for engine in engines:
            engine.run("load", "-q", "-i", options.image)
            engine.run("run", "-d", "--name", "server", IMAGE)
            engine.run("run", "-d", "--name", "client", IMAGE, "sleep", "100000")
            shown = json.loads(engine.out("inspect", "server"))[0]["NetworkSettings"]
            address = shown["IPAddress"] or shown["Networks"]["bridge"]["IPAddress"]
            asks[engine.name] = in_container(engine, address)
        for _ in range(options.rounds):
            for name, ask in asks.items():
                measure(report, "container to container, bridge", name, ask, options.seconds)
        options.versions |= {engine.name: engine.version() for engine in engines}
    finally:
        os.killpg(floor.pid, 9)
        floor.wait()
        for engine in engines:
            engine.run("rm", "-f", "server", "client", check=False)
            engine.stop()


def pods(report, options):
    """The same sender in pods: to a pod's address, and to a Service's before it."""
    folder = Path(tempfile.mkdtemp(prefix="podo-bench-", dir="/tmp"))  # short: sockets lie below it
    cluster = Cluster(os.environ["PODO"], folder, images=[options.image])
    try:
        cluster.start()
        admin = cluster.admin
        for name, command in (("server", SERVE), ("client", ["sleep", "100000"])):
            admin.create(PODS, pod(name, command, image=IMAGE, labels={"app": name}))
        ports = [{"name": f"p{number}", "port": number, "targetPort": number} for number in (PORT, PORT + 1)]
        spec = {"selector": {"app": "server"}, "ports": ports}
        made = admin.create(
            "/api/v1/namespaces/default/services", {"metadata": {"name": "net"}, "spec": spec}
        )
        running = lambda name: admin.get(f"{PODS}/{name}").get("status", {}).get("phase") == "Running"
        for name in ("server", "client"):
            wait_until(lambda: running(name), 30, f"the pod {name}")
        client = cluster.docker("ps", "-q", "--filter", "name=k8s_c_client")

        def asking(address):
            words = ["exec", client, "/net_load"]
            return lambda what, seconds: cluster.docker(*words, what, address, PORT, seconds)

        to_pod = asking(admin.get(f"{PODS}/server")["status"]["podIP"])
        to_service = asking(made["spec"]["clusterIP"])
        wait_until(lambda: answers(to_service), 20, "the Service")
        for _ in range(options.rounds):
            measure(report, "pod to pod", PODO, to_pod, options.seconds)
            measure(report, "pod to Service", PODO, to_service, options.seconds)
    finally:
        cluster.destroy()


def answers(ask):
    try:
        return ask("connect", 0.05)
    except AssertionError:
        return False


def rules(report, options):
    """What bench_services prints, as rows."""
    told = subprocess.run([options.services], capture_output=True, text=True, check=True).stdout
    print(told, end="")
    for what, count, cpu, wall in re.findall(
        r"^(.+?) +(\d+) Services +cpu +(\S+) ms +wall +(\S+) ms", told, re.M
    ):
        names = {"all": "the whole table", "restart": "the same after a restart", "one": "one change"}
        work = names.get(what, what.replace("one", "one change"))
        target = {("all", "1000"): 20, ("one", "1000"): 2}.get((what, count))
        cost, kind = (cpu, "CPU") if work.startswith("one") else (wall, "wall")
        report.add(
            f"{int(count):,} Services x 3 endpoints, {work}, {kind} ms", PODO, float(cost), target=target
        )
    for how, first, later in re.findall(
        r"^(.+?) +first packet of a flow +(\d+) ns +each later one +(\d+) ns", told, re.M
    ):
        report.add(f"a datagram, {how}: the first of a flow, ns", PODO, float(first))
        report.add(f"a datagram, {how}: each later one, ns", PODO, float(later))


def dns(report, options):
    if not shutil.which("dnsperf"):
        print("there is no dnsperf: names are not measured")
        return
    import importlib.util

    place = importlib.util.spec_from_file_location("dns_compare", HERE.parent / "dns/compare.py")
    compare = importlib.util.module_from_spec(place)
    place.loader.exec_module(compare)
    with compare.Server(options.dns, 1000) as server:
        for scenario, lines in compare.names(1000).items():
            if scenario not in ("a Service", "a headless Service", "a name elsewhere, remembered"):
                continue
            compare.ask(server, lines, 1)
            row = compare.ask(server, lines, options.seconds)
            report.add(f"DNS, {scenario}, queries/s", PODO, row["queries/s"])
            capacity = 1e6 / row["us/query"] if row["us/query"] else 0
            report.add(f"DNS, {scenario}, of one core, queries/s", PODO, capacity, target=compare.TARGET)


SCENARIOS = {"bridge": bridge, "pods": pods, "rules": rules, "dns": dns}


def main():
    parser = argparse.ArgumentParser(prog="./bench net")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of each stream")
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--alone", action="store_true", help="without dockerd")
    parser.add_argument("--peers", action="append", default=[], help="folders with dockerd, containerd, runc")
    parser.add_argument("--json")
    options = parser.parse_args()
    in_own_namespaces()
    options.load, options.services = os.environ["NET_LOAD"], os.environ["BENCH_SERVICES"]
    options.dns, options.versions = os.environ["BENCH_DNS"], {}
    options.folder = Path(tempfile.mkdtemp(prefix="podo-bench-", dir="/var/tmp"))
    report = Report("net")
    try:
        options.image = make_image(options.folder, options.load)
        for name in options.only or SCENARIOS:
            SCENARIOS[name](report, options)
            print(f"done: {name}", file=sys.stderr)
        report.print([PODO, Docker.name, "loopback"])
        report.write(options.json, facts(os.environ["PODO"]), options.versions)
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", options.folder], check=False)


if __name__ == "__main__":
    run(main)
