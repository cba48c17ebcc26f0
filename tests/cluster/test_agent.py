"""A node that is a process of its own: what it knows of the cluster, it knows by the API."""

import os
import signal
import subprocess
import time

import pytest

from cluster import Cluster, pod
from daemon import leftovers
from server import Server, wait_until


class Agent(Cluster):
    """`podo agent` with folders of its own below the cluster's; docker() asks its engine."""

    def __init__(self, cluster):
        super().__init__(cluster.program, cluster.folder / "agent")
        self.of = cluster

    def start(self):
        command = [self.program, "agent", "--kubeconfig", self.of.kubeconfig, "--node-name", "edge"]
        command += ["--data", self.folder / "data", "--run", self.folder / "run"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(lambda: os.path.exists(self.engine.socket) and self.engine.answers(), 20, self.tail)
        wait_until(self.of.node_is_ready, 20, "the node")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def agent(make_cluster, busybox_archive):
    cluster = make_cluster("--no-node", start=False)
    cluster.images = ()
    Server.start(cluster)
    one = Agent(cluster)
    one.start()
    one.docker("load", "-q", "-i", busybox_archive)
    yield one
    path = "/api/v1/namespaces/default/pods"
    for each in cluster.admin.get(path)["items"]:
        cluster.admin.ask("DELETE", f"{path}/{each['metadata']['name']}?gracePeriodSeconds=0")
    wait_until(lambda: not one.docker("ps", "-aq"), 30, "the end of all containers")
    wait_until(lambda: not one.mounts(), 10, "the end of all mounts")
    one.process.terminate()
    one.process.wait(20)
    assert not leftovers(one.folder)


def test_a_node_elsewhere_runs_pods_and_survives(agent, pods_of):
    cluster = agent.of
    pods = pods_of(cluster)
    pods.kubectl.namespace = "default"
    pods.kubectl("create", "configmap", "m", "--from-literal=a=1")
    volumes = [{"name": "v", "configMap": {"name": "m"}}]
    mounts = [{"name": "v", "mountPath": "/v"}]
    pods.run(pod(command="sleep 1000", volumes=volumes, volumeMounts=mounts))
    pods.ready()
    assert pods.get()["spec"]["nodeName"] == "edge"
    name = agent.docker("ps", "--format", "{{.Names}}")
    assert agent.docker("exec", name, "cat", "/v/a") == "1"
    before = pods.container()["containerID"]
    agent.kill()
    time.sleep(0.5)
    agent.start()
    pods.run(pod("q", "exit 3", restartPolicy="Never"))
    pods.ended("q", "Failed")
    one = pods.container()
    assert (one["containerID"], one["restartCount"]) == (before, 0) and pods.is_ready()
