"""The bundle a test starts from: one small root file system (busybox and probe) and a config.json like
the ones engines write. A test changes the dict before it runs the container."""

import os
import shutil
import subprocess
from pathlib import Path

APPLETS = """
awk base64 basename cat chgrp chmod chown chroot cmp cp cut date dd df dirname echo env expr false find
grep head hostname id ip kill ln ls mkdir mkfifo mknod mktemp more mount mv nproc nsenter od pidof ping
printenv printf ps pwd readlink realpath rm rmdir sed seq setpriv setsid sh sleep sort stat stty sync
sysctl tail tar taskset tee test time timeout top touch tr true truncate tty umount uname uniq unlink
unshare usleep wc which xargs yes
""".split()

DIRECTORIES = "bin dev etc home mnt proc root run srv sys tmp usr var work".split()

CAPABILITIES = ["CAP_" + name for name in """
AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP
SETUID SYS_CHROOT
""".split()]

MASKED_PATHS = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]
READONLY_PATHS = ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


class Rootfs:
    """The files every container's root is made of; `copy_to` is links and directories, so about a
    millisecond."""

    def __init__(self, directory):
        self.bin = Path(directory)
        self.bin.mkdir()
        busybox = shutil.which("busybox")
        if busybox is None:
            raise RuntimeError("these tests need busybox: apt-get install busybox-static")
        shutil.copy(busybox, self.bin / "busybox")
        compiler = shutil.which("clang-19") or shutil.which("cc")
        if compiler is None:
            raise RuntimeError("these tests need a C compiler: apt-get install clang-19")
        source = Path(__file__).with_name("probe.c")
        subprocess.run([compiler, "-static", "-O1", "-o", self.bin / "probe", source], check=True, timeout=60)

    def copy_to(self, root):
        root = Path(root)
        for name in DIRECTORIES:
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "tmp").chmod(0o1777)
        for name in ("busybox", "probe"):
            os.link(self.bin / name, root / "bin" / name)
        for name in APPLETS:
            os.symlink("busybox", root / "bin" / name)
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\ngrape:x:1000:1000::/home:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\ngrape:x:1000:\nvine:x:2000:\n")
        return root


def config(identifier):
    return {
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs", "readonly": False},
        "hostname": "podo",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["true"],
            "env": ["PATH=/bin", "HOME=/root"],
            "cwd": "/",
            "capabilities": {kind: list(CAPABILITIES) for kind in ("bounding", "effective", "permitted")},
            "noNewPrivileges": False,
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
             "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
             "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
             "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs",
             "options": ["nosuid", "noexec", "nodev", "ro"]},
        ],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
            "cgroupsPath": f"/{identifier}",
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "maskedPaths": list(MASKED_PATHS),
            "readonlyPaths": list(READONLY_PATHS),
        },
    }
