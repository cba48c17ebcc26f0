"""Pages of Markdown as scripts."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))]

BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n)?^```sh\n(?P<text>.*?)^```$", re.M | re.S)


class Block:
    def __init__(self, match, text):
        self.line = text.count("\n", 0, match.start("text")) + 1
        self.text, self.skipped = match["text"], match["why"]


def blocks_of(page):
    text = (REPOSITORY / page).read_text()
    return [Block(match, text) for match in BLOCK.finditer(text)]


def script_of(page, places):
    """One script of all blocks that are run; it says on standard error at which one it is."""
    parts = ["set -eu"]
    for block in blocks_of(page):
        if not block.skipped:
            text = block.text
            for usual, here in places.items():
                text = text.replace(usual, here)
            parts += [f"echo '### {page}:{block.line}' >&2", text]
    return "\n".join(parts)
