"""A web server of the tests' own on the loopback: files of a folder, and below /git its bare repositories,
as git's own http-backend serves them."""

import http.server
import os
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        if self.path.startswith("/git/"):
            return self.git()
        if self.path in self.server.answers:
            code, headers, body = self.server.answers[self.path]
            self.send_response(code)
            for name, value in {"Content-Length": len(body), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            return None
        return super().do_HEAD() if self.command == "HEAD" else super().do_GET()

    do_HEAD = do_POST = do_GET

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def git(self):
        address = urlsplit(self.path)
        done = subprocess.run(
            ["git", "http-backend"],
            input=self.body(),
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "GIT_PROJECT_ROOT": self.directory,
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": address.path.removeprefix("/git"),
                "QUERY_STRING": address.query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Web:
    """`folder` is served at `url`; answers[path] = (code, headers, body) comes first; `seen` lists the
    requests."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *words: Handler(*words, directory=str(self.folder))
        )
        self.server.seen = self.seen = []
        self.server.answers = self.answers = {}
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def repository(self, name, files, tag=None):
        """A bare repository below /git with one commit; the commit's name."""
        work = self.folder / f"{name}.work"
        git(self.folder, "init", "-q", work.name)
        commit = commit_files(work, files)
        if tag:
            git(work, "tag", tag)
        git(self.folder, "clone", "-q", "--bare", work.name, name)
        return commit

    def branch(self, name, branch, files):
        """Another branch of it, with these files changed."""
        work = self.folder / f"{name}.work"
        git(work, "checkout", "-q", "-b", branch)
        commit = commit_files(work, files)
        git(work, "push", "-q", "../" + name, branch)
        return commit


def git(folder, *words):
    settings = [word for pair in SETTINGS.items() for word in ("-c", "=".join(pair))]
    done = subprocess.run(
        ["git", *settings, *words], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


SETTINGS = {"user.name": "a", "user.email": "a@b", "init.defaultBranch": "main"}


def commit_files(work, files):
    for path, content in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(content)
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "files")
    return git(work, "rev-parse", "HEAD")
