"""Debian images that real programs are built on, made and kept as tests/engine's services are."""

import images

PATH = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
TOOLCHAINS = {
    "gcc": (["gcc", "libc6-dev", "make"], {"Cmd": ["sh"], "Env": PATH}, "true"),
    "python": (["python3", "python3-pip"], {"Cmd": ["python3"], "Env": PATH}, "true"),
    "node": (["nodejs", "npm"], {"Cmd": ["node"], "Env": PATH}, "true"),
}


def make_toolchain(name, folder):
    images.SERVICES.update(TOOLCHAINS)
    return images.make_service(name, folder)
