"""process.terminal: a pty inside, its master at the console socket's other end."""

import fcntl
import json
import os
import pty
import select
import socket
import struct
import subprocess
import termios
import threading
import time

import pytest

import host
from container import TIMEOUT


class Console:
    """The engine's side of --console-socket: receives one pty master."""

    def __init__(self, path):
        self.path, self.master, self.name = str(path), None, None
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen(1)
        self.server.settimeout(15)
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()
        self.seen = ""

    def receive(self):
        try:
            peer, _ = self.server.accept()
        except OSError:
            return
        with peer:
            name, fds, _, _ = socket.recv_fds(peer, 4096, 4)
        if fds:  # a runtime that gives up just closes the connection
            self.name, self.fds = name, fds
            self.master = fds[0]

    def ready(self):
        host.until(lambda: self.master is not None, what="a terminal at the console socket")
        return self

    def read_until(self, text, seconds=10):
        end = time.monotonic() + seconds
        while text not in self.seen:
            readable, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            try:
                data = os.read(self.master, 65536) if readable else b""
            except OSError:  # EIO: nobody has the other side open
                data = b""
            if not data:
                raise AssertionError(f"{text!r} did not come; seen: {self.seen!r}")
            self.seen += data.decode(errors="replace")
        return self.seen

    def write(self, text):
        os.write(self.master, text.encode())

    def close(self):
        self.server.close()
        if self.master is not None:
            for fd in self.fds:
                os.close(fd)
        os.unlink(self.path)


@pytest.fixture
def console(place, token):
    made = []

    def make():
        made.append(Console(place / f"{token}-console{len(made)}"))
        return made[-1]
    yield make
    for one in made:
        one.close()


def terminal(c, **rest):
    c.process["terminal"] = True
    c.process.update(rest)
    return c


def test_all_three_streams_are_the_terminal(container, console):
    c, con = terminal(container("for i in 0 1 2; do test -t $i && echo tty$i; done; tty; "
                                "readlink /proc/self/fd/0; echo end")), console()
    c.up("--console-socket", con.path)
    seen = con.ready().read_until("end")
    assert "tty0\r\ntty1\r\ntty2\r\n" in seen
    assert "/dev/pts/0" in seen or "/dev/console" in seen
    assert len(con.fds) == 1


def test_the_pty_is_of_the_containers_devpts(container, console):
    c, con = terminal(container("ls /dev/pts; stat -c '%t:%T' /dev/console; "
                                "stat -Lc '%t:%T' /proc/self/fd/0; echo end")), console()
    c.up("--console-socket", con.path)
    lines = con.ready().read_until("end").splitlines()
    assert "0" in lines[0].split()
    assert lines[1] == lines[2] == "88:0"


def test_dev_console_is_the_terminal(container, console):
    c, con = terminal(container("echo to-console > /dev/console; test -c /dev/console && echo there; "
                                "echo end")), console()
    c.up("--console-socket", con.path)
    seen = con.ready().read_until("end")
    assert "to-console" in seen and "there" in seen


def test_it_is_the_controlling_terminal(container, console):
    """/dev/tty opens, and ^C from the master is SIGINT for the foreground."""
    c, con = terminal(container("trap 'echo interrupted; exit 3' INT; echo ready > /dev/tty; while :; "
                                "do sleep 0.05; done")), console()
    c.up("--console-socket", con.path)
    con.ready().read_until("ready")
    con.write("\x03")
    con.read_until("interrupted")
    assert c.wait() == 3


def test_input_is_read_inside(container, console):
    c, con = terminal(container("read line; echo got:$line; echo end")), console()
    c.up("--console-socket", con.path)
    con.ready().write("grape\n")
    assert "got:grape" in con.read_until("end")


def test_the_console_size(container, console):
    c, con = terminal(container("stty size; echo end"), consoleSize={"height": 33, "width": 111}), console()
    c.up("--console-socket", con.path)
    assert "33 111" in con.ready().read_until("end")


def test_resizing_the_master_reaches_the_inside(container, console):
    c, con = terminal(container("echo ready; read x; stty size; echo end")), console()
    c.up("--console-socket", con.path)
    con.ready().read_until("ready")
    fcntl.ioctl(con.master, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 122, 0, 0))
    con.write("\n")
    assert "44 122" in con.read_until("end")


def test_the_master_hangs_up_when_the_container_ends(container, console):
    c, con = terminal(container("echo end")), console()
    c.up("--console-socket", con.path)
    con.ready().read_until("end")
    c.wait()

    def hung_up():
        try:
            return os.read(con.master, 100) == b""
        except OSError:
            return True
    host.until(hung_up, what="EIO on the master")


def test_a_user_owns_the_terminal(container, console):
    c, con = terminal(container("stat -Lc 'owner %u' /proc/self/fd/0; "
                                "echo again > $(tty) && echo reopened; echo end")), console()
    c.process["user"] = {"uid": 1000, "gid": 1000}
    c.up("--console-socket", con.path)
    seen = con.ready().read_until("end")
    assert "owner 1000" in seen
    assert "reopened" in seen


def test_terminal_in_a_user_namespace(container, console):
    c, con = terminal(container("test -t 0 && echo terminal; echo x > /dev/console; "
                                "stat -Lc 'owner %u' /proc/self/fd/0; echo end")), console()
    c.user_namespace().up("--console-socket", con.path)
    seen = con.ready().read_until("end")
    assert "terminal" in seen and "owner 0" in seen


def test_create_with_a_terminal_needs_a_console_socket(container):
    terminal(container("true")).refused("console.socket")


def test_detach_with_a_terminal_needs_a_console_socket(container):
    terminal(container("true")).refused("console.socket", flags=["--detach"], verb="run")


def test_a_console_socket_without_a_terminal_is_refused(container, console):
    container("true").refused("console.socket|terminal", flags=["--console-socket", console().path])


def test_a_console_socket_nobody_listens_on(container):
    c = terminal(container("true"))
    done = c.create("--console-socket", str(c.bundle / "nobody"), expect=1)
    assert "nobody" in done.err or "no such file" in done.err.lower() or "console" in done.err
    c.assert_gone()


def on_a_terminal(argv, stdin=b"", seconds=TIMEOUT, size=None):
    """Runs argv with a pty as its 0, 1 and 2, as a person's shell does; (exit code, what was seen)."""
    master, slave = pty.openpty()
    if size:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    seen, end = b"", time.monotonic() + seconds
    try:
        if stdin:
            os.write(master, stdin)
        while time.monotonic() < end:
            readable, _, _ = select.select([master], [], [], 0.1)
            if readable:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    break
                seen += data
            elif process.poll() is not None:
                break
        return process.wait(5), seen.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_run_in_the_foreground_with_a_terminal(container):
    c = terminal(container("test -t 0 && test -t 1 && echo isatty; read x; echo got:$x; exit 5")).write()
    rc, seen = on_a_terminal(c.runtime.argv("run", "--bundle", c.bundle, c.id), b"grape\n")
    assert rc == 5, seen
    assert "isatty" in seen and "got:grape" in seen
    c.assert_gone()


def test_run_takes_over_the_size_of_the_callers_terminal(container):
    c = terminal(container("sleep 0.2; stty size")).write()
    rc, seen = on_a_terminal(c.runtime.argv("run", "--bundle", c.bundle, c.id), size=(37, 91))
    assert "37 91" in seen, seen


def test_exec_with_a_terminal(container, console):
    c, con = container("echo up; sleep 100").up(), console()
    done = subprocess.run(c.runtime.argv("exec", "-t", "--console-socket", con.path, "--detach", "--pid-file",
                                         c.bundle / "exec-pid", c.id, "sh", "-c",
                                         "test -t 0 && tty; echo x > /dev/tty; stty size; echo end; sleep 1"),
                          timeout=TIMEOUT, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    seen = con.ready().read_until("end")
    assert "/dev/pts/" in seen


def test_exec_in_the_foreground_with_a_terminal(container):
    c = container("echo up; sleep 100").up()
    rc, seen = on_a_terminal(c.runtime.argv("exec", "-t", c.id, "sh", "-c",
                                            "test -t 0 && echo isatty; exit 6"))
    assert rc == 6 and "isatty" in seen


def test_exec_detached_with_a_terminal_needs_a_console_socket(container):
    c = container("echo up; sleep 100").up()
    done = c.exec("true", flags=["-t", "--detach"])
    assert done.rc != 0 and "console" in done.err


def test_exec_with_a_terminal_by_process_file(container, console):
    c, con = container("echo up; sleep 100").up(), console()
    process = {"terminal": True, "args": ["sh", "-c", "stty size; echo end; sleep 0.5"], "cwd": "/",
               "env": ["PATH=/bin"],
               "user": {"uid": 0, "gid": 0}, "consoleSize": {"height": 20, "width": 70}}
    (c.bundle / "process.json").write_text(json.dumps(process))
    assert subprocess.run(c.runtime.argv("exec", "--detach", "--console-socket", con.path, "--process",
                                         c.bundle / "process.json", c.id), timeout=TIMEOUT).returncode == 0
    assert "20 70" in con.ready().read_until("end")
