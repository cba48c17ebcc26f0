"""Programs as people build them, on images of Debian packages; each is run then, and asked over HTTP."""

import base64
import hashlib
import io
import json
import os
import shutil
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest
from daemon import wait_until
from toolchains import make_toolchain

IMAGES = Path(__file__).resolve().parents[2] / "build/images"


@pytest.fixture
def toolchain(engine):
    """A maker: toolchain("gcc") is a base image of that name."""
    if not shutil.which("mmdebstrap") and not IMAGES.exists():
        pytest.skip("there is no mmdebstrap")

    def load(name):
        if not engine.docker("images", "-q", name):
            engine.docker("load", "-q", "-i", make_toolchain(name, IMAGES), timeout=250)

    return load


@pytest.fixture
def ask(engine):
    """Runs an image and asks the server in it."""
    started = []

    def ask(image, path="/", port=8000):
        id = engine.docker("run", "-d", "-p", f"127.0.0.1::{port}", image)
        started.append(id)
        address = engine.docker("port", id, str(port)).split("\n")[0]

        def answer():
            try:
                return urllib.request.urlopen(f"http://{address}{path}", timeout=5).read().decode()
            except OSError:
                return None

        return wait_until(answer, 20, f"the server of {image}")

    yield ask
    for id in started:
        engine.docker("rm", "-f", id)


SERVER_C = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>
#include "words.h"

int main(void) {
  const int yes = 1, server = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(8000)};
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(server, (struct sockaddr *)&at, sizeof at) != 0 || listen(server, 8) != 0) return 1;
  for (;;) {
    const int client = accept(server, NULL, NULL);
    char request[4096];
    if (read(client, request, sizeof request) > 0)
      dprintf(client, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n%s", sizeof WORDS - 1, WORDS);
    close(client);
  }
}
"""


def test_a_c_program_in_two_stages(podo, toolchain, ask, folder):
    toolchain("gcc")
    (folder / "Makefile").write_text("server: server.o\n\t$(CC) -static -s -o $@ $^\nserver.o: words.h\n")
    (folder / "server.c").write_text(SERVER_C)
    (folder / "words.h").write_text('#define WORDS "from C"\n')
    (folder / "Dockerfile").write_text(
        "FROM gcc AS build\nWORKDIR /src\nCOPY Makefile *.c *.h ./\nRUN make\n"
        "FROM scratch\nCOPY --from=build /src/server /server\n"
        "USER 1000\nEXPOSE 8000\nENTRYPOINT [\"/server\"]\n"
    )
    image = podo.build(folder).image
    assert set(image.tree()) == {"/server"} and len(image.layers) == 1
    assert ask("case") == "from C"
    (folder / "words.h").write_text('#define WORDS "from C again"\n')
    podo.build(folder).image
    assert ask("case") == "from C again"


def wheel(name, module):
    """A wheel of one module, as pip takes it."""
    out, info, rows = io.BytesIO(), f"{name}-1.0.dist-info", []
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in {
            f"{name}.py": module,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n",
        }.items():
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            rows.append(f"{path},sha256={digest},{len(text)}")
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return out.getvalue()


def test_a_python_service(podo, toolchain, ask, folder):
    toolchain("python")
    (folder / "wheels").mkdir()
    (folder / "wheels/greeting-1.0-py3-none-any.whl").write_bytes(
        wheel("greeting", "def greet():\n    return 'from Python'\n")
    )
    (folder / "requirements.txt").write_text("greeting==1.0\n")
    (folder / "service.py").write_text(
        "import http.server, greeting\n\n\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200)\n"
        "        self.end_headers()\n"
        "        self.wfile.write(greeting.greet().encode())\n\n\n"
        "http.server.HTTPServer(('', 8000), Handler).serve_forever()\n"
    )
    (folder / ".dockerignore").write_text("**/__pycache__\n*.md\n")
    (folder / "Dockerfile").write_text(
        "FROM python\nWORKDIR /app\nENV PYTHONDONTWRITEBYTECODE=1\nCOPY requirements.txt .\n"
        "RUN --mount=type=cache,target=/root/.cache/pip --mount=source=wheels,target=/wheels \\\n"
        "    pip install --break-system-packages --no-index --find-links=/wheels -r requirements.txt\n"
        "COPY service.py .\nUSER nobody\nHEALTHCHECK --interval=1s CMD [\"true\"]\n"
        "CMD [\"python3\", \"service.py\"]\n"
    )
    tree = podo.build(folder).image.tree()
    assert ask("case") == "from Python"
    assert "/wheels" not in tree and not any(path.startswith("/root/.cache") for path in tree)


def npm_package(name, version, text):
    """A tarball as a registry has it."""
    out = io.BytesIO()
    files = {
        "package/package.json": json.dumps({"name": name, "version": version, "main": "index.js"}),
        "package/index.js": f"module.exports = () => {text!r};\n",
    }
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content.encode()))
    return out.getvalue()


def npm_registry(web, name, version, text):
    """The two documents that `npm install NAME` asks for."""
    tarball = npm_package(name, version, text)
    address = f"/{name}/-/{name}-{version}.tgz"
    dist = {
        "tarball": web.url + address,
        "shasum": hashlib.sha1(tarball).hexdigest(),
        "integrity": "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode(),
    }
    versions = {version: {"name": name, "version": version, "main": "index.js", "dist": dist}}
    document = {"name": name, "dist-tags": {"latest": version}, "versions": versions}
    kind = {"Content-Type": "application/json", "Cache-Control": "max-age=300"}
    web.answers[f"/{name}"] = (200, kind, json.dumps(document).encode())
    web.answers[address] = (200, {"Content-Type": "application/octet-stream"}, tarball)
    return address


def test_a_node_service_with_a_cache(request, podo, toolchain, ask, web, folder):
    toolchain("node")
    address = npm_registry(web, "greeting", "1.0.0", "from Node")
    context = folder / "context"
    context.mkdir()
    package = {"name": "service", "version": "1.0.0", "dependencies": {"greeting": "^1.0.0"}}
    (context / "package.json").write_text(json.dumps(package))
    (context / "server.js").write_text(
        "const greeting = require('greeting');\n"
        "require('http').createServer((request, response) => response.end(greeting())).listen(8000);\n"
    )
    (context / "Dockerfile").write_text(
        "FROM node\nWORKDIR /app\nARG REGISTRY\nCOPY package.json .\n"
        f"RUN --mount=type=cache,target=/root/.npm,id=npm-{os.getpid()} \\\n"
        "    npm install --registry=$REGISTRY --prefer-offline --no-audit --no-fund\n"
        'COPY server.js .\nCMD ["node", "server.js"]\n'
    )
    options = ["--network", "host", "--build-arg", f"REGISTRY={web.url}"]
    if request.config.reference:
        options += ["--allow", "network.host"]
    podo.build(context, *options, timeout=200).image
    assert ask("case") == "from Node"
    fetched = [path for _, path, _ in web.seen].count(address)
    assert fetched == 1
    (context / "package.json").write_text(json.dumps({**package, "version": "1.0.1"}))
    podo.build(context, *options, timeout=200).image  # npm runs again, and has what it needs in its cache
    assert ask("case") == "from Node"
    assert [path for _, path, _ in web.seen].count(address) == fetched
