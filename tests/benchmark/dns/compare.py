"""./bench dns: the cluster's DNS server, asked by dnsperf. The server has one core, dnsperf another; CPU is
the server's own. The target: 50,000 queries a second of one core from the cache.

    --seconds N     of each scenario (3)
    --services N    in the cluster (1000), with ten endpoints each
    --json FILE     keeps every value
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from machine import cpu_seconds, facts, run, status_kb, version_of
from report import PODO, Report

TARGET = 50_000


def names(count):
    """What is asked for, by scenario."""
    cluster = [f"s{n}.default.svc.cluster.local" for n in range(count) if n % 10]
    headless = [f"s{n}.default.svc.cluster.local" for n in range(0, count, 10)]
    return {
        "a Service": [f"{name} A" for name in cluster],
        "a headless Service": [f"{name} A" for name in headless],
        "SRV of a Service": [f"_http._tcp.{name} SRV" for name in cluster],
        "no such name": [f"gone{n}.default.svc.cluster.local TXT" for n in range(count)],
        "a name elsewhere, remembered": [f"w{n}.example A" for n in range(count)],
        "the search path, remembered": [f"w{n}.example.default.svc.cluster.local A" for n in range(count)],
        "a name elsewhere, each asked once": [f"q{n}.example A" for n in range(200_000)],
    }


class Server:
    def __init__(self, program, services):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        conf = Path(self.folder.name) / "resolv.conf"
        conf.write_text("nameserver 127.0.0.2\n")
        command = [program, str(self.port), str(services), "10", str(conf)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self.process.pid, {min(os.sched_getaffinity(0))})
        self.names = self.process.stdout.readline().strip()
        time.sleep(0.3)

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def memory_kb(self):
        return status_kb(self.process.pid, "VmHWM")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


def ask(server, lines, seconds, *more):
    """Queries answered a second, and the server's CPU of one in microseconds."""
    core = max(os.sched_getaffinity(0))
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        before = server.cpu()
        command = ["dnsperf", "-s", "127.0.0.1", "-p", str(server.port), "-d", file.name, *more]
        command += ["-l", str(seconds), "-c", "16", "-q", "256", "-T", "1"]
        ran = subprocess.run(
            command, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {core})
        )
        used = server.cpu() - before
    if ran.returncode != 0:
        sys.exit(ran.stdout + ran.stderr)
    number = lambda pattern: float(re.search(pattern, ran.stdout)[1])
    completed = number(r"Queries completed:\s+(\d+)")
    return {
        "queries/s": number(r"Queries per second:\s+([\d.]+)"),
        "lost": int(number(r"Queries lost:\s+(\d+)")),
        "us/query": used / completed * 1e6 if completed else 0.0,
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = {}
    with Server(os.environ["BENCH_DNS"], options.services) as server:
        print(f"{options.services} Services with 10 endpoints each: {server.names}\n")
        print(f"{'asked for':38}{'queries/s':>12}{'us CPU each':>14}{'a core does':>14}{'lost':>6}")
        for scenario, lines in names(options.services).items():
            if not scenario.endswith("once"):
                ask(server, lines, 1)
            rows[scenario] = ask(server, lines, options.seconds)
        rows["a Service, by TCP"] = ask(
            server, names(options.services)["a Service"], options.seconds, "-m", "tcp"
        )
        for what, row in rows.items():
            capacity = 1e6 / row["us/query"] if row["us/query"] else 0
            cells = f"{row['queries/s']:12,.0f}{row['us/query']:14.2f}{capacity:14,.0f}{row['lost']:6}"
            print(f"{what:38}{cells}")
        print(f"\nmemory of the process at its most, with the store: {server.memory_kb() / 1024:.1f} MB")
        short = [
            s for s, r in rows.items() if not s.endswith(("once", "TCP")) and 1e6 / r["us/query"] < TARGET
        ]
        print(
            f"target: {TARGET:,} a core from the cache: {'missed by ' + ', '.join(short) if short else 'met'}"
        )
    report = Report("dns")
    for what, row in rows.items():
        report.add(f"DNS, {what}, queries/s", PODO, row["queries/s"])
        report.add(f"DNS, {what}, a core does, queries/s", PODO, 1e6 / row["us/query"], None, TARGET)
    report.write(options.json, facts(), {"dnsperf": version_of("dnsperf", "-h")})


if __name__ == "__main__":
    run(main)
