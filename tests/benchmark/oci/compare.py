"""./bench oci: Podo's OCI runtime beside crun and runc, in one interleaved run.

Every round runs the same verbs with every runtime, the order of the runtimes rotating, on the same bundle: a
default config.json (of `runc spec` if there is a runc) with terminal false and /bin/true of busybox. Medians.

wall   from spawn to exit of the command; for kill+delete until the process is gone and deleted
CPU    user + system time of the command, of all it waited for, and of the container's process it left
RSS    the largest peak among these processes
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from machine import facts, run, version_of
from report import Report

ROOT = Path(__file__).resolve().parents[3]
PODO = os.environ.get("PODO", f"{ROOT}/build/release/podo-oci").split()
if len(PODO) == 1 and Path(PODO[0]).name != "podo-oci":
    PODO.append("oci")
MEASURE = ROOT / "build/release/measure"
FIELDS = (("wall ms", "wall_us", 1000), ("CPU ms", "cpu_us", 1000), ("peak RSS MB", "rss_kb", 1024))
VERBS = ("run", "create", "start", "state", "exec", "kill+delete")
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC_PRIVATE, PR_SET_CHILD_SUBREAPER = 0x20000, 0x4000 | 1 << 18, 36


def own_mounts():
    """A mount namespace for this run, all runtimes alike; orphans become our children, as in an engine."""
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, ctypes.c_ulong(MS_REC_PRIVATE), None):
        sys.exit("bench: this needs root")
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def leave_hybrid_cgroups():
    """crun refuses to work beside a cgroup2 that holds controllers; out of sight, it works."""
    unified = "/sys/fs/cgroup/unified"
    if not os.path.ismount(unified):
        return
    if libc.umount2(unified.encode(), 2):
        sys.exit(f"bench: cannot unmount {unified}: {os.strerror(ctypes.get_errno())}")
    print(f"This host has hybrid cgroups, which crun refuses: {unified} is hidden from all in this run.")


class Sample:
    def __init__(self, wall_us=0, cpu_us=0, rss_kb=0):
        self.wall_us, self.cpu_us, self.rss_kb = wall_us, cpu_us, rss_kb

    def __add__(self, other):
        peak = max(self.rss_kb, other.rss_kb)
        return Sample(self.wall_us + other.wall_us, self.cpu_us + other.cpu_us, peak)


def measured(command):
    """Runs the command under measure.cpp; its report comes through descriptor 3 of that program."""
    report, sink = os.pipe()
    errors.truncate(0)
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
               (os.POSIX_SPAWN_DUP2, errors.fileno(), 2), (os.POSIX_SPAWN_DUP2, sink, 3)]
    child = os.posix_spawn(MEASURE, [str(MEASURE), *command], os.environ, file_actions=actions)
    os.close(sink)
    with os.fdopen(report) as lines:
        text = lines.readline()
    os.waitpid(child, 0)
    if not text:
        raise RuntimeError(f"{command[0]} could not be started")
    wall, cpu, rss, code = map(int, text.split())
    if code:
        errors.seek(0)
        said = errors.read().decode(errors="replace")[-600:]
        raise RuntimeError(f"{' '.join(command)} exited with {code}: {said}")
    return Sample(wall, cpu, rss)


def cpu_so_far(pid):
    """Nanosecond counters of every thread: the times of /proc/PID/stat are too coarse for a millisecond."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except OSError:
            pass
    return total // 1000


def reap(pid):
    """Waits for the container's process, ours since its runtime exited: CPU and peak RSS of its life."""
    _, _, used = os.wait4(pid, 0)
    return Sample(0, round((used.ru_utime + used.ru_stime) * 1e6), used.ru_maxrss)


class Runtime:
    def __init__(self, name, command, work):
        self.name, self.command = name, [*command, "--root", str(work / f"state-{name}")]
        self.pid_file = work / f"pid-{name}"
        self.samples = {verb: [] for verb in VERBS}

    def call(self, *arguments):
        return measured([*self.command, *arguments])

    def create(self, bundle, container):
        sample = self.call("create", "--bundle", str(bundle), "--pid-file", str(self.pid_file), container)
        pid = int(self.pid_file.read_text())
        spent = cpu_so_far(pid)
        return sample + Sample(0, spent), pid, spent

    def round(self, number, short, long):
        add = lambda verb, sample: self.samples[verb].append(sample)
        add("run", self.call("run", "--bundle", str(short), f"r{number}"))

        sample, pid, spent = self.create(short, f"c{number}")
        add("create", sample)
        sample = self.call("start", f"c{number}")
        rest = reap(pid)
        add("start", sample + Sample(0, max(0, rest.cpu_us - spent), rest.rss_kb))
        self.call("delete", f"c{number}")

        _, pid, _ = self.create(long, f"l{number}")
        self.call("start", f"l{number}")
        add("state", self.call("state", f"l{number}"))
        add("exec", self.call("exec", f"l{number}", "/bin/true"))
        begin = time.monotonic()
        sample = self.call("kill", f"l{number}", "KILL")
        reap(pid)
        sample += self.call("delete", f"l{number}")
        sample.wall_us = round((time.monotonic() - begin) * 1e6)
        add("kill+delete", sample)

    def forget(self):
        state = Path(self.command[-1])
        for container in state.iterdir() if state.is_dir() else ():
            subprocess.run([*self.command, "delete", "--force", container.name],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_bundle(path, rootfs, arguments, spec_command):
    path.mkdir()
    subprocess.run([*spec_command, "spec", "--bundle", str(path)], check=True, cwd=path)
    config = json.loads((path / "config.json").read_text())
    config["ociVersion"] = "1.0.2"  # newer than this, older runtimes refuse
    config["process"].update(terminal=False, args=arguments)
    config["root"] = {"path": str(rootfs), "readonly": True}
    (path / "config.json").write_text(json.dumps(config))
    return path


def make_rootfs(path):
    for folder in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        (path / folder).mkdir(parents=True)
    busybox = shutil.which("busybox") or sys.exit("bench: there is no busybox in PATH")
    shutil.copy(busybox, path / "bin/busybox")
    for tool in ("true", "sleep", "sh"):
        (path / "bin" / tool).symlink_to("busybox")


def found_runtimes(work):
    candidates = {"podo": PODO, "crun": ["crun"], "runc": ["runc"]}
    found = {}
    for name, command in candidates.items():
        path = shutil.which(command[0])
        if path:
            found[name] = Runtime(name, [path, *command[1:]], work)
    return found


def version(runtime):
    return version_of(*runtime.command[:-2], "--version")


def report_of(runtimes):
    report = Report("oci")
    for title, field, scale in FIELDS:
        for verb in VERBS:
            for name, runtime in runtimes.items():
                for sample in runtime.samples[verb]:
                    report.add(f"{verb}, {title}", name, getattr(sample, field) / scale)
    return report


def main():
    global errors
    parser = argparse.ArgumentParser(prog="./bench oci", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", metavar="FILE", help="write every sample there")
    options = parser.parse_args()

    work = Path(tempfile.mkdtemp(prefix="podo-bench."))
    runtimes = {}
    try:
        errors = open(work / "errors", "a+b")
        own_mounts()
        leave_hybrid_cgroups()
        runtimes = found_runtimes(work)
        make_rootfs(work / "rootfs")
        spec_command = (runtimes.get("runc") or next(iter(runtimes.values()))).command[:-2]
        short = make_bundle(work / "short", work / "rootfs", ["/bin/true"], spec_command)
        long = make_bundle(work / "long", work / "rootfs", ["/bin/sleep", "1000"], spec_command)
        for name, runtime in runtimes.items():
            print(f"{name:<6}{version(runtime)}")
        measure_rounds(list(runtimes.values()), options.rounds, short, long)
        print(f"\nMedians of {options.rounds} rounds on {os.cpu_count()} CPUs, Linux {os.uname().release}, "
              f"load {os.getloadavg()[0]:.1f}.")
        report = report_of(runtimes)
        report.print(runtimes)
        versions = {name: version(runtime) for name, runtime in runtimes.items()}
        report.write(options.json, facts(PODO[0]), versions)
    finally:
        for runtime in runtimes.values():
            runtime.forget()
        shutil.rmtree(work, ignore_errors=True)


def measure_rounds(order, rounds, short, long):
    for runtime in order:  # warm the page cache; a runtime that cannot do it says so now
        runtime.round(-1, short, long)
        runtime.samples = {verb: [] for verb in VERBS}
    for number in range(rounds):
        order.append(order.pop(0))
        for runtime in order:
            runtime.round(number, short, long)
        if sys.stderr.isatty():
            print(f"\r  round {number + 1} of {rounds}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)


if __name__ == "__main__":
    run(main)
