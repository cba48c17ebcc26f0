"""linux.seccomp: the actions, arguments, flags and the listener, felt by making the call."""

import errno
import fcntl
import json
import os
import socket
import struct
import threading

import pytest

import host

MKDIR = "probe syscall 83 @/work/made 0755"  # x86-64 numbers
SETHOSTNAME = "probe syscall 170 @grape 5"
GETPID = "probe syscall 39"

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the calls are made by x86-64 number")


def seccomp(c, *rules, default="SCMP_ACT_ALLOW", **rest):
    c.linux["seccomp"] = {"defaultAction": default, "architectures": ["SCMP_ARCH_X86_64"],
                          "syscalls": list(rules), **rest}
    return c


def rule(name, action, **rest):
    return {"names": [name] if isinstance(name, str) else name, "action": action, **rest}


def test_errno_defaults_to_eperm(container):
    c = seccomp(container(MKDIR), rule("mkdir", "SCMP_ACT_ERRNO"))
    assert c.run().out == "errno 1 EPERM\n"


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOSYS, 0])
def test_errno_with_a_number(container, number):
    c = seccomp(container(MKDIR), rule("mkdir", "SCMP_ACT_ERRNO", errnoRet=number))
    out = c.run().out
    assert out == (f"errno {number} {errno.errorcode[number]}\n" if number else "0\n")
    assert not (c.rootfs / "work/made").exists()


def test_seccomp_is_visible_in_status(container):
    c = seccomp(container("grep Seccomp: /proc/self/status"), rule("mkdir", "SCMP_ACT_ERRNO"))
    assert c.stdout() == "Seccomp:\t2\n"
    assert container("grep Seccomp: /proc/self/status").stdout() == "Seccomp:\t0\n"


@pytest.mark.parametrize("action, code", [("SCMP_ACT_KILL", 159), ("SCMP_ACT_KILL_PROCESS", 159),
                                          ("SCMP_ACT_KILL_THREAD", 159), ("SCMP_ACT_TRAP", 159)])
def test_killing_actions_are_sigsys(container, action, code):
    c = seccomp(container(f"{MKDIR}; echo $?"), rule("mkdir", action))
    assert c.stdout() == f"{code}\n"


@pytest.mark.parametrize("action", ["SCMP_ACT_LOG", "SCMP_ACT_ALLOW"])
def test_log_and_allow_let_it_through(container, action):
    c = seccomp(container(MKDIR), rule("mkdir", action))
    assert c.stdout() == "0\n"
    assert (c.rootfs / "work/made").exists()


def test_trace_without_a_tracer_is_enosys(container):
    c = seccomp(container(MKDIR), rule("mkdir", "SCMP_ACT_TRACE"))
    assert c.run().out == "errno 38 ENOSYS\n"


def test_a_deny_by_default_list(container):
    """Everything is refused but what is named: the profile of the engines, turned around."""
    allowed = """
        access arch_prctl brk capget capset chdir clone close close_range dup dup2 dup3 execve execveat
        exit exit_group faccessat faccessat2 fchdir fchown fcntl fgetxattr fstat fstatfs futex getcwd
        getdents64 getegid geteuid getgid getpgrp getpid getppid getrandom getrlimit gettid getuid ioctl
        keyctl lseek lstat madvise mmap mount mprotect mremap munmap nanosleep newfstatat open openat
        pipe pipe2 poll prctl pread64 prlimit64 read readlink readlinkat recvmsg rseq rt_sigaction
        rt_sigprocmask rt_sigreturn sched_getaffinity sched_yield seccomp sendmsg set_robust_list
        set_tid_address setgid setgroups setresgid setresuid setsid setuid sigaltstack stat statfs statx
        tgkill umask uname unlinkat vfork wait4 write writev epoll_ctl epoll_pwait epoll_create1
        eventfd2 openat2 sendto recvfrom
""".split()
    c = seccomp(container(f"echo alive; {MKDIR}; {SETHOSTNAME}"), rule(allowed, "SCMP_ACT_ALLOW"),
                default="SCMP_ACT_ERRNO")
    assert c.run().out.splitlines() == ["alive", "errno 1 EPERM", "errno 1 EPERM"]


def test_a_default_errno_is_not_that_of_the_rules(container):
    c = container(MKDIR)
    seccomp(c, rule("mkdir", "SCMP_ACT_ERRNO"), defaultErrnoRet=errno.EXDEV)
    done = c.run()
    if done.rc == 0 or done.out:  # the number is the default action's, not that of the rules
        assert done.out == "errno 1 EPERM\n"
    else:  # what the specification asks for: ALLOW gives no errno
        assert "defaultErrnoRet" in done.err


def test_a_default_errno_applies_to_what_no_rule_names(container):
    every = container(f"{SETHOSTNAME}")
    names = [n for n in SYSCALLS if n != "sethostname"]
    seccomp(every, rule(names, "SCMP_ACT_ALLOW"), default="SCMP_ACT_ERRNO", defaultErrnoRet=errno.EXDEV)
    assert every.run().out == "errno 18 EXDEV\n"


@pytest.mark.parametrize("op, value, two, hit, miss", [
    ("SCMP_CMP_EQ", 7, 0, 7, 8), ("SCMP_CMP_NE", 7, 0, 8, 7), ("SCMP_CMP_LT", 7, 0, 6, 7),
    ("SCMP_CMP_LE", 7, 0, 7, 8),
    ("SCMP_CMP_GT", 7, 0, 8, 7), ("SCMP_CMP_GE", 7, 0, 7, 6), ("SCMP_CMP_MASKED_EQ", 0xf0, 0x10, 0x1f, 0x2f),
    ("SCMP_CMP_EQ", 2**63, 0, 2**63, 0)], ids=lambda v: str(v).removeprefix("SCMP_CMP_"))
def test_argument_comparisons(container, op, value, two, hit, miss):
    """setpriority(99, argument, 0) is EINVAL in the kernel, EXDEV when the filter hits."""
    call = lambda n: f"probe syscall 141 99 {n if n < 2**63 else n - 2**64} 0"
    c = container(f"{call(hit)}; {call(miss)}")
    seccomp(c, rule("setpriority", "SCMP_ACT_ERRNO", errnoRet=errno.EXDEV,
                    args=[{"index": 1, "value": value, "valueTwo": two, "op": op}]))
    assert c.run().out.splitlines() == ["errno 18 EXDEV", "errno 22 EINVAL"]


def test_several_arguments_must_all_match(container):
    c = container("probe syscall 141 99 1 2; probe syscall 141 99 1 3")
    seccomp(c, rule("setpriority", "SCMP_ACT_ERRNO", errnoRet=errno.EXDEV,
                    args=[{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"},
                          {"index": 2, "value": 2, "op": "SCMP_CMP_EQ"}]))
    assert c.run().out.splitlines() == ["errno 18 EXDEV", "errno 22 EINVAL"]


def test_the_same_argument_twice_means_any(container):
    """What engines write for `personality`: one argument index several times; runc and crun make rules
    of them."""
    c = container("probe syscall 141 99 1 0; probe syscall 141 99 2 0; probe syscall 141 99 3 0")
    seccomp(c, rule("setpriority", "SCMP_ACT_ERRNO", errnoRet=errno.EXDEV,
                    args=[{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"},
                          {"index": 1, "value": 2, "op": "SCMP_CMP_EQ"}]))
    assert c.run().out.splitlines() == ["errno 18 EXDEV", "errno 18 EXDEV", "errno 22 EINVAL"]


@pytest.mark.parametrize("no_new", [True, False])
def test_the_filter_is_loaded_with_and_without_no_new_privileges(container, no_new):
    c = seccomp(container(f"{MKDIR}; grep NoNewPrivs /proc/self/status"), rule("mkdir", "SCMP_ACT_ERRNO"))
    c.process["noNewPrivileges"] = no_new
    assert c.run().out.splitlines() == ["errno 1 EPERM", f"NoNewPrivs:\t{int(no_new)}"]


def test_the_filter_with_a_user_without_capabilities(container):
    c = seccomp(container(MKDIR), rule("mkdir", "SCMP_ACT_ERRNO", errnoRet=errno.EXDEV)).capabilities()
    c.process["user"] = {"uid": 1000, "gid": 1000}
    assert c.run().out == "errno 18 EXDEV\n"


def test_a_filter_that_refuses_what_the_setup_needs(container):
    """mount, setns, pivot_root and friends are refused to the container, not to the runtime that
    builds it."""
    names = ["mount", "umount2", "pivot_root", "setns", "unshare", "sethostname", "chroot", "mknod",
             "mknodat",
             "open_tree", "move_mount", "fsopen", "fsmount", "setgroups", "keyctl", "setresuid", "setrlimit"]
    c = seccomp(container("echo alive; hostname grape; echo $?"), rule(names, "SCMP_ACT_ERRNO"))
    # without it the filter has to come before capabilities and ids are dropped
    c.process["noNewPrivileges"] = True
    assert c.lines() == ["alive", "1"]


def test_exec_is_filtered_too(container):
    c = seccomp(container("echo up; sleep 100"), rule("mkdir", "SCMP_ACT_ERRNO", errnoRet=errno.EXDEV)).up()
    assert c.exec_sh(MKDIR).out == "errno 18 EXDEV\n"


def test_a_call_unknown_to_the_library_is_ignored(container):
    c = seccomp(container("echo alive"), rule(["mkdir", "grape_call"], "SCMP_ACT_ERRNO"))
    assert c.stdout() == "alive\n"


def test_several_architectures(container):
    c = container(MKDIR)
    seccomp(c, rule("mkdir", "SCMP_ACT_ERRNO"))
    c.linux["seccomp"]["architectures"] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    assert c.run().out == "errno 1 EPERM\n"


def test_no_architecture_means_the_native_one(container):
    c = seccomp(container(MKDIR), rule("mkdir", "SCMP_ACT_ERRNO"))
    del c.linux["seccomp"]["architectures"]
    assert c.run().out == "errno 1 EPERM\n"


@pytest.mark.needs("seccomp-flags")
@pytest.mark.parametrize("flags", [["SECCOMP_FILTER_FLAG_LOG"], ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
                                   ["SECCOMP_FILTER_FLAG_TSYNC"], []], ids=lambda f: "+".join(f) or "none")
def test_flags(container, flags):
    c = seccomp(container(f"{MKDIR}; grep Speculation_Store /proc/self/status"),
                rule("mkdir", "SCMP_ACT_ERRNO"),
                flags=flags)
    assert c.run().out.splitlines()[0] == "errno 1 EPERM"


@pytest.mark.parametrize("broken, words", [
    ({"defaultAction": "SCMP_ACT_GRAPE"}, "SCMP_ACT_GRAPE"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_GRAPE"]}, "SCMP_ARCH_GRAPE"),
    pytest.param({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_GRAPE"]}, "SECCOMP_GRAPE",
                 marks=pytest.mark.needs("seccomp-flags")),
    ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_GRAPE"}]},
     "SCMP_ACT_GRAPE"),
    ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO",
                                                       "args": [{"index": 0, "value": 1,
                                                                 "op": "SCMP_GRAPE"}]}]},
     "SCMP_GRAPE"),
], ids=["default", "architecture", "flag", "action", "operator"])
def test_unknown_words(container, broken, words):
    c = container("true")
    c.linux["seccomp"] = broken
    c.refused(words)


# ---- notification


class Listener:
    """A seccomp agent: takes the descriptor and the state, then answers every call with EXDEV."""

    def __init__(self, path):
        self.state, self.calls, self.problem = None, 0, None
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(path))
        self.server.listen(1)
        self.server.settimeout(15)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            peer, _ = self.server.accept()
            with peer:
                peer.settimeout(10)
                data, fds, _, _ = socket.recv_fds(peer, 65536, 4)
                while data.count(b"{") != data.count(b"}"):
                    data += peer.recv(65536)
            self.state, self.fds = json.loads(data), fds
            fd = fds[self.state["fds"].index("seccompFd")]
            while True:
                notice = bytearray(80)
                fcntl.ioctl(fd, 0xC0502100, notice)  # SECCOMP_IOCTL_NOTIF_RECV
                self.calls += 1
                answer = bytearray(struct.pack("<QqiI", struct.unpack_from("<Q", notice)[0], 0, -errno.EXDEV,
                                               0))
                fcntl.ioctl(fd, 0xC0182101, answer)  # SECCOMP_IOCTL_NOTIF_SEND
        except OSError as problem:  # ENOENT: the container is gone
            self.problem = problem

    def close(self):
        self.server.close()
        for fd in getattr(self, "fds", []):
            os.close(fd)


@pytest.mark.parametrize("how", ["run", "exec"])
def test_notify(container, how):
    c = container(MKDIR if how == "run" else "echo up; sleep 100")
    c.config["annotations"] = {"org.example.fruit": "grape"}
    path = c.bundle / "agent"
    listener = Listener(path)
    try:
        seccomp(c, rule("mkdir", "SCMP_ACT_NOTIFY"), listenerPath=str(path), listenerMetadata="some metadata")
        if how == "run":
            assert c.run().out == "errno 18 EXDEV\n"
        else:
            c.up().says("up")
            host.until(lambda: listener.state, what="the first descriptor")
            listener.close()
            path.unlink()
            listener = Listener(path)
            assert c.exec_sh(MKDIR).out == "errno 18 EXDEV\n"
        state = listener.state
        assert listener.calls == 1
        assert state["metadata"] == "some metadata"
        assert state["fds"] == ["seccompFd"]
        assert state["state"]["id"] == c.id
        assert state["state"]["bundle"] == str(c.bundle)
        assert state["state"]["status"] == ("creating" if how == "run" else "running")
        assert state["state"]["annotations"] == {"org.example.fruit": "grape"}
        assert state["pid"] > 0
    finally:
        listener.close()


def test_notify_without_an_agent(container):
    c = container("true")
    seccomp(c, rule("mkdir", "SCMP_ACT_NOTIFY"), listenerPath=str(c.bundle / "nobody"))
    done = c.create(expect=None)
    if done.rc == 0:
        done = c.start(expect=1)
        c.delete("--force")
    assert "nobody" in done.err or "listener" in done.err.lower() or "no such file" in done.err
    c.assert_gone()


def test_notify_without_a_listener_path(container):
    seccomp(container("true"), rule("mkdir", "SCMP_ACT_NOTIFY")).refused("listener|notify")


def test_notify_on_write_is_refused(container):
    """The runtime itself would hang on it."""
    c = container("true")
    seccomp(c, rule("write", "SCMP_ACT_NOTIFY"), listenerPath=str(c.bundle / "nobody"))
    c.refused("write")


SYSCALLS = """
read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
rt_sigreturn ioctl pread64 pwrite64 readv writev access pipe select sched_yield mremap msync mincore
madvise dup dup2 pause nanosleep getitimer alarm setitimer getpid sendfile socket connect accept sendto
recvfrom sendmsg recvmsg shutdown bind listen getsockname getpeername socketpair setsockopt getsockopt
clone fork vfork execve exit wait4 kill uname fcntl flock fsync fdatasync truncate ftruncate getdents
getcwd chdir fchdir rename mkdir rmdir creat link unlink symlink readlink chmod fchmod chown fchown
lchown umask gettimeofday getrlimit getrusage sysinfo times getuid syslog getgid setuid setgid geteuid
getegid setpgid getppid getpgrp setsid setreuid setregid getgroups setgroups setresuid getresuid
setresgid getresgid getpgid setfsuid setfsgid getsid capget capset sigaltstack statfs fstatfs prctl
arch_prctl setrlimit chroot sync mount umount2 gettid setxattr getxattr fgetxattr tkill time futex
sched_setaffinity sched_getaffinity epoll_create getdents64 set_tid_address restart_syscall fadvise64
clock_gettime clock_nanosleep exit_group epoll_wait epoll_ctl tgkill openat mkdirat mknodat fchownat
newfstatat unlinkat renameat linkat symlinkat readlinkat fchmodat faccessat pselect6 ppoll unshare
set_robust_list get_robust_list splice tee utimensat epoll_pwait accept4 eventfd2 epoll_create1 dup3
pipe2 prlimit64 syncfs getcpu setns seccomp getrandom memfd_create execveat copy_file_range statx rseq
close_range openat2 faccessat2 keyctl clone3 pidfd_open pidfd_send_signal epoll_pwait2
""".split()
