"""Deployments, StatefulSets, DaemonSets, Jobs and CronJobs, of real containers."""


from cluster import container
from server import wait_until


def template(command="sleep 1000", **container_fields):
    one = container("c", command, **container_fields)
    return {"metadata": {"labels": {"app": "a"}},
            "spec": {"containers": [one], "terminationGracePeriodSeconds": 1}}  # fmt: skip


def workload(kind, name, spec, version="apps/v1"):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def deployment(replicas=3, command="sleep 1000", **more):
    selector = {"matchLabels": {"app": "a"}}
    return workload("Deployment", "web", {"replicas": replicas, "selector": selector,
                                          "template": template(command), **more})  # fmt: skip


def test_rollout_and_undo(pods):
    kubectl = pods.kubectl
    pods.run(deployment())
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert pods.get("web", "deployment")["status"]["readyReplicas"] == 3
    first = {p["metadata"]["name"] for p in kubectl.json("get", "pods")["items"]}
    kubectl("set", "env", "deployment/web", "VERSION=2")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")

    def of_second():
        items = [p for p in kubectl.json("get", "pods")["items"] if "deletionTimestamp" not in p["metadata"]]
        return len(items) == 3 and not first & {p["metadata"]["name"] for p in items}

    wait_until(of_second, 30, "that only new pods are left")
    kubectl("set", "image", "deployment/web", "c=127.0.0.1:1/none:1")
    wait_until(
        lambda: any(
            c.get("state", {}).get("waiting", {}).get("reason") in ("ErrImagePull", "ImagePullBackOff")
            for p in kubectl.json("get", "pods")["items"]
            for c in p["status"].get("containerStatuses", [])
        ),
        30,
        "a pod that cannot have its image",
    )
    assert pods.get("web", "deployment")["status"]["availableReplicas"] >= 2
    kubectl("rollout", "undo", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    env = pods.get("web", "deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "VERSION", "value": "2"}]


def test_a_killed_container_comes_back(pods, cluster):
    pods.run(deployment(replicas=2))
    pods.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    name = pods.kubectl.json("get", "pods")["items"][0]["metadata"]["name"]
    of_engine = pods.container(name)["containerID"].removeprefix("podo://")
    cluster.docker("kill", of_engine)
    wait_until(lambda: pods.container(name)["restartCount"] == 1, 20, lambda: pods.story(name))
    pods.ready(name)
    pods.kubectl("delete", "pod", name, "--now")
    wait_until(
        lambda: pods.get("web", "deployment")["status"].get("readyReplicas") == 2, 20, "two pods are ready"
    )


def test_scale_up_and_down(pods):
    pods.run(deployment(replicas=1))
    pods.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    pods.kubectl("scale", "deployment/web", "--replicas=40")
    pods.kubectl("rollout", "status", "deployment/web", "--timeout=120s", timeout=130)
    assert pods.get("web", "deployment")["status"]["readyReplicas"] == 40
    pods.kubectl("scale", "deployment/web", "--replicas=1")
    wait_until(lambda: len(pods.kubectl.json("get", "pods")["items"]) == 1, 60, "one pod is left")


def test_recreate_never_has_both(pods):
    pods.run(deployment(replicas=2, strategy={"type": "Recreate"}))
    pods.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    pods.kubectl("set", "env", "deployment/web", "V=2")
    pods.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert len(pods.kubectl.json("get", "pods")["items"]) <= 4


def test_a_stateful_set_keeps_its_data(pods):
    one = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    claim = {"metadata": {"name": "data"}, "spec": one}
    spec = {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "a"}},
            "template": template("hostname >> /data/log; sleep 1000",
                                 volumeMounts=[{"name": "data", "mountPath": "/data"}]),
            "volumeClaimTemplates": [claim]}  # fmt: skip
    pods.run(workload("StatefulSet", "db", spec))
    pods.kubectl("rollout", "status", "statefulset/db", "--timeout=60s")
    names = sorted(p["metadata"]["name"] for p in pods.kubectl.json("get", "pods")["items"])
    assert names == ["db-0", "db-1"]
    claims = pods.kubectl.json("get", "pvc")["items"]
    assert {c["metadata"]["name"]: c["status"]["phase"] for c in claims} == {
        "data-db-0": "Bound",
        "data-db-1": "Bound",
    }
    uid = pods.get("db-1")["metadata"]["uid"]
    pods.kubectl("delete", "pod", "db-1", "--now")
    wait_until(
        lambda: pods.kubectl.run("get", "pod", "db-1").returncode == 0
        and pods.get("db-1")["metadata"]["uid"] != uid
        and pods.is_ready("db-1"),
        30,
        "a new db-1",
    )
    assert pods.exec("db-1", "cat", "/data/log") == "db-1\ndb-1"
    pods.kubectl("scale", "statefulset/db", "--replicas=0")
    wait_until(lambda: not pods.kubectl.json("get", "pods")["items"], 30, "no pods")
    pods.kubectl("delete", "statefulset", "db")
    pods.kubectl("delete", "pvc", "--all")
    wait_until(lambda: not pods.kubectl.json("get", "pv")["items"], 30, "no volumes are left")


def test_a_daemon_set_is_on_every_node(pods):
    spec = {"selector": {"matchLabels": {"app": "a"}}, "template": template()}
    pods.run(workload("DaemonSet", "d", spec))
    pods.kubectl("rollout", "status", "daemonset/d", "--timeout=60s")
    status = pods.get("d", "daemonset")["status"]
    assert (status["desiredNumberScheduled"], status["numberReady"]) == (1, 1)


def job(name="j", command="exit 0", **spec):
    made = template(command)
    made["spec"]["restartPolicy"] = spec.pop("restartPolicy", "Never")
    return workload("Job", name, {"template": made, **spec}, "batch/v1")


def test_jobs(pods):
    pods.run(
        job(completions=4, parallelism=2, completionMode="Indexed", command="echo $JOB_COMPLETION_INDEX")
    )
    pods.kubectl("wait", "--for=condition=complete", "job/j", "--timeout=60s")
    status = pods.get("j", "job")["status"]
    assert (status["succeeded"], status["completedIndexes"]) == (4, "0-3")
    pods.run(job("bad", "exit 1", backoffLimit=1))
    pods.kubectl("wait", "--for=condition=failed", "job/bad", "--timeout=60s")
    conditions = {c["type"]: c for c in pods.get("bad", "job")["status"]["conditions"]}
    assert conditions["Failed"]["reason"] == "BackoffLimitExceeded"
    pods.run(job("short", ttlSecondsAfterFinished=1))
    wait_until(lambda: pods.kubectl.run("get", "job", "short").returncode != 0, 30, "the job's end")
    wait_until(
        lambda: not pods.kubectl.json("get", "pods", "-l", "job-name=short")["items"], 20, "its pods' end"
    )


def test_cron_jobs(pods):
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": job()["spec"]}}
    pods.run(workload("CronJob", "c", spec, "batch/v1"))
    pods.kubectl("create", "job", "now", "--from=cronjob/c")
    pods.kubectl("wait", "--for=condition=complete", "job/now", "--timeout=60s")

    def by_schedule():
        return [
            j for j in pods.kubectl.json("get", "jobs")["items"] if j["metadata"]["name"].startswith("c-")
        ]

    wait_until(by_schedule, 75, "a job by schedule")


def test_what_is_owned_goes_with_its_owner(pods):
    kubectl = pods.kubectl
    pods.run(deployment(replicas=2))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("delete", "deployment", "web", "--cascade=foreground", timeout=60)
    assert not kubectl.json("get", "rs")["items"]
    wait_until(lambda: not kubectl.json("get", "pods")["items"], 20, "no pods")
    pods.run(deployment(replicas=1))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("delete", "deployment", "web", "--cascade=orphan")
    [left] = kubectl.json("get", "rs")["items"]
    assert "ownerReferences" not in left["metadata"]
    kubectl("delete", "rs", left["metadata"]["name"])
    wait_until(lambda: not kubectl.json("get", "pods")["items"], 20, "no pods")


def test_a_namespace_takes_everything_with_it(pods):
    pods.run(deployment(replicas=2))
    pods.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    pods.kubectl.kubectl("delete", "namespace", pods.kubectl.namespace, timeout=60)
    assert "No resources found" in pods.kubectl.run("get", "pods").stderr


def test_endpoints_follow_pods(pods):
    pods.run(deployment(replicas=2))
    pods.kubectl("expose", "deployment/web", "--port=80", "--target-port=8080")
    pods.kubectl("rollout", "status", "deployment/web", "--timeout=60s")

    def addresses():
        found = pods.kubectl.json("get", "endpointslices", "-l", "kubernetes.io/service-name=web")["items"]
        return sorted(a for s in found for e in s["endpoints"] or [] for a in e["addresses"])

    ips = sorted(p["status"]["podIP"] for p in pods.kubectl.json("get", "pods")["items"])
    wait_until(lambda: addresses() == ips, 15, "the endpoints")
    pods.kubectl("scale", "deployment/web", "--replicas=0")
    wait_until(lambda: addresses() == [], 20, "no endpoints")
