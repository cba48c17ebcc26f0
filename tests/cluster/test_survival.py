"""The daemon is killed and begins anew: no container is restarted, nothing that happened is lost."""

import time

from cluster import container, pod
from server import wait_until


def test_kill_9_touches_no_container(make_cluster, pods_of):
    cluster = make_cluster()
    pods = pods_of(cluster)
    pods.run(pod("stays", "i=0; while true; do echo $i; i=$((i+1)); sleep 0.1; done"))
    pods.run(pod("ends", "sleep 3; exit 5", restartPolicy="Never"))
    again = pod("again", "sleep 3; exit 6")
    pods.run(again)
    for name in ("stays", "ends", "again"):
        pods.ready(name)
    before = pods.container("stays")
    ip = pods.status("stays")["podIP"]
    cluster.kill()
    time.sleep(4)  # meanwhile two of them end
    cluster.start()
    pods.ended("ends", "Failed")
    assert pods.container("ends")["state"]["terminated"]["exitCode"] == 5
    wait_until(lambda: pods.container("again")["restartCount"] >= 1, 30, lambda: pods.story("again"))
    assert pods.container("again")["lastState"]["terminated"]["exitCode"] == 6
    after = pods.container("stays")
    assert (after["containerID"], after["restartCount"]) == (before["containerID"], 0)
    assert after["state"] == before["state"] and pods.status("stays")["podIP"] == ip
    lines = [int(line) for line in pods.logs("stays").splitlines()]
    assert lines == list(range(len(lines))) and len(lines) > 40
    assert pods.exec("stays", "echo", "ok") == "ok"


def test_killed_over_and_over_it_converges(make_cluster, pods_of):
    """kill -9 at any step of starting and stopping pods: in the end there is what was asked for."""
    cluster = make_cluster()
    pods = pods_of(cluster)
    namespace = pods.kubectl.namespace
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 5,
            "selector": {"matchLabels": {"app": "a"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [container("c", "sleep 1000")], "terminationGracePeriodSeconds": 1},
            },
        },
    }
    pods.run(deployment)
    for round in range(6):
        time.sleep(0.15 * round)
        cluster.kill()
        cluster.start()
        pods.kubectl("scale", "deployment/web", f"--replicas={5 + round % 3}")
    pods.kubectl("scale", "deployment/web", "--replicas=4")
    pods.kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=70)

    def settled():
        names = cluster.docker("ps", "-a", "--format", "{{.Names}}").split()
        of_pods = [name for name in names if namespace in name]
        return len(pods.kubectl.json("get", "pods")["items"]) == 4 and len(of_pods) == 4

    wait_until(settled, 60, lambda: cluster.docker("ps", "-a") + pods.kubectl.run("get", "pods").stdout)
    restarts = [
        pods.container(p["metadata"]["name"])["restartCount"]
        for p in pods.kubectl.json("get", "pods")["items"]
    ]
    assert restarts == [0, 0, 0, 0]


def test_static_pods(make_cluster, pods_of):
    cluster = make_cluster(start=False)
    folder = cluster.folder / "manifests"
    folder.mkdir()
    cluster.start("--static-pods", folder)
    manifest = folder / "s.yaml"
    manifest.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: s, namespace: default}\n"
        "spec:\n  terminationGracePeriodSeconds: 1\n"
        "  containers: [{name: c, image: busybox, imagePullPolicy: Never, command: [sleep, '1000']}]\n"
    )
    node = cluster.admin.get("/api/v1/nodes")["items"][0]["metadata"]["name"]
    path = f"/api/v1/namespaces/default/pods/s-{node}"

    def ready():
        answer = cluster.admin.ask("GET", path)
        return answer.status == 200 and any(
            c["type"] == "Ready" and c["status"] == "True"
            for c in cluster.admin.get(path).get("status", {}).get("conditions", [])
        )

    wait_until(ready, 60, "the static pod")
    assert cluster.admin.get(path)["metadata"]["annotations"]["kubernetes.io/config.source"] == "file"
    manifest.unlink()
    wait_until(lambda: cluster.admin.ask("GET", path).status == 404, 30, "its end")
    assert pods_of(cluster)


def test_the_network_of_pods_is_not_docker_s_to_remove(pods, cluster):
    """A prune while no pod runs would leave the next one without a network."""
    cluster.docker("network", "create", "unused")
    assert "podo-pods" not in cluster.docker("network", "prune", "-f")
    assert "cannot be removed" in cluster.engine.fails("network", "rm", "podo-pods")
    pods.run(pod("after", "sleep 1000"))
    pods.ready("after")
