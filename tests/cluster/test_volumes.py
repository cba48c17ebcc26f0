"""Volumes of pods: what is in them, who may read it, and what changes under way."""

import base64
import json
import os
import time

from cluster import pod
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
    assert pods.logs().splitlines() == ["word400", "tmpfs"]


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
    assert pods.logs().splitlines()[0] == "tmpfs" and "No space left" in pods.logs()
    assert pods.exec("p", "stat", "-c", "%g", "/v") == "2000"


def test_host_paths(pods):
    folder = f"/tmp/podo-host-{pods.kubectl.namespace}"
    volume = {"hostPath": {"path": folder, "type": "DirectoryOrCreate"}}
    pods.run(with_volume(volume, command="echo hi > /v/x; sleep 1000"))
    pods.ready()
    wait_until(lambda: os.path.exists(f"{folder}/x"), what="the file")
    assert open(f"{folder}/x").read() == "hi\n"
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
    assert pods.logs().splitlines() == ["/all/a/b/x", "/all/of-p/x"]


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
