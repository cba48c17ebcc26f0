"""NetworkPolicy, seen from inside pods: who is let through, from the first packet on, by whatever way."""

import json
import textwrap
import urllib.request

import pytest

from cluster import Pods, pod
from conftest import kubectl_of, new_namespace
from server import wait_until

SERVES = """mkdir /www; echo here > /www/index.html
httpd -p 80 -h /www; httpd -p 81 -h /www; exec httpd -f -p 8080 -h /www"""
PORTS = [{"name": "http", "containerPort": 80}, {"name": "more", "containerPort": 8080}]


def policy(name="p", pods=None, **spec):
    """`spec`: ingress, egress, policyTypes."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {"matchLabels": pods} if pods else {}, **spec},
    }


DENY_ALL = policy("deny", policyTypes=["Ingress", "Egress"])
DENY_INGRESS = policy("deny", policyTypes=["Ingress"])


def asking(address, port=80):
    """A shell's words: a request by HTTP, given up after a second."""
    return f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 3 nc -w 1 {address} {port}"


class Town(Pods):
    """Pods that serve HTTP, and may ask each other."""

    def house(self, name, **labels):
        self.run(pod(name, SERVES, labels={"app": name, **labels}, ports=PORTS))
        self.ready(name)

    def address(self, name, family=4):
        return next(a["ip"] for a in self.status(name)["podIPs"] if (":" in a["ip"]) == (family == 6))

    def apply(self, *policies):
        for one in policies:
            self.kubectl("apply", "-f", "-", input=json.dumps(one))

    def reaches(self, name, address, port=80):
        return self.kubectl.run("exec", name, "--", "sh", "-c", asking(address, port)).stdout.endswith(
            "here\n"
        )

    def comes(self, name, address, port=80):
        """Rules follow objects at once; at once is a moment."""
        wait_until(lambda: self.reaches(name, address, port), 5, f"{name} reaching {address}:{port}")
        return True

    def stops(self, name, address, port=80):
        wait_until(
            lambda: not self.reaches(name, address, port), 5, f"{name} being kept from {address}:{port}"
        )
        return True


@pytest.fixture
def town(kubectl):
    return Town(kubectl)


@pytest.fixture
def other_town(cluster):
    """In a namespace of its own, labelled team=other."""
    name = new_namespace(cluster)
    kubectl = kubectl_of("newest", cluster, name)
    kubectl("label", "namespace", name, "team=other")
    yield Town(kubectl)
    cluster.admin.ask("DELETE", f"/api/v1/namespaces/{name}")


def from_here(address, port=80):
    """As this machine itself asks: always let in."""
    try:
        return urllib.request.urlopen(f"http://{address}:{port}/", timeout=2).read().strip() == b"here"
    except OSError:
        return False


def test_default_deny_and_who_is_let_in_by_label(town):
    town.house("web")
    town.house("api")
    town.house("stranger")
    web = town.address("web")
    assert town.comes("api", web)
    town.apply(DENY_INGRESS)
    assert town.stops("api", web) and not town.reaches("stranger", web)
    assert town.reaches("web", web), "a pod reaches itself"
    assert from_here(web), "the node reaches its pods"
    town.apply(
        policy("api", {"app": "web"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}])
    )
    assert town.comes("api", web) and not town.reaches("stranger", web)
    town.kubectl("label", "pod", "stranger", "app=api", "--overwrite")
    assert town.comes("stranger", web)
    town.kubectl("label", "pod", "stranger", "app=stranger", "--overwrite")
    assert town.stops("stranger", web)
    town.kubectl("delete", "networkpolicy", "--all")
    assert town.comes("stranger", web)


def test_both_families(town):
    town.house("web")
    town.house("api")
    if len(town.status("web")["podIPs"]) < 2:
        pytest.skip("pods have one family here")
    six = town.address("web", 6)
    assert town.comes("api", six)
    town.apply(DENY_INGRESS)
    assert town.stops("api", six)
    town.apply(policy("api", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}]))
    assert town.comes("api", six)


def test_namespaces(town, other_town):
    town.house("web")
    town.house("friend")
    other_town.house("friend")
    other_town.house("stranger")
    web = town.address("web")
    friends = {"podSelector": {"matchLabels": {"app": "friend"}}}
    others = {"namespaceSelector": {"matchLabels": {"team": "other"}}}
    town.apply(policy("p", {"app": "web"}, ingress=[{"from": [{**friends, **others}]}]))
    assert other_town.comes("friend", web)
    assert town.stops("friend", web) and not other_town.reaches("stranger", web)
    town.apply(policy("p", {"app": "web"}, ingress=[{"from": [friends, others]}]))
    assert town.comes("friend", web) and other_town.comes("stranger", web)
    other_town.kubectl("label", "namespace", other_town.kubectl.namespace, "team-")
    assert other_town.stops("stranger", web) and town.reaches("friend", web)


def test_ports_by_name_by_range_and_by_protocol(town):
    town.house("web")
    town.house("api")
    web = town.address("web")
    town.apply(policy("p", {"app": "web"}, ingress=[{"ports": [{"port": "more"}]}]))
    assert town.stops("api", web, 80) and town.comes("api", web, 8080)
    town.apply(policy("p", {"app": "web"}, ingress=[{"ports": [{"port": 80, "endPort": 81}]}]))
    assert town.stops("api", web, 8080) and town.comes("api", web, 80) and town.reaches("api", web, 81)
    town.apply(policy("p", {"app": "web"}, ingress=[{"ports": [{"protocol": "UDP"}]}]))
    assert town.stops("api", web, 80)
    town.kubectl("delete", "networkpolicy", "--all")
    to_named = {"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}
    town.apply(policy("p", {"app": "api"}, policyTypes=["Egress"], egress=[to_named]))
    assert town.stops("api", web, 8080) and town.comes("api", web, 80)


def test_blocks_with_holes(town):
    town.house("web")
    town.house("hole")
    town.house("api")
    web, hole = town.address("web"), town.address("hole")
    block = {"cidr": "0.0.0.0/0", "except": [f"{hole}/32"]}
    town.apply(policy("p", {"app": "api"}, policyTypes=["Egress"], egress=[{"to": [{"ipBlock": block}]}]))
    assert town.stops("api", hole) and town.comes("api", web)


def test_a_service_leads_to_a_pod_whose_policy_decides(town):
    town.house("web")
    town.house("api")
    town.house("stranger")
    town.kubectl("expose", "pod", "web", "--port", "8000", "--target-port", "80")
    service = town.kubectl.json("get", "service", "web")["spec"]["clusterIP"]
    assert town.comes("api", service, 8000) and town.comes("stranger", service, 8000)
    town.apply(
        policy("p", {"app": "web"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}])
    )
    assert town.stops("stranger", service, 8000) and town.reaches("api", service, 8000)
    assert town.reaches("web", service, 8000), "a pod reaches itself by its Service"


def test_egress_denied_is_dns_denied_until_a_rule_means_it(town):
    town.house("web")
    town.house("api")
    name = "kubernetes.default.svc.cluster.local"

    def resolves():
        return town.kubectl.run("exec", "api", "--", "timeout", "2", "nslookup", name).returncode == 0

    wait_until(resolves, 5, "names")
    town.apply(policy("p", {"app": "api"}, policyTypes=["Egress"]))
    wait_until(lambda: not resolves(), 5, "the end of names")
    dns = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
           "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}  # fmt: skip
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53}]
    town.apply(policy("p", {"app": "api"}, policyTypes=["Egress"], egress=[{"to": [dns], "ports": ports}]))
    wait_until(resolves, 5, "names again")
    assert not town.reaches("api", town.address("web"))


def test_probes_are_the_node_s_and_pass(town):
    town.apply(DENY_ALL)
    probe = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1}
    town.run(pod("web", SERVES, ports=PORTS, readinessProbe=probe))
    town.ready("web")


def test_nothing_slips_through_before_a_pod_s_rules_are_there(town):
    town.house("web")
    web = town.address("web")
    town.apply(policy("p", {"denied": "yes"}, policyTypes=["Egress"]))
    asks = f"{asking(web)} | grep -q here && exit 1; exit 0"
    eager = [pod(f"eager-{n}", asks, labels={"denied": "yes"}, restartPolicy="Never") for n in range(15)]
    town.run(*eager)
    for each in eager:
        town.ended(each["metadata"]["name"], "Succeeded", 60)


def test_policies_hold_while_the_daemon_is_killed_and_begins_anew(make_cluster, pods_of):
    cluster = make_cluster()
    town = Town(pods_of(cluster).kubectl)
    town.house("web")
    town.house("api")
    web = town.address("web")
    town.apply(DENY_INGRESS)
    town.stops("api", web)
    attack = textwrap.dedent(
        f"""
        while true; do {asking(web)} >> /through; done
    """
    )
    town.kubectl("exec", "api", "--", "sh", "-c", f"({attack}) > /dev/null 2>&1 &")
    for _ in range(3):
        cluster.kill()
        cluster.start()
    town.kubectl("apply", "-f", "-", input=json.dumps(policy("p", {"app": "web"}, ingress=[])))

    def came_through():
        return "here" in town.exec("api", "sh", "-c", "cat /through 2> /dev/null; true")

    assert not came_through()
    town.kubectl("delete", "networkpolicy", "--all")
    wait_until(came_through, 10, "who asked all the time being let in")
