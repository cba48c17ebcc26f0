"""./bench api: the Kubernetes API of `podo serve`, over TLS 1.3 and HTTP/1.1, against its targets; and
durable writes at the store beside etcd and LMDB.

The client (load.cpp) is one thread on the same machine, so of two cores the server has one. CPU is the
server's own, memory its resident set. --json FILE keeps what was measured.
"""

import argparse
import base64
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "api")]

from machine import at_rest, cpu_seconds, facts, forget_peak, run, status_kb, version_of
from report import PODO, Report
from server import Server, free_port

WRITES = "durable writes of 2 KB, 16 writers"


class Measured(Server):
    """A server whose costs are read from /proc."""

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def status_mb(self, name):
        return status_kb(self.process.pid, name) / 1000

    def rss_mb(self):
        return self.status_mb("VmRSS")

    def memory_at_rest(self):
        return at_rest(self.rss_mb)

    def forget_peak(self):
        forget_peak(self.process.pid)

    def keep_credentials(self):
        config = yaml.safe_load(self.kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        for name, text in (
            ("ca", cluster["certificate-authority-data"]),
            ("certificate", user["client-certificate-data"]),
            ("key", user["client-key-data"]),
        ):
            (self.folder / f"{name}.pem").write_bytes(base64.b64decode(text))

    def load(self, *words):
        """What the client printed, with the server's CPU in microseconds a request."""
        where = [self.folder / f"{name}.pem" for name in ("ca", "certificate", "key")]
        before = self.cpu_seconds()
        done = subprocess.run(
            [OPTIONS.load, "127.0.0.1", str(self.port), *where, *map(str, words)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{words}: {done.stderr}\n{self.tail()}"
        answer = json.loads(done.stdout)
        answer["cpu_us"] = (self.cpu_seconds() - before) * 1e6 / max(1, answer.get("count", 1))
        return answer


OPTIONS = None


def config_map(folder):
    form = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "m@@"}, "data": {}}
    for number in range(8):
        form["data"][f"key-{number}"] = f"{number} " * 100
    return keep(folder / "configmap.json", form)


def pod(folder):
    """As a Deployment's: 3.2 KB when it is stored, managedFields and all."""
    container = {
        "name": "web",
        "image": "registry.example/team/web-frontend:v1.42.7",
        "command": ["/bin/web", "--port=8080", "--metrics=:9090"],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
        "env": [{"name": f"SETTING_{n}", "value": f"value-of-{n}"} for n in range(4)],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 5},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}],
    }
    form = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "web-5d7f8c9b4-p@@",
            "labels": {"app": "web", "pod-template-hash": "5d7f8c9b4", "team": "frontend"},
            "annotations": {"example/checksum": "0123456789abcdef" * 4},
        },
        "spec": {
            "containers": [container],
            "volumes": [{"name": "config", "configMap": {"name": "web"}}],
            "nodeSelector": {"kubernetes.io/os": "linux"},
        },
    }
    return keep(folder / "pod.json", form)


def keep(path, form):
    path.write_text(json.dumps(form, separators=(",", ":")))
    return path


def start(folder, report, name, target=None):
    server = Measured(OPTIONS.podo, folder)
    server.start()
    server.keep_credentials()
    report.say(f"start to ready, {name}", server.ready_after * 1e3, "ms", target)
    return server


def namespace(server, name):
    server.admin.create("/api/v1/namespaces", {"metadata": {"name": name}})
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    while server.admin.ask("GET", account).status != 200:
        time.sleep(0.01)
    return f"/api/v1/namespaces/{name}"


def gets(server, report, form):
    path = namespace(server, "gets") + "/configmaps"
    server.load("create", 1, 1, path, form, 1)
    for connections, target in ((1, None), (16, 30000)):
        done = server.load("get", connections, OPTIONS.seconds, path + "/m1")
        work = f"GET of a 2 KB ConfigMap, {connections} connections"
        report.say(work, done["per_second"], "/s", target)
        report.say(f"{work}, p99", done["p99_ms"], "ms")
        report.say(f"{work}, CPU of the server", done["cpu_us"], "us", 30)


def creates(server, report, form):
    path = namespace(server, "creates") + "/configmaps"
    first = 0
    for connections, target in ((1, 2500), (16, 10000)):
        count = 2000 * (1 if connections == 1 else 5)
        done = server.load("create", connections, count, path, form, first)
        first += count
        work = f"create a 2 KB ConfigMap, durable, {connections} connections"
        report.say(work, done["per_second"], "/s", target)
        report.say(f"{work}, p99", done["p99_ms"], "ms")
        report.say(f"{work}, CPU of the server", done["cpu_us"], "us", 100)
    server.load("get", 1, 0.01, path + "/m0")  # it still answers


def fill(server, report, forms):
    """18,700 ConfigMaps and 9,100 pods."""
    before = server.memory_at_rest()
    path = namespace(server, "fill")
    server.load("create", 16, 18700, path + "/configmaps", forms["configmap"], 0)
    done = server.load("create", 16, 9100, path + "/pods", forms["pod"], 0)
    report.say("create a pod of 3 KB, durable, 16 connections", done["per_second"], "/s")
    report.say("create a pod of 3 KB, CPU of the server", done["cpu_us"], "us")
    report.say("memory before", before, "MB")
    report.say("memory after 18,700 ConfigMaps and 9,100 pods", server.memory_at_rest(), "MB", 130)


def lists(server, report, what, path, count, target=None):
    for encoding in ("", "gzip"):
        base = server.memory_at_rest()
        server.forget_peak()
        done = server.load("list", 5, path, encoding)
        work = f"LIST of {what}{', gzip' if encoding else ''}"
        report.say(work, done["p50_ms"], "ms", None if encoding else target)
        report.say(f"{work}, body", done["bytes"] / 1e6, "MB")
        report.say(f"{work}, CPU of the server", done["cpu_us"] / 1e3, "ms")
        report.say(f"{work}, memory meanwhile", max(0.0, server.status_mb("VmHWM") - base), "MB")
    times = []
    for _ in range(5):
        began = time.monotonic()
        found = server.admin.ask("GET", path, labelSelector="app=nothing")
        times.append(time.monotonic() - began)
        assert found.status == 200
    report.say(f"LIST of {what}, a label that nobody has", statistics.median(times) * 1e3, "ms")


def watchers(server, report, form, count=1000):
    path = namespace(server, "watched") + "/configmaps"
    server.load("create", 1, 1, path, form, 1)
    for round_number in range(OPTIONS.rounds):
        version = server.admin.get(path)["metadata"]["resourceVersion"]
        before = server.memory_at_rest()
        change = json.dumps({"data": {"changed": f"{round_number} {time.time()}"}})
        watch = f"{path}?watch=true&resourceVersion={version}"
        during = Peak(server)
        done = server.load("watch", count, watch, path + "/m1", change)
        report.say(f"one change to {count} watchers, the last", done["last_ms"], "ms", 29.5)
        report.say(f"one change to {count} watchers, the median", done["p50_ms"], "ms")
        report.say("memory of a watcher, TLS and all", (during.end() - before) * 1e3 / count, "KB")


class Peak:
    """The largest resident set of a server while something goes on."""

    def __init__(self, server):
        self.server, self.most, self.over = server, 0, False
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.over:
            self.most = max(self.most, self.server.rss_mb())
            time.sleep(0.02)

    def end(self):
        self.over = True
        self.thread.join()
        return self.most


def cluster(folder, report):
    form = config_map(folder)
    server = start(folder / "cluster", report, "the first time")
    try:
        gets(server, report, form)
        creates(server, report, form)
        watchers(server, report, form)
        server.stop()
        server.start()
        report.say("start to ready, with little in it", server.ready_after * 1e3, "ms", 300)
    finally:
        server.destroy()


def filled(folder, report):
    """27,800 objects, and no others."""
    forms = {"configmap": config_map(folder), "pod": pod(folder)}
    server = start(folder / "filled", report, "the first time")
    try:
        fill(server, report, forms)
        lists(server, report, "9,100 pods", "/api/v1/pods", 9100, 60)
        server.stop()
        server.start()
        report.say("start to ready, with 27,800 objects", server.ready_after * 1e3, "ms", 300)
        report.say("memory of 27,800 objects after a start", server.memory_at_rest(), "MB", 130)
    finally:
        server.destroy()


def many(folder, report):
    """100,000 objects."""
    form = config_map(folder)
    server = start(folder / "many", report, "for 100,000 objects")
    try:
        path = namespace(server, "many") + "/configmaps"
        done = server.load("create", 16, 100000, path, form, 0)
        report.say("create 100,000 ConfigMaps", done["per_second"], "/s")
        report.say("memory of 100,000 objects", server.memory_at_rest(), "MB")
        lists(server, report, "100,000 ConfigMaps", path, 100000)
        watchers(server, report, form, 100)
        server.stop()
        server.start()
        report.say("start to ready, with 100,000 objects", server.ready_after * 1e3, "ms")
    finally:
        server.destroy()


def etcd_writes(folder):
    """Puts of 2 KB by 16 clients over gRPC, as h2load counts them."""
    if not (shutil.which("etcd") and shutil.which("h2load")):
        return None
    data, clients, peers = folder / "etcd", free_port(), free_port()
    process = subprocess.Popen(
        ["etcd", "--data-dir", data, "--listen-client-urls", f"http://127.0.0.1:{clients}"]
        + ["--advertise-client-urls", f"http://127.0.0.1:{clients}"]
        + ["--listen-peer-urls", f"http://127.0.0.1:{peers}"]
        + ["--initial-advertise-peer-urls", f"http://127.0.0.1:{peers}"]
        + ["--initial-cluster", f"default=http://127.0.0.1:{peers}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(3)
        key, value = b"/registry/pods/default/web-1", os.urandom(2048)
        put = b"\x0a" + bytes([len(key)]) + key + b"\x12" + b"\x80\x10" + value
        message = folder / "put.grpc"
        message.write_bytes(b"\0" + struct.pack(">I", len(put)) + put)
        done = subprocess.run(
            ["h2load", "-n", "20000", "-c", "16", "-m", "1", "-d", message]
            + ["-H", "content-type: application/grpc", "-H", "te: trailers"]
            + [f"http://127.0.0.1:{clients}/etcdserverpb.KV/Put"],
            capture_output=True,
            text=True,
            check=True,
        )
        line = next(line for line in done.stdout.splitlines() if line.startswith("finished in"))
        return float(line.split(",")[1].split()[0])
    finally:
        process.kill()
        process.wait()


def store(folder, report):
    """Durable writes of 2 KB, 16 writers: the store itself, LMDB with group commit, and etcd."""
    kept = folder / "store.json"
    subprocess.run(
        [OPTIONS.store, "--only", "puts", "--quick", "--dir", folder, "--json", kept],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    for row in json.loads(kept.read_text())["rows"]:
        if row["section"] == "durable puts of 2 KB, 16 writers" and row["name"] == "puts/s":
            for engine, values in row["values"].items():
                name = PODO if engine.lower().startswith(PODO) else engine
                report.add(WRITES, name, statistics.median(values), "/s", 15000)
    writes = etcd_writes(folder)
    if writes is None:
        print("etcd: etcd-server and nghttp2-client are not installed")
    else:
        report.add(WRITES, "etcd", writes, "/s")
    row = report.rows[WRITES]
    print(f"{WRITES}: " + ", ".join(f"{name} {row.median(name):,.0f} /s" for name in row.values))


SCENARIOS = {"cluster": cluster, "filled": filled, "many": many, "store": store}


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(prog="./bench api")
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each closed loop")
    parser.add_argument("--dir", default="build", help="where the servers' data lies while they are measured")
    parser.add_argument("--json")
    OPTIONS = parser.parse_args()
    OPTIONS.podo = os.environ["PODO"]
    OPTIONS.load, OPTIONS.store = os.environ["API_LOAD"], os.environ["BENCH_STORE"]
    report = Report("api")
    for name, scenario in SCENARIOS.items():
        if not OPTIONS.only or name in OPTIONS.only:
            with tempfile.TemporaryDirectory(dir=OPTIONS.dir, prefix="bench-api-") as folder:
                folder = Path(folder).resolve()
                (folder / name).mkdir()
                scenario(folder, report)
    versions = {"etcd": version_of("etcd")} if shutil.which("etcd") else {}
    report.write(OPTIONS.json, facts(OPTIONS.podo), versions)


run(main)
