#!/usr/bin/env python3
"""Writes cmake/apart.txt: the files that cannot be compiled in one unit with the first files of their room,
because they define the same local name, and with which of the others they can. Needs a configured build/asan.

    tools/find_apart.py            looks at every room
    tools/find_apart.py ROOM...    looks at these rooms (src/base/io); the lines of the others stay

Folders outside of src/ and programs are not looked at: their few files have to get along.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/asan"
LIST = ROOT / "cmake/apart.txt"
ERROR = re.compile(r"(\S+?):\d+:\d+: (?:fatal )?error: (.*)")
INCLUDED = re.compile(r"In file included from (\S+?\.cpp):")


def units():
    """The files that are compiled together, a list for the sources and one for the tests of each room."""
    with open(BUILD / "compile_commands.json", encoding="utf-8") as file:
        commands = json.load(file)
    found = collections.defaultdict(dict)
    for entry in commands:
        for path in files_of(pathlib.Path(entry["file"])):
            if path.is_relative_to(ROOT / "src") and "-DPODO_" not in entry["command"]:
                key = (str(path.parent.relative_to(ROOT)), path.stem.endswith("_test"))
                found[key][str(path.relative_to(ROOT))] = entry["command"]
    return {key: files for key, files in found.items() if not key[0].endswith("/program")}


def files_of(path):
    if "Unity" not in path.parts:
        return [path]
    return [pathlib.Path(name) for name in re.findall(r'#include "(.*)"', path.read_text(encoding="utf-8"))]


def first_error(names, command):
    """The first of the files that does not compile after those before it, and why."""
    text = "".join(f'#include "{ROOT / name}"\n' for name in names)
    command = re.sub(r" -o \S+ -c \S+", " -fsyntax-only -ferror-limit=1 -x c++ -", command)
    ran = subprocess.run(
        command, shell=True, cwd=BUILD, input=text, capture_output=True, text=True, check=False
    )
    included = None
    for line in ran.stderr.splitlines():
        if match := INCLUDED.search(line):
            name = match[1].removeprefix(f"{ROOT}/")
            included = name if name in names else included
        if match := ERROR.match(line):
            name = match[1].removeprefix(f"{ROOT}/")
            name = name if name in names else included
            return (name, match[2]) if name else sys.exit(ran.stderr)
    if ran.returncode:
        sys.exit(f"{command}\n{ran.stderr}")
    return None


def groups(names, command):
    """The names in lists of those that compile together, the first ones first."""
    while names:
        group, rest = list(names), []
        while len(group) > 1 and (found := first_error(group, command)):
            print(*found, flush=True)
            group.remove(found[0])
            rest.append(found[0])
        yield group
        names = sorted(rest)


def main(rooms):
    precompiled = [folder.stem for folder in (BUILD / "CMakeFiles").glob("precompiled*.dir")]
    subprocess.run(["cmake", "--build", BUILD, "--target", *precompiled], check=True)
    lines = [line.split() for line in LIST.read_text(encoding="utf-8").splitlines()]
    apart = {path: int(group) for path, group in lines if (ROOT / path).exists()}
    for (room, _), files in sorted(units().items()):
        if rooms and room not in rooms:
            continue
        names = sorted(files)
        for number, group in enumerate(groups(names, files[names[0]])):
            for name in group:
                apart.pop(name, None)
                if number:
                    apart[name] = number
    LIST.write_text("".join(f"{path} {group}\n" for path, group in sorted(apart.items())), encoding="utf-8")


main(sys.argv[1:])
