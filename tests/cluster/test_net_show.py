"""podo net show service: what the kernel's rules have of a Service, in words."""

import subprocess

import pytest

from server import wait_until
from town import Town, service, web


@pytest.fixture
def town(pods, toolbox):
    return Town(pods)


@pytest.fixture
def show(cluster, pods):
    def ask(name, *more):
        words = [cluster.program, "net", "show", "service", name, "-n", pods.kubectl.namespace]
        words += ["--kubeconfig", cluster.kubeconfig, *more]
        return subprocess.run(words, capture_output=True, text=True, timeout=20)

    return ask


def rows(shown):
    assert shown.returncode == 0, shown.stderr
    return [line.split() for line in shown.stdout.splitlines()[1:]]


def test_fronts_are_shown_with_those_who_answer(town, show):
    town.make(web("web-1"), web("web-2"), service(type="NodePort", sessionAffinity="ClientIP"))
    ip, port = town.cluster_ip(), town.get()["spec"]["ports"][0]["nodePort"]
    backends = sorted(f"{town.ip(name)}:8080" for name in ("web-1", "web-2"))
    wait_until(lambda: backends[1] in show("web").stdout, 10, "both backends")
    shown = rows(show("web"))
    assert [ip, "80/TCP", "inside", "by", "client,", "10800", "s", backends[0]] in shown
    assert ["every", "IPv4", f"{port}/TCP", "anywhere", "by", "client,", "10800", "s", backends[0]] in shown
    assert shown.count([backends[1]]) == 2


def test_without_pods_it_refuses_and_headless_has_nothing(town, show):
    town.make(service(), service("bare", clusterIP="None"))
    wait_until(lambda: "refused" in show("web").stdout, 10, "the front")
    assert rows(show("web")) == [[town.cluster_ip(), "80/TCP", "inside", "refused", "-"]]
    assert "headless" in show("bare").stdout


def test_what_is_not_there_is_told(show):
    missing = show("missing")
    assert missing.returncode == 1
    assert 'services "missing" not found' in missing.stderr
