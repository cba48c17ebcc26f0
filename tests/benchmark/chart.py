"""The comparison as a picture: an SVG of horizontal bars, Podo beside the best peer of the same run. The
longer of a pair fills the width; it is readable on light and on dark ground."""

from xml.sax.saxutils import escape

WIDTH, LABEL, FIGURES, BAR, GAP, ROW, TOP = 900, 260, 240, 11, 3, 38, 74
STYLE = """
    text { font: 13px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #24292f }
    .title { font-size: 16px; font-weight: 600 }
    .small { font-size: 11px; fill: #57606a }
    .better { font-weight: 600 }
    .podo { fill: #7048b8 }
    .peer { fill: #b8bfc6 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .small { fill: #9aa4ae }
      .podo { fill: #a98bea }
      .peer { fill: #57606a }
    }"""


def text(x, y, words, kind="", anchor="start"):
    kind = f' class="{kind}"' if kind else ""
    return f'  <text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{kind}>\n    {escape(words)}\n  </text>'


def bar(x, y, width, kind):
    return f'  <rect x="{x:g}" y="{y:g}" width="{max(2, width):.1f}" height="{BAR}" rx="2" class="{kind}"/>'


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def draw(lines, machine):
    """`lines` of the comparison; those without a peer of the same run are left out."""
    lines = [line for line in lines if line.get("podo") and line.get("peer") and not line["noted"]]
    less, more = [one for one in lines if not one["more"]], [one for one in lines if one["more"]]
    height = TOP + ROW * len(lines) + 26 * (bool(less) + bool(more)) + 28
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"']
    out += [f'     aria-label="Podo beside other programs" width="{WIDTH}" height="{height}">']
    out += [f"  <style>{STYLE}\n  </style>", text(12, 26, "Podo beside the best of the others", "title")]
    out += legend()
    y = TOP
    for words, group in (("less is better", less), ("more is better", more)):
        if group:
            out.append(text(LABEL, y, words, "small"))
            y += 10
            for line in group:
                out += pair(line, y)
                y += ROW
            y += 16
    told = f"{machine['cores']} cores of {machine['cpu']}, Linux {machine['kernel']}, {machine['date']}"
    out += [text(12, height - 10, f"{told}; medians of one run", "small"), "</svg>"]
    return "\n".join(out) + "\n"


def legend():
    place = 12
    out = []
    for kind, words in (("podo", "Podo"), ("peer", "the best peer on the same machine")):
        out += [bar(place, 41, 11, kind), text(place + 17, 51, words, "small")]
        place += 62
    return out


def pair(line, y):
    room = WIDTH - LABEL - FIGURES
    most = max(line["podo"], line["peer_figure"])
    out = [text(LABEL - 10, y + BAR + 6, line["title"], anchor="end")]
    for kind, name, value, at in (
        ("podo", "", line["podo"], y),
        ("peer", f"  {line['peer']}", line["peer_figure"], y + BAR + GAP),
    ):
        width = room * value / most
        out.append(bar(LABEL, at, width, kind))
        told = f"{number(value)} {line['unit']}{name}"
        out.append(text(LABEL + max(2, width) + 6, at + BAR - 1.5, told, "small"))
    out.append(text(WIDTH - 12, y + BAR + 6, f"{line['better']:.1f}x", "better", "end"))
    return out
