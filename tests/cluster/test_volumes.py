"""Volumes of pods: what is in them, who may read it, and what changes under way."""

import base64
import json
import os
import time

from cluster import container, pod
from server import wait_until


def with_volume(volume, path="/v", name="p", command="sleep 1000", mount=None, **more):
    return pod(name, command, volumes=[{"name": "v", **volume}],
               volumeMounts=[{"name": "v", "mountPath": path, **(mount or {})}], **more)  # fmt: skip


def test_a_config_map_is_followed(pods):
    pods.kubectl("create", "configmap", "m", "--from-literal=a=1", "--from-literal=b=x")
    pods.run(with_volume({"configMap": {"name": "m"}}))
    pods.ready()
    assert pods.exec("p", "cat", "/v/a", "/v/b") == "1x"
    pods.kubectl("patch", "configmap", "m", "-p", '{"data":{"a":"2","b":null,"c":"new"}}')
    wait_until(lambda: pods.exec("p", "sh", "-c", "cat /v/*") == "2new", 90, "the new contents")
    assert "..data" in pods.exec("p", "ls", "-a", "/v")
    denied = pods.kubectl.run("exec", "p", "--", "touch", "/v/x")
    assert denied.returncode != 0 and "Read-only file system" in denied.stderr


def test_a_missing_config_map_holds_the_pod(pods):
    pods.run(with_volume({"configMap": {"name": "late"}}))
    [message, *_] = pods.has_event("FailedMount")
    assert 'MountVolume.SetUp failed for volume "v" : configmap "late" not found' in message
    pods.kubectl("create", "configmap", "late", "--from-literal=a=1")
    pods.ready(seconds=60)


def test_secrets_items_and_modes(pods):
    pods.kubectl("create", "secret", "generic", "s", "--from-literal=user=me", "--from-literal=pass=word")
    items = [{"key": "pass", "path": "deep/er", "mode": 0o400}]
    command = "cat /v/deep/er; stat -Lc %a /v/deep/er; mount | grep ' /v ' | cut -d' ' -f5; sleep 1000"
    pods.run(with_volume({"secret": {"secretName": "s", "items": items}}, command=command))
    pods.ready()
    assert pods.said(2) == ["word400", "tmpfs"]


def test_the_token_of_a_pod_is_of_use(pods, cluster):
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    pods.run(pod(command="sleep 1000"))
    pods.ready()
    token = pods.exec("p", "cat", f"{folder}/token")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    namespace = pods.kubectl.namespace
    assert claims["sub"] == f"system:serviceaccount:{namespace}:default"
    assert claims["kubernetes.io"]["pod"]["name"] == "p"
    path = f"/api/v1/namespaces/{namespace}/pods"
    assert cluster.bearer(token).ask("GET", path).status == 403  # known, and may not
    assert pods.exec("p", "cat", f"{folder}/namespace") == namespace
    assert "BEGIN CERTIFICATE" in pods.exec("p", "cat", f"{folder}/ca.crt")
    pods.kubectl("delete", "pod", "p", "--now")
    wait_until(lambda: cluster.bearer(token).ask("GET", path).status == 401, 20, "the token's end")


def test_projected_and_downward(pods):
    sources = [
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 600}},
    ]
    pods.run(with_volume({"projected": {"sources": sources}}, labels={"app": "x", "tier": "y"}))
    pods.ready()
    assert pods.exec("p", "cat", "/v/labels") == 'app="x"\ntier="y"'
    token = pods.exec("p", "cat", "/v/token")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["aud"] == ["vault"] and claims["exp"] - claims["iat"] <= 610
    pods.kubectl("label", "pod", "p", "tier=z", "--overwrite")
    wait_until(lambda: 'tier="z"' in pods.exec("p", "cat", "/v/labels"), 90, "the new label")


def test_empty_dirs(pods):
    memory = {"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
    command = "mount | grep ' /v ' | cut -d' ' -f5; dd if=/dev/zero of=/v/x bs=1M count=3 2>&1; sleep 1000"
    pods.run(with_volume(memory, command=command, security={"fsGroup": 2000}))
    pods.ready()
    wait_until(lambda: "No space left" in pods.logs(), what="the end of the room")
    assert pods.logs().splitlines()[0] == "tmpfs"
    assert pods.exec("p", "stat", "-c", "%g", "/v") == "2000"


def test_host_paths(pods):
    folder = f"/tmp/podo-host-{pods.kubectl.namespace}"
    volume = {"hostPath": {"path": folder, "type": "DirectoryOrCreate"}}
    pods.run(with_volume(volume, command="echo hi > /v/x; sleep 1000"))
    pods.ready()
    wait_until(
        lambda: os.path.exists(f"{folder}/x") and open(f"{folder}/x").read() == "hi\n", what="the file"
    )
    pods.run(with_volume({"hostPath": {"path": f"{folder}/x", "type": "Directory"}}, name="bad"))
    [message, *_] = pods.has_event("FailedMount", "bad")
    assert f"hostPath type check failed: {folder}/x is not a directory" in message
    pods.kubectl("delete", "pod", "p", "bad", "--now")
    os.remove(f"{folder}/x")
    os.rmdir(folder)


def test_sub_paths(pods):
    mounts = [
        {"name": "v", "mountPath": "/all"},
        {"name": "v", "mountPath": "/part", "subPath": "a/b"},
        {"name": "v", "mountPath": "/named", "subPathExpr": "of-$(NAME)"},
    ]
    env = [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    command = "echo 1 > /part/x; echo 2 > /named/x; find /all -type f | sort; sleep 1000"
    one = pod(command=command, env=env, volumes=[{"name": "v", "emptyDir": {}}], volumeMounts=mounts)
    pods.run(one)
    pods.ready()
    assert pods.said(2) == ["/all/a/b/x", "/all/of-p/x"]


def test_a_sub_path_does_not_lead_out(pods):
    """A link to the machine's /etc that a container made in a volume gives nobody /etc."""
    volume = {"persistentVolumeClaim": {"claimName": "data"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
    pods.run(claim)
    pods.run(with_volume(volume, name="evil", command="ln -s /etc /v/out; sleep 1000"))
    pods.ready("evil")
    pods.run(with_volume(volume, name="p", command="ls /v; sleep 1000", mount={"subPath": "out"}))
    time.sleep(3)
    assert not pods.is_ready() or "passwd" not in pods.logs()
    pods.kubectl("delete", "pod", "p", "evil", "--now")


def test_a_pod_s_folders_go_with_it(pods, cluster):
    pods.run(with_volume({"emptyDir": {"medium": "Memory"}}))
    pods.ready()
    uid = pods.get()["metadata"]["uid"]
    assert any(uid in mount for mount in cluster.mounts())
    pods.kubectl("delete", "pod", "p", "--now")
    wait_until(lambda: not any(uid in mount for mount in cluster.mounts()), 20, "the end of its mounts")


def test_what_is_optional_may_come_later(pods):
    volumes = [
        {"name": "m", "configMap": {"name": "later", "optional": True}},
        {"name": "p", "projected": {"sources": [{"secret": {"name": "s", "optional": True}}]}},
    ]
    mounts = [{"name": "m", "mountPath": "/m"}, {"name": "p", "mountPath": "/p"}]
    pods.run(pod(command="sleep 1000", volumes=volumes, volumeMounts=mounts))
    pods.ready()
    assert pods.exec("p", "ls", "/m", "/p") == "/m:\n\n/p:"
    binary = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later"}, "data": {"a": "1"},
              "binaryData": {"b": "3q2+7w=="}}  # fmt: skip
    pods.run(binary)
    pods.kubectl("create", "secret", "generic", "s", "--from-literal=k=v")
    wait_until(lambda: pods.exec("p", "sh", "-c", "cat /m/a /p/k 2>/dev/null || true") == "1v", 90, "both")
    assert pods.exec("p", "sh", "-c", "od -An -tx1 /m/b").split() == ["de", "ad", "be", "ef"]
    pods.kubectl("delete", "configmap", "later")
    wait_until(lambda: pods.exec("p", "ls", "/m") == "", 90, "the end of the map")


def test_empty_dirs_of_others(pods, cluster):
    """Whoever the container runs as may write there, on a disk and in memory; both containers see it."""
    for medium in ("", "Memory"):
        name = medium.lower() or "disk"
        volumes = [{"name": "v", "emptyDir": {"medium": medium} if medium else {}}]
        mount = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
        writes = (
            "umask 022; echo hi > /v/x; chmod 0644 /v/x; stat -c '%a %u' /v /v/x; grep ' /v ' /proc/mounts;"
            "stat -c %d /v"
        )
        one = container("one", writes, securityContext={"runAsUser": 1001}, **mount)
        two = container("two", "while ! cat /v/x 2>/dev/null; do sleep 0.1; done", **mount)
        pods.run(pod(name, containers=[one, two], volumes=volumes, restartPolicy="Never"))
        pods.ended(name)
        modes = pods.logs(name, "-c", "one").splitlines()
        assert modes[0].endswith("777 0") and modes[1] == "644 1001"
        on_disk = int(modes[3]) == os.stat(cluster.engine.data).st_dev  # which may be a tmpfs of the machine
        assert on_disk == (not medium) and ("tmpfs" in modes[2] or not medium)
        assert pods.logs(name, "-c", "two") == "hi"
