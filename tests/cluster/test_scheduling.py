"""Which pods get a node, and what is said of those that get none."""

import json

from cluster import pod
from server import wait_until


def node(pods):
    return pods.kubectl.json("get", "nodes")["items"][0]


def test_the_node_tells_what_it_is(pods):
    one = node(pods)
    status = one["status"]
    assert status["nodeInfo"]["containerRuntimeVersion"].startswith("podo://")
    assert {c["type"]: c["status"] for c in status["conditions"]} == {
        "MemoryPressure": "False",
        "DiskPressure": "False",
        "PIDPressure": "False",
        "Ready": "True",
    }
    for amount in ("cpu", "memory", "pods", "ephemeral-storage"):
        assert status["capacity"][amount] and status["allocatable"][amount]
    assert {a["type"] for a in status["addresses"]} >= {"InternalIP", "Hostname"}
    lease = pods.kubectl.kubectl.json("-n", "kube-node-lease", "get", "lease", one["metadata"]["name"])
    assert lease["spec"]["holderIdentity"] == one["metadata"]["name"]
    described = pods.kubectl("describe", "node", one["metadata"]["name"])
    assert "KubeletReady" in described and "Allocated resources" in described


def test_what_fits_nowhere_is_told(pods):
    pods.run(pod("selects", "true", nodeSelector={"disk": "ssd"}))
    [message, *_] = pods.has_event("FailedScheduling", "selects")
    assert message.startswith("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector")
    condition = pods.condition("PodScheduled", "selects")
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    name = node(pods)["metadata"]["name"]
    pods.kubectl("label", "node", name, "disk=ssd")
    wait_until(lambda: pods.condition("PodScheduled", "selects").get("status") == "True", 20, "a node")
    pods.kubectl("label", "node", name, "disk-")
    pods.run(pod("much", "true", resources={"requests": {"cpu": "1000"}}))
    [message, *_] = pods.has_event("FailedScheduling", "much")
    assert "Insufficient cpu" in message


def test_gates_and_taints(pods):
    pods.run(pod("gated", "sleep 1000", schedulingGates=[{"name": "example.com/wait"}]))
    wait_until(
        lambda: pods.condition("PodScheduled", "gated").get("reason") == "SchedulingGated",
        10,
        "the condition",
    )
    patch = [{"op": "remove", "path": "/spec/schedulingGates"}]
    pods.kubectl("patch", "pod", "gated", "--type=json", "-p", json.dumps(patch))
    pods.ready("gated")
    name = node(pods)["metadata"]["name"]
    pods.kubectl("taint", "node", name, "for=others:NoSchedule")
    try:
        pods.run(pod("off", "sleep 1000"))
        [message, *_] = pods.has_event("FailedScheduling", "off")
        assert "untolerated taint" in message
        pods.run(pod("may", "sleep 1000", tolerations=[{"key": "for", "operator": "Exists"}]))
        pods.ready("may")
    finally:
        pods.kubectl("taint", "node", name, "for-")
    pods.ready("off", seconds=30)


def test_the_important_displace_the_others(pods):
    for name, value in (("high", 1000), ("low", 10)):
        name = f"{name}-{pods.kubectl.namespace}"
        pods.kubectl("create", "priorityclass", name, f"--value={value}", "--description=x")
    allocatable = node(pods)["status"]["allocatable"]["memory"]
    most = int(int(allocatable.removesuffix("Ki")) * 0.7)
    wants = {"requests": {"memory": f"{most}Ki"}}
    low = pod("low", "sleep 1000", resources=wants, priorityClassName=f"low-{pods.kubectl.namespace}")
    pods.run(low)
    pods.ready("low")
    high = pod("high", "sleep 1000", resources=wants, priorityClassName=f"high-{pods.kubectl.namespace}")
    pods.run(high)
    pods.ready("high", seconds=40)
    pods.gone("low")
    for name in ("high", "low"):
        pods.kubectl("delete", "priorityclass", f"{name}-{pods.kubectl.namespace}")
