"""What the kernel and the daemon have while Services churn: nft(8), the table of connections, /proc."""

import contextlib
import json
import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

FIRST_OUTSIDE = 1 << 16  # numbers of backends for who comes from outside begin here


class Kernel:
    """Of this network namespace."""

    def listing(self):
        told = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=True)
        return [item for item in json.loads(told.stdout)["nftables"] if "metainfo" not in item]

    def sizes(self):
        sizes = {"elements": 0, "chains": 0, "sets": 0, "rules": 0}
        for item in self.listing():
            for kind, body in item.items():
                if not body.get("table", "").endswith(("-services", "-policy")):
                    continue
                if kind in ("set", "map"):
                    sizes["sets"] += 1
                    sizes["elements"] += len(body.get("elem", []))
                elif kind in ("chain", "rule"):
                    sizes[kind + "s"] += 1
        return {**sizes, "flows": len(self.flows())}

    def fronts(self):
        """{(address, protocol, port): backends} of the maps of cluster IPs and other addresses."""
        fronts = {}
        for family in (4, 6):
            for key, data in self.elements(f"backend{family}"):
                address, protocol, port, number = key
                if int(number) < FIRST_OUTSIDE:
                    fronts.setdefault((address, protocol, int(port)), set()).add((data[0], int(data[1])))
        return fronts

    def elements(self, name):
        for item in self.listing_of(name):
            for key, data in item.get("elem", []):
                key = key["elem"]["val"] if "elem" in key else key
                yield key["concat"], data["concat"]

    def listing_of(self, name):
        table = self.table()
        told = subprocess.run(
            ["nft", "-j", "list", "map", "inet", table, name], capture_output=True, text=True, check=True
        )
        return [item["map"] for item in json.loads(told.stdout)["nftables"] if "map" in item]

    def table(self):
        told = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
        return re.search(r"inet (\S+-services)", told)[1]

    def flows(self):
        """Of datagrams: (asked, port, who answers, its port)."""
        pattern = re.compile(
            r"udp .* src=\S+ dst=(\S+) sport=\d+ dport=(\d+) .*?src=(\S+) dst=\S+ sport=(\d+) dport"
        )
        found = [pattern.search(line) for line in Path("/proc/net/nf_conntrack").read_text().splitlines()]
        return [(one[1], int(one[2]), one[3], int(one[4])) for one in found if one]


class Process:
    def __init__(self, pid):
        self.pid = pid

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def sizes(self):
        status = Path(f"/proc/{self.pid}/status").read_text()
        rss = int(re.search(r"RssAnon:\s+(\d+)", status)[1])
        return {"rss_mb": rss / 1000, "descriptors": len(os.listdir(f"/proc/{self.pid}/fd"))}

    def metric(self, cluster, name):
        node = cluster.admin.get("/api/v1/nodes")["items"][0]["metadata"]["name"]
        text = cluster.admin.ask("GET", f"/api/v1/nodes/{node}/proxy/metrics").text
        found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0


class Datagrams:
    """A client that asks Services, each time from another port; nobody has to answer."""

    def __init__(self, declared, rate):
        self.declared, self.rate, self.sent = declared, rate, 0
        self.lock, self.ended = threading.Lock(), False
        self.thread = threading.Thread(target=self.send, daemon=True)
        self.thread.start()

    def send(self):
        while not self.ended:
            for address in self.declared.datagram_fronts():
                time.sleep(1 / self.rate)
                with self.lock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                    if self.ended:
                        return
                    with contextlib.suppress(OSError):
                        one.sendto(b"x", (address, 53))
                        self.sent += 1

    def held(self):
        return self.lock

    def end(self):
        self.ended = True
        self.thread.join()
