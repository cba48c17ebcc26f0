"""What this machine is, and what a test may have left on it.

The whole session runs in a mount namespace of its own (`isolate`), so the mount table holds nobody
else's mounts, and as a child subreaper, so a container's process whose parent went away becomes our
child: engines live the same way.
"""

import ctypes
import functools
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

CLONE_NEWNS = 0x20000
PR_SET_CHILD_SUBREAPER = 36
CGROUP_ROOT = Path("/sys/fs/cgroup")

libc = ctypes.CDLL(None, use_errno=True)


def isolate():
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNS): these tests need root")
    mount_flags("/", "rprivate")
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


MOUNT_FLAGS = {"bind": 0x1000, "rec": 0x4000, "rdonly": 0x1, "remount": 0x20,
               "private": 1 << 18, "slave": 1 << 19, "shared": 1 << 20, "unbindable": 1 << 17,
               "rprivate": 1 << 18 | 0x4000, "rslave": 1 << 19 | 0x4000, "rshared": 1 << 20 | 0x4000}


def mount(source, target, kind=None, *flags, data=None):
    bits = 0
    for flag in flags:
        bits |= MOUNT_FLAGS[flag]
    encode = lambda value: None if value is None else str(value).encode()
    if libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(bits), encode(data)):
        code = ctypes.get_errno()
        raise OSError(code, f"mount {source} on {target}: {os.strerror(code)}")


def mount_flags(target, *flags):
    mount(None, target, None, *flags)


def umount(target):
    libc.umount2(str(target).encode(), 2)


# ---- cgroups


def cgroup_mode():
    """v1: controllers in hierarchies of their own; v2: one; hybrid: v1 plus a cgroup2 somewhere beside it."""
    kinds = {line.split()[2] for line in open("/proc/mounts") if line.split()[2].startswith("cgroup")}
    return "v2" if kinds == {"cgroup2"} else "hybrid" if "cgroup2" in kinds else "v1"


def cgroup_hierarchies():
    """Mount points, one per hierarchy."""
    return [Path(line.split()[1]) for line in open("/proc/mounts") if line.split()[2].startswith("cgroup")]


def own_cgroup(controller):
    for line in open("/proc/self/cgroup"):
        _, names, path = line.rstrip("\n").split(":", 2)
        if controller in names.split(","):
            return path
    return "/"


def cgroup_dirs(token):
    """Cgroup directories of any hierarchy whose path holds `token`, deepest first."""
    found = []
    for top in cgroup_hierarchies():
        for path, dirs, _ in os.walk(top):
            found += [Path(path) / name for name in dirs if token in path or token in name]
    return sorted(found, key=lambda path: -len(path.parts))


# ---- what is there now


def mounts():
    """(root, mount point, type) of every mount of this namespace."""
    found = []
    for line in open("/proc/self/mountinfo"):
        left, right = line.rstrip("\n").split(" - ", 1)
        fields = left.split()
        found.append((fields[3], fields[4], right.split()[0]))
    return found


def children():
    """Living children of this process (adopted ones too); the dead ones are reaped on the way,
    returned apart."""
    alive, dead = set(), set()
    for thread in os.listdir("/proc/self/task"):
        for pid in map(int, read_softly(f"/proc/self/task/{thread}/children").split()):
            (dead if process_state(pid) == "Z" else alive).add(pid)
    return alive, dead


def reap_while(argv, seconds=15):
    """Runs argv to its end and reaps every other dead child meanwhile, as an engine does: the first
    process of a pid namespace is not gone before those that were exec'd into it are reaped."""
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            for pid in children()[1] - {process.pid}:
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.01)
        process.kill()


def process_state(pid):
    """The letter of /proc/PID/stat, or None when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "?"


def until(condition, seconds=10.0, what="the condition"):
    """Polls: there is no event for most of what the tests wait for."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not become true in {seconds} s")
        time.sleep(0.01)


def states(state_root):
    """Entries of the runtime's state root that can be containers: a cache may have a name no id can have."""
    return {name for name in os.listdir(state_root) if not name.startswith("@")}


class Snapshot:
    """The mounts, child processes and cgroups of now; `leaks` names what came since and `sweep`
    removes it."""

    def __init__(self, token, state_root):
        self.token, self.state_root = token, state_root
        self.mounts, self.children = mounts(), children()[0]
        self.cgroups = set(cgroup_dirs(token))
        self.states = states(state_root)

    def new_mounts(self):
        before, new = list(self.mounts), []
        for entry in mounts():
            if entry in before:
                before.remove(entry)
            elif not re.search(r"/podman-./root/overlay$", entry[1]):  # podman's: it comes and goes
                new.append(entry)
        return new

    def new_children(self):
        alive, dead = children()
        for pid in dead - self.children:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
        return alive - self.children

    def leaks(self, patience=1.0):
        end = time.monotonic() + patience  # a killed process needs a moment to go
        while True:
            found = [f"mount {kind} of {root} on {where}" for root, where, kind in self.new_mounts()]
            found += [f"process {pid}: {command_line(pid)}" for pid in self.new_children()]
            found += [f"cgroup {path}" for path in set(cgroup_dirs(self.token)) - self.cgroups]
            found += [f"state {name}" for name in states(self.state_root) - self.states]
            if not found or time.monotonic() > end:
                return found
            time.sleep(0.02)

    def sweep(self):
        for controller in ("freezer",):
            for path in cgroup_dirs(self.token):
                if (path / "freezer.state").exists():
                    write_softly(path / "freezer.state", "THAWED")
        for path in set(cgroup_dirs(self.token)) - self.cgroups:
            for pid in read_softly(path / "cgroup.procs").split():
                kill_softly(int(pid))
        for pid in self.new_children():
            kill_softly(pid)
        try:
            until(lambda: not self.new_children(), 3)
        except AssertionError:
            pass
        for _, where, _ in reversed(self.new_mounts()):
            umount(where)
        for path in cgroup_dirs(self.token):
            if path not in self.cgroups:
                try:
                    path.rmdir()
                except OSError:
                    pass
        for name in states(self.state_root) - self.states:
            remove_tree(Path(self.state_root) / name)


def read_softly(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def write_softly(path, value):
    try:
        Path(path).write_text(value)
    except OSError:
        pass


def kill_softly(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def remove_tree(path):
    """rm -r that stays on the file system and never follows a link."""
    path = Path(path)
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for entry in os.scandir(path):
        remove_tree(entry.path)
    try:
        path.rmdir()
    except OSError:
        pass


@functools.cache
def makes_user_namespaces():
    return subprocess.run(["unshare", "--user", "true"], capture_output=True).returncode == 0


def need_user_namespaces():
    """In a chroot the kernel gives nobody one (user_namespaces(7), EPERM)."""
    if not makes_user_namespaces():
        pytest.skip("no user namespaces can be made here: the kernel refuses them in a chroot")
