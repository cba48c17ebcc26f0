"""docs/benchmarks.md: the comparison and every figure behind it, as tables."""

HEAD = """# Benchmarks

Made by `./bench all --publish`, which anybody can run again: it fetches the peers, measures everybody in
interleaved rounds, and writes this page and [benchmark.svg](benchmark.svg). Nothing is left out: targets that
are missed stand here as well. What is measured how: [tests/benchmark](../tests/benchmark/README.md).

![Podo beside other programs](benchmark.svg)
"""
QUICK = "**A short look** (`--quick`): few rounds, so the figures are rough.\n"
BUSY = """\
**The machine was busy with other work** (load {load} on {cores} cores): absolute figures, and so the targets,
suffer from that; ratios less.
"""
NOTED = """
`*`: noted earlier on the same kind of machine, or by their own documents; not of this run. "Better": how many
times better than the peer. A target like `>= 2x` is held against the best peer of the run.
"""


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"


def aim(line):
    if line.get("limit") is not None:
        return f"{'>=' if line['more'] else '<='} {line['limit']:,g}"
    return f">= {line['ratio']:g}x" if line.get("ratio") else ""


def compared(line):
    if line["podo"] is None:
        return line["title"], "", "", "", "", "not measured"
    peer = f"{number(line['peer_figure'])} {line['peer']}" if line["peer"] else ""
    star = " `*`" if line["noted"] else ""
    better = f"{line['better']:.1f}x" if line["better"] else ""
    result = "**missed**" if line["met"] == "MISSED" else line["met"]
    return line["title"], f"{number(line['podo'])} {line['unit']}", peer + star, better, aim(line), result


def every_figure(rows):
    """A table of one part: who was measured are the columns."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row.values))
    body = [[row.work, *(number(row.median(name)) for name in names)] for row in rows.values()]
    units = [
        f"{row.work}" if row.work.endswith(row.unit) else f"{row.work}, {row.unit}" for row in rows.values()
    ]
    return table(["median", *names], [[unit, *cells[1:]] for unit, cells in zip(units, body)])


def write_page(document, parts):
    machine = document["machine"]
    out = [HEAD, *([QUICK] if document["quick"] else [])]
    if machine["load"] > 3 * machine["cores"]:
        out.append(BUSY.format(**machine))
    out.append("## Machine\n")
    words = {"date": "date", "cpu": "CPU", "cores": "cores", "memory_gb": "memory, GB", "kernel": "Linux"}
    words |= {"system": "system", "load": "load when it ended", "podo": "Podo"}
    out += table(["", ""], [(words[key], value) for key, value in machine.items() if key in words])
    out += ["", "Beside it:", ""]
    out += table(["who", "version"], [(name, f"`{line}`") for name, line in document["versions"].items()])
    out += ["", "## Targets", NOTED]
    for group, lines in document["comparison"].items():
        out += [f"### {group}", ""]
        out += table(["work", "Podo", "best peer", "better", "target", "result"], map(compared, lines))
        out.append("")
    out += ["## Every figure", "", "Medians of all that was measured, by part of `./bench`."]
    for part, rows in parts.items():
        out += ["", f"### {part}", "", *every_figure(rows)]
    return "\n".join(out) + "\n"
