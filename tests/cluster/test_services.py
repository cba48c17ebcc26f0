"""Services of every kind, from inside pods, from the host and from beside it: real packets, real rules."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from cluster import pod
from server import wait_until
from toolbox import make_toolbox
from town import Outside, Town, Visitors, client, nft, service, web, web_deployment


@pytest.fixture
def town(pods, toolbox):
    return Town(pods)


def node_address(cluster):
    addresses = cluster.admin.get("/api/v1/nodes")["items"][0]["status"]["addresses"]
    return next(a["address"] for a in addresses if a["type"] == "InternalIP")


def slice_of(service, address, **of_endpoint):
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{service}-1", "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": [{"addresses": [address], **of_endpoint}],
    }


# --- cluster IPs ---


def test_a_service_leads_to_all_of_its_pods(town):
    town.make(web("web-1"), web("web-2"), web("web-3"), client(), service())
    ip, own = town.cluster_ip(), town.ip("client")
    assert town.ask(f"http://{ip}")[1] == own  # the pod is seen as itself
    assert set(town.spread(f"http://{ip}")) == {"web-1", "web-2", "web-3"}
    assert set(town.spread(f"http://{ip}", at=None)) == {"web-1", "web-2", "web-3"}
    assert min(town.spread("http://web", 90).values()) > 10


def test_a_pod_meets_itself_through_its_service(town):
    town.make(web("web-1"), service())
    assert town.ask(f"http://{town.cluster_ip()}", at="web-1")[0] == "web-1"


def test_a_service_without_pods_refuses_at_once(town):
    town.make(client(), service())
    # 7: no connection, which is told; 28: nobody told, and curl gave up after some seconds
    assert town.curl(f"http://{town.cluster_ip()}").returncode == 7
    assert town.curl(f"http://{town.cluster_ip()}", at=None).returncode == 7
    town.make(web("web-1"))
    wait_until(lambda: town.answers(f"http://{town.cluster_ip()}"), 10, "the first pod")


def test_ports_have_names_and_targets_of_their_own(town):
    ports = [
        {"name": "http", "port": 80, "targetPort": "web"},
        {"name": "alt", "port": 8088, "targetPort": 8080},
        {"name": "udp", "port": 53, "protocol": "UDP", "targetPort": 8081},
    ]
    town.make(web("web-1", ports=[{"name": "web", "containerPort": 8080}]), client(), service(ports=ports))
    ip = town.cluster_ip()
    assert town.ask(f"http://{ip}")[0] == town.ask(f"http://{ip}:8088")[0] == "web-1"
    assert town.datagram(ip, 53) == ["web-1", town.ip("client")]
    assert town.datagram(ip, 53, at="web-1")[0] == "web-1"  # itself
    assert not town.answers(f"http://{ip}:81")


def test_who_is_not_ready_gets_nothing_unless_it_wishes(town):
    unready = web("web-2")
    unready["spec"]["containers"][0]["readinessProbe"] = {"exec": {"command": ["false"]}}
    town.make(web("web-1"), client(), service())
    town.pods.run(unready, service("all", selector={"app": "web"}, publishNotReadyAddresses=True))
    wait_until(lambda: town.ip_or_none("web-2"), 20, "an address")
    wait_until(lambda: len(town.spread(f"http://{town.cluster_ip('all')}", 20)) == 2, 20, "both pods")
    assert set(town.spread(f"http://{town.cluster_ip()}", 30)) == {"web-1"}


def test_a_client_stays_with_its_pod(town):
    config = {"clientIP": {"timeoutSeconds": 60}}
    sticky = service(
        "sticky", selector={"app": "web"}, sessionAffinity="ClientIP", sessionAffinityConfig=config
    )
    town.make(*(web(f"web-{n}") for n in (1, 2, 3)), client(), client("other"), sticky)
    url = f"http://{town.cluster_ip('sticky')}"
    assert len(town.spread(url, 30)) == 1
    assert len(town.spread(url, 30, at="other")) == 1


def test_a_service_without_a_selector_leads_where_its_slices_say(town):
    town.make(web("web-1"), client(), service("manual", selector=None))
    town.make(slice_of("manual", town.ip("web-1")))
    wait_until(lambda: town.answers(f"http://{town.cluster_ip('manual')}"), 10, "the slice")
    assert town.ask("http://manual")[0] == "web-1"


def test_pods_of_the_hosts_network_are_clients_and_servers(town, cluster):
    env = [{"name": "HTTP_PORT", "value": "38080"}, {"name": "UDP_PORT", "value": "38081"}]
    host = pod("host", image="toolbox", hostNetwork=True, labels={"app": "host"}, env=env)
    town.make(web("web-1"), client(), host, service())
    town.make(service("host", ports=[{"name": "http", "port": 80, "targetPort": 38080}]))
    assert town.ask(f"http://{town.cluster_ip()}", at="host")[0] == "web-1"
    wait_until(lambda: town.answers(f"http://{town.cluster_ip('host')}"), 10, "the pod of the host's network")
    assert town.ask(f"http://{town.cluster_ip('host')}")[1] == town.ip("client")


def test_the_kubernetes_api_is_reached_from_a_pod(town):
    town.make(client())
    script = (
        "d=/var/run/secrets/kubernetes.io/serviceaccount; curl -sS -m 5 --cacert $d/ca.crt "
        '-H "Authorization: Bearer $(cat $d/token)" https://kubernetes.default/version'
    )
    assert '"major"' in town.kubectl("exec", "client", "--", "sh", "-c", script)


# --- from outside ---


def test_a_node_port_is_reached_from_everywhere(town, cluster):
    town.make(web("web-1"), web("web-2"), client(), service(type="NodePort"))
    port = town.get()["spec"]["ports"][0]["nodePort"]
    node = node_address(cluster)
    assert set(town.spread(f"http://{node}:{port}", 40)) == {"web-1", "web-2"}
    assert set(town.spread(f"http://127.0.0.1:{port}", 40, at=None)) == {"web-1", "web-2"}
    assert town.answers(f"http://{node}:{port}", at=None)
    with Outside() as outside:
        assert outside.ask(f"http://{outside.here}:{port}")[0] in ("web-1", "web-2")
        assert not outside.answers(f"http://{town.cluster_ip()}")  # cluster IPs are for the inside


def test_with_the_policy_local_the_client_is_seen_as_itself(town):
    local = service("local", selector={"app": "web"}, type="NodePort", externalTrafficPolicy="Local")
    town.make(web("web-1"), local)
    with Outside() as outside:
        url = f"http://{outside.here}:{town.get('local')['spec']['ports'][0]['nodePort']}"
        assert outside.ask(url) == ["web-1", outside.there]


def test_a_load_balancer_is_a_port_of_the_nodes_addresses(town, cluster):
    town.make(
        web("web-1"), client(), service(type="LoadBalancer", ports=[{"port": 7070, "targetPort": 8080}])
    )
    ingress = wait_until(
        lambda: town.get()["status"].get("loadBalancer", {}).get("ingress"), 15, "an address"
    )
    assert ingress[0]["ip"] == node_address(cluster)
    assert town.ask(f"http://{ingress[0]['ip']}:7070")[0] == "web-1"
    assert town.answers(f"http://{ingress[0]['ip']}:7070", at=None)
    with Outside() as outside:
        assert outside.ask(f"http://{ingress[0]['ip']}:7070")[0] == "web-1"
        ranges = {"spec": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}}
        town.kubectl("patch", "service", "web", "-p", json.dumps(ranges))
        wait_until(lambda: not outside.answers(f"http://{ingress[0]['ip']}:7070"), 10, "the source ranges")


def test_an_external_ip_leads_to_the_service(town):
    with Outside() as outside:
        town.make(web("web-1"), service(externalIPs=["203.0.113.77"]))
        wait_until(lambda: outside.answers("http://203.0.113.77"), 10, "the external address")


def test_a_backend_of_another_node(town):
    """From a pod, from this machine, by a node port; not by that of 127.0.0.1: no answer could come back."""
    town.make(client(), service("far", selector=None, type="NodePort"))
    port = town.get("far")["spec"]["ports"][0]["nodePort"]
    with Outside() as outside, outside.serving():
        town.make(slice_of("far", outside.there, nodeName="elsewhere"))
        url = f"http://{town.cluster_ip('far')}"
        wait_until(lambda: town.answers(url), 10, "the slice")
        assert town.ask(url)[0] == town.ask(f"http://{outside.here}:{port}")[0] == "outside"
        assert town.ask(url, at=None) == ["outside", outside.here]
        assert town.ask(f"http://{outside.here}:{port}", at=None) == ["outside", outside.here]


def test_from_outside_over_ipv6(town):
    """A node port, an external address, and one of a load balancer that somebody else keeps."""
    ports = [{"name": "http", "port": 7071, "targetPort": 8080}]
    both = {"type": "LoadBalancer", "ipFamilyPolicy": "RequireDualStack", "ports": ports}
    town.make(
        web("web-1"), service("six", selector={"app": "web"}, loadBalancerClass="example.com/x", **both)
    )
    port = town.get("six")["spec"]["ports"][0]["nodePort"]
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "fd00:198:19::77"}]}}}
    with Outside() as outside:
        wait_until(lambda: outside.answers(f"http://[{outside.here6}]:{port}"), 10, "the node port")
        town.kubectl(
            "patch", "service", "six", "--subresource=status", "--type=merge", "-p", json.dumps(status)
        )
        wait_until(lambda: outside.answers("http://[fd00:198:19::77]:7071"), 10, "the balanced address")
        patch = {"spec": {"externalTrafficPolicy": "Local", "externalIPs": ["fd00:198:19::78"]}}
        town.kubectl("patch", "service", "six", "-p", json.dumps(patch))
        for place in (f"[{outside.here6}]:{port}", "[fd00:198:19::77]:7071", "[fd00:198:19::78]:7071"):
            wait_until(
                lambda: outside.curl(f"http://{place}").stdout.split() == ["web-1", outside.there6], 10, place
            )
        town.kubectl(
            "patch", "service", "six", "-p", '{"spec":{"loadBalancerSourceRanges":["2001:db8::/32"]}}'
        )
        wait_until(lambda: not outside.answers("http://[fd00:198:19::77]:7071"), 10, "the source ranges")


# --- both families ---


def test_a_service_of_both_families(town):
    town.make(web("web-1"), client(), service(ipFamilyPolicy="RequireDualStack"))
    spec = town.get()["spec"]
    assert spec["ipFamilies"] == ["IPv4", "IPv6"] and len(spec["clusterIPs"]) == 2
    six = [ip["ip"] for ip in town.pods.status("client")["podIPs"]][1]
    assert town.ask(f"http://[{spec['clusterIPs'][1]}]") == ["web-1", six]
    assert town.answers(f"http://[{spec['clusterIPs'][1]}]", at=None)
    assert town.dig("web.{}.svc.cluster.local".format(town.kubectl.namespace), "AAAA") == [
        spec["clusterIPs"][1]
    ]
    hosts = town.kubectl("exec", "client", "--", "cat", "/etc/hosts")
    assert six in hosts


# --- changes ---


def test_a_rolling_update_loses_nobody(town):
    town.make(web_deployment(replicas=3), service())
    visitors = Visitors(f"http://{town.cluster_ip()}/", rate=50)
    for round in range(3):
        value = {"spec": {"template": {"metadata": {"annotations": {"round": str(round)}}}}}
        town.kubectl("patch", "deployment", "web", "-p", json.dumps(value))
        town.rolled("web")
    time.sleep(1)
    visitors.go()
    assert (
        not visitors.failures
    ), f"{len(visitors.failures)} of {len(visitors.answers)}: {visitors.failures[:5]}"
    assert len({name for name, _ in visitors.answers}) >= 9


def test_connections_outlive_the_daemon(make_cluster, pods_of, tmp_path):
    cluster = make_cluster()
    cluster.docker("load", "-q", "-i", make_toolbox(tmp_path, shutil.which("busybox")))
    town = Town(pods_of(cluster))
    town.make(web("web-1"), web("web-2"), client(), service())
    url = f"http://{town.cluster_ip()}"
    stream = subprocess.Popen(["curl", "-sN", f"{url}/stream"], stdout=subprocess.PIPE, text=True)
    visitors = Visitors(f"{url}/", rate=20)
    for _ in range(3):
        time.sleep(1)
        cluster.kill()
        time.sleep(0.5)
        cluster.start()
    visitors.go()
    stream.kill()
    lines = [int(line.split()[1]) for line in stream.stdout.read().splitlines()]
    assert lines == list(range(len(lines))) and len(lines) > 30
    assert not visitors.failures, visitors.failures[:5]
    town.pods.run(web("web-3"))
    town.pods.ready("web-3")
    wait_until(lambda: len(town.spread(url, 20)) == 3, 10, "a pod that came after the daemon was killed")


def test_nothing_stays_of_a_cluster_that_is_removed(make_cluster, pods_of, tmp_path):
    def tables():
        return set(nft("list", "tables").splitlines())

    before = tables()
    cluster = make_cluster()
    cluster.docker("load", "-q", "-i", make_toolbox(tmp_path, shutil.which("busybox")))
    town = Town(pods_of(cluster))
    town.make(web("web-1"), service(type="NodePort"))
    # Daemons of other tests, beside this one, have tables as well, but no Services.
    [services] = [line for line in tables() - before if line.endswith("-services")]
    own = services.removesuffix("-services")
    destroy, cluster.destroy = cluster.destroy, lambda: None
    destroy()
    assert not [line for line in tables() if line.startswith(own)]


def test_services_that_come_and_go_leave_nothing(request):
    """Some seconds of ./bench services --churn: the kernel against what is declared, then against before."""
    program = Path(__file__).resolve().parents[1] / "benchmark/services/churn.py"
    command = ["unshare", "--net", "/usr/bin/python3", program, "--churn", "5", "--services", "50"]
    env = {**os.environ, "PODO": str(request.config.podo)}
    done = subprocess.run([*command, "--allocate", "1"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
