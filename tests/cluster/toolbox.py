"""The image of tests about traffic: busybox, python3, curl and dig of this machine with the libraries they
need, and answer.py, a server that says who it is and who asked."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "engine"))

from images import archive, busybox_entries, entry, layer

PACKAGES = {
    "asyncio",
    "collections",
    "concurrent",
    "email",
    "encodings",
    "http",
    "importlib",
    "json",
    "logging",
}
PACKAGES |= {"lib-dynload", "re", "urllib"}  # of the standard library, besides its modules


def libraries(program):
    """What the loader would load, and the loader."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return set(re.findall(r"(/\S+) \(0x", told))


def files():
    """Every file of the tools, by the place that it has here."""
    python = os.path.realpath("/usr/bin/python3")
    found = {"/usr/bin/python3": python}
    for program in ("/usr/bin/curl", "/usr/bin/dig"):
        if os.path.exists(program):
            found[program] = program
    library = sysconfig.get_path("stdlib", vars={"base": "/usr", "installed_base": "/usr"})
    for folder, folders, names in os.walk(library):
        folders[:] = [name for name in folders if name in PACKAGES or name in ("futures", "mime")]
        for name in names:
            found[os.path.join(folder, name)] = os.path.join(folder, name)
    for program in [path for path in found.values() if "/bin/" in path]:
        for path in libraries(program):
            found[path] = os.path.realpath(path)
    return found


def entries(busybox):
    yield from busybox_entries(busybox)
    made = {"bin", "etc", "usr"}
    for place, source in sorted(files().items()):
        if not os.path.isfile(source):
            continue
        parts = place.strip("/").split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folder not in made:
                made.add(folder)
                yield entry(folder, type=b"5")
        yield entry("/".join(parts), mode=0o755, data=Path(source).read_bytes())
    yield entry("answer.py", data=(Path(__file__).parent / "answer.py").read_bytes())


def make_toolbox(folder, busybox):
    path = Path(folder) / "toolbox.tar"
    environment = ["PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"]
    config = {"Cmd": ["python3", "/answer.py"], "Env": environment}
    return archive(path, "toolbox:latest", [layer(entries(busybox))], config)
