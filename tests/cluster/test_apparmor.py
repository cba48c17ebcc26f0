"""What confines the containers of pods on a node with AppArmor; skipped where the kernel has none."""

import shutil
from pathlib import Path

import pytest

from cluster import container, pod
from server import wait_until

KERNEL = Path("/sys/kernel/security/apparmor")
PARSER = shutil.which("apparmor_parser", path="/sbin:/usr/sbin")
CONFINED = "podo-default (enforce)"
LABEL = ["cat", "/proc/self/attr/current"]

pytestmark = pytest.mark.skipif(
    not KERNEL.exists() or PARSER is None, reason="this machine has no AppArmor, or no apparmor_parser"
)


def security(type, **more):
    return {"appArmorProfile": {"type": type, **more}}


def test_pods_are_confined_unless_they_say_otherwise(pods):
    for name, expected, spec in (
        ("unset", CONFINED, {}),
        ("usual", CONFINED, {"securityContext": security("RuntimeDefault")}),
        ("free", "unconfined", {"securityContext": security("Unconfined")}),
        ("own", CONFINED, {"securityContext": security("Localhost", localhostProfile="podo-default")}),
    ):
        pods.run(pod(name, LABEL, restartPolicy="Never", **spec))
        pods.ended(name)
        assert pods.logs(name) == expected, name


def test_a_containers_word_counts_and_a_privileged_one_is_not_confined(pods):
    several = [
        container("usual", "sleep 1000"),
        container("free", "sleep 1000", securityContext=security("Unconfined")),
        container("strong", "sleep 1000", securityContext={"privileged": True}),
    ]
    pods.run(pod(containers=several, security=security("RuntimeDefault")))
    pods.ready()
    for name, expected in (("usual", CONFINED), ("free", "unconfined"), ("strong", "unconfined")):
        assert pods.exec("p", *LABEL, container=name).strip() == expected, name


def test_a_profile_that_is_not_loaded_keeps_the_container_waiting_and_is_named(pods):
    pods.run(pod(securityContext=security("Localhost", localhostProfile="podo-no-such")))
    told = pods.waiting("CreateContainerConfigError")
    assert told["message"] == 'Cannot enforce AppArmor: profile "podo-no-such" is not loaded'


def test_a_container_ends_one_that_it_shares_its_processes_with(pods):
    both = [container("a", "sleep 1000"), container("b", "exec tail -f /dev/null")]
    pods.run(pod(shareProcessNamespace=True, containers=both, restartPolicy="Never"))
    pods.ready()
    kill = (
        "for p in /proc/[0-9]*; do read name <$p/comm; [ $name = tail ] && kill -KILL ${p#/proc/}; done; true"
    )
    pods.exec("p", "sh", "-c", kill, container="a")
    wait_until(lambda: pods.container(container="b")["state"]["terminated"]["exitCode"] == 137)
    assert "running" in pods.container(container="a")["state"]
