"""What the comparisons share: a table of medians and ratios, and namespaces of the run's own."""

import os
import statistics
import subprocess
import sys


class Table:
    def __init__(self):
        self.rows = {}

    def add(self, work, engine, value):
        self.rows.setdefault(work, {}).setdefault(engine, []).append(value)

    def print(self, engines):
        print(f"\n{'work':44}" + "".join(f"{name:>20}" for name in engines))
        for work, cells in self.rows.items():
            shown, base = f"{work:44}", statistics.median(cells["podo"]) if "podo" in cells else None
            for name in engines:
                if name not in cells:
                    shown += f"{'-':>20}"
                    continue
                middle = statistics.median(cells[name])
                ratio = f" ({middle / base:.1f}x)" if base and name != "podo" else ""
                shown += f"{middle:12.2f}{ratio:8}" if name != "podo" else f"{middle:12.2f}{'':8}"
            print(shown)


def in_own_namespaces():
    """Again, in network and mount namespaces of our own."""
    if os.environ.get("PODO_BENCH_INSIDE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    os.environ["PODO_BENCH_INSIDE"] = "1"
    os.execvp(
        "unshare", ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, *sys.argv]
    )
