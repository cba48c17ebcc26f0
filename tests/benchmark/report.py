"""What every part of ./bench says in the same words: a Report has rows of work, each with the samples of
those who were measured, perhaps a target of Podo's; it prints medians and ratios, and writes them as JSON:

  {"part", "machine": {...}, "versions": {NAME: LINE},
   "rows": [{"work", "unit", "more", "target", "values": {NAME: [samples]}}]}     more: higher is better
"""

import json
import statistics
from pathlib import Path

PODO = "podo"
MORE = {"MB/s", "/s", "requests/s", "queries/s", "connections/s", "Gbit/s"}


class Row:
    def __init__(self, work, unit, target=None):
        self.work, self.unit, self.target, self.values = work, unit, target, {}
        self.more = unit in MORE

    def median(self, name=PODO):
        return statistics.median(self.values[name]) if self.values.get(name) else None

    def better(self, peer):
        """How many times better than the peer Podo is."""
        ours, theirs = self.median(), self.median(peer)
        if not ours or not theirs:
            return None
        return ours / theirs if self.more else theirs / ours

    @property
    def aim(self):
        return "" if self.target is None else f"{'>=' if self.more else '<='} {self.target:g}"

    @property
    def met(self):
        if self.target is None or self.median() is None:
            return ""
        return "yes" if (self.median() >= self.target) == self.more or self.median() == self.target else "NO"

    @classmethod
    def of(cls, kept):
        row = cls(kept["work"], kept["unit"], kept["target"])
        row.more, row.values = kept["more"], kept["values"]
        return row


class Report:
    def __init__(self, part):
        self.part, self.rows = part, {}

    def add(self, work, name, value, unit=None, target=None):
        """A sample. The unit is the last word of the work, unless it is given."""
        if work not in self.rows:
            self.rows[work] = Row(work, unit or work.rpartition(" ")[2], target)
        self.rows[work].values.setdefault(name, []).append(value)
        return self.rows[work]

    def say(self, work, value, unit, target=None):
        """A sample of Podo alone, told at once."""
        row = self.add(work, PODO, value, unit, target)
        aimed = f"{row.aim:>12} {met(value, row)}" if row.aim else ""
        print(f"{work:62}{value:12.2f} {unit:12}{aimed}".rstrip(), flush=True)

    def print(self, names):
        """Medians; behind a peer's, how many times better Podo's is."""
        print(f"\n{'medians':52}" + "".join(f"{name:>20}" for name in names))
        for row in self.rows.values():
            line = f"{row.work:52}"
            for name in names:
                middle, better = row.median(name), row.better(name) if name != PODO else None
                ratio = f" ({better:.1f}x)" if better else ""
                line += f"{'-':>12}{'':8}" if middle is None else f"{middle:12.2f}{ratio:8}"
            print(f"{line}{row.aim:>10} {row.met}".rstrip())

    def write(self, path, machine, versions=None):
        if path is None:
            return
        document = {"part": self.part, "machine": machine, "versions": versions or {}}
        document["rows"] = [vars(row) for row in self.rows.values()]
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(document, indent=1) + "\n")


def met(value, row):
    alone = Row(row.work, row.unit, row.target)
    alone.values = {PODO: [value]}
    return alone.met
