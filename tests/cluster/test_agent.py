"""A node that is a process of its own: it knows the cluster by the API, as system:node:edge, and the API
server asks it over TLS."""

import base64
import http.client
import itertools
import os
import signal
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import yaml

from cluster import Cluster, Pods, pod
from conftest import KUBECTLS, kubectl_of, new_namespace
from daemon import leftovers
from server import Server, free_port, wait_until

# What is asked of a pod's node, with each kubectl, here of a node elsewhere.
from test_streams import (  # noqa: F401
    test_a_terminal,
    test_attach,
    test_cp,
    test_exec,
    test_logs,
    test_logs_are_followed_to_the_end,
    test_port_forward,
)

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
numbers = itertools.count(1)


class Agent(Cluster):
    """`podo agent` with folders of its own below the cluster's; docker() asks its engine."""

    def __init__(self, cluster):
        super().__init__(cluster.program, cluster.folder / "agent")
        self.of = cluster
        self.own_kubeconfig = self.folder / "kubeconfig"
        key, certificate = client_certificate(cluster, "/O=system:nodes/CN=system:node:edge")
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        config["users"][0]["user"] = {
            "client-certificate-data": base64.b64encode(certificate).decode(),
            "client-key-data": base64.b64encode(key).decode(),
        }
        self.own_kubeconfig.write_text(yaml.safe_dump(config))

    def start(self):
        command = [self.program, "agent", "--kubeconfig", self.own_kubeconfig, "--node-name", "edge"]
        command += ["--data", self.folder / "data", "--run", self.folder / "run"]
        command += ["--node-listen", f"127.0.0.1:{self.port}"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(lambda: os.path.exists(self.engine.socket) and self.engine.answers(), 20, self.tail)
        wait_until(self.of.node_is_ready, 20, "the node")
        wait_until(lambda: "serving its API" in self.log.read_text(), 20, self.tail)

    def empty(self):
        for name in self.of.made_namespaces():
            path = f"/api/v1/namespaces/{name}/pods"
            for each in self.of.admin.get(path)["items"]:
                self.of.admin.ask("DELETE", f"{path}/{each['metadata']['name']}?gracePeriodSeconds=0")
        wait_until(lambda: not self.docker("ps", "-aq"), 30, "the end of all containers")
        wait_until(lambda: not self.mounts(), 10, "the end of all mounts")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


def bind(cluster, role, whom):
    binding = {
        "metadata": {"name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", **whom}],
        "roleRef": {"kind": "ClusterRole", "name": role, "apiGroup": "rbac.authorization.k8s.io"},
    }
    cluster.admin.create(f"{RBAC}/clusterrolebindings", binding)


def client_certificate(cluster, subject, signer="kube-apiserver-client-kubelet", approve=False):
    """(key, certificate) that the cluster signed for that subject."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-keyout", f"{folder}/key", "-subj", subject]
        request = subprocess.run(command, check=True, capture_output=True).stdout
        key = Path(f"{folder}/key").read_bytes()
    name = f"asked-{next(numbers)}"
    spec = {
        "request": base64.b64encode(request).decode(),
        "signerName": f"kubernetes.io/{signer}",
        "usages": ["digital signature", "client auth"],
    }
    cluster.admin.create(REQUESTS, {"metadata": {"name": name}, "spec": spec})
    if approve:
        kubectl_of("newest", cluster, "default")("certificate", "approve", name)

    def certificate():
        return cluster.admin.get(f"{REQUESTS}/{name}")["status"].get("certificate")

    wait_until(certificate, 20, "the certificate")
    return key, base64.b64decode(certificate())


@pytest.fixture(scope="module")
def agent(request, busybox_archive):
    folder = Path(tempfile.mkdtemp(prefix="podo-cluster-", dir="/tmp"))
    cluster = Cluster(request.config.podo, folder, "--no-node")
    Server.start(cluster)
    one = Agent(cluster)
    try:
        one.start()
        one.docker("load", "-q", "-i", busybox_archive)
        yield one
        one.empty()
    finally:
        one.process.terminate()
        one.process.wait(20)
        left = leftovers(one.folder)
        cluster.destroy()
    assert not left


@pytest.fixture(params=list(KUBECTLS))
def pods(request, agent):
    return Pods(kubectl_of(request.param, agent.of, new_namespace(agent.of)))


def test_a_node_elsewhere_runs_pods_and_survives(agent):
    cluster = agent.of
    pods = Pods(kubectl_of("newest", cluster, new_namespace(cluster)))
    pods.kubectl("create", "configmap", "m", "--from-literal=a=1")
    volumes = [{"name": "v", "configMap": {"name": "m"}}]
    mounts = [{"name": "v", "mountPath": "/v"}]
    pods.run(pod(command="sleep 1000", volumes=volumes, volumeMounts=mounts))
    pods.ready()
    assert pods.get()["spec"]["nodeName"] == "edge"
    name = agent.docker("ps", "--filter", f"name={pods.kubectl.namespace}", "--format", "{{.Names}}")
    assert agent.docker("exec", name, "cat", "/v/a") == "1"
    before = pods.container()["containerID"]
    agent.kill()
    time.sleep(0.5)
    message = pods.kubectl.fails("exec", "p", "--", "true")
    assert "error dialing backend" in message and f"127.0.0.1:{agent.port}" in message
    agent.start()
    assert pods.exec("p", "echo", "there") == "there"
    pods.run(pod("q", "exit 3", restartPolicy="Never"))
    pods.ended("q", "Failed")
    one = pods.container()
    assert (one["containerID"], one["restartCount"]) == (before, 0) and pods.is_ready()


def ask_node(agent, path, pair=None):
    """(status, text) of the node's own API, of one who shows that certificate."""
    context = Server.context(agent.of.authority)
    if pair:
        with tempfile.NamedTemporaryFile() as both:
            both.write(b"".join(pair))
            both.flush()
            context.load_cert_chain(both.name)
    connection = http.client.HTTPSConnection("127.0.0.1", agent.port, context=context, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_who_may_use_the_api_of_a_node(agent):
    admin = agent.of.admin
    assert ask_node(agent, "/pods") == (401, "Unauthorized")
    somebody = client_certificate(agent.of, "/CN=somebody", "kube-apiserver-client", approve=True)
    status, text = ask_node(agent, "/pods", somebody)
    assert status == 403 and text.startswith("Forbidden (user=somebody, verb=get, resource=nodes")
    rules = [{"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]}]
    admin.create(f"{RBAC}/clusterroles", {"metadata": {"name": "scrape"}, "rules": rules})
    bind(agent.of, "scrape", {"kind": "User", "name": "somebody"})
    wait_until(lambda: ask_node(agent, "/metrics", somebody)[0] == 200, 10, "the role")
    assert ask_node(agent, "/pods", somebody)[0] == 403
    stranger = subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /O=system:masters/CN=x -keyout -".split(),
        check=True,
        capture_output=True,
    ).stdout
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException, AssertionError)):
        assert ask_node(agent, "/pods", [stranger])[0] == 200


def test_the_certificate_of_a_node(agent):
    requests = agent.of.admin.get(REQUESTS)["items"]
    (own,) = [one for one in requests if one["spec"]["signerName"] == "kubernetes.io/kubelet-serving"]
    assert own["spec"]["username"] == "system:node:edge"
    assert [one["type"] for one in own["status"]["conditions"]] == ["Approved"]
    shown = ssl.get_server_certificate(("127.0.0.1", agent.port))
    assert shown.strip() == base64.b64decode(own["status"]["certificate"]).decode().strip()
    assert agent.of.admin.ask("GET", "/api/v1/nodes/edge/proxy/healthz").text == "ok"


# --- the network around its pods ---

SERVER = "while true; do echo it is me | nc -l -p 8080 >/dev/null; done"


def denied(pods):
    spec = {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "db"},
        "spec": spec,
    }


def reaches(pods, name):
    script = f"nc -w 2 {pods.status(name)['podIP']} 8080 </dev/null"
    return "it is me" in pods.kubectl.run("exec", "client", "--", "sh", "-c", script).stdout


def test_a_node_may_see_what_the_network_is_made_of(agent):
    """Without an administrator's grant."""
    pods = Pods(kubectl_of("newest", agent.of, new_namespace(agent.of)))
    pods.run(
        denied(pods), pod("db", SERVER, labels={"app": "db"}), pod("web", SERVER), pod("client", "sleep 1000")
    )
    for name in ("db", "web", "client"):
        pods.ready(name)
    wait_until(lambda: reaches(pods, "web"), 10, "an answer")
    assert not reaches(pods, "db")
    node = agent.of.admin.as_user("system:node:edge", "system:nodes", "system:authenticated")
    node.get("/api/v1/pods")
    node.refused(403, "GET", "/api/v1/secrets")
    node.refused(403, "GET", "/api/v1/namespaces/kube-system/pods/x")


def test_a_node_without_those_rights_says_so_and_takes_them_when_it_gets_them(agent):
    path = f"{RBAC}/clusterrolebindings/podo:node-traffic"
    subjects = agent.of.admin.get(path)["subjects"]
    agent.of.admin.patch(path, {"subjects": None})
    agent.kill()
    said = len(agent.log.read_text())
    agent.start()
    wait_until(lambda: "network policies have no effect on this node" in agent.log.read_text()[said:], 10)
    pods = Pods(kubectl_of("newest", agent.of, new_namespace(agent.of)))
    pods.run(denied(pods), pod("db", SERVER, labels={"app": "db"}), pod("client", "sleep 1000"))
    for name in ("db", "client"):
        pods.ready(name)
    wait_until(lambda: reaches(pods, "db"), 10, "an answer")
    agent.of.admin.patch(path, {"subjects": subjects})
    wait_until(lambda: not reaches(pods, "db"), 40, "the policy")
