"""Names of the cluster, asked from inside pods by dig, getaddrinfo and curl."""

import pytest

from server import wait_until
from town import Town, client, service, web


@pytest.fixture
def town(pods, toolbox):
    return Town(pods)


def resolve(town, name, at="client"):
    script = "import socket,sys; print(*sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80)}))"
    return town.kubectl("exec", at, "--", "python3", "-c", script, name).split()


def test_a_pod_asks_its_node(town):
    town.make(client())
    lines = town.kubectl("exec", "client", "--", "cat", "/etc/resolv.conf").splitlines()
    name = town.kubectl.namespace
    assert f"search {name}.svc.cluster.local svc.cluster.local cluster.local" in lines[0] or any(
        line.startswith(f"search {name}.svc.cluster.local svc.cluster.local cluster.local") for line in lines
    )
    assert "options ndots:5" in lines
    assert town.pods.events("MissingClusterDNS", "client") == []


def test_a_service_has_its_name_at_every_length(town):
    town.make(web("web-1"), client(), service())
    ip, name = town.cluster_ip(), town.kubectl.namespace
    for one in ("web", f"web.{name}", f"web.{name}.svc", f"web.{name}.svc.cluster.local"):
        assert ip in resolve(town, one), one
        assert town.ask(f"http://{one}")[0] == "web-1"
    assert town.dig(f"web.{name}.svc.cluster.local") == [ip]
    assert town.dig("-x", ip) == [f"web.{name}.svc.cluster.local."]
    assert town.dig("kubernetes.default.svc.cluster.local") == ["10.96.0.1"]


def test_the_usual_address_answers_too(town):
    town.make(client())
    for way in ("+notcp", "+tcp"):
        assert town.dig("@10.96.0.10", way, "kubernetes.default.svc.cluster.local") == ["10.96.0.1"]
    kube_dns = town.kubectl.json("get", "service", "kube-dns", "-n", "kube-system")
    assert kube_dns["spec"]["clusterIP"] == "10.96.0.10"


def test_a_headless_service_names_its_pods(town):
    name = town.kubectl.namespace
    headless = service("set", selector={"app": "web"}, clusterIP="None")
    town.make(web("web-1", hostname="one", subdomain="set"), web("web-2"), client(), headless)
    ips = sorted(town.ip(pod) for pod in ("web-1", "web-2"))
    wait_until(lambda: sorted(town.dig(f"set.{name}.svc.cluster.local")) == ips, 10, "both addresses")
    assert town.dig(f"one.set.{name}.svc.cluster.local") == [town.ip("web-1")]
    records = town.dig(f"_http._tcp.set.{name}.svc.cluster.local", "SRV")
    assert len(records) == 2 and any(
        line.endswith(f"8080 one.set.{name}.svc.cluster.local.") for line in records
    )
    assert town.dig("-x", town.ip("web-1")) == [f"one.set.{name}.svc.cluster.local."]


def test_a_named_port_has_a_srv_record(town):
    town.make(web("web-1"), client(), service())
    name = town.kubectl.namespace
    records = town.dig(f"_http._tcp.web.{name}.svc.cluster.local", "SRV")
    assert [line.split()[2:] for line in records] == [["80", f"web.{name}.svc.cluster.local."]]


def test_an_external_name_is_an_alias(town):
    name = town.kubectl.namespace
    town.make(client(), web("web-1"), service())
    town.make(service("far", type="ExternalName", externalName=f"web.{name}.svc.cluster.local"))
    wait_until(
        lambda: f"web.{name}.svc.cluster.local." in town.dig(f"far.{name}.svc.cluster.local", "CNAME"), 10
    )
    assert town.ask("http://far")[0] == "web-1"


def test_what_is_not_there_is_not_found(town):
    town.make(client())
    told = town.kubectl("exec", "client", "--", "dig", f"nobody.{town.kubectl.namespace}.svc.cluster.local")
    assert "status: NXDOMAIN" in told
    wait_until(lambda: town.curl("http://nobody").returncode == 6, 10, "no such name")


def test_names_follow_their_services(town):
    town.make(client(), service())
    name = f"web.{town.kubectl.namespace}.svc.cluster.local"
    wait_until(lambda: town.dig(name) == [town.cluster_ip()], 5, "a new name")
    town.kubectl("delete", "service", "web")
    wait_until(lambda: town.dig(name) == [""], 5, "the end of a name")
