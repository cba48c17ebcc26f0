"""pytest tests/monitor: what a monitor does when its log, its daemon or its container behave badly."""

import json
import os
import signal
import struct
import subprocess
import time

import pytest

from monitor import CREDIT, DRAINED, EXITED, FAILED, RESIZE, STARTED, STDIN, STDOUT, SUBSCRIBE, Monitor

TERMINAL_RUNTIME = """
import fcntl, os, pty, socket, sys, termios
master, slave = pty.openpty()
console = socket.socket(socket.AF_UNIX)
console.connect("console.sock")
socket.send_fds(console, [b"/dev/pts/0"], [master])
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(slave, number)
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
open("pid", "w").write(str(pid))
os._exit(0)
"""


def lines_of(path):
    return [json.loads(line)["log"] for line in path.read_text().splitlines()]


def exit_of(said):
    return struct.unpack(">II", said[EXITED][:8])


def pss_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))


def test_the_log_is_rotated_and_keeps_the_newest_lines(tmp_path):
    said = Monitor(tmp_path, "seq 1000", max_size=1000, max_file=3).rest()
    assert exit_of(said) == (0, 0)
    kept = [line for name in ("log.2", "log.1", "log") for line in lines_of(tmp_path / name)]
    assert kept == [f"{number}\n" for number in range(1001 - len(kept), 1001)]
    assert len(kept) > 25 and not (tmp_path / "log.3").exists()
    assert all((tmp_path / name).stat().st_size < 1100 for name in ("log", "log.1", "log.2"))


def test_a_log_of_one_file_is_emptied(tmp_path):
    Monitor(tmp_path, "seq 1000", max_size=1000, max_file=1).rest()
    assert lines_of(tmp_path / "log")[-1] == "1000\n"
    assert (tmp_path / "log").stat().st_size < 1100 and not (tmp_path / "log.1").exists()


def test_a_full_disk_costs_log_lines_and_nothing_else(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
    try:
        (disk / "fill").write_bytes(b"x" * 20000)
        said = Monitor(tmp_path, f"seq 20000; rm {disk}/fill; echo late; exit 9", path=disk / "log").rest()
        kept = lines_of(disk / "log")
    finally:
        subprocess.run(["umount", disk], check=True)
    assert exit_of(said) == (9, 0)
    assert said[STDOUT].count(b"\n") == 20001
    assert kept[-1] == "late\n"
    assert len(kept) + struct.unpack(">Q", said[DRAINED])[0] == 20001


def test_a_daemon_that_does_not_read_holds_up_nothing_for_long(tmp_path):
    monitor = Monitor(tmp_path, "seq 300000; exit 3")
    begin = time.monotonic()
    os.waitpid(monitor.pid, 0)
    assert time.monotonic() - begin < 25
    assert (tmp_path / "exit").read_text().startswith("3 0 ")
    assert lines_of(tmp_path / "log")[-1] == "300000\n"


def test_a_daemon_that_vanishes_is_not_missed_and_may_come_again(tmp_path):
    monitor = Monitor(tmp_path, "seq 100000; read x; echo got $x; exit 4")
    monitor.wait_for(STARTED)
    monitor.socket.close()
    monitor.connect()
    assert struct.unpack(">I", monitor.wait_for(STARTED))[0] == monitor.first_pid()
    assert struct.unpack(">I", monitor.wait_for(CREDIT))[0] == 64 << 10
    monitor.send(SUBSCRIBE, b"\1")
    monitor.send(STDIN, b"it\n")
    said = monitor.rest()
    assert exit_of(said) == (4, 0) and said[STDOUT].endswith(b"got it\n")
    assert lines_of(tmp_path / "log") == [f"{number}\n" for number in range(1, 100001)] + ["got it\n"]


def test_signals_do_not_end_it_and_the_exit_is_kept_without_a_daemon(tmp_path):
    monitor = Monitor(tmp_path, "sleep 0.3; kill -9 $$")
    monitor.wait_for(STARTED)
    monitor.socket.close()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        os.kill(monitor.pid, number)
    os.waitpid(monitor.pid, 0)
    assert (tmp_path / "exit").read_text().startswith("0 9 ")


def test_a_terminal_comes_through_the_console_socket(tmp_path):
    command = "sleep 0.2; stty size; read x; stty size; exit 6"
    monitor = Monitor(tmp_path, program="/usr/bin/python3", tty=1,
                      runtime=["python3", "-c", TERMINAL_RUNTIME, command])
    monitor.send(RESIZE, struct.pack(">HH", 33, 99))
    output = b""
    monitor.wait_for(STARTED)
    while b"33 99" not in output:
        output += monitor.wait_for(STDOUT)
    monitor.send(RESIZE, struct.pack(">HH", 40, 100))
    monitor.send(STDIN, b"\n")
    said = monitor.rest()
    assert exit_of(said) == (6, 0) and b"40 100\r\n" in said[STDOUT]
    assert "33 99\r\n" in lines_of(tmp_path / "log")


def test_what_cannot_start_says_why(tmp_path):
    for runtime, reason in ((["sh", "-c", "echo broken >&2; exit 1"], b"broken"),
                            (["sh", "-c", "exit 0"], b"the OCI runtime started nothing and did not say why")):
        assert Monitor(tmp_path, runtime=runtime).rest()[FAILED] == reason
    assert b"not known" in Monitor(tmp_path, runtime=["sh"], log="syslog").rest()[FAILED]


@pytest.mark.parametrize("command", ["sleep 60", "yes $(printf %99s) | head -c 20000000; sleep 60"])
def test_it_is_small_also_after_much_output(tmp_path, command):
    monitor = Monitor(tmp_path, command, subscribe=0, max_size=1 << 20, max_file=2)
    monitor.wait_for(STARTED)
    deadline = time.monotonic() + 20
    try:
        time.sleep(1)
        while pss_kb(monitor.pid) >= 150 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert pss_kb(monitor.pid) < 150
    finally:
        os.kill(monitor.first_pid(), signal.SIGKILL)
        monitor.rest()
