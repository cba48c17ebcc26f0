"""Options of writes and the four kinds of patches: dry runs, field validation, scales."""

import json

import pytest

from manifests import config_map, deployment


@pytest.fixture
def maps(namespace):
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def deployments(namespace):
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


# --- options of writes ---


def test_a_dry_run_leaves_nothing(admin, maps):
    tried = admin.create(maps, config_map("one"), dryRun="All")
    assert tried["metadata"]["uid"] and "resourceVersion" not in tried["metadata"]
    assert admin.ask("GET", f"{maps}/one").status == 404
    made = admin.create(maps, config_map("one", a="1"))
    assert admin.patch(f"{maps}/one", {"data": {"a": "2"}}, dryRun="All")["data"] == {"a": "2"}
    admin.delete(f"{maps}/one", dryRun="All")
    assert admin.get(f"{maps}/one") == made
    status = admin.refused(422, "POST", maps, config_map("two"), dryRun="Some")
    assert (
        status["reason"] == "Invalid"
        and 'dryRun: Unsupported value: ["Some"]: supported values: "All"' in status["message"]
    )


def test_unknown_and_duplicate_fields(admin, deployments):
    text = json.dumps(deployment()).replace('"image"', '"imagee": "x", "image": "j", "image"')
    strict = admin.refused(400, "POST", deployments, text, fieldValidation="Strict")
    assert strict["message"] == (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        'duplicate field "spec.template.spec.containers[0].image", '
        'unknown field "spec.template.spec.containers[0].imagee" (did you mean "image"?)'
    )
    warned = admin.ask("POST", deployments, text, fieldValidation="Warn")
    assert warned.status == 201
    assert sorted(warned.warnings) == [
        'duplicate field "spec.template.spec.containers[0].image"',
        'unknown field "spec.template.spec.containers[0].imagee" (did you mean "image"?)',
    ]
    assert "imagee" not in warned.text
    ignored = admin.ask("POST", deployments, text.replace('"web"', '"other"', 1), fieldValidation="Ignore")
    assert ignored.status in (201, 422) and not ignored.warnings
    status = admin.refused(422, "POST", deployments, text, fieldValidation="Loudly")
    assert "fieldValidation" in status["message"]


def test_a_strict_patch(admin, maps):
    admin.create(maps, config_map("one"))
    status = admin.refused(
        422,
        "PATCH",
        f"{maps}/one",
        {"dota": {"a": "b"}},
        type="application/merge-patch+json",
        fieldValidation="Strict",
    )
    assert 'strict decoding error: unknown field "dota"' in status["message"]
    assert status["details"]["causes"][0]["field"] == "patch"


# --- patches ---


def test_a_json_patch(admin, maps):
    admin.create(maps, config_map("one", a="1", b="2"))
    steps = [
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "replace", "path": "/data/a", "value": "9"},
        {"op": "remove", "path": "/data/b"},
        {"op": "add", "path": "/metadata/labels", "value": {"x/y": "z"}},
        {"op": "copy", "from": "/data/a", "path": "/data/c~1d"},
        {"op": "move", "from": "/data/a", "path": "/data/e"},
    ]
    status = admin.refused(
        422,
        "PATCH",
        f"{maps}/one",
        steps[1:3] + [{**steps[0], "value": "8"}],
        type="application/json-patch+json",
    )
    assert status["reason"] == "Invalid"
    steps[4]["path"] = "/data/c"
    patched = admin.patch(f"{maps}/one", steps, "json")
    assert patched["data"] == {"c": "9", "e": "9"} and patched["metadata"]["labels"] == {"x/y": "z"}
    assert admin.refused(
        422,
        "PATCH",
        f"{maps}/one",
        [{"op": "remove", "path": "/data/none"}],
        type="application/json-patch+json",
    )
    assert (
        admin.refused(400, "PATCH", f"{maps}/one", '{"op"', type="application/json-patch+json")["reason"]
        == "BadRequest"
    )


def test_a_strategic_patch_merges_lists_by_their_keys(admin, deployments):
    admin.create(deployments, deployment())
    patch = {
        "spec": {
            "template": {
                "spec": {"containers": [{"name": "second", "image": "j"}, {"name": "c", "image": "k"}]}
            }
        }
    }
    patched = admin.patch(f"{deployments}/web", patch, "strategic")
    images = {each["name"]: each["image"] for each in patched["spec"]["template"]["spec"]["containers"]}
    assert images == {"c": "k", "second": "j"}
    patch = {"spec": {"template": {"spec": {"containers": [{"$patch": "delete", "name": "c"}]}}}}
    patched = admin.patch(f"{deployments}/web", patch, "strategic")
    assert [each["name"] for each in patched["spec"]["template"]["spec"]["containers"]] == ["second"]
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert admin.patch(f"{deployments}/web", patch, "strategic")["spec"]["strategy"] == {"type": "Recreate"}
    merged = {"spec": {"template": {"spec": {"containers": [{"name": "only", "image": "m"}]}}}}
    patched = admin.patch(f"{deployments}/web", merged, "merge")
    assert [each["name"] for each in patched["spec"]["template"]["spec"]["containers"]] == ["only"]


def test_scale(admin, deployments):
    admin.create(deployments, deployment())
    scale = admin.get(f"{deployments}/web/scale")
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 1} and scale["status"] == {"replicas": 0, "selector": "app=web"}
    scale["spec"]["replicas"] = 5
    assert admin.replace(f"{deployments}/web/scale", scale)["spec"]["replicas"] == 5
    assert admin.patch(f"{deployments}/web/scale", {"spec": {"replicas": 7}})["spec"]["replicas"] == 7
    now = admin.get(f"{deployments}/web")
    assert now["spec"]["replicas"] == 7 and now["metadata"]["generation"] == 3
    stale = {**scale, "spec": {"replicas": 1}}
    assert admin.refused(409, "PUT", f"{deployments}/web/scale", stale)["reason"] == "Conflict"
