"""The tree as a value: {path: text}. The checks take one and give back findings, so that each check can be
tried on a small bad tree of its own (test_the_checks.py) as well as on the real one (test_tidy.py)."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", "__pycache__", ".pytest_cache", "corpus"}
# What was built; what is input to tests and has its own form.
SKIPPED_PATHS = {ROOT / "build", ROOT / "tests/build/cases"}


def read_tree():
    tree = {}
    for folder, folders, files in os.walk(ROOT):
        kept = [name for name in folders if name not in SKIPPED_FOLDERS]
        folders[:] = sorted(name for name in kept if Path(folder) / name not in SKIPPED_PATHS)
        for name in sorted(files):
            path = Path(folder) / name
            try:
                tree[path.relative_to(ROOT).as_posix()] = path.read_text()
            except UnicodeDecodeError:
                pass  # bytes of a test: nothing to say about its style
    return tree


def sources(tree, *endings):
    """(path, text) of C++ under src/ and tests/."""
    for path, text in tree.items():
        if path.endswith(endings or (".cpp", ".h")) and path.startswith(("src/", "tests/")):
            yield path, text


def room_of(path):
    """src/base/core/text.h -> base/core, as for what lies in its testsuite/ or program/; None: in no room."""
    folder = path.rpartition("/")[0].removesuffix("/testsuite").removesuffix("/program")
    return folder[len("src/"):] or None if path.startswith("src/") else None


def rooms(tree):
    return sorted({room_of(path) for path, _ in sources(tree) if room_of(path)})


# What is not code becomes blanks: comments, the inside of strings, characters. Lines stay lines.
NOT_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)\"
                          |"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""", re.DOTALL | re.VERBOSE)


def code_of(text):
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    return NOT_CODE.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1
