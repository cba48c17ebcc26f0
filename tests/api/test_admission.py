"""What is changed or refused on its way in: limits, quotas, pod security, accounts, namespaces."""

import time

import pytest

from server import wait_until


@pytest.fixture
def pods(namespace):
    return f"/api/v1/namespaces/{namespace}/pods"


def pod(name="p", container=None, **spec):
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "i", **(container or {})}], **spec},
    }


def test_limit_ranges_fill_in_and_hold(admin, namespace, pods):
    limit = {
        "type": "Container",
        "default": {"cpu": "500m"},
        "defaultRequest": {"cpu": "100m"},
        "max": {"cpu": "1"},
        "min": {"cpu": "50m"},
    }
    admin.create(
        f"/api/v1/namespaces/{namespace}/limitranges",
        {"metadata": {"name": "l"}, "spec": {"limits": [limit]}},
    )
    made = admin.create(pods, pod())
    assert made["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m"},
        "requests": {"cpu": "100m"},
    }
    assert "LimitRanger plugin set: " in made["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    status = admin.refused(
        403, "POST", pods, pod("big", {"resources": {"limits": {"cpu": "2"}, "requests": {"cpu": "2"}}})
    )
    assert (
        status["message"] == 'pods "big" is forbidden: maximum cpu usage per Container is 1, but limit is 2'
    )
    status = admin.refused(403, "POST", pods, pod("small", {"resources": {"requests": {"cpu": "10m"}}}))
    assert "minimum cpu usage per Container is 50m, but request is 10m" in status["message"]


def test_quotas_count(admin, namespace, pods):
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    hard = {"count/configmaps": "4", "pods": "1", "requests.cpu": "1"}
    admin.create(quotas, {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    wait_until(lambda: admin.get(f"{quotas}/q").get("status", {}).get("used"), what="the quota's status")
    here = len(admin.get(maps)["items"])
    for number in range(4 - here):
        admin.create(maps, {"metadata": {"name": f"m{number}"}})
    status = admin.refused(403, "POST", maps, {"metadata": {"name": "more"}})
    assert status["message"] == (
        'configmaps "more" is forbidden: exceeded quota: q, requested: count/configmaps=1, '
        "used: count/configmaps=4, limited: count/configmaps=4"
    )
    status = admin.refused(403, "POST", pods, pod())
    assert "failed quota: q: must specify requests.cpu for: c" in status["message"]
    admin.create(pods, pod("one", {"resources": {"requests": {"cpu": "600m"}}}))
    status = admin.refused(403, "POST", pods, pod("two", {"resources": {"requests": {"cpu": "600m"}}}))
    assert (
        "exceeded quota: q, requested: pods=1,requests.cpu=600m, used: pods=1,requests.cpu=600m"
        in status["message"]
    )
    wait_until(lambda: admin.get(f"{quotas}/q")["status"]["used"]["pods"] == "1", what="used pods")
    admin.delete(f"{pods}/one")
    deadline = time.monotonic() + 10
    while admin.ask("POST", pods, pod("two", {"resources": {"requests": {"cpu": "600m"}}})).status != 201:
        assert time.monotonic() < deadline, "what was deleted is still counted"
        time.sleep(0.05)


def test_pod_security_by_label(admin, namespace, pods):
    label = "pod-security.kubernetes.io"
    admin.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {f"{label}/enforce": "baseline"}}})
    status = admin.refused(403, "POST", pods, pod("p", {"securityContext": {"privileged": True}}))
    assert status["message"] == (
        'pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged '
        '(container "c" must not set securityContext.privileged=true)'
    )
    status = admin.refused(403, "POST", pods, pod("p", hostNetwork=True))
    assert "host namespaces (hostNetwork=true)" in status["message"]
    assert admin.create(pods, pod("plain"))
    labels = {f"{label}/enforce": "restricted", f"{label}/warn": "restricted"}
    relabelled = admin.ask(
        "PATCH",
        f"/api/v1/namespaces/{namespace}",
        {"metadata": {"labels": labels}},
        type="application/merge-patch+json",
    )
    assert any("existing pods in namespace" in each for each in relabelled.warnings)
    status = admin.refused(403, "POST", pods, pod("p"))
    assert 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false' in status["message"]
    good = {
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    }
    assert admin.create(pods, pod("good", good))
    # What makes pods is warned of, not refused.
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    body = {
        "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    answer = admin.ask("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", body)
    assert answer.status == 201 and any(
        'would violate PodSecurity "restricted:latest"' in w for w in answer.warnings
    )


def test_pods_get_an_account_and_its_token(admin, namespace, pods):
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    wait_until(lambda: admin.ask("GET", f"{accounts}/default").status == 200, what="the default account")
    spec = admin.create(pods, pod())["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    volume = next(v for v in spec["volumes"] if v["name"].startswith("kube-api-access-"))
    sources = volume["projected"]["sources"]
    assert sources[0]["serviceAccountToken"] == {"expirationSeconds": 3607, "path": "token"}
    assert sources[1]["configMap"]["name"] == "kube-root-ca.crt"
    mount = spec["containers"][0]["volumeMounts"][0]
    assert mount == {
        "name": volume["name"],
        "readOnly": True,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    }
    assert "volumes" not in admin.create(pods, pod("bare", automountServiceAccountToken=False))["spec"]
    status = admin.refused(403, "POST", pods, pod("x", serviceAccountName="nobody"))
    assert status["message"].startswith(
        f'pods "x" is forbidden: error looking up service account {namespace}/nobody: '
    )
    root = admin.get(f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt")
    assert "BEGIN CERTIFICATE" in root["data"]["ca.crt"]


def test_priorities_and_tolerations(admin, namespace, pods):
    spec = admin.create(pods, pod())["spec"]
    assert spec["priority"] == 0 and spec["preemptionPolicy"] == "PreemptLowerPriority"
    tolerated = {(t["key"], t["effect"], t["tolerationSeconds"]) for t in spec["tolerations"]}
    assert tolerated == {
        ("node.kubernetes.io/not-ready", "NoExecute", 300),
        ("node.kubernetes.io/unreachable", "NoExecute", 300),
    }
    name = f"high-{namespace}"
    admin.create(
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        {"metadata": {"name": name}, "value": 1000, "preemptionPolicy": "Never"},
    )
    try:
        deadline = time.monotonic() + 5
        while (answer := admin.ask("POST", pods, pod("high", priorityClassName=name))).status == 403:
            assert time.monotonic() < deadline, answer
            time.sleep(0.02)
        assert answer.json["spec"]["priority"] == 1000 and answer.json["spec"]["preemptionPolicy"] == "Never"
    finally:
        admin.delete(f"/apis/scheduling.k8s.io/v1/priorityclasses/{name}")
    status = admin.refused(403, "POST", pods, pod("x", priorityClassName="nobody"))
    assert status["message"] == 'pods "x" is forbidden: no PriorityClass with name nobody was found'
    system = admin.create(
        "/api/v1/namespaces/kube-system/pods",
        {**pod("critical", priorityClassName="system-node-critical", automountServiceAccountToken=False)},
        dryRun="All",
    )
    assert system["spec"]["priority"] == 2000001000


def test_claims_get_the_default_class(admin, namespace):
    name = f"std-{namespace}"
    body = {
        "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "example.com/p",
    }
    admin.create("/apis/storage.k8s.io/v1/storageclasses", body)
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    try:
        found = None
        deadline = time.monotonic() + 5
        while not found:
            assert time.monotonic() < deadline
            found = admin.create(claims, {"metadata": {"name": "c"}, "spec": spec}, dryRun="All")["spec"].get(
                "storageClassName"
            )
        assert found == name
        made = admin.create(claims, {"metadata": {"name": "c"}, "spec": spec})
        assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
        none = admin.create(claims, {"metadata": {"name": "n"}, "spec": {**spec, "storageClassName": ""}})
        assert none["spec"]["storageClassName"] == ""
    finally:
        admin.delete(f"/apis/storage.k8s.io/v1/storageclasses/{name}")
        admin.patch(f"{claims}/c", {"metadata": {"finalizers": None}})
        admin.patch(f"{claims}/n", {"metadata": {"finalizers": None}})


def test_nothing_new_in_a_namespace_that_ends(admin, namespace):
    maps = f"/api/v1/namespaces/{namespace}-end/configmaps"
    status = admin.refused(404, "POST", maps, {"metadata": {"name": "x"}})
    assert status["message"] == f'namespaces "{namespace}-end" not found'
    admin.create("/api/v1/namespaces", {"metadata": {"name": f"{namespace}-end"}})
    made = admin.get(f"/api/v1/namespaces/{namespace}-end")
    assert made["spec"]["finalizers"] == ["kubernetes"] and made["status"]["phase"] == "Active"
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": f"{namespace}-end"}
    admin.create(maps, {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}})
    admin.create(maps, {"metadata": {"name": "free"}})
    ending = admin.delete(f"/api/v1/namespaces/{namespace}-end")
    assert ending["status"]["phase"] == "Terminating"
    status = admin.refused(403, "POST", maps, {"metadata": {"name": "x"}})
    assert status["message"] == (
        f'configmaps "x" is forbidden: unable to create new content in namespace {namespace}-end '
        "because it is being terminated"
    )
    cause = status["details"]["causes"][0]
    assert cause["reason"] == "NamespaceTerminating" and cause["field"] == "metadata.namespace"
    wait_until(lambda: admin.ask("GET", f"{maps}/free").status == 404, 10, "the content's end")
    assert admin.ask("GET", f"/api/v1/namespaces/{namespace}-end").status == 200
    admin.patch(f"{maps}/held", {"metadata": {"finalizers": None}})
    wait_until(
        lambda: admin.ask("GET", f"/api/v1/namespaces/{namespace}-end").status == 404,
        15,
        "the namespace's end",
    )


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_some_namespaces_stay(admin, name):
    status = admin.refused(403, "DELETE", f"/api/v1/namespaces/{name}")
    assert status["message"] == f'namespaces "{name}" is forbidden: this namespace may not be deleted'


def test_what_a_cluster_has_from_its_first_day(admin):
    assert {"default", "kube-node-lease", "kube-public", "kube-system"} <= {
        each["metadata"]["name"] for each in admin.get("/api/v1/namespaces")["items"]
    }
    service = admin.get("/api/v1/namespaces/default/services/kubernetes")
    assert service["spec"]["clusterIP"] == "10.96.0.1" and service["spec"]["ports"][0]["port"] == 443
    assert admin.get("/api/v1/namespaces/default/serviceaccounts/default")
    names = [
        each["metadata"]["name"] for each in admin.get("/apis/scheduling.k8s.io/v1/priorityclasses")["items"]
    ]
    assert {"system-cluster-critical", "system-node-critical"} <= set(names)


def test_services_get_addresses_of_their_own(admin, namespace):
    services = f"/api/v1/namespaces/{namespace}/services"
    seen = set()
    for number in range(5):
        spec = admin.create(
            services, {"metadata": {"name": f"s{number}"}, "spec": {"ports": [{"port": 80}]}}
        )["spec"]
        assert spec["clusterIP"].startswith("10.96.") and spec["clusterIPs"] == [spec["clusterIP"]]
        assert (
            spec["type"] == "ClusterIP"
            and spec["ipFamilies"] == ["IPv4"]
            and spec["sessionAffinity"] == "None"
        )
        seen.add(spec["clusterIP"])
    assert len(seen) == 5
    status = admin.refused(
        422,
        "POST",
        services,
        {"metadata": {"name": "x"}, "spec": {"clusterIP": seen.pop(), "ports": [{"port": 80}]}},
    )
    assert "provided IP is already allocated" in status["message"]
    node = admin.create(
        services, {"metadata": {"name": "n"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    )
    port = node["spec"]["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767
    taken = {
        "metadata": {"name": "y"},
        "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]},
    }
    assert "provided port is already allocated" in admin.refused(422, "POST", services, taken)["message"]
    admin.delete(f"{services}/n")
    admin.create(services, taken)
    headless = admin.create(services, {"metadata": {"name": "h"}, "spec": {"clusterIP": "None"}})
    assert headless["spec"]["clusterIP"] == "None"


def test_a_node_may_change_only_itself(admin, namespace):
    name = f"node-{namespace}"
    node = admin.as_user(f"system:node:{name}", "system:nodes", "system:authenticated")
    try:
        node.create("/api/v1/nodes", {"metadata": {"name": name}})
        assert node.patch(f"/api/v1/nodes/{name}/status", {"status": {"capacity": {"cpu": "4"}}})
        status = node.refused(403, "POST", "/api/v1/nodes", {"metadata": {"name": "other"}})
        assert (
            f'node "{name}" is not allowed to modify node "other"' in status["message"]
            or "cannot create" in status["message"]
        )
        status = node.refused(
            403,
            "PATCH",
            f"/api/v1/nodes/{name}",
            {"metadata": {"labels": {"node-restriction.kubernetes.io/x": "y"}}},
            type="application/merge-patch+json",
        )
        assert "is not allowed to modify labels: node-restriction.kubernetes.io/x" in status["message"]
        taints = admin.get(f"/api/v1/nodes/{name}")["spec"].get("taints", [])
        assert {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"} in taints
    finally:
        admin.delete(f"/api/v1/nodes/{name}")
