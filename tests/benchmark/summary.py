"""The end of ./bench all: what its parts wrote becomes one table, all.json, a chart and a page.

    summary.py FOLDER [--publish]     FOLDER has PART.json; docs/ gets the chart and the page when asked
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from chart import draw
from machine import facts
from page import write_page
from report import PODO, Row
from targets import GROUPS

ROOT = HERE.parents[1]
PARTS = ("oci", "engine", "build", "registry", "api", "cluster", "net")
FLOOR = "loopback"  # measured with the others, and nobody's


class Parts:
    """What was measured: find(part, work) is a Row, or nothing."""

    def __init__(self, folder):
        self.documents = {}
        for part in PARTS:
            path = Path(folder) / f"{part}.json"
            if path.exists():
                self.documents[part] = json.loads(path.read_text())
        self.rows = {
            part: {kept["work"]: Row.of(kept) for kept in document["rows"]}
            for part, document in self.documents.items()
        }
        self.add_pods()

    def add_pods(self):
        """A pod's own address is what its Service is compared with."""
        net = self.rows.get("net", {})
        for unit in ("Gbit/s", "connections/s"):
            one, two = net.get(f"pod to pod, {unit}"), net.get(f"pod to Service, {unit}")
            if one and two:
                two.values["pod to pod"] = one.values[PODO]

    def find(self, part, work):
        return self.rows.get(part, {}).get(work)

    def versions(self):
        merged = {}
        for document in self.documents.values():
            merged |= {name: line for name, line in document["versions"].items() if line}
        return {name: line for name, line in merged.items() if not name.startswith(PODO)}


def best_peer(row, target):
    """(name, median) of whoever is best among the peers that were measured."""
    names = [name for name in row.values if not name.startswith(PODO) and name != FLOOR]
    names = [name for name in names if not target.peers or name.lower() in target.peers]
    if not names:
        return None
    name = (max if row.more else min)(names, key=row.median)
    return name, row.median(name)


def judge(target, row):
    """One line of the comparison, as a value."""
    line = {"title": target.title, "part": target.part, "work": target.work, "chart": target.chart}
    ours = row.median(target.column) if row else None
    if ours is None:
        return {**line, "podo": None, "met": "not measured"}
    peer, noted = best_peer(row, target), False
    if peer is None and target.noted:
        peer, noted = target.noted, True
    limit = target.limit if target.limit is not None else None if target.ratio else row.target
    line |= {"podo": ours, "unit": row.unit, "more": row.more, "noted": noted}
    line |= {"peer": peer and peer[0], "peer_figure": peer and peer[1], "limit": limit, "ratio": target.ratio}
    better = None
    if peer and ours and peer[1]:
        better = ours / peer[1] if row.more else peer[1] / ours
    line["better"] = better
    met = None
    if limit is not None:
        met = ours >= limit if row.more else ours <= limit
    elif target.ratio is not None and better is not None:
        met = better >= target.ratio
    line["met"] = "" if met is None else "met" if met else "MISSED"
    return line


def aim_of(line):
    if line.get("limit") is not None:
        return f"{'>=' if line['more'] else '<='} {line['limit']:,g}"
    return f">= {line['ratio']:g}x" if line.get("ratio") else ""


def shown(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def peer_of(line):
    if not line.get("peer"):
        return ""
    return f"{shown(line['peer_figure'])} {line['peer']}{' *' if line['noted'] else ''}"


def print_table(groups):
    print(f"\n{'work':38}{'Podo':>10} {'':14}{'best peer':36}{'better':>8}  {'target':>10}")
    for group, lines in groups.items():
        print(group)
        for line in lines:
            if line["podo"] is None:
                print(f"  {line['title']:36}{'-':>10} {'':14}{'':36}{'':>8}  {'':>10}  not measured")
                continue
            better = f"{line['better']:.1f}x" if line["better"] else ""
            ours = f"{shown(line['podo']):>10} {line['unit'][:13]:14}"
            judged = f"{better:>8}  {aim_of(line):>10}  {line['met']}"
            print(f"  {line['title']:36}{ours}{peer_of(line)[:35]:36}{judged}".rstrip())
    every = [line for lines in groups.values() for line in lines]
    count = lambda what: sum(line["met"] == what for line in every)
    print("\n* noted earlier on the same kind of machine, or by their own documents: not of this run")
    print(f"{count('met')} met, {count('MISSED')} missed, {count('not measured')} not measured")


def main():
    parser = argparse.ArgumentParser(prog="./bench all")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--publish", action="store_true", help="docs/benchmark.svg and docs/benchmarks.md")
    parser.add_argument("--quick", action="store_true", help="few rounds: the page says so")
    options = parser.parse_args()
    parts = Parts(options.folder)
    groups = {
        group: [judge(target, parts.find(target.part, target.work)) for target in targets]
        for group, targets in GROUPS.items()
    }
    print_table(groups)
    machine = facts(os.environ.get("PODO", ROOT / "build/release/podo"))
    document = {
        "machine": machine,
        "quick": options.quick,
        "versions": parts.versions(),
        "comparison": groups,
    }
    document["medians"] = {
        part: {
            work: {name: statistics.median(v) for name, v in row.values.items()} for work, row in rows.items()
        }
        for part, rows in parts.rows.items()
    }
    (options.folder / "all.json").write_text(json.dumps(document, indent=1) + "\n")
    place = ROOT / "docs" if options.publish else options.folder
    lines = [line for group in groups.values() for line in group]
    (place / "benchmark.svg").write_text(draw([line for line in lines if line["chart"]], machine))
    (place / "benchmarks.md").write_text(write_page(document, parts.rows))
    print(f"written: {options.folder / 'all.json'}, {place / 'benchmark.svg'}, {place / 'benchmarks.md'}")


if __name__ == "__main__":
    main()
