"""Server-side apply: who owns which field, who may take it over; and clients that fight over one object."""

import threading

import pytest


@pytest.fixture
def maps(namespace):
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def deployments(namespace):
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def config_map(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": data}


def deployment(**spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "i:1", "ports": [{"containerPort": 80}]}]},
            },
            **spec,
        },
    }


def entries(object):
    return {(e["manager"], e["operation"]): e for e in object["metadata"]["managedFields"]}


def test_apply_makes_changes_and_takes_away(admin, maps):
    made = admin.ask(
        "PATCH",
        f"{maps}/one",
        config_map(a="1", b="2"),
        type="application/apply-patch+yaml",
        fieldManager="me",
    )
    assert made.status == 201
    entry = entries(made.json)["me", "Apply"]
    assert entry["apiVersion"] == "v1" and entry["fieldsType"] == "FieldsV1"
    assert entry["fieldsV1"] == {"f:data": {"f:a": {}, "f:b": {}}}
    again = admin.apply(f"{maps}/one", config_map(a="1", b="2"), "me")
    assert again["metadata"]["resourceVersion"] == made.json["metadata"]["resourceVersion"], "nothing changed"
    less = admin.apply(f"{maps}/one", config_map(b="3"), "me")
    assert less["data"] == {"b": "3"}, "what is applied no longer is taken away"
    # Somebody else's field stays.
    admin.patch(f"{maps}/one", {"data": {"c": "theirs"}}, fieldManager="other")
    assert admin.apply(f"{maps}/one", config_map(b="3"), "me")["data"] == {"b": "3", "c": "theirs"}


def test_apply_is_yaml_too(admin, maps):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  a: '1'\n"
    assert admin.apply(f"{maps}/one", text, "me")["data"] == {"a": "1"}


def test_conflicts_name_the_manager_and_the_fields(admin, maps):
    admin.apply(f"{maps}/one", config_map(a="1", b="2"), "first")
    how = {"type": "application/apply-patch+yaml", "fieldManager": "second"}
    status = admin.refused(409, "PATCH", f"{maps}/one", config_map(a="9"), **how)
    assert status["message"] == 'Apply failed with 1 conflict: conflict with "first": .data.a'
    assert status["reason"] == "Conflict"
    assert status["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "first"', "field": ".data.a"}
    ]
    status = admin.refused(409, "PATCH", f"{maps}/one", config_map(a="9", b="9"), **how)
    assert status["message"] == 'Apply failed with 2 conflicts: conflicts with "first":\n- .data.a\n- .data.b'
    assert admin.get(f"{maps}/one")["data"] == {"a": "1", "b": "2"}
    # The same value is no conflict: both own it.
    shared = entries(admin.apply(f"{maps}/one", config_map(a="1"), "second"))
    assert shared["first", "Apply"]["fieldsV1"]["f:data"] == {"f:a": {}, "f:b": {}}
    assert shared["second", "Apply"]["fieldsV1"]["f:data"] == {"f:a": {}}
    # By force it is theirs alone.
    admin.apply(f"{maps}/one", config_map(a="1", b="2"), "first")
    forced = admin.apply(f"{maps}/one", config_map(a="9"), "second", force="true")
    assert forced["data"] == {"a": "9", "b": "2"}
    assert entries(forced)["first", "Apply"]["fieldsV1"]["f:data"] == {"f:b": {}}
    # And the first one, applying what it always did, is told.
    how["fieldManager"] = "first"
    status = admin.refused(409, "PATCH", f"{maps}/one", config_map(a="1", b="2"), **how)
    assert 'conflict with "second": .data.a' in status["message"]


def test_an_update_is_a_manager_too(admin, maps):
    admin.apply(f"{maps}/one", config_map(a="1"), "me")
    admin.patch(f"{maps}/one", {"data": {"a": "2"}}, fieldManager="editor")
    status = admin.refused(
        409, "PATCH", f"{maps}/one", config_map(a="1"), type="application/apply-patch+yaml", fieldManager="me"
    )
    assert status["message"] == 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.a'


def test_lists_by_keys(admin, deployments):
    admin.apply(f"{deployments}/web", deployment(), "me")
    container = {"name": "side", "image": "s:1"}
    side = deployment()
    side["spec"] = {"template": {"spec": {"containers": [container]}}}
    both = admin.apply(f"{deployments}/web", side, "sidecar")
    assert [c["name"] for c in both["spec"]["template"]["spec"]["containers"]] == ["c", "side"]
    fields = entries(both)["sidecar", "Apply"]["fieldsV1"]
    assert fields == {
        "f:spec": {
            "f:template": {
                "f:spec": {"f:containers": {'k:{"name":"side"}': {".": {}, "f:image": {}, "f:name": {}}}}
            }
        }
    }
    mine = entries(both)["me", "Apply"]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert set(mine['k:{"name":"c"}']["f:ports"]) == {'k:{"containerPort":80,"protocol":"TCP"}'}
    side["spec"]["template"]["spec"]["containers"] = []
    left = admin.apply(f"{deployments}/web", side, "sidecar")
    assert [c["name"] for c in left["spec"]["template"]["spec"]["containers"]] == ["c"]


def test_scaling_is_left_to_whoever_scales(admin, deployments):
    admin.apply(f"{deployments}/web", deployment(replicas=2), "me")
    admin.patch(f"{deployments}/web/scale", {"spec": {"replicas": 5}}, fieldManager="autoscaler")
    how = {"type": "application/apply-patch+yaml", "fieldManager": "me"}
    status = admin.refused(409, "PATCH", f"{deployments}/web", deployment(replicas=2), **how)
    assert 'conflict with "autoscaler" with subresource "scale" using ' in status["message"]
    assert status["message"].endswith(": .spec.replicas")
    assert admin.apply(f"{deployments}/web", deployment(), "me")["spec"]["replicas"] == 5


def test_status_has_its_own_manager(admin, deployments):
    admin.apply(f"{deployments}/web", deployment(), "me")
    status = {**deployment(), "status": {"replicas": 3, "observedGeneration": 1}}
    status.pop("spec")
    after = admin.apply(f"{deployments}/web/status", status, "controller")
    entry = entries(after)["controller", "Apply"]
    assert entry["subresource"] == "status"
    assert entry["fieldsV1"] == {"f:status": {"f:observedGeneration": {}, "f:replicas": {}}}


def test_what_apply_needs(admin, maps):
    how = {"type": "application/apply-patch+yaml"}
    status = admin.refused(422, "PATCH", f"{maps}/one", config_map(), **how)
    assert "fieldManager: Required value: is required for apply patch" in status["message"]
    how["fieldManager"] = "me"
    body = config_map()
    body["metadata"]["managedFields"] = []
    body["metadata"]["managedFields"].append({"manager": "x", "operation": "Apply", "apiVersion": "v1"})
    assert (
        "metadata.managedFields must be nil"
        in admin.refused(400, "PATCH", f"{maps}/one", body, **how)["message"]
    )
    status = admin.refused(422, "PATCH", f"{maps}/one", {}, type="application/merge-patch+json", force="true")
    assert "force: Forbidden: may not be specified for non-apply patch" in status["message"]
    wrong = {**config_map(), "kind": "Secret"}
    assert admin.ask("PATCH", f"{maps}/one", wrong, **how).status == 400


def test_managed_fields_can_be_dropped(admin, maps):
    admin.apply(f"{maps}/one", config_map(a="1"), "me")
    cleared = admin.patch(f"{maps}/one", {"metadata": {"managedFields": [{}]}})
    assert "managedFields" not in cleared["metadata"]


def test_of_many_that_count_none_is_lost(server, admin, maps):
    """Read, add one, write back, again when somebody was faster."""
    admin.create(maps, config_map(count="0"))
    refused = []

    def count(times):
        for _ in range(times):
            while True:
                now = admin.get(f"{maps}/one")
                now["data"]["count"] = str(int(now["data"]["count"]) + 1)
                answer = admin.ask("PUT", f"{maps}/one", now)
                if answer.status == 200:
                    break
                assert answer.status == 409, answer
                refused.append(1)
        admin.close()

    threads = [threading.Thread(target=count, args=(25,)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert admin.get(f"{maps}/one")["data"]["count"] == "100"
    assert refused, "they never met"


def test_patches_side_by_side_are_all_kept(admin, maps):
    admin.create(maps, config_map())

    def patch(worker):
        for number in range(20):
            admin.patch(f"{maps}/one", {"data": {f"k{worker}-{number}": "x"}})
        admin.close()

    threads = [threading.Thread(target=patch, args=(worker,)) for worker in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(admin.get(f"{maps}/one")["data"]) == 80


def test_of_two_that_create_one_wins(admin, maps):
    codes = []
    barrier = threading.Barrier(8)

    def create():
        barrier.wait(10)
        codes.append(admin.ask("POST", maps, config_map()).status)
        admin.close()

    threads = [threading.Thread(target=create) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sorted(codes) == [201] + [409] * 7
