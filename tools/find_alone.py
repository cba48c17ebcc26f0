#!/usr/bin/env python3
"""Writes cmake/alone.txt: the files that cannot be compiled in one unit with the others of their room,
because they define the same local name. Needs a configured build/asan.

    tools/find_alone.py            looks at every room
    tools/find_alone.py ROOM...    looks at these rooms (src/base/io); the lines of the others stay
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/asan"
LIST = ROOT / "cmake/alone.txt"
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
            return (name if name in names else included), match[2]
    if ran.returncode:
        sys.exit(f"{command}\n{ran.stderr}")
    return None


def main(rooms):
    subprocess.run(["cmake", "--build", BUILD, "--target", "precompiled", "precompiled_tests"], check=True)
    alone = {line for line in LIST.read_text(encoding="utf-8").split() if (ROOT / line).exists()}
    for (room, _), files in sorted(units().items()):
        if rooms and room not in rooms:
            continue
        alone -= set(files)
        names = sorted(files)
        while len(names) > 1 and (found := first_error(names, files[names[0]])):
            print(*found, flush=True)
            names.remove(found[0])
            alone.add(found[0])
    LIST.write_text("".join(f"{name}\n" for name in sorted(alone)), encoding="utf-8")


main(sys.argv[1:])
