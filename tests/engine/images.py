"""Images for the tests, made of Debian packages: a tiny one of busybox, and, made once and kept under
build/images, nginx, redis and postgresql as their users know them."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


def entry(name, type=tarfile.REGTYPE, mode=0o755, data=b"", link="", uid=0, gid=0):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.linkname = type, mode, len(data), link
    info.uid, info.gid, info.mtime = uid, gid, 1_700_000_000
    return info, data


def layer(entries):
    """An uncompressed layer of entry()s."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def archive(path, tag, layers, config):
    """A docker archive (`docker load` reads it) of layers: bytes, or paths of tar files."""

    def digest(of):
        if isinstance(of, bytes):
            return hashlib.sha256(of).hexdigest()
        with open(of, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    digests = [digest(of) for of in layers]
    document = json.dumps(
        {
            "architecture": ARCHITECTURE,
            "os": "linux",
            "created": "2024-01-02T03:04:05Z",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one}" for one in digests]},
            "history": [
                {"created": "2024-01-02T03:04:05Z", "created_by": f"layer {number}"}
                for number in range(len(layers))
            ],
        }
    ).encode()
    name = hashlib.sha256(document).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": [f"{one}/layer.tar" for one in digests]}]
    with tarfile.open(path, "w") as out:
        out.addfile(
            *map(
                lambda x: x if isinstance(x, tarfile.TarInfo) else io.BytesIO(x),
                entry(name, data=document, mode=0o644),
            )
        )
        for one, of in zip(digests, layers):
            if isinstance(of, bytes):
                info, data = entry(f"{one}/layer.tar", data=of, mode=0o644)
                out.addfile(info, io.BytesIO(data))
            else:
                out.add(of, f"{one}/layer.tar")
        info, data = entry("manifest.json", data=json.dumps(manifest).encode(), mode=0o644)
        out.addfile(info, io.BytesIO(data))
    return path


def busybox_entries(program):
    program = Path(program).read_bytes()
    names = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
    yield from (
        entry(name, tarfile.DIRTYPE)
        for name in ("bin", "dev", "etc", "proc", "sys", "root", "var", "usr", "home")
    )
    yield entry("tmp", tarfile.DIRTYPE, 0o1777)
    yield entry("bin/busybox", data=program)
    yield from (
        entry(f"bin/{name}", tarfile.LNKTYPE, link="bin/busybox") for name in names if name != "busybox"
    )
    yield entry(
        "etc/passwd",
        mode=0o644,
        data=b"root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000:web:/home/web:/bin/sh\n",
    )
    yield entry("etc/group", mode=0o644, data=b"root:x:0:\nweb:x:1000:\naudio:x:29:web\n")
    yield entry("home/web", tarfile.DIRTYPE, uid=1000, gid=1000)


def make_busybox(folder, program, tag="busybox:latest"):
    path = Path(folder) / "busybox.tar"
    return archive(
        path,
        tag,
        [layer(busybox_entries(program))],
        {"Cmd": ["sh"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
    )


SERVICES = {
    "nginx": (
        ["nginx-light"],
        {"Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGQUIT"},
        "ln -sf /dev/stdout /var/log/nginx/access.log; ln -sf /dev/stderr /var/log/nginx/error.log",
    ),
    "redis": (
        ["redis-server"],
        {
            "Cmd": [
                "redis-server",
                "--bind",
                "0.0.0.0",
                "--protected-mode",
                "no",
                "--dir",
                "/data",
                "--appendonly",
                "yes",
            ],
            "ExposedPorts": {"6379/tcp": {}},
            "Volumes": {"/data": {}},
            "User": "redis",
            "WorkingDir": "/data",
        },
        "mkdir /data; chown redis:redis /data",
    ),
    "postgres": (
        ["postgresql"],
        {
            "Cmd": [
                "sh",
                "-c",
                "[ -s /data/PG_VERSION ] || initdb -D /data -A trust >/dev/null; "
                "exec postgres -D /data -c listen_addresses='*' -c unix_socket_directories=/tmp",
            ],
            "Env": ["PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "ExposedPorts": {"5432/tcp": {}},
            "Volumes": {"/data": {}},
            "User": "postgres",
            "StopSignal": "SIGINT",
        },
        "mkdir /data; chown postgres:postgres /data; chmod 700 /data",
    ),
}


def make_service(name, folder):
    """FOLDER/NAME.tar, made of Debian packages when it is not there yet (needs mmdebstrap and a mirror)."""
    path = Path(folder) / f"{name}.tar"
    if path.exists():
        return path
    packages, config, script = SERVICES[name]
    base, tree = Path(folder) / "debian.tar", path.with_suffix(".tree.tar")
    make_tree(base)
    make_tree(tree, base, script, *packages)
    config.setdefault("Env", ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    archive(path.with_suffix(".new"), f"{name}:latest", [tree], config)
    tree.unlink()
    path.with_suffix(".new").rename(path)
    return path


def make_tree(*arguments):
    """tools/debian_tree FILE [BASE COMMAND PACKAGE...]"""
    made = subprocess.run(
        [TOOLS / "debian_tree", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert made.returncode == 0, made.stdout[-4000:]
