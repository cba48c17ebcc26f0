"""What a daemon occupies of the machine, each thing by name; and whether that is what it was."""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

from machine import processes, processes_below, pss_kb

# Figure, unit, and how much more than at the beginning is no leak: absolute, or a share of what it was.
FIGURES = {
    # What ten thousand objects had leaves holes.
    "memory": ("MB", lambda began: max(12, began / 2)),
    "threads": ("", lambda began: 8),  # of the pool, which grows when it is needed and is then kept
    "descriptors": ("", lambda began: 8),
    "processes": ("", lambda began: 0),
    "mounts": ("", lambda began: 4),  # namespaces made ahead come in fours
    "namespaces": ("", lambda began: 4),
    "links": ("", lambda began: 4),
    "rules": ("", lambda began: 0),
    "groups": ("", lambda began: 0),
    "records": ("", lambda began: 16),
    # A store's log has 16 MB before it is compacted, and keeps segments for what it once needed.
    "disk": ("MB", lambda began: max(24, began / 4)),
}
NUMBERS = re.compile(r"[0-9a-f]{12,}|\d+")


class Figures:
    """measure(cluster) -> .amounts, .names; shows itself as a line; compare(earlier) -> leaks"""

    def __init__(self, cluster):
        self.pid, self.program = cluster.process.pid, cluster.program
        self.folder, self.data = cluster.folder, cluster.data
        self.names = {name: Counter(self.find(name)) for name in FIGURES if name not in ("memory", "disk")}
        self.amounts = {name: sum(found.values()) for name, found in self.names.items()}
        self.names["disk"] = disk_mb(self.data)
        self.amounts["memory"] = pss_kb(self.pid) / 1e3
        self.amounts["disk"] = sum(self.names["disk"].values())
        self.amounts = {name: self.amounts[name] for name in FIGURES}

    def find(self, name):
        return getattr(self, f"find_{name}")()

    def find_threads(self):
        return [Path(task.path, "comm").read_text().strip() for task in os.scandir(f"/proc/{self.pid}/task")]

    def find_descriptors(self):
        for entry in os.scandir(f"/proc/{self.pid}/fd"):
            try:
                yield NUMBERS.sub("N", os.readlink(entry.path))
            except OSError:
                pass

    def find_processes(self):
        """The daemon's, monitors', and what is in the control groups of containers."""
        found = processes_below(self.folder) - {os.getpid()}
        for group in self.find_groups():
            try:
                found |= set(map(int, Path(group, "cgroup.procs").read_text().split()))
            except OSError:
                pass
        for pid in found:
            try:
                words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
            except OSError:
                continue
            if "kubectl" not in words.split(" ")[0] and "docker" not in words.split(" ")[0]:
                yield NUMBERS.sub("N", words[:120])

    def find_mounts(self):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            place = line.split()[4]
            if place.startswith(f"{self.folder}/"):
                yield NUMBERS.sub("N", place)

    def find_namespaces(self):
        """Network namespaces: pinned, and of processes."""
        own = os.readlink("/proc/self/ns/net")
        pinned = re.findall(r" (net:\[\d+\]) ", Path("/proc/self/mountinfo").read_text())
        used = set(pinned)
        for pid in processes():
            try:
                used.add(os.readlink(f"/proc/{pid}/ns/net"))
            except OSError:
                pass
        # Those of other people's processes are not below our mounts.
        ours = {one for one in used if one in pinned} | self.held_namespaces()
        return ["net" for _ in ours - {own}]

    def held_namespaces(self):
        found = set()
        for pid in processes_below(self.folder):
            try:
                found |= {os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")}
                found.add(os.readlink(f"/proc/{pid}/ns/net"))
            except OSError:
                pass
        return {name for name in found if name.startswith("net:")}

    def find_links(self):
        told = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
        return [NUMBERS.sub("N", line.split(": ")[1]) for line in told.splitlines()]

    def find_rules(self):
        """Of the packet filter: chains, rules, and the elements of sets and maps."""
        told = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=True)
        for one in json.loads(told.stdout)["nftables"]:
            for kind, value in one.items():
                if kind == "metainfo":
                    continue
                place = f"{value.get('table', '')} {value.get('chain') or value.get('name')}"
                yield f"{kind} {place}"
                for element in value.get("elem", []) if kind in ("set", "map") else []:
                    yield f"element of {place}: {json.dumps(element)[:100]}"

    def find_groups(self):
        prefix = name_prefix()
        for folder, names, _ in os.walk("/sys/fs/cgroup"):
            below = f"/{prefix}" in folder
            yield from (f"{folder}/{name}" for name in names if below or name.startswith(prefix))

    def find_records(self):
        """Keys of the two stores. What the control plane says of itself all the time is left out."""
        for store in ("store", "cluster"):
            words = [self.program, "store", "dump", self.data / store]
            told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            for line in told.splitlines():
                yield f"{store}: {NUMBERS.sub('N', json.loads(line)['key'])}"

    def line(self):
        return "".join(f"{amount:{len(name) + 2}.0f}" for name, amount in self.amounts.items())

    @staticmethod
    def head():
        return "".join(f"  {name}" for name in FIGURES)

    def more_than(self, began, name):
        """What there is now and was not at the beginning, by name."""
        return self.names.get(name, Counter()) - began.names.get(name, Counter())

    def leaks(self, began):
        """Figures that are above what is allowed."""
        bound = lambda name: began.amounts[name] + FIGURES[name][1](began.amounts[name])
        return [name for name in FIGURES if self.amounts[name] > bound(name)]


def name_prefix():
    """What this daemon's things are called: its tables tell."""
    told = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"podo-[0-9a-f]+", told)
    return found[0] if found else "podo-none"


def compare(began, ended):
    """The table at the end, as lines."""
    leaks = ended.leaks(began)
    yield f"{'':14}{'began':>10}{'ended':>10}{'allowed':>10}"
    for name, (unit, more) in FIGURES.items():
        first, last = began.amounts[name], ended.amounts[name]
        verdict = "LEAK" if name in leaks else "ok"
        yield f"{name:14}{first:10.1f}{last:10.1f}{first + more(first):10.1f}  {verdict} {unit}"
        if name in leaks:
            found = ended.more_than(began, name).most_common(20)
            yield from (f"    {count:8.1f} more: {what}" for what, count in found)


def disk_mb(folder):
    """Blocks on the disk, by what lies at the top of the folder."""
    told = subprocess.run(["du", "-x", "-d1", "-k", folder], capture_output=True, text=True).stdout
    sizes = {Path(line.split("\t")[1]): int(line.split("\t")[0]) / 1e3 for line in told.splitlines()}
    return Counter({place.name: size for place, size in sizes.items() if place != Path(folder)})
