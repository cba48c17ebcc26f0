"""What kubectl shows: tables and other forms, descriptions, explanations, differences."""

import json
import re
import time

import yaml

from manifests import POD, WEB


def test_get_in_every_form(web):
    table = web("get", "deployments").splitlines()
    assert table[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert re.fullmatch(r"web\s+0/2\s+0\s+0\s+\d+s", table[1])
    wide = web("get", "deployments", "-o", "wide").splitlines()
    assert wide[0].split()[5:] == ["CONTAINERS", "IMAGES", "SELECTOR"] and wide[1].split()[5:] == [
        "c",
        "registry.example/web:1",
        "app=web",
    ]
    assert web("get", "deployments", "--show-labels").splitlines()[1].split()[-1] == "app=web"
    assert web("get", "deployments", "-L", "app").splitlines()[1].split()[-1] == "web"
    assert web("get", "deployments", "--no-headers").startswith("web ")
    assert web("get", "deploy", "-o", "name") == "deployment.apps/web"
    assert web.json("get", "deploy")["items"][0]["kind"] == "Deployment"
    assert yaml.safe_load(web("get", "deploy", "web", "-o", "yaml"))["spec"]["replicas"] == 2
    assert (
        web("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
        == "registry.example/web:1"
    )
    assert (
        web("get", "deploy", "-o", "jsonpath={range .items[*]}{.metadata.name}={.spec.replicas};{end}")
        == "web=2;"
    )
    assert web("get", "deploy", "-o", "custom-columns=N:.metadata.name,R:.spec.replicas").split() == [
        "N",
        "R",
        "web",
        "2",
    ]
    assert web("get", "deploy", "web", "-o", "go-template={{.metadata.name}}-{{.spec.replicas}}") == "web-2"
    assert web("get", "deploy", "--sort-by=.metadata.name", "-o", "name") == "deployment.apps/web"
    web("create", "service", "clusterip", "web", "--tcp=80")
    both = web("get", "deploy,svc", "-o", "name").split()
    assert both == ["deployment.apps/web", "service/web"]
    assert web("get", "all", "-o", "name").split() == ["service/web", "deployment.apps/web"]
    assert web("get", "deploy/web", "svc/web", "-o", "name").split() == both
    none = web.run("get", "pods")
    assert none.returncode == 0 and f"No resources found in {web.namespace} namespace." in none.stderr
    assert web.fails("get", "pod", "none") == 'Error from server (NotFound): pods "none" not found'
    assert web.fails("get", "nothings") == 'error: the server doesn\'t have a resource type "nothings"'
    everywhere = web("get", "deploy", "-A", "--field-selector", "metadata.name=web")
    assert everywhere.splitlines()[0].split()[0] == "NAMESPACE" and web.namespace in everywhere
    assert web("get", "--raw", f"/api/v1/namespaces/{web.namespace}/services/web").startswith(
        '{"kind":"Service"'
    )
    assert len(web("get", "deploy", "--chunk-size=1", "-o", "name").splitlines()) == 1


def test_get_with_a_watch(web):
    done = web.run("get", "deployment", "web", "-w", "--request-timeout=1s")
    assert done.stdout.splitlines()[1].startswith("web ")


def test_describe(web):
    text = web("describe", "deployment", "web")
    assert re.search(r"^Name:\s+web$", text, re.M) and re.search(
        r"^Replicas:\s+2 desired \| 0 updated", text, re.M
    )
    assert re.search(r"^\s+Image:\s+registry.example/web:1$", text, re.M)
    web("create", "-f", "-", input=POD)
    text = web("describe", "pod", "p")
    assert re.search(r"^Status:\s+Pending$", text, re.M) and re.search(
        r"^QoS Class:\s+BestEffort$", text, re.M
    )
    web("create", "secret", "generic", "s", "--from-literal=w=12345")
    assert re.search(r"^w:\s+5 bytes$", web("describe", "secret", "s"), re.M)
    web("create", "quota", "q", "--hard=pods=9")
    assert re.search(r"^Name:\s+q$", web("describe", "quota", "q"), re.M)
    assert re.search(r"^Name:\s+web$", web("describe", "-f", "-", input=WEB), re.M)
    assert web("describe", "namespace", web.namespace)


def test_events_are_shown(web, admin, namespace):
    pod = json.loads(web("create", "-f", "-", "-o", "json", input=POD))
    body = {
        "metadata": {"name": "p.1"},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "p", "uid": pod["metadata"]["uid"]},
        "reason": "Tested",
        "message": "it went well",
        "type": "Normal",
        "source": {"component": "tests"},
        "firstTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "lastTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "count": 1,
    }
    admin.create(f"/api/v1/namespaces/{namespace}/events", body)
    assert "it went well" in web("describe", "pod", "p")
    row = web("get", "events").splitlines()[1].split()
    assert row[1:4] == ["Normal", "Tested", "pod/p"]


def test_explain(kubectl):
    text = kubectl("explain", "pods.spec.containers", "--recursive")
    assert re.search(r"^\s*image\t<string>$", text, re.M) and re.search(
        r"^\s*containerPort\t<integer>", text, re.M
    )
    text = kubectl("explain", "deployment.spec.strategy")
    assert re.search(r"^VERSION:\s+(apps/)?v1$", text, re.M) and re.search(
        r"^\s+rollingUpdate\t<", text, re.M
    )
    # A field that leads back to itself ends.
    assert "openAPIV3Schema" in kubectl("explain", "crd.spec.versions.schema", "--recursive")
    assert 'field "nothing" does not exist' in kubectl.fails("explain", "pods.spec.nothing")
    for resource in kubectl("api-resources", "--no-headers", "-o", "name").split()[::5]:
        assert "FIELDS:" in kubectl("explain", resource.split(".")[0]), resource


def test_a_manifest_is_checked(kubectl):
    wrong = WEB.replace("image:", "imagee: x\n        image:").replace("replicas: 2", "replicaz: 2")
    error = kubectl.fails("create", "-f", "-", input=wrong)
    if kubectl.old:
        assert 'unknown field "imagee" in io.k8s.api.core.v1.Container' in error
    else:
        assert (
            'Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" '
            'cannot be handled as a Deployment: strict decoding error: unknown field "spec.replicaz", '
            'unknown field "spec.template.spec.containers[0].imagee" (did you mean "replicas", "image"?)'
        ) == error
        warned = kubectl.run("create", "--validate=warn", "-f", "-", input=wrong)
        assert 'Warning: unknown field "spec.replicaz"' in warned.stderr and warned.returncode == 0
    assert "created" in kubectl(
        "create", "--validate=false", "-f", "-", input=wrong.replace("name: web", "name: other")
    )


def test_api_resources_and_versions(kubectl):
    lines = kubectl("api-resources").splitlines()
    rows = {(r[0], r[-2]): r for r in (line.split() for line in lines[1:])}
    deployments = next(r for r in map(str.split, lines) if r[0] == "deployments")
    assert deployments == ["deployments", "deploy", "apps/v1", "true", "Deployment"]
    assert len(rows) >= 60
    assert kubectl("api-resources", "--api-group=batch", "-o", "name").split() == [
        "cronjobs.batch",
        "jobs.batch",
    ]
    names = set(kubectl("api-resources", "--namespaced=false", "-o", "name").split())
    assert {"namespaces", "nodes", "clusterroles.rbac.authorization.k8s.io"} <= names and "pods" not in names
    assert "pods" in kubectl("api-resources", "--verbs=list,watch", "-o", "name").split()
    versions = kubectl("api-versions").split()
    assert {"v1", "apps/v1", "autoscaling/v2", "storage.k8s.io/v1"} <= set(versions) and versions == sorted(
        versions
    )
    assert re.search(r'GitVersion:"v1\.36|Server Version: v1\.36', kubectl("version"))
    assert "is running at" in kubectl("cluster-info")


def test_diff(web):
    assert web("diff", "-f", "-", input=WEB) == ""
    changed = web("diff", "-f", "-", input=WEB.replace("replicas: 2", "replicas: 8"), code=1)
    assert "-  replicas: 2" in changed and "+  replicas: 8" in changed
    assert web("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}") == "2"
