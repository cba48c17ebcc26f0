"""What the server says to requests: Status texts, the life of an object, selectors, tables, methods."""

import pytest

from manifests import config_map, deployment

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"


@pytest.fixture
def maps(namespace):
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def deployments(namespace):
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


# --- Status texts ---


def test_what_is_not_there_and_what_is_there_already(admin, maps, deployments):
    status = admin.refused(404, "GET", f"{maps}/none")
    assert status["message"] == 'configmaps "none" not found' and status["reason"] == "NotFound"
    assert status["details"] == {"name": "none", "kind": "configmaps"}
    status = admin.refused(404, "DELETE", f"{deployments}/none")
    assert status["message"] == 'deployments.apps "none" not found'
    assert status["details"] == {"name": "none", "group": "apps", "kind": "deployments"}
    admin.create(maps, config_map("one"))
    status = admin.refused(409, "POST", maps, config_map("one"))
    assert status["message"] == 'configmaps "one" already exists' and status["reason"] == "AlreadyExists"


def test_a_status_is_written_as_upstream_writes_it(admin, maps):
    assert admin.ask("GET", f"{maps}/none").text == (
        '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"configmaps '
        '\\"none\\" '
        'not found","reason":"NotFound","details":{"name":"none","kind":"configmaps"},"code":404}\n'
    )


def test_an_older_object_does_not_replace_a_newer_one(admin, maps):
    first = admin.create(maps, config_map("one", a="1"))
    admin.replace(f"{maps}/one", {**first, "data": {"a": "2"}})
    status = admin.refused(409, "PUT", f"{maps}/one", {**first, "data": {"a": "3"}})
    assert status["message"] == (
        'Operation cannot be fulfilled on configmaps "one": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert status["reason"] == "Conflict"
    assert admin.get(f"{maps}/one")["data"] == {"a": "2"}
    del first["metadata"]["resourceVersion"]
    admin.replace(f"{maps}/one", {**first, "data": {"a": "4"}})  # without one it does


def test_an_invalid_object_is_told_all_that_is_wrong(admin, deployments):
    body = deployment("Bad_Name", replicas=-1)
    body["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    body["spec"]["template"]["spec"]["containers"][0].pop("image")
    status = admin.refused(422, "POST", deployments, body)
    assert status["reason"] == "Invalid"
    assert status["message"].startswith('Deployment.apps "Bad_Name" is invalid: [')
    assert status["details"]["kind"] == "Deployment" and status["details"]["group"] == "apps"
    causes = {cause["field"]: cause for cause in status["details"]["causes"]}
    assert causes["metadata.name"]["message"].startswith(
        'Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of'
    )
    assert causes["spec.replicas"] == {
        "reason": "FieldValueInvalid",
        "message": "Invalid value: -1: must be greater than or equal to 0",
        "field": "spec.replicas",
    }
    assert causes["spec.template.spec.restartPolicy"] == {
        "reason": "FieldValueNotSupported",
        "message": 'Unsupported value: "Never": supported values: "Always"',
        "field": "spec.template.spec.restartPolicy",
    }
    assert causes["spec.template.spec.containers[0].image"] == {
        "reason": "FieldValueRequired",
        "message": "Required value",
        "field": "spec.template.spec.containers[0].image",
    }


def test_the_names_of_objects(admin, maps):
    status = admin.refused(422, "POST", maps, {"data": {}})
    assert (
        status["message"]
        == 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'
    )
    made = admin.create(maps, {"metadata": {"generateName": "some-"}})["metadata"]
    assert made["name"].startswith("some-") and len(made["name"]) == len("some-") + 5
    status = admin.refused(400, "PUT", f"{maps}/{made['name']}", config_map("other"))
    assert (
        status["message"]
        == f"the name of the object (other) does not match the name on the URL ({made['name']})"
    )
    body = config_map("x")
    body["metadata"]["namespace"] = "elsewhere"
    status = admin.refused(400, "POST", maps, body)
    assert (
        status["message"]
        == "the namespace of the provided object does not match the namespace sent on the request"
    )


@pytest.mark.parametrize(
    "body, message",
    [
        ('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}', "cannot be handled as a ConfigMap"),
        (
            '{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"x"}}',
            'no kind "ConfigMap" is registered for version "v2"',
        ),
        (
            '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":7}}',
            "json: cannot unmarshal number into Go struct field",
        ),
        (
            '{"apiVersion":"v1","kind":"ConfigMap","data":[]}',
            "cannot unmarshal array into Go struct field ConfigMap.data",
        ),
        ('{"apiVersion":', ""),
        ("", ""),
        ("[1]", ""),
        ('"text"', ""),
    ],
)
def test_bodies_that_are_no_config_map(admin, maps, body, message):
    status = admin.refused(400, "POST", maps, body)
    assert status["reason"] == "BadRequest" and message in status["message"]


def test_a_type_that_does_not_fit_is_told_in_gos_words(admin, deployments):
    body = deployment(replicas="3")
    assert admin.refused(400, "POST", deployments, body)["message"] == (
        'Deployment in version "v1" cannot be handled as a Deployment: '
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
    )


def test_resource_version_on_create(admin, maps):
    body = config_map("x")
    body["metadata"]["resourceVersion"] = "1"
    assert (
        admin.refused(500, "POST", maps, body)["message"]
        == "resourceVersion should not be set on objects to be created"
    )


def test_paths_that_nobody_knows(admin, namespace):
    assert admin.ask("GET", "/nowhere").status == 404
    for path in (f"/api/v1/namespaces/{namespace}/nothings", "/apis/none.example/v1/things", "/api/v9/pods"):
        answer = admin.ask("GET", path)
        assert (
            answer.status == 404
            and b"404 page not found" in answer.body
            or (answer.json["message"] == "the server could not find the requested resource")
        )


def test_methods_that_a_resource_does_not_have(admin, maps):
    status = admin.refused(405, "PUT", maps, {})
    assert status["reason"] == "MethodNotAllowed"
    assert status["message"] == "the server does not allow this method on the requested resource"
    assert admin.refused(405, "POST", f"{maps}/x", {})["code"] == 405
    assert admin.refused(405, "GET", "/apis/authorization.k8s.io/v1/subjectaccessreviews")["code"] == 405


def test_media_types(admin, maps):
    status = admin.refused(406, "GET", maps, accept="text/csv")
    assert status["reason"] == "NotAcceptable"
    assert status["message"].startswith("only the following media types are accepted: application/json, ")
    status = admin.refused(415, "POST", maps, "a=b", type="application/x-www-form-urlencoded")
    assert status["reason"] == "UnsupportedMediaType"
    assert status["message"].startswith(
        "the body of the request was in an unknown format - accepted media types include: "
    )
    status = admin.refused(415, "PATCH", f"{maps}/x", "{}", type="application/json")
    assert "application/json-patch+json, application/merge-patch+json" in status["message"]
    assert (
        admin.ask("GET", maps, accept="text/html, application/json;q=0.9, */*;q=0.8").json["kind"]
        == "ConfigMapList"
    )
    assert admin.ask("GET", maps, accept="*/*").headers["Content-Type"] == "application/json"


# --- the life of an object ---


def test_metadata_that_the_server_keeps(admin, deployments):
    made = admin.create(deployments, deployment())
    assert made["metadata"]["generation"] == 1
    changed = admin.patch(f"{deployments}/web", {"spec": {"replicas": 3}})
    assert changed["metadata"]["generation"] == 2
    labelled = admin.patch(f"{deployments}/web", {"metadata": {"labels": {"a": "b"}}})
    assert labelled["metadata"]["generation"] == 2
    status = admin.patch(f"{deployments}/web/status", {"status": {"observedGeneration": 2, "replicas": 3}})
    assert status["metadata"]["generation"] == 2 and status["status"]["replicas"] == 3
    # Each has its own part of the object.
    both = admin.patch(f"{deployments}/web", {"status": {"replicas": 9}, "spec": {"replicas": 4}})
    assert both["status"]["replicas"] == 3 and both["spec"]["replicas"] == 4
    both = admin.patch(f"{deployments}/web/status", {"status": {"replicas": 4}, "spec": {"replicas": 1}})
    assert both["status"]["replicas"] == 4 and both["spec"]["replicas"] == 4
    same = admin.patch(f"{deployments}/web", {"spec": {"replicas": 4}})
    assert same["metadata"]["resourceVersion"] == both["metadata"]["resourceVersion"], "nothing changed"
    for field, value in (
        ("uid", "11111111-2222-3333-4444-555555555555"),
        ("creationTimestamp", "2001-01-01T00:00:00Z"),
    ):
        answer = admin.ask(
            "PATCH", f"{deployments}/web", {"metadata": {field: value}}, type="application/merge-patch+json"
        )
        assert answer.status in (409, 422), answer


def test_what_cannot_change(admin, deployments):
    admin.create(deployments, deployment())
    body = {
        "spec": {"selector": {"matchLabels": {"x": "y"}}, "template": {"metadata": {"labels": {"x": "y"}}}}
    }
    status = admin.refused(422, "PATCH", f"{deployments}/web", body, type="application/merge-patch+json")
    assert "spec.selector: Invalid value: " in status["message"] and "field is immutable" in status["message"]


def test_defaults(admin, deployments):
    spec = admin.create(deployments, deployment())["spec"]
    assert (
        spec["replicas"] == 1
        and spec["revisionHistoryLimit"] == 10
        and spec["progressDeadlineSeconds"] == 600
    )
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    pod = spec["template"]["spec"]
    assert (
        pod["restartPolicy"] == "Always"
        and pod["dnsPolicy"] == "ClusterFirst"
        and pod["securityContext"] == {}
    )
    assert pod["schedulerName"] == "default-scheduler" and pod["terminationGracePeriodSeconds"] == 30
    assert pod["containers"][0] == {
        "name": "c",
        "image": "i",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always",
    }


def test_deletion(admin, maps):
    made = admin.create(maps, config_map("one"))
    gone = admin.delete(f"{maps}/one")
    assert gone["kind"] == "Status" and gone["status"] == "Success"
    assert gone["details"] == {"name": "one", "kind": "configmaps", "uid": made["metadata"]["uid"]}

    admin.create(
        maps, {**config_map("held"), "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    )
    leaving = admin.delete(f"{maps}/held")
    assert leaving["kind"] == "ConfigMap" and leaving["metadata"]["deletionTimestamp"]
    assert leaving["metadata"]["deletionGracePeriodSeconds"] == 0
    status = admin.refused(
        422,
        "PATCH",
        f"{maps}/held",
        {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}},
        type="application/merge-patch+json",
    )
    assert "no new finalizers can be added if the object is being deleted" in status["message"]
    admin.patch(f"{maps}/held", {"metadata": {"finalizers": None}})
    assert admin.ask("GET", f"{maps}/held").status == 404


def test_preconditions_and_propagation(admin, maps):
    made = admin.create(maps, config_map("one"))["metadata"]
    wrong = "11111111-2222-3333-4444-555555555555"
    status = admin.refused(409, "DELETE", f"{maps}/one", {"preconditions": {"uid": wrong}})
    assert (
        f"the UID in the precondition ({wrong}) does not match the UID in record ({made['uid']})"
        in status["message"]
    )
    status = admin.refused(409, "DELETE", f"{maps}/one", {"preconditions": {"resourceVersion": "1"}})
    assert (
        "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record"
        in status["message"]
    )
    leaving = admin.delete(
        f"{maps}/one", {"propagationPolicy": "Foreground", "preconditions": {"uid": made["uid"]}}
    )
    assert leaving["metadata"]["finalizers"] == ["foregroundDeletion"]
    admin.patch(f"{maps}/one", {"metadata": {"finalizers": None}})
    status = admin.refused(422, "DELETE", f"{maps}/one", {"propagationPolicy": "Sideways"})
    assert 'Unsupported value: "Sideways"' in status["message"]


def test_collections_are_deleted_by_selector(admin, maps):
    for name, color in (("a", "red"), ("b", "red"), ("c", "blue")):
        admin.create(maps, {"metadata": {"name": name, "labels": {"color": color}}})
    admin.delete(maps, labelSelector="color=red")
    assert [each["metadata"]["name"] for each in admin.get(maps, labelSelector="color")["items"]] == ["c"]


def test_pods_get_time_to_end_once_a_node_has_them(admin, namespace):
    pods = f"/api/v1/namespaces/{namespace}/pods"
    spec = {"containers": [{"name": "c", "image": "i"}]}
    admin.create(pods, {"metadata": {"name": "waiting"}, "spec": spec})
    admin.delete(f"{pods}/waiting")
    assert admin.ask("GET", f"{pods}/waiting").status == 404
    admin.create(pods, {"metadata": {"name": "bound"}, "spec": spec})
    binding = {"metadata": {"name": "bound"}, "target": {"kind": "Node", "name": "somewhere"}}
    admin.create(f"{pods}/bound/binding", binding)
    assert admin.get(f"{pods}/bound")["spec"]["nodeName"] == "somewhere"
    leaving = admin.delete(f"{pods}/bound", gracePeriodSeconds=17)
    assert leaving["metadata"]["deletionGracePeriodSeconds"] == 17
    assert admin.get(f"{pods}/bound")["metadata"]["deletionTimestamp"]
    admin.delete(f"{pods}/bound", gracePeriodSeconds=0)
    assert admin.ask("GET", f"{pods}/bound").status == 404


# --- selectors ---


def test_label_selectors(admin, maps):
    for name, labels in (("a", {"tier": "1", "x": ""}), ("b", {"tier": "2"}), ("c", {"other": "1"})):
        admin.create(maps, {"metadata": {"name": name, "labels": labels}})

    def names(selector):
        found = [each["metadata"]["name"] for each in admin.get(maps, labelSelector=selector)["items"]]
        return "".join(name for name in found if len(name) == 1)

    assert names("tier=1") == "a" and names("tier==2") == "b" and names("tier") == "ab"
    assert names("tier!=1") == "bc" and names("!tier") == "c" and names("tier in (1,2),tier notin (2)") == "a"
    assert names("tier>1") == "b" and names("tier<2") == "a" and names("x=") == "a"
    status = admin.refused(400, "GET", maps, labelSelector="tier in")
    assert "unable to parse requirement" in status["message"] and status["reason"] == "BadRequest"


def test_field_selectors(admin, namespace, maps):
    pods = f"/api/v1/namespaces/{namespace}/pods"
    for name, node in (("a", "n1"), ("b", "n2")):
        spec = {"containers": [{"name": "c", "image": "i"}], "nodeName": node}
        admin.create(pods, {"metadata": {"name": name}, "spec": spec})

    def names(selector, path=pods):
        return [each["metadata"]["name"] for each in admin.get(path, fieldSelector=selector)["items"]]

    assert names("spec.nodeName=n1") == ["a"] and names("spec.nodeName!=n1,status.phase=Pending") == ["b"]
    assert names("metadata.name=b") == ["b"] and names("metadata.name=b,spec.nodeName=n1") == []
    assert "a" in names(f"metadata.namespace={namespace},metadata.name=a", "/api/v1/pods")
    status = admin.refused(400, "GET", pods, fieldSelector="spec.color=red")
    assert status["message"].endswith("field label not supported: spec.color")
    status = admin.refused(400, "GET", maps, fieldSelector="data.a=1")
    assert (
        '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"'
        in status["message"]
    )


# --- tables ---


def test_tables(admin, deployments):
    admin.create(deployments, deployment())
    table = admin.ask("GET", deployments, accept=TABLE + ",application/json").json
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "Ready", "Up-to-date", "Available", "Age", "Containers", "Images", "Selector"]
    assert [c["priority"] for c in table["columnDefinitions"]] == [0, 0, 0, 0, 0, 1, 1, 1]
    row = table["rows"][0]
    assert row["cells"][:4] == ["web", "0/1", 0, 0] and row["cells"][5:] == ["c", "i", "app=web"]
    assert table["metadata"]["resourceVersion"].isdigit()
    one = admin.ask("GET", f"{deployments}/web", accept=TABLE).json
    assert (
        len(one["rows"]) == 1
        and one["metadata"]["resourceVersion"] == row["object"]["metadata"]["resourceVersion"]
    )
    full = admin.ask("GET", deployments, accept=TABLE, includeObject="Object").json
    assert full["rows"][0]["object"]["kind"] == "Deployment" and full["rows"][0]["object"]["spec"]
    bare = admin.ask("GET", deployments, accept=TABLE, includeObject="None").json
    assert bare["rows"][0].get("object") is None
    status = admin.ask("GET", f"{deployments}/none", accept=TABLE)
    assert status.status == 404 and status.json["kind"] == "Status"
    partial = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    light = admin.ask("GET", deployments, accept=partial).json
    assert light["kind"] == "PartialObjectMetadataList" and "spec" not in light["items"][0]


# --- what is not a resource ---


def test_discovery_openapi_version_and_health(admin, server):
    assert admin.get("/version")["gitVersion"].startswith("v1.36")
    for path in ("/healthz", "/livez", "/readyz"):
        assert admin.ask("GET", path).text == "ok"
    assert "ping ok" in admin.ask("GET", "/readyz?verbose").text
    assert admin.ask("GET", "/metrics").text.startswith("# ")
    versions = admin.get("/api")
    assert versions["kind"] == "APIVersions" and versions["versions"] == ["v1"]
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    answer = admin.ask("GET", "/apis", accept=accept)
    assert (
        answer.headers["Content-Type"].replace(" ", "")
        == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    )
    assert answer.json["items"][0]["metadata"]["name"] == "apiregistration.k8s.io"
    tag = answer.headers["ETag"]
    assert admin.ask("GET", "/apis", accept=accept, headers={"If-None-Match": tag}).status == 304
    index = admin.get("/openapi/v3")["paths"]
    document = admin.get(index["apis/apps/v1"]["serverRelativeURL"])
    assert "io.k8s.api.apps.v1.Deployment" in document["components"]["schemas"]
    assert admin.get("/openapi/v2")["swagger"] == "2.0"
    wanted = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    proto = admin.ask("GET", "/openapi/v2", accept=wanted)
    assert proto.headers["Content-Type"] == wanted.replace("@", ".") and proto.body.startswith(b"\n\x032.0")
