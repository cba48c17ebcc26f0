"""The documents against the tree: what they name exists, and what exists is named."""

import re

from tree import line_of, room_of, rooms, sources

ROOM_README_PARTS = ["What it is", "Words", "Path", "Files"]
ROOM_README_LINES = 60
LOOKS_LIKE_A_PATH = re.compile(r"^[\w.-]+(?:/[\w.-]+)+/?$|^[\w-]+\.(?:cpp|h|py|md|txt|cmake|json)$")


def exists(tree, path):
    path = path.removeprefix("./")
    folder = path.rstrip("/") + "/"
    return path in tree or any(name.startswith(folder) for name in tree)


def check_architecture_paths(tree):
    """Every `path` of ARCHITECTURE.md, written from the root or from src/."""
    text = tree["ARCHITECTURE.md"]
    for match in re.finditer(r"`([^`\n]+)`", text):
        path = match.group(1)
        if LOOKS_LIKE_A_PATH.match(path) and not exists(tree, path) and not exists(tree, "src/" + path):
            if not path.startswith("build/"):
                yield f"ARCHITECTURE.md:{line_of(text, match.start())}: {path} does not exist"


def check_architecture_rooms(tree):
    """The rows of the room table are exactly the rooms of src/."""
    rows = set(re.findall(r"^\| `([a-z_]+(?:/[a-z_]+)?)` \|", tree["ARCHITECTURE.md"], re.MULTILINE))
    existing = set(rooms(tree))
    for room in sorted(existing - rows):
        yield f"ARCHITECTURE.md: the room {room} has no row"
    for room in sorted(rows - existing):
        yield f"ARCHITECTURE.md: there is no room {room}"


def check_room_readmes(tree):
    """A room of two files or more explains itself, in four parts and at most sixty lines."""
    for room in rooms(tree):
        files = [path for path, _ in sources(tree) if room_of(path) == room]
        path = f"src/{room}/README.md"
        if len(files) < 2:
            continue
        if path not in tree:
            yield f"{path}: missing; a room of {len(files)} files explains itself"
            continue
        text = tree[path]
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        if parts != ROOM_README_PARTS:
            yield f"{path}: its parts are {parts}, not {ROOM_README_PARTS}"
        if text.count("\n") > ROOM_README_LINES:
            yield f"{path}: {text.count(chr(10))} lines, more than {ROOM_README_LINES}"
        listing = text.partition("\n## Files")[2]
        for name in re.findall(r"(?<![\w/.*<])[\w/-]+\.(?:cpp|h)\b", text):
            if not exists(tree, f"src/{room}/{name}") and not exists(tree, "src/" + name):
                yield f"{path}: {name} does not exist"
        stems = {name.rpartition("/")[2].partition(".")[0] for name in files}
        if not stems & set(re.findall(r"\w+", listing)):
            yield f"{path}: its Files part names no file"


def check_translation(tree):
    """README.ko.md has the headings and the commands of README.md."""
    def outline(text):
        fences = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
        commands = [[line.partition("#")[0].rstrip() for line in fence.splitlines()] for fence in fences]
        prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        return re.findall(r"^#+ ", prose, re.MULTILINE), commands
    if outline(tree["README.md"]) != outline(tree["README.ko.md"]):
        yield "README.ko.md: its headings or commands differ from those of README.md; translate the change"
