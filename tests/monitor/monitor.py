"""A monitor (src/container/monitor/protocol.h) and its daemon. A shell stands in for the OCI runtime."""

import os
import socket
import struct
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PODO_MONITOR", str(REPOSITORY / "build/release/podo-monitor"))

STDIN, STDOUT, STDERR, CLOSE_IN, RESIZE, SUBSCRIBE, ROTATE, START = 0, 1, 2, 16, 17, 18, 19, 20
STARTED, FAILED, DRAINED, EXITED, CREDIT = 32, 33, 34, 35, 36

# The command begins once the monitor knows its pid: a shell, unlike the runtime, reaps what ends before it.
SHELL_RUNTIME = ["sh", "-c", 'exec 9<&0; sh -c "$1" <&9 & echo $! > pid', "sh"]
WAIT_FOR_MONITOR = "until { read p s < pid; } 2>/dev/null && test $s; do sleep 0.01; done; "


def message(kind, payload=b""):
    return bytes([kind, 0, 0, 0]) + struct.pack(">I", len(payload)) + payload


class Monitor:
    def __init__(self, folder, command="", runtime=None, program="/bin/sh", **settings):
        self.folder = Path(folder)
        settings = {"log": "json-file", "path": self.folder / "log", "subscribe": 1, "stdin": 1, **settings}
        if runtime is None:
            runtime = [*SHELL_RUNTIME, WAIT_FOR_MONITOR + command]
        self.socket, its = socket.socketpair()
        self.buffer = b""
        self.pid = self._spawn(its, program)
        its.close()
        text = [f"{key.replace('_', '-')}={value}" for key, value in settings.items()] + [""] + runtime
        self.send(START, b"".join(item.encode() + b"\0" for item in text))

    def _spawn(self, control, program):
        runtime = os.open(program, os.O_RDONLY)
        pid = os.fork()
        if pid == 0:
            os.chdir(self.folder)
            null = os.open("/dev/null", os.O_RDWR)
            for number, source in enumerate((null, null, null, control.fileno(), runtime)):
                os.dup2(source, 900 + number)
            for number in range(5):
                os.dup2(900 + number, number)
            os.execv(PROGRAM, ["podo-monitor", str(self.folder)])
        os.close(runtime)
        return pid

    def connect(self):
        """As a daemon that came later."""
        self.socket, self.buffer = socket.socket(socket.AF_UNIX), b""
        self.socket.connect(str(self.folder / "monitor.sock"))

    def send(self, kind, payload=b""):
        self.socket.sendall(message(kind, payload))

    def next(self):
        while len(self.buffer) < 8 or len(self.buffer) < 8 + self._size():
            more = self.socket.recv(1 << 17)
            if not more:
                return None
            self.buffer += more
        end = 8 + self._size()
        kind, payload, self.buffer = self.buffer[0], self.buffer[8:end], self.buffer[end:]
        return kind, payload

    def _size(self):
        return struct.unpack(">I", self.buffer[4:8])[0]

    def rest(self):
        """Everything until it ends: {kind: its payloads put together}."""
        said = {}
        while received := self.next():
            kind, payload = received
            said[kind] = said.get(kind, b"") + payload
        os.waitpid(self.pid, 0)
        return said

    def wait_for(self, kind):
        while (received := self.next()) is not None:
            if received[0] == kind:
                return received[1]
        raise AssertionError(f"the monitor ended without message {kind}")

    def first_pid(self):
        return int((self.folder / "pid").read_text().split()[0])
