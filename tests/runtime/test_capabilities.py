"""The five sets of process.capabilities, as /proc/self/status shows them."""

import pytest

NUMBERS = {name: number for number, name in enumerate("""
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
    NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
    SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
    AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
    PERFMON BPF CHECKPOINT_RESTORE
""".split())}

SHOW = "grep ^Cap /proc/self/status"
THREE_ATTEMPTS = "chown 1 /work; echo $?; mount -t tmpfs none /mnt; echo $?; hostname x; echo $?"


def bits(*names):
    return sum(1 << NUMBERS[name.removeprefix("CAP_")] for name in names)


def sets(text):
    """{'Inh': bits, 'Prm': ..., 'Eff': ..., 'Bnd': ..., 'Amb': ...}"""
    return {line[3:6]: int(line.split()[1], 16) for line in text.splitlines() if line.startswith("Cap")}


def own_bounding():
    return sets(open("/proc/self/status").read())["Bnd"]


def test_the_sets_of_root(container):
    c = container(SHOW).capabilities("CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW")
    wanted = bits("CHOWN", "KILL", "NET_RAW")
    assert sets(c.stdout()) == {"Inh": 0, "Prm": wanted, "Eff": wanted, "Bnd": wanted, "Amb": 0}


def test_no_capability_at_all(container):
    c = container(SHOW).capabilities()
    assert set(sets(c.stdout()).values()) == {0}


def test_empty_sets_are_no_capability(container):
    c = container(SHOW)
    c.process["capabilities"] = {}
    assert sets(c.stdout())["Eff"] == 0


def test_bounding_may_be_wider(container):
    c = container(SHOW)
    c.process["capabilities"] = {"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_KILL"],
                                 "effective": ["CAP_KILL"]}
    found = sets(c.stdout())
    assert found["Bnd"] == bits("CHOWN", "KILL")
    # root's exec of a file fills permitted up to the bounding set; that is the kernel's rule
    assert found["Eff"] in (bits("KILL"), bits("CHOWN", "KILL"))


def test_all_five_sets_for_a_user(container):
    c = container(SHOW)
    c.capabilities("CAP_NET_RAW", kinds=("bounding", "effective", "permitted", "inheritable", "ambient"))
    c.process["user"] = {"uid": 1000, "gid": 1000}
    assert set(sets(c.stdout()).values()) == {bits("NET_RAW")}


def test_a_user_without_ambient_capabilities_has_none(container):
    c = container(SHOW).capabilities("CAP_NET_RAW", "CAP_CHOWN")
    c.process["user"] = {"uid": 1000, "gid": 1000}
    found = sets(c.stdout())
    assert (found["Prm"], found["Eff"], found["Amb"]) == (0, 0, 0)
    assert found["Bnd"] == bits("NET_RAW", "CHOWN")


def test_a_user_keeps_the_ambient_only(container):
    c = container(SHOW)
    c.process["capabilities"] = {"bounding": ["CAP_CHOWN", "CAP_KILL"],
                                 "permitted": ["CAP_CHOWN", "CAP_KILL"],
                                 "effective": ["CAP_CHOWN", "CAP_KILL"], "inheritable": ["CAP_KILL"],
                                 "ambient": ["CAP_KILL"]}
    c.process["user"] = {"uid": 1000, "gid": 1000}
    found = sets(c.stdout())
    assert found["Eff"] == found["Prm"] == found["Amb"] == bits("KILL")


def test_ambient_without_inheritable_is_not_raised(container):
    """The kernel refuses it; a warning, not a failure, in runc and crun alike."""
    c = container(SHOW)
    c.process["capabilities"] = {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"],
                                 "effective": ["CAP_KILL"],
                                 "ambient": ["CAP_KILL"]}
    done = c.run()
    assert done.rc != 0 or sets(done.out)["Amb"] == 0


def test_what_a_missing_capability_forbids(container):
    c = container(THREE_ATTEMPTS).capabilities()
    assert c.lines() == ["1", "1", "1"]


def test_what_a_capability_allows(container):
    c = container(THREE_ATTEMPTS)
    assert c.capabilities("CAP_CHOWN", "CAP_SYS_ADMIN").lines() == ["0", "0", "0"]


def test_every_capability_the_caller_has(container):
    names = ["CAP_" + name for name, number in NUMBERS.items() if own_bounding() >> number & 1]
    c = container(SHOW).capabilities(*names)
    assert sets(c.stdout())["Eff"] == bits(*names)


@pytest.mark.needs("capability-intersection")
def test_a_capability_the_caller_lacks_is_dropped(container):
    """`--cap-add ALL` must work on a host whose bounding set is not full; the warning names what is
    missing."""
    names = ["CAP_" + name for name in NUMBERS]
    lacking = [name for name in names if not own_bounding() & bits(name)]
    if not lacking:
        pytest.skip("this host lacks no capability")
    done = container(SHOW).capabilities(*names).run()
    assert done.rc == 0, done
    assert sets(done.out)["Eff"] == bits(*names) & own_bounding()
    for name in lacking:
        assert name in done.err


@pytest.mark.parametrize("name", ["CAP_GRAPE", "chown", ""])
def test_an_unknown_capability(container, name):
    """Engines run ahead of kernels: an unknown name is ignored with a warning that has it."""
    done = container(SHOW).capabilities("CAP_CHOWN", name).run()
    if done.rc == 0:
        assert sets(done.out)["Eff"] in (bits("CHOWN"),)
        assert name in done.err and done.err.strip()
    else:
        assert name in done.err


def test_exec_has_the_capabilities_of_the_container(container):
    c = container("echo up; sleep 100").capabilities("CAP_CHOWN", "CAP_KILL").up()
    found = sets(c.exec_sh(SHOW).out)
    assert found["Eff"] == found["Bnd"] == bits("CHOWN", "KILL")


def test_exec_of_a_user(container):
    c = container("echo up; sleep 100").capabilities("CAP_CHOWN").up()
    found = sets(c.exec_sh(SHOW, "--user", "1000:1000").out)
    assert (found["Eff"], found["Bnd"]) == (0, bits("CHOWN"))


def test_exec_with_one_more_capability(container):
    c = container("echo up; sleep 100").capabilities("CAP_CHOWN", "CAP_KILL").up()
    found = sets(c.exec_sh(SHOW, "--cap", "CAP_NET_RAW").out)
    assert found["Eff"] == bits("CHOWN", "KILL", "NET_RAW")


def test_in_a_user_namespace_all_capabilities_are_its_own(container):
    """Also those the caller lacks outside: a new user namespace starts with the full set of the
    bounding set."""
    c = container(SHOW).user_namespace().capabilities("CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_NET_ADMIN")
    assert sets(c.stdout())["Eff"] == bits("SYS_ADMIN", "CHOWN", "NET_ADMIN")
