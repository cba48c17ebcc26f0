"""What controllers do when things are not as planned: orphans, evictions, quotas, failures that count."""

import json
import time

from cluster import pod
from server import wait_until
from test_workloads import template, workload


def owner_of(pods, name):
    owners = pods.get(name)["metadata"].get("ownerReferences", [])
    return owners[0]["name"] if owners else None


def count(pods, **fields):
    status = fields.pop("status")
    wait_until(
        lambda: all(pods.get(*status)["status"].get(k, 0) == v for k, v in fields.items()),
        60,
        lambda: json.dumps(pods.get(*status)["status"], indent=1),
    )


def job(name, spec, command="true", policy="Never", **more):
    body = template(command, **more)
    del body["metadata"]
    body["spec"]["restartPolicy"] = policy
    return workload("Job", name, {"template": body, **spec}, "batch/v1")


def done(pods, name, type="complete", seconds=60):
    found = pods.kubectl.run(
        "wait", f"--for=condition={type}", f"job/{name}", f"--timeout={seconds}s", timeout=90
    )
    assert found.returncode == 0, pods.kubectl("describe", "job", name)
    return pods.get(name, "job")["status"]


def test_orphans_are_adopted_and_strangers_let_go(pods):
    pods.run(pod("lone", "sleep 1000", labels={"app": "a"}))
    pods.ready("lone")
    selector = {"matchLabels": {"app": "a"}}
    pods.run(workload("ReplicaSet", "rs", {"replicas": 1, "selector": selector, "template": template()}))
    wait_until(lambda: owner_of(pods, "lone") == "rs", 10, "adoption")
    pods.kubectl("label", "pod", "lone", "app=b", "--overwrite")
    wait_until(lambda: owner_of(pods, "lone") is None, 10, "release")
    count(pods, status=("rs", "rs"), readyReplicas=1)
    pods.kubectl("delete", "rs", "rs")
    pods.run(workload("ReplicationController", "rc", {"replicas": 1, "selector": {"app": "b"},
             "template": {**template(), "metadata": {"labels": {"app": "b"}}}}, "v1"))  # fmt: skip
    wait_until(lambda: owner_of(pods, "lone") == "rc", 10, "adoption")
    pods.kubectl("label", "pod", "lone", "app=z", "--overwrite")
    wait_until(lambda: owner_of(pods, "lone") is None, 10, "release")


def test_a_quota_is_told_as_a_failure(pods):
    pods.kubectl("create", "quota", "few", "--hard=pods=1")
    wait_until(lambda: pods.get("few", "quota").get("status", {}).get("hard"), 10, "the quota's status")
    pods.run(workload("ReplicationController", "rc", {"replicas": 3, "selector": {"app": "a"},
             "template": template()}, "v1"))  # fmt: skip

    def failure():
        return [
            c for c in pods.get("rc", "rc")["status"].get("conditions", []) if c["type"] == "ReplicaFailure"
        ]

    wait_until(failure, 20, "ReplicaFailure")
    assert failure()[0]["reason"] == "FailedCreate" and "exceeded quota: few" in failure()[0]["message"]
    pods.kubectl("scale", "rc/rc", "--replicas=1")
    wait_until(lambda: not failure(), 20, "its end")


def test_a_deployment_scales_in_proportion(pods):
    selector = {"matchLabels": {"app": "a"}}
    update = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    pods.run(workload("Deployment", "web", {"replicas": 10, "selector": selector, "template": template(),
                                            "strategy": update}))  # fmt: skip
    count(pods, status=("web", "deployment"), availableReplicas=10)
    pods.kubectl("set", "image", "deployment/web", "c=127.0.0.1:1/none:1")

    def sizes():
        sets = pods.kubectl.json("get", "rs")["items"]
        return sorted((rs["spec"]["replicas"], rs["status"].get("availableReplicas", 0)) for rs in sets)

    wait_until(lambda: sizes() == [(5, 0), (8, 8)], 30, sizes)
    pods.kubectl("scale", "deployment/web", "--replicas=30")
    wait_until(lambda: [n for n, _ in sizes()] == [13, 20], 30, sizes)


def test_indexed_jobs(pods):
    command = "echo $JOB_COMPLETION_INDEX $(hostname)"
    pods.run(job("j", {"completions": 3, "parallelism": 2, "completionMode": "Indexed"}, command))
    assert done(pods, "j")["completedIndexes"] == "0-2"
    said = sorted(pods.logs(p["metadata"]["name"]) for p in pods.kubectl.json("get", "pods")["items"])
    assert said == ["0 j-0", "1 j-1", "2 j-2"]


def test_failures_by_index(pods):
    fails = "test $JOB_COMPLETION_INDEX != 1 -a $JOB_COMPLETION_INDEX != 3"
    spec = {"completions": 4, "parallelism": 4, "completionMode": "Indexed", "backoffLimitPerIndex": 0}
    pods.run(job("each", spec, fails))
    status = done(pods, "each", "failed")
    assert (status["failedIndexes"], status["completedIndexes"]) == ("1,3", "0,2")
    assert status["conditions"][-1]["reason"] == "FailedIndexes"
    pods.run(
        job("many", {**spec, "maxFailedIndexes": 0}, "test $JOB_COMPLETION_INDEX = 0 && sleep 100 || exit 1")
    )
    assert done(pods, "many", "failed")["conditions"][-1]["reason"] == "MaxFailedIndexesExceeded"


def test_policies_of_jobs(pods):
    rules = [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}]
    pods.run(job("stops", {"podFailurePolicy": {"rules": rules}, "backoffLimit": 6}, "exit 3"))
    assert done(pods, "stops", "failed")["conditions"][-1]["reason"] == "PodFailurePolicy"
    rules = [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [3]}}]
    two = {"completionMode": "Indexed", "completions": 2, "parallelism": 2}
    fails = {"podFailurePolicy": {"rules": rules}, "backoffLimitPerIndex": 5, **two}
    pods.run(job("index", fails, "exit $((JOB_COMPLETION_INDEX * 3))"))
    assert done(pods, "index", "failed")["failedIndexes"] == "1"
    success = {"rules": [{"succeededIndexes": "0"}]}
    pods.run(job("first", {"successPolicy": success, **two}, "test $JOB_COMPLETION_INDEX = 0 || sleep 1000"))
    assert {c["type"]: c["reason"] for c in done(pods, "first")["conditions"]} == {
        "SuccessCriteriaMet": "SuccessPolicy",
        "Complete": "SuccessPolicy",
    }
    # What is evicted does not count as its failure.
    rules = [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
    pods.run(job("ignores", {"podFailurePolicy": {"rules": rules}, "backoffLimit": 0}, "sleep 4"))
    wait_until(lambda: pods.get("ignores", "job")["status"].get("ready") == 1, 20, "its pod")
    [victim] = pods.kubectl.json("get", "pods", "-l", "job-name=ignores")["items"]
    name = victim["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    path = f"/api/v1/namespaces/{pods.kubectl.namespace}/pods/{name}/eviction"
    pods.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(body))
    assert done(pods, "ignores").get("failed", 0) == 0


def test_suspended_jobs_and_time(pods):
    pods.run(job("later", {"suspend": True}))
    time.sleep(1)
    assert not pods.kubectl.json("get", "pods")["items"]
    assert pods.get("later", "job")["status"]["conditions"][0]["type"] == "Suspended"
    pods.kubectl("patch", "job", "later", "-p", '{"spec":{"suspend":false}}')
    done(pods, "later")
    pods.run(job("late", {"activeDeadlineSeconds": 1}, "sleep 1000"))
    assert done(pods, "late", "failed")["conditions"][-1]["reason"] == "DeadlineExceeded"
    pods.run(job("short", {"ttlSecondsAfterFinished": 1}))
    wait_until(lambda: pods.kubectl.run("get", "job", "short").returncode != 0, 30, "the end of a job")


def test_a_failed_daemon_is_made_anew(pods):
    selector = {"matchLabels": {"app": "a"}}
    pods.run(workload("DaemonSet", "d", {"selector": selector, "template": template()}))
    count(pods, status=("d", "ds"), numberAvailable=1)
    [one] = pods.kubectl.json("get", "pods")["items"]
    name, space = one["metadata"]["name"], pods.kubectl.namespace
    pods.kubectl("patch", "pod", name, "--subresource=status", "-p", '{"status":{"phase":"Failed"}}')
    wait_until(lambda: pods.kubectl.run("get", "pod", name).returncode != 0, 30, f"the end of {space}/{name}")
    count(pods, status=("d", "ds"), numberAvailable=1)
    pods.kubectl("set", "image", "ds/d", "c=127.0.0.1:1/none:1")
    wait_until(lambda: pods.get("d", "ds")["status"].get("updatedNumberScheduled", 0) == 1, 30, "the new one")
    pods.kubectl("rollout", "undo", "ds/d")
    count(pods, status=("d", "ds"), numberAvailable=1, updatedNumberScheduled=1)
    assert len(pods.kubectl.json("get", "controllerrevisions")["items"]) == 2


def stateful(name, spec=None, command="sleep 1000", **more):
    selector = {"matchLabels": {"app": "a"}}
    return workload("StatefulSet", name, {"serviceName": name, "selector": selector,
                                          "template": template(command, **more), **(spec or {})})  # fmt: skip


def test_a_stateful_set_waits_for_the_unready(pods):
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}
    pods.run(stateful("s", {"replicas": 3}, readinessProbe=probe))
    wait_until(lambda: pods.phase("s-0") == "Running", 20, "s-0")
    time.sleep(1)
    assert pods.kubectl.run("get", "pod", "s-1").returncode != 0
    for name in ("s-0", "s-1", "s-2"):
        wait_until(lambda: pods.kubectl.run("get", "pod", name).returncode == 0, 20, name)
        wait_until(lambda: pods.phase(name) == "Running", 20, name)
        pods.exec(name, "touch", "/tmp/ready")
        pods.ready(name)
    pods.exec("s-0", "rm", "/tmp/ready")
    wait_until(lambda: not pods.is_ready("s-0"), 20, "s-0 is not ready")
    pods.kubectl("scale", "sts/s", "--replicas=1")
    time.sleep(2)
    assert pods.kubectl.run("get", "pod", "s-2").returncode == 0
    pods.exec("s-0", "touch", "/tmp/ready")
    count(pods, status=("s", "sts"), replicas=1)


def test_a_stateful_set_in_phases(pods):
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    pods.run(stateful("s", {"replicas": 3, "updateStrategy": partition, "podManagementPolicy": "Parallel"}))
    count(pods, status=("s", "sts"), readyReplicas=3)
    old = pods.get("s", "sts")["status"]["currentRevision"]
    pods.kubectl("set", "env", "sts/s", "V=2")

    def revisions():
        items = pods.kubectl.json("get", "pods")["items"]
        return [p["metadata"]["labels"]["controller-revision-hash"] == old for p in items]

    wait_until(lambda: revisions() == [True, True, False], 30, revisions)
    count(pods, status=("s", "sts"), readyReplicas=3)
    pods.kubectl("delete", "pod", "s-0", "s-2")
    count(pods, status=("s", "sts"), readyReplicas=3)
    assert revisions() == [True, True, False]
    pods.kubectl("patch", "sts", "s", "-p", '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}')
    wait_until(lambda: revisions() == [False, False, False], 30, revisions)
    count(pods, status=("s", "sts"), readyReplicas=3, currentReplicas=3)
    assert pods.get("s", "sts")["status"]["currentRevision"] != old


def test_a_node_of_paper(pods, cluster):
    """One that is only an object: it comes, its machine is said to be out of service, it goes."""
    cluster.admin.create("/api/v1/nodes", {"metadata": {"name": "paper"}})
    try:

        def is_registered():
            events = cluster.admin.get("/api/v1/namespaces/default/events")["items"]
            of_paper = [e["reason"] for e in events if e["involvedObject"]["name"] == "paper"]
            return "RegisteredNode" in of_paper

        wait_until(is_registered, 20, "the Event")
        pods.run(pod("lost", "true", nodeName="paper", tolerations=[{"operator": "Exists"}]))
        pods.kubectl("delete", "pod", "lost", "--wait=false")
        assert pods.get("lost")["metadata"]["deletionTimestamp"]
        taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
        cluster.admin.patch("/api/v1/nodes/paper", {"spec": {"taints": [taint]}})
        pods.gone("lost", 30)
    finally:
        cluster.admin.delete("/api/v1/nodes/paper")
