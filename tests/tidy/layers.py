"""src/layers.txt against the includes of src/ and the rooms of CMakeLists.txt."""

import re

from tree import line_of, room_of, rooms, sources

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
CMAKE_ROOM = re.compile(r"^podo_(?:room\(|program\(\S+ src/)([^\s)]+)([^)]*)\)", re.MULTILINE)


def parse_layers(text):
    """{room: rooms it may include}, itself among them."""
    allowed, below, floor = {}, set(), set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("floor "):
            below |= floor
            floor = set()
        elif line.startswith("  "):
            room, _, arrows = line.strip().partition(" -> ")
            beside = {arrow.strip() for arrow in arrows.split(",")} - {""}
            if not beside <= floor:
                raise ValueError(f"src/layers.txt:{number}: {room} points to {sorted(beside - floor)}, "
                                 "which must stand above it in the file, on the same floor")
            allowed[room] = below | beside | {room}
            floor.add(room)
        else:
            raise ValueError(f"src/layers.txt:{number}: neither a floor, a room nor a comment: {line}")
    return allowed


def check_includes(tree):
    allowed = parse_layers(tree["src/layers.txt"])
    for path, text in sources(tree):
        room = room_of(path)
        if room is None:
            continue
        if room not in allowed:
            yield f"{path}: the room {room} does not stand in src/layers.txt"
            continue
        for match in INCLUDE.finditer(text):
            place, target = f"{path}:{line_of(text, match.start())}", match.group(1)
            if "src/" + target not in tree:
                yield f'{place}: "{target}" is no file of src/; write it from there, as in "base/core/text.h"'
            elif room_of("src/" + target) not in allowed[room]:
                yield f"{place}: {room} may not include {room_of('src/' + target)} (src/layers.txt)"


def check_rooms_are_built(tree):
    """Every room of layers.txt is a room of the build, which links no more than it may include."""
    allowed = parse_layers(tree["src/layers.txt"])
    built = {}
    for match in CMAKE_ROOM.finditer(tree["CMakeLists.txt"]):
        uses = re.search(r"USES((?:\s+[a-z_/]+)*)", match.group(2))
        room = match.group(1).removesuffix("/program")
        built.setdefault(room, set()).update(set(uses.group(1).split()) - {room} if uses else ())
    for room in sorted(allowed.keys() - built.keys()):
        yield f"CMakeLists.txt: the room {room} of src/layers.txt is not built"
    for room, uses in built.items():
        for use in sorted(uses - allowed.get(room, set())):
            yield f"CMakeLists.txt: {room} may not use {use} (src/layers.txt)"


def check_rooms_exist(tree):
    existing = set(rooms(tree))
    for room in sorted(parse_layers(tree["src/layers.txt"]).keys() - existing):
        yield f"src/layers.txt: the room {room} has no source file"


def check_files_apart(tree):
    for number, line in enumerate(tree.get("cmake/apart.txt", "").splitlines(), 1):
        path, _, group = line.partition(" ")
        if path not in tree or not group.isdigit():
            yield f"cmake/apart.txt:{number}: no file of the tree and its group: {line}"
