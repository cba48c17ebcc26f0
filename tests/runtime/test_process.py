"""config.process: what the first process is told and given, asked of itself."""

import os
import resource

import pytest

import host


# ---- args and env


def test_args_are_passed_as_they_are(container):
    c = container(args=["printf", "<%s>\n", "", " ", "a b", "*", "$HOME", "é", '"', "\\", "\n"])
    assert c.stdout() == '<>\n< >\n<a b>\n<*>\n<$HOME>\n<é>\n<">\n<\\>\n<\n>\n'


def test_a_long_argument_and_many(container):
    c = container(args=["sh", "-c", "echo ${#1} $#", "sh", "x" * 100_000, *["y"] * 5000])
    assert c.stdout() == "100000 5001\n"


def test_the_program_is_looked_up_in_the_containers_path(container):
    c = container(args=["grape"])
    (c.rootfs / "opt").mkdir()
    (c.rootfs / "opt/grape").write_text("#!/bin/sh\necho from opt\n")
    (c.rootfs / "opt/grape").chmod(0o755)
    c.process["env"] = ["PATH=/nowhere:/opt:/bin"]
    assert c.stdout() == "from opt\n"


def test_a_relative_program_starts_at_cwd(container):
    c = container(args=["./grape"])
    (c.rootfs / "work/grape").write_text("#!/bin/sh\necho from cwd\n")
    (c.rootfs / "work/grape").chmod(0o755)
    c.process["cwd"] = "/work"
    assert c.stdout() == "from cwd\n"


def test_env_is_what_the_bundle_says_and_nothing_of_the_callers(container):
    c = container(args=["/bin/env"])
    c.process["env"] = ["PATH=/bin", "FRUIT=grape", "EMPTY=", "EQ=a=b", "TEXT=one two"]
    lines = c.lines(env={**os.environ, "CALLERS_SECRET": "x"})
    # every runtime adds HOME when it is missing
    lines = [line for line in lines if not line.startswith("HOME=")]
    assert sorted(lines) == ["EMPTY=", "EQ=a=b", "FRUIT=grape", "PATH=/bin", "TEXT=one two"]


def test_home_is_taken_from_passwd_when_the_env_has_none(container):
    for uid, home in ((0, "/root"), (1000, "/home")):
        c = container(args=["/bin/env"])
        c.process["user"] = {"uid": uid, "gid": uid}
        c.process["env"] = ["PATH=/bin"]
        assert f"HOME={home}" in c.lines()


def test_home_of_the_env_is_kept(container):
    c = container(args=["/bin/env"])
    c.process["env"] = ["PATH=/bin", "HOME=/else"]
    assert [line for line in c.lines() if line.startswith("HOME")] == ["HOME=/else"]


def test_no_variable_of_the_runtime_gets_in(container):
    c = container("tr '\\0' '\\n' < /proc/1/environ; tr '\\0' ' ' < /proc/1/cmdline")
    out = c.stdout()
    assert "LISTEN" not in out and "_LIB" not in out and "PODO" not in out


# ---- cwd


def test_cwd(container):
    c = container("pwd; readlink /proc/self/cwd")
    c.process["cwd"] = "/usr"
    assert c.lines() == ["/usr", "/usr"]


def test_cwd_is_made_when_it_is_missing(container):
    c = container("pwd; stat -c '%a %u' /work/new")
    c.process["cwd"] = "/work/new/deep"
    assert c.lines() == ["/work/new/deep", "755 0"]


def test_cwd_must_be_absolute(container):
    c = container("true")
    c.process["cwd"] = "work"
    c.refused("cwd")


def test_cwd_that_is_a_file(container):
    c = container("true")
    c.process["cwd"] = "/etc/passwd"
    done = c.run()
    assert done.rc != 0 and "not a directory" in done.err.lower()
    c.assert_gone()


def test_cwd_only_the_user_may_enter(container):
    """0700 and the user's: root without CAP_DAC_OVERRIDE could not enter, the user can."""
    c = container("pwd")
    (c.rootfs / "work").chmod(0o700)
    os.chown(c.rootfs / "work", 1000, 1000)
    c.process["cwd"] = "/work"
    c.process["user"] = {"uid": 1000, "gid": 1000}
    assert c.stdout() == "/work\n"


# ---- user


def test_user_and_groups(container):
    c = container("id -u; id -g; id -G; grep -E '^(Uid|Gid|Groups)' /proc/self/status")
    c.process["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 2000]}
    lines = c.lines()
    assert lines[:3] == ["1000", "1001", "1001 5 2000"]
    assert lines[3].split() == ["Uid:"] + ["1000"] * 4
    assert lines[4].split() == ["Gid:"] + ["1001"] * 4
    assert lines[5].split() == ["Groups:", "5", "2000"]


def test_groups_of_the_caller_are_dropped(container):
    c = container("grep ^Groups /proc/self/status")
    assert c.stdout(preexec_fn=lambda: os.setgroups([4, 24, 27])).split() == ["Groups:"]


def test_umask(container):
    for value, shown in ((0o077, "0077"), (0, "0000"), (0o027, "0027")):
        c = container("umask; touch /tmp/x; stat -c %a /tmp/x")
        c.process["user"]["umask"] = value
        assert c.lines() == [shown, f"{0o666 & ~value:o}"]


def test_umask_defaults_to_022(container):
    assert container("umask").stdout() == "0022\n"


def test_standard_streams_can_be_reopened_by_a_user(container):
    """The pipes belong to the caller (root); /dev/stderr must still open for uid 1000."""
    c = container("echo reopened > /dev/stdout")
    c.process["user"] = {"uid": 1000, "gid": 1000}
    assert c.run().out == "reopened\n"


# ---- limits


def test_rlimits_are_lowered(container):
    c = container("ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/limits | grep -E 'open files|core "
                  "file|cpu time'")
    c.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 512, "hard": 1024},
                            {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
                            {"type": "RLIMIT_CPU", "soft": 100, "hard": 200}]
    lines = c.lines()
    assert lines[:3] == ["512", "1024", "0"]
    assert any(line.split()[3:5] == ["512", "1024"] for line in lines if "open files" in line)
    assert any(line.split()[3:5] == ["100", "200"] for line in lines if "cpu time" in line)


@pytest.mark.parametrize("name",
                         ["AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE",
                                  "NOFILE", "NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK"])
def test_every_rlimit_name(container, name):
    label = {"AS": "address space", "CORE": "core file size", "CPU": "cpu time", "DATA": "data size",
             "FSIZE": "file size", "LOCKS": "file locks", "MEMLOCK": "locked memory",
             "MSGQUEUE": "msgqueue size",
             "NICE": "nice priority", "NOFILE": "open files", "NPROC": "processes", "RSS": "resident set",
             "RTPRIO": "realtime priority", "RTTIME": "realtime timeout", "SIGPENDING": "pending signals",
             "STACK": "stack size"}[name]
    hard = resource.prlimit(os.getpid(), getattr(resource, "RLIMIT_" + name, 10))[1]
    value = 1 << 30 if hard == resource.RLIM_INFINITY else hard // 2
    c = container(f"grep -i 'max {label}' /proc/self/limits")
    c.process["rlimits"] = [{"type": "RLIMIT_" + name, "soft": value, "hard": value}]
    assert c.stdout().split().count(str(value)) == 2


@pytest.mark.parametrize("count", [8, 12])
def test_few_descriptors(container, count):
    """The runtime's own preparations do not run into the container's limit."""
    c = container("ulimit -n; ulimit -Hn")
    c.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": count, "hard": count}]
    c.up()
    assert c.wait() == 0
    assert c.output().split() == [str(count)] * 2


def test_an_unlimited_soft_limit(container):
    c = container("ulimit -f")
    c.process["rlimits"] = [{"type": "RLIMIT_FSIZE", "soft": 2**64 - 1, "hard": 2**64 - 1}]
    assert c.stdout() == "unlimited\n"


@pytest.mark.needs("soft-limits")
def test_a_limit_that_cannot_be_raised_is_a_warning(container):
    """Without CAP_SYS_RESOURCE: the closest possible value and a warning naming the limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    c = container("ulimit -n; ulimit -Hn")
    c.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": hard * 2, "hard": hard * 2}]
    done = c.run()
    if done.out.split() == [str(hard * 2)] * 2:
        pytest.skip("this host may raise limits")
    assert done.rc == 0, done
    assert done.out.split() == [str(hard)] * 2
    assert "RLIMIT_NOFILE" in done.err


def test_an_unknown_rlimit(container):
    c = container("true")
    c.process["rlimits"] = [{"type": "RLIMIT_GRAPE", "soft": 1, "hard": 1}]
    c.refused("RLIMIT_GRAPE")


def test_a_soft_limit_above_the_hard_one(container):
    c = container("true")
    c.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 50}]
    c.refused("NOFILE|rlimit")


def test_a_limit_given_twice(container):
    c = container("true")
    c.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 100}] * 2
    done = c.run()
    assert done.rc == 0 or "NOFILE" in done.err  # the specification asks for an error, runc takes the last


def test_oom_score_adj(container):
    c = container("cat /proc/self/oom_score_adj")
    c.process["oomScoreAdj"] = 321
    assert c.stdout() == "321\n"


def test_oom_score_adj_is_inherited_when_absent(container):
    own = host.read_softly("/proc/self/oom_score_adj")
    assert container("cat /proc/self/oom_score_adj").stdout() == own


def test_oom_score_adj_with_a_user_namespace(container):
    """The file belongs to the host's root: it has to be written before the user namespace is entered."""
    c = container("cat /proc/self/oom_score_adj").user_namespace()
    c.process["oomScoreAdj"] = 500
    assert c.stdout() == "500\n"


@pytest.mark.needs("soft-limits")
def test_a_negative_oom_score_adj_the_host_refuses_is_a_warning(container):
    c = container("cat /proc/self/oom_score_adj")
    c.process["oomScoreAdj"] = -500
    done = c.run()
    assert done.rc == 0, done
    if done.out != "-500\n":
        assert re_oom(done.err), done.err


def re_oom(text):
    return "oomscoreadj" in text.lower().replace("_", "")


# ---- no_new_privs, and set-user-id


@pytest.mark.parametrize("value", [True, False])
def test_no_new_privileges(container, value):
    c = container("grep NoNewPrivs /proc/self/status; /work/suid-id -u")
    (c.rootfs / "work/suid-id").write_bytes((c.rootfs / "bin/probe").read_bytes())
    (c.rootfs / "work/suid-id").chmod(0o4755)
    c.sh("grep NoNewPrivs /proc/self/status; /work/suid-id syscall 107")  # geteuid
    c.process["user"] = {"uid": 1000, "gid": 1000}
    c.process["noNewPrivileges"] = value
    assert c.lines() == [f"NoNewPrivs:\t{int(value)}", "1000" if value else "0"]


# ---- scheduling


@pytest.mark.needs("scheduler")
@pytest.mark.parametrize("policy, number, nice",
                         [("SCHED_OTHER", 0, 5), ("SCHED_BATCH", 3, 7), ("SCHED_IDLE", 5, 0)])
def test_scheduler(container, policy, number, nice):
    c = container("probe scheduler")
    c.process["scheduler"] = {"policy": policy, "nice": nice}
    got = list(map(int, c.stdout().split()))
    assert got[0] == number
    if policy != "SCHED_IDLE":
        assert got[1] == nice


@pytest.mark.needs("scheduler")
def test_scheduler_fifo(container):
    c = container("probe scheduler")
    c.process["scheduler"] = {"policy": "SCHED_FIFO", "priority": 3}
    done = c.run()
    if done.rc:  # no real-time bandwidth in this cgroup
        assert "sched" in done.err.lower()
    else:
        assert done.out == "1 0 3\n"


@pytest.mark.needs("scheduler")
def test_an_unknown_policy(container):
    c = container("true")
    c.process["scheduler"] = {"policy": "SCHED_GRAPE"}
    c.refused("SCHED_GRAPE")


@pytest.mark.needs("ioPriority")
@pytest.mark.parametrize("name, number",
                         [("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_RT", 1), ("IOPRIO_CLASS_IDLE", 3)])
def test_io_priority(container, name, number):
    c = container(args=["probe", "ioprio"])
    c.process["ioPriority"] = {"class": name, "priority": 6}
    got = int(c.stdout())
    assert got >> 13 == number
    assert got & 7 == 6


@pytest.mark.needs("personality")
def test_personality_linux32(container):
    c = container("uname -m; probe personality")
    c.linux["personality"] = {"domain": "LINUX32"}
    machine, flags = c.lines()
    assert machine in ("i686", "i386", "armv8l", "armv7l")
    assert int(flags) & 0xff == 8


def test_no_personality(container):
    assert container("uname -m; probe personality").lines() == [os.uname().machine, "0"]


@pytest.mark.needs("execCPUAffinity")
def test_exec_cpu_affinity(container):
    c = container("echo up; sleep 100")
    c.process["execCPUAffinity"] = {"initial": "0", "final": "0"}
    c.up()
    assert c.exec_sh("grep Cpus_allowed_list /proc/self/status").out.split()[1] == "0"
    everything = host.read_softly(f"/proc/{c.pid}/status")
    own = host.read_softly("/proc/self/status")
    pick = lambda text: [line for line in text.splitlines() if line.startswith("Cpus_allowed_list")]
    assert pick(everything) == pick(own)  # the first process is not bound


# ---- sysctl


def test_sysctl_of_the_containers_namespaces(container):
    c = container("cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_forward "
                  "/proc/sys/kernel/msgmax")
    c.linux["sysctl"] = {"kernel.shm_rmid_forced": "1", "net.ipv4.ip_forward": "1", "kernel.msgmax": "12345"}
    outside = host.read_softly("/proc/sys/kernel/msgmax")
    assert c.lines() == ["1", "1", "12345"]
    assert host.read_softly("/proc/sys/kernel/msgmax") == outside


def test_sysctl_with_a_slash_in_an_interface_name(container):
    c = container("cat /proc/sys/net/ipv4/conf/lo/forwarding")
    c.linux["sysctl"] = {"net/ipv4/conf/lo/forwarding": "1"}
    done = c.run()
    assert done.rc != 0 or done.out == "1\n"


@pytest.mark.parametrize("kind, name",
                         [("ipc", "kernel.shm_rmid_forced"), ("network", "net.ipv4.ip_forward")])
def test_sysctl_of_a_namespace_not_made_is_refused(container, kind, name):
    path = "/proc/sys/" + name.replace(".", "/")
    before = host.read_softly(path)
    c = container("true").without_namespace(kind)
    c.linux["sysctl"] = {name: "1" if before.strip() == "0" else "0"}
    c.refused(name.replace(".", r"\."))
    assert host.read_softly(path) == before


@pytest.mark.parametrize("name", ["kernel.panic", "vm.swappiness", "kernel.hostname.x", "fs.file-max"])
def test_sysctl_of_the_whole_host_is_refused(container, name):
    c = container("true")
    c.linux["sysctl"] = {name: "1"}
    c.refused(name)


def test_sysctl_with_dots_out_of_proc_is_refused(container):
    c = container("true")
    c.linux["sysctl"] = {"net/../kernel/panic": "77"}
    c.run()
    assert host.read_softly("/proc/sys/kernel/panic").strip() != "77"


def test_a_sysctl_value_the_kernel_refuses(container):
    c = container("true")
    c.linux["sysctl"] = {"net.ipv4.ip_forward": "grape"}
    c.refused("net.ipv4.ip_forward|net/ipv4/ip_forward")


# ---- the rest


def test_the_keyring_is_new(container):
    """CVE-2014-... class: the session keyring of the caller must not be readable inside."""
    c = container(args=["probe", "keyring"])
    own = host.libc.syscall(250, 0, -3, 0)
    assert int(c.stdout()) != own


def test_apparmor_and_selinux_on_a_host_without_them(container):
    """A label that cannot be applied must not be dropped in silence."""
    if os.path.exists("/sys/kernel/security/apparmor") or os.path.exists("/sys/fs/selinux/enforce"):
        pytest.skip("this host has a label LSM")
    c = container("echo ran")
    c.process["apparmorProfile"] = "grape-profile"
    c.refused("apparmor")


def test_the_session_and_group_of_the_first_process(container):
    """It leads a session of its own, so no terminal of the caller can control it."""
    c = container("cut -d' ' -f5-7 /proc/self/stat; sleep 100").up()
    c.says("\n")
    fields = host.read_softly(f"/proc/{c.pid}/stat").rpartition(")")[2].split()
    assert int(fields[3]) == c.pid or int(fields[3]) != os.getsid(0)


def test_dumpable_is_off_for_nothing(container):
    """After exec the process is an ordinary one: its own /proc/self is readable by its user."""
    c = container("cat /proc/self/environ | wc -c")
    c.process["user"] = {"uid": 1000, "gid": 1000}
    assert int(c.stdout()) > 0
