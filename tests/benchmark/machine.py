"""What the benchmarks and the soak read of this machine: what processes cost, and what the machine is."""

import datetime
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def in_own_namespaces():
    """Again, in network and mount namespaces of our own."""
    if os.environ.get("PODO_BENCH_INSIDE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    os.environ["PODO_BENCH_INSIDE"] = "1"
    os.execvp(
        "unshare", ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, *sys.argv]
    )


def run(main):
    """main(), which removes what it made however it ends; an interruption says so, and no more."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted: what was made is removed")


def busy_seconds():
    """CPU time of the whole machine: every process that has a part in it counts."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def cpu_seconds(pid):
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pss_kb(pid):
    """Its share of memory; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def at_rest(read, pause=4.5, most=30):
    """A figure of memory once it stands still: a daemon gives back what is free within some seconds."""
    last, deadline = read(), time.monotonic() + most
    while time.monotonic() < deadline:
        time.sleep(pause)
        now = read()
        if now > last * 0.99:
            return now
        last = now
    return last


def status_kb(pid, field="VmRSS"):
    """VmRSS, VmHWM... of /proc/PID/status; 0 when it has ended."""
    try:
        found = re.search(rf"^{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def forget_peak(pid):
    """VmHWM begins again."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:  # it has ended
        pass


def processes():
    """The pid of every process there is."""
    return [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]


def processes_below(folder):
    """Those that were started with a path of this folder."""
    found = set()
    for pid in processes():
        try:
            if str(folder) in Path(f"/proc/{pid}/cmdline").read_text(errors="replace"):
                found.add(pid)
        except OSError:
            pass
    return found


def facts(podo=None):
    """What a figure is worth nothing without."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)', Path("/etc/os-release").read_text(), re.MULTILINE))
    known = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": cpu[1].strip() if cpu else os.uname().machine,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(memory[1]) / 1e6, 1),
        "kernel": os.uname().release,
        "system": system.get("PRETTY_NAME", "?"),
        "load": round(os.getloadavg()[0], 2),
    }
    if podo:
        known["podo"] = version_of(podo)
    return known


def version_of(program, *words):
    """The first line that a program says of its version; None when there is no such program."""
    try:
        told = subprocess.run(
            [program, *(words or ["--version"])], capture_output=True, text=True, timeout=20
        )
    except OSError:
        return None
    return ((told.stdout or told.stderr).splitlines() or ["?"])[0].strip()
