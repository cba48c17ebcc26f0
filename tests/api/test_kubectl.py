"""kubectl, an old one and the newest: objects are made, changed, rolled out, removed; and who may."""

import json
import re

from manifests import POD, WEB


def deployments(namespace):
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


# --- make, change, remove ---


def test_create(kubectl):
    assert kubectl("create", "configmap", "c", "--from-literal=a=1") == "configmap/c created"
    assert kubectl("create", "secret", "generic", "s", "--from-literal=w=x") == "secret/s created"
    assert kubectl("create", "deployment", "d", "--image=registry.example/d:1") == "deployment.apps/d created"
    assert kubectl("create", "service", "clusterip", "d", "--tcp=80:8080") == "service/d created"
    assert kubectl("create", "serviceaccount", "a") == "serviceaccount/a created"
    assert kubectl("create", "job", "j", "--image=i", "--", "true") == "job.batch/j created"
    assert kubectl("create", "quota", "q", "--hard=pods=9") == "resourcequota/q created"
    assert (
        kubectl("create", "role", "r", "--verb=get", "--resource=pods")
        == "role.rbac.authorization.k8s.io/r created"
    )
    assert (
        kubectl("create", "rolebinding", "b", "--role=r", "--user=u")
        == "rolebinding.rbac.authorization.k8s.io/b created"
    )
    assert kubectl("run", "x", "--image=registry.example/x:1") == "pod/x created"
    assert kubectl("expose", "deployment", "d", "--name=e", "--port=81") == "service/e exposed"
    if not kubectl.old:  # they would make v1beta1 objects
        assert (
            kubectl("create", "cronjob", "k", "--image=i", "--schedule=*/5 * * * *")
            == "cronjob.batch/k created"
        )
        assert (
            kubectl("create", "ingress", "i", "--rule=a.example/*=d:80")
            == "ingress.networking.k8s.io/i created"
        )
        assert kubectl("autoscale", "deployment", "d", "--max=3").startswith(
            "horizontalpodautoscaler.autoscaling/d "
        )
    error = kubectl.fails("create", "configmap", "c")
    assert re.search(
        r"^(Error from server \(AlreadyExists\)|error: failed to create configmap): "
        'configmaps "c" already exists$',
        error,
    )
    assert kubectl("create", "configmap", "n", "--dry-run=server", "-o", "name") == "configmap/n"
    assert "(NotFound)" in kubectl.fails("get", "configmap", "n")


def test_apply(kubectl):
    assert kubectl("apply", "-f", "-", input=WEB) == "deployment.apps/web created"
    assert kubectl("apply", "-f", "-", input=WEB) == "deployment.apps/web unchanged"
    assert (
        kubectl("apply", "-f", "-", input=WEB.replace("web:1", "web:2")) == "deployment.apps/web configured"
    )
    web = kubectl.json("get", "deployment", "web")
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/web:2"
    last = json.loads(web["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"])
    assert last["spec"]["replicas"] == 2
    # Another's field stays, an own one that is applied no more goes.
    kubectl("label", "deployment", "web", "theirs=yes")
    without = WEB.replace("  labels: {app: web}\nspec", "  labels: {tier: one}\nspec")
    kubectl("apply", "-f", "-", input=without)
    assert kubectl.json("get", "deployment", "web")["metadata"]["labels"] == {"theirs": "yes", "tier": "one"}
    two = WEB.replace(
        "        ports:",
        "      - {name: d, image: x}\n      - name: e\n        image: registry.example/e:1\n        ports:",
    )
    kubectl("apply", "-f", "-", input=two)
    kubectl("apply", "-f", "-", input=WEB)
    containers = kubectl.json("get", "deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in containers] == ["c"]
    assert kubectl("apply", "-f", "-", "--dry-run=server", input=WEB.replace("web:1", "web:3")).endswith(
        "configured (server dry run)"
    )


def test_server_side_apply(kubectl, admin, namespace):
    assert kubectl("apply", "--server-side", "-f", "-", input=WEB) == "deployment.apps/web serverside-applied"
    admin.patch(f"{deployments(namespace)}/web", {"spec": {"replicas": 9}}, fieldManager="other")
    error = kubectl.fails("apply", "--server-side", "-f", "-", input=WEB)
    assert (
        'Apply failed with 1 conflict: conflict with "other" using apps/v1' in error
        and ".spec.replicas" in error
    )
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=WEB)
    assert kubectl.json("get", "deployment", "web")["spec"]["replicas"] == 2


def test_apply_prunes(kubectl, tmp_path):
    both = "\n---\n".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{set: one}}}}" for name in "ab"
    )
    kubectl("apply", "-f", "-", input=both)
    how = (
        "--prune",
        "-l",
        "set=one",
        "--prune-whitelist=core/v1/ConfigMap" if kubectl.old else "--prune-allowlist=core/v1/ConfigMap",
    )
    printed = kubectl("apply", *how, "-f", "-", input=both.split("---")[0])
    assert printed.splitlines() == ["configmap/a unchanged", "configmap/b pruned"]


def test_edit(web, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/replicas: 2/replicas: 4/' \"$1\"\n")
    editor.chmod(0o755)
    assert web("edit", "deployment", "web", env={"KUBE_EDITOR": str(editor)}) == "deployment.apps/web edited"
    assert web("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "4"
    editor.write_text("#!/bin/sh\ntrue\n")
    assert "Edit cancelled" in web.run("edit", "deployment", "web", env={"KUBE_EDITOR": str(editor)}).stderr


def test_patch(web):
    assert web("patch", "deployment", "web", "-p", '{"spec":{"replicas":3}}') == "deployment.apps/web patched"
    assert (
        web("patch", "deployment", "web", "-p", '{"spec":{"replicas":3}}')
        == "deployment.apps/web patched (no change)"
    )
    strategic = '{"spec":{"template":{"spec":{"containers":[{"name":"d","image":"x"}]}}}}'
    web("patch", "deployment", "web", "-p", strategic)
    names = "jsonpath={.spec.template.spec.containers[*].name}"
    assert web("get", "deployment", "web", "-o", names) == "d c"
    web("patch", "deployment", "web", "--type=merge", "-p", strategic)
    assert web("get", "deployment", "web", "-o", names) == "d"
    steps = [{"op": "replace", "path": "/spec/replicas", "value": 1}]
    steps.append({"op": "test", "path": "/metadata/name", "value": "web"})
    web("patch", "deployment", "web", "--type=json", "-p", json.dumps(steps))
    assert web("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "1"
    error = web.fails("patch", "deployment", "web", "-p", '{"spec":{"replicas":-1}}')
    assert error == (
        'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: '
        "must be greater than or equal to 0"
    )


def test_replace(web):
    assert (
        web("replace", "-f", "-", input=WEB.replace("replicas: 2", "replicas: 6"))
        == "deployment.apps/web replaced"
    )
    assert web("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "6"
    before = web("get", "deployment", "web", "-o", "jsonpath={.metadata.uid}")
    printed = web("replace", "--force", "-f", "-", input=WEB)
    assert printed.splitlines()[-1] == "deployment.apps/web replaced"
    assert web("get", "deployment", "web", "-o", "jsonpath={.metadata.uid}") != before
    error = web.fails("replace", "-f", "-", input=POD)
    assert error == 'Error from server (NotFound): error when replacing "STDIN": pods "p" not found'


def test_delete(web):
    web("create", "-f", "-", input=POD)
    assert web("delete", "pod", "p") == 'pod "p" deleted' + (
        "" if web.old else f" from {web.namespace} namespace"
    )
    printed = web("delete", "deployment", "-l", "app=web", "--wait=false")
    assert printed.startswith('deployment.apps "web" deleted')
    assert web.fails("delete", "pod", "p") == 'Error from server (NotFound): pods "p" not found'
    assert web("delete", "pod", "p", "--ignore-not-found") == ""
    web("create", "configmap", "a")
    assert 'configmap "a" deleted' in web("delete", "configmap", "--all")


def test_label_and_annotate(web):
    assert web("label", "deployment", "web", "tier=front") == "deployment.apps/web labeled"
    error = web.fails("label", "deployment", "web", "tier=back")
    assert "already has a value (front), and --overwrite is false" in error
    assert web("label", "deployment", "web", "tier=back", "--overwrite") == "deployment.apps/web labeled"
    assert web("get", "deployment", "-l", "tier=back", "-o", "name") == "deployment.apps/web"
    assert "labeled" in web("label", "deployment", "web", "tier-")
    assert web("annotate", "deployment", "web", "note=some words") == "deployment.apps/web annotated"
    assert web("get", "deployment", "web", "-o", "jsonpath={.metadata.annotations.note}") == "some words"
    error = web.fails("label", "deployment", "web", "bad=-no-")
    assert "a valid label must be an empty string or consist of alphanumeric characters" in error


def test_scale_and_set(web):
    assert web("scale", "deployment", "web", "--replicas=5") == "deployment.apps/web scaled"
    assert web("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "5"
    error = web.fails("scale", "deployment", "web", "--current-replicas=1", "--replicas=2")
    assert "Expected replicas to be 1, was 5" in error
    assert (
        web("set", "image", "deployment/web", "c=registry.example/web:9")
        == "deployment.apps/web image updated"
    )
    assert web("set", "env", "deployment/web", "A=b") == "deployment.apps/web env updated"
    assert (
        web("set", "resources", "deployment/web", "--limits=cpu=200m")
        == "deployment.apps/web resource requirements updated"
    )
    container = web.json("get", "deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"].endswith(":9") and container["env"] == [{"name": "A", "value": "b"}]
    assert container["resources"] == {"limits": {"cpu": "200m"}}


def test_rollout(web, admin, namespace):
    """The controller's part is played by hand."""
    path = deployments(namespace)

    def rolled_out():
        now = admin.get(f"{path}/web")
        replicas = now["spec"]["replicas"]
        counts = dict.fromkeys(
            ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas
        )
        admin.patch(
            f"{path}/web/status", {"status": {"observedGeneration": now["metadata"]["generation"], **counts}}
        )

    def revision(number, image):
        now = admin.get(f"{path}/web")
        template = json.loads(json.dumps(now["spec"]["template"]))
        template["metadata"]["labels"]["pod-template-hash"] = f"h{number}"
        template["spec"]["containers"][0]["image"] = image
        owner = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "web",
            "uid": now["metadata"]["uid"],
            "controller": True,
        }
        body = {
            "metadata": {
                "name": f"web-h{number}",
                "labels": template["metadata"]["labels"],
                "annotations": {"deployment.kubernetes.io/revision": str(number)},
                "ownerReferences": [owner],
            },
            "spec": {"selector": {"matchLabels": template["metadata"]["labels"]}, "template": template},
        }
        admin.create(f"/apis/apps/v1/namespaces/{namespace}/replicasets", body)
        container = {"name": "c", "image": image}
        change = {
            "metadata": {"annotations": {"deployment.kubernetes.io/revision": str(number)}},
            "spec": {"template": {"spec": {"containers": [container]}}},
        }
        admin.patch(f"{path}/web", change, "strategic")

    rolled_out()
    assert web("rollout", "status", "deployment/web") == 'deployment "web" successfully rolled out'
    assert web("rollout", "pause", "deployment/web") == "deployment.apps/web paused"
    assert web("rollout", "resume", "deployment/web") == "deployment.apps/web resumed"
    assert web("rollout", "restart", "deployment/web") == "deployment.apps/web restarted"
    template = web.json("get", "deployment", "web")["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    late = web.run("rollout", "status", "deployment/web", "--timeout=1s")
    assert late.returncode == 1 and "timed out" in late.stderr and "Waiting for deployment" in late.stdout
    revision(1, "registry.example/web:1")
    revision(2, "registry.example/web:2")
    history = web("rollout", "history", "deployment/web").splitlines()
    assert history[0].startswith("deployment.apps/web") and [line.split()[0] for line in history[2:4]] == [
        "1",
        "2",
    ]
    assert "web:2" in web("rollout", "history", "deployment/web", "--revision=2")
    assert web("rollout", "undo", "deployment/web", "--to-revision=1") == "deployment.apps/web rolled back"
    image = "jsonpath={.spec.template.spec.containers[0].image}"
    assert web("get", "deployment", "web", "-o", image) == "registry.example/web:1"


def test_wait(web, admin, namespace):
    web("create", "-f", "-", input=POD)
    error = web.fails("wait", "--for=condition=Ready", "pod/p", "--timeout=1s")
    assert "timed out waiting for the condition" in error
    ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    admin.patch(f"/api/v1/namespaces/{namespace}/pods/p/status", ready)
    assert web("wait", "--for=condition=Ready", "pod/p", "--timeout=5s") == "pod/p condition met"
    if not web.old:
        assert (
            web("wait", "--for=jsonpath={.status.phase}=Running", "pod/p", "--timeout=5s")
            == "pod/p condition met"
        )
    web("delete", "pod", "p", "--wait=false")
    assert web.run("wait", "--for=delete", "pod/p", "--timeout=5s").returncode in (0, 1 if web.old else 0)


def test_kustomize(kubectl, tmp_path):
    (tmp_path / "web.yaml").write_text(WEB)
    (tmp_path / "kustomization.yaml").write_text(
        "resources: [web.yaml]\nnamePrefix: my-\ncommonLabels: {team: red}\n"
        "configMapGenerator:\n- {name: settings, literals: [a=1]}\n"
        "images:\n- {name: registry.example/web, newTag: '7'}\n"
    )
    printed = kubectl("apply", "-k", tmp_path).splitlines()
    assert printed[-1] == "deployment.apps/my-web created" and printed[0].startswith("configmap/my-settings-")
    made = kubectl.json("get", "deployment", "my-web")
    assert made["spec"]["selector"]["matchLabels"]["team"] == "red"
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/web:7"
    assert "deleted" in kubectl("delete", "-k", tmp_path)


# --- who may ---


def test_auth(kubectl, namespace):
    kubectl("create", "role", "r", "--verb=get,list", "--resource=pods,deployments.apps")
    kubectl("create", "rolebinding", "b", "--role=r", "--user=vera")
    assert kubectl("auth", "can-i", "create", "pods") == "yes"
    assert kubectl("auth", "can-i", "list", "pods", "--as=vera") == "yes"
    assert kubectl("auth", "can-i", "delete", "pods", "--as=vera", code=1) == "no"
    listed = kubectl("auth", "can-i", "--list", "--as=vera")
    assert re.search(r"^deployments\.apps\s+\[\]\s+\[\]\s+\[get list\]$", listed, re.M), listed
    assert re.search(r"^pods\s+\[\]\s+\[\]\s+\[get list\]$", listed, re.M)
    error = kubectl.fails("get", "secrets", "--as=vera")
    assert error == (
        f'Error from server (Forbidden): secrets is forbidden: User "vera" cannot list resource "secrets" '
        f'in API group "" in the namespace "{namespace}"'
    )
    rules = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: %s}\n"
    rules = rules % namespace + "rules:\n"
    rules += "- {apiGroups: [''], resources: [services], verbs: [get]}\n"
    assert "reconciled" in kubectl("auth", "reconcile", "-f", "-", input=rules)
    if not kubectl.old:
        assert re.search(r"^Username\s+", kubectl("auth", "whoami"), re.M)


def test_tokens(kubectl, server, namespace):
    kubectl("create", "serviceaccount", "robot")
    kubectl("create", "rolebinding", "robot", "--clusterrole=view", f"--serviceaccount={namespace}:robot")
    if kubectl.old:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/robot/token"
        token = server.admin.create(path, {"spec": {}})["status"]["token"]
    else:
        token = kubectl("create", "token", "robot", "--duration=10m")
    how = ("--server", server.url, "--token", token, "--kubeconfig=/dev/null", "--insecure-skip-tls-verify")
    assert kubectl(*how, "auth", "can-i", "list", "pods") == "yes"
    assert kubectl(*how, "auth", "can-i", "list", "secrets", code=1) == "no"
    assert kubectl(*how, "get", "serviceaccounts", "robot", "-o", "name") == "serviceaccount/robot"


def test_namespaces_nodes_and_certificates(kubectl, admin, namespace):
    other = f"{namespace}-x"
    assert kubectl("create", "namespace", other) == f"namespace/{other} created"
    assert re.fullmatch(rf"{other}\s+Active\s+\d+s", kubectl("get", "ns", other, "--no-headers"))
    assert kubectl("delete", "ns", other).startswith(f'namespace "{other}" deleted')
    admin.create("/api/v1/nodes", {"metadata": {"name": namespace}})
    try:
        assert kubectl("cordon", namespace) == f"node/{namespace} cordoned"
        assert "SchedulingDisabled" in kubectl("get", "node", namespace)
        assert kubectl("uncordon", namespace) == f"node/{namespace} uncordoned"
        assert kubectl("taint", "node", namespace, "a=b:NoSchedule") == f"node/{namespace} tainted"
        assert (
            kubectl("drain", namespace, "--ignore-daemonsets")
            .splitlines()[-1]
            .endswith(("drained", "evicted"))
        )
    finally:
        kubectl("delete", "node", namespace)
