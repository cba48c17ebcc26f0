"""Every built-in kind in JSON, YAML and protobuf: what goes in comes out, whichever form it came in."""

import copy
import re

import pytest
import yaml

from samples import SAMPLES, sample
from server import wait_until

PROTOBUF = "application/vnd.kubernetes.protobuf"
YAML = "application/yaml"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


def fields(message):
    """(number, value) of a protobuf message's own fields; enough for runtime.Unknown and TypeMeta."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        assert key & 7 == 2, "a field of another wire form"
        size = varint()
        yield key >> 3, message[at : at + size]
        at += size


def envelope(data):
    """(apiVersion, kind, message) of an object in protobuf."""
    assert data[:4] == b"k8s\0"
    unknown = dict(fields(data[4:]))
    assert set(unknown) == {1, 2, 3, 4} and unknown[3] == unknown[4] == b""
    meta = dict(fields(unknown[1]))
    return meta.get(1, b"").decode(), meta.get(2, b"").decode(), unknown[2]


def assert_within(given, found, path=""):
    """Whatever was given is there. Quantities may be spelled anew."""
    if isinstance(given, dict):
        for key, value in given.items():
            if key == "stringData":
                continue
            assert key in found, f"{path}.{key} is lost"
            assert_within(value, found[key], f"{path}.{key}")
    elif isinstance(given, list):
        assert len(given) == len(found), f"{path}: {found}"
        for index, (one, other) in enumerate(zip(given, found)):
            assert_within(one, other, f"{path}[{index}]")
    elif given == "1.5Gi":
        assert found == "1536Mi"
    else:
        assert given == found, path


def remove(admin, path):
    admin.delete(path, {"propagationPolicy": "Background"})
    answer = admin.ask("GET", path)
    if answer.status == 200 and answer.json["metadata"].get("finalizers"):
        admin.ask("PATCH", path, {"metadata": {"finalizers": None}}, type="application/merge-patch+json")
        answer = admin.ask("GET", path)
    # A namespace goes when it is empty; everything else is gone.
    assert answer.status == 404 or answer.json["metadata"]["deletionTimestamp"]


@pytest.mark.parametrize("path", SAMPLES)
def test_a_kind_in_every_form(admin, namespace, path):
    body, collection = sample(path, namespace)
    tried = admin.ask("POST", collection, body, accept=PROTOBUF, dryRun="All")
    assert tried.status == 201 and tried.headers["Content-Type"] == PROTOBUF, tried
    assert envelope(tried.body)[:2] == (body["apiVersion"], body["kind"])
    item = f"{collection}/{body['metadata']['name']}"
    assert admin.ask("GET", item).status == 404, "the dry run was kept"

    made = admin.create(collection, tried.body, type=PROTOBUF)
    try:
        assert_within(body, made)
        meta = made["metadata"]
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", meta["uid"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", meta["creationTimestamp"])
        assert meta["resourceVersion"].isdigit() and "selfLink" not in meta
        read_back(admin, item, made)
        listed(admin, collection, body)
    finally:
        remove(admin, item)


def read_back(admin, item, made):
    if made["kind"] == "ResourceQuota":  # what is used is counted soon after, and written into its status
        wait_until(lambda: admin.get(item)["status"].get("used"), what="the quota's status")
    now = admin.get(item)
    assert now["metadata"]["uid"] == made["metadata"]["uid"]
    as_yaml = admin.ask("GET", item, accept=YAML)
    assert as_yaml.headers["Content-Type"] == YAML
    assert yaml.safe_load(as_yaml.text) == now
    as_protobuf = admin.ask("GET", item, accept=PROTOBUF)
    assert envelope(as_protobuf.body)[:2] == (now["apiVersion"], now["kind"])
    # What is put back unchanged is no change: it keeps its resourceVersion.
    for data, type in ((as_protobuf.body, PROTOBUF), (as_yaml.body, YAML)):
        assert admin.replace(item, data, type=type) == now, type
    partial = admin.ask("GET", item, accept=METADATA).json
    assert (partial["kind"], partial["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert partial["metadata"] == now["metadata"] and set(partial) == {"kind", "apiVersion", "metadata"}


def listed(admin, collection, body):
    name = body["metadata"]["name"]
    in_json = admin.get(collection)
    assert in_json["kind"] == body["kind"] + "List" and in_json["apiVersion"] == body["apiVersion"]
    assert name in [each["metadata"]["name"] for each in in_json["items"]]
    in_yaml = yaml.safe_load(admin.ask("GET", collection, accept=YAML).text)
    assert in_yaml["kind"] == in_json["kind"]
    assert {e["metadata"]["uid"] for e in in_yaml["items"]} >= {
        e["metadata"]["uid"] for e in in_json["items"] if e["metadata"]["name"] == name
    }
    in_protobuf = admin.ask("GET", collection, accept=PROTOBUF).body
    assert envelope(in_protobuf)[:2] == (body["apiVersion"], body["kind"] + "List")
    table = admin.ask("GET", collection, accept=TABLE).json
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    names = [row["object"]["metadata"]["name"] for row in table["rows"]]
    assert name in names and all(row["object"]["kind"] == "PartialObjectMetadata" for row in table["rows"])
    assert (
        all(len(row["cells"]) == len(table["columnDefinitions"]) for row in table["rows"])
        or body["kind"] == "IPAddress"
    )


def test_there_is_a_sample_of_every_kind(admin):
    groups = [("api/v1", admin.get("/api/v1"))]
    for group in admin.get("/apis")["groups"]:
        for version in group["versions"]:
            groups.append((f"apis/{version['groupVersion']}", admin.get(f"/apis/{version['groupVersion']}")))
    assert len(groups) >= 22
    missing = []
    for root, resources in groups:
        for each in resources["resources"]:
            if "/" in each["name"] or not {"create", "get"} <= set(each["verbs"]):
                continue
            path = (
                f"/{root}/namespaces/{{}}/{each['name']}" if each["namespaced"] else f"/{root}/{each['name']}"
            )
            if path not in SAMPLES:
                missing.append(path)
    assert not missing


def test_one_object_is_the_same_through_every_form_and_version(admin, namespace):
    v1, v2 = (f"/apis/autoscaling/{v}/namespaces/{namespace}/horizontalpodautoscalers" for v in ("v1", "v2"))
    body, _ = sample("/apis/autoscaling/v1/namespaces/{}/horizontalpodautoscalers", namespace)
    admin.create(v1, body)
    newer = admin.get(f"{v2}/sample")
    assert newer["apiVersion"] == "autoscaling/v2"
    assert newer["spec"]["metrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
        }
    ]
    newer["spec"]["maxReplicas"] = 9
    admin.replace(f"{v2}/sample", newer)
    older = admin.get(f"{v1}/sample")
    assert older["spec"]["maxReplicas"] == 9 and older["spec"]["targetCPUUtilizationPercentage"] == 80
    event, _ = sample("/api/v1/namespaces/{}/events", namespace)
    admin.create(f"/api/v1/namespaces/{namespace}/events", event)
    other = admin.get(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events/sample")
    assert (
        other["regarding"]["name"] == "p"
        and other["deprecatedCount"] == 3
        and other["note"] == "something happened"
    )


def test_bodies_are_compressed_when_that_is_asked_for(admin, namespace):
    import gzip

    data = {"data": {"text": "a long line " * 20000}, "metadata": {"name": "long"}}
    admin.create(f"/api/v1/namespaces/{namespace}/configmaps", data)
    path = f"/api/v1/namespaces/{namespace}/configmaps/long"
    plain = admin.ask("GET", path)
    assert "Content-Encoding" not in plain.headers
    packed = admin.ask("GET", path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 20


def test_the_order_and_spelling_of_json_are_upstreams(admin, namespace):
    admin.create(
        f"/api/v1/namespaces/{namespace}/configmaps",
        '{"data":{"b":"<&>","a":"\\u2028é"},"metadata":{"annotations":{"z":"1","y":"2"},"name":"order"}}',
    )
    text = admin.ask("GET", f"/api/v1/namespaces/{namespace}/configmaps/order").text
    assert text.startswith('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"order","namespace":"')
    assert text.endswith("\n")
    assert '"data":{"a":"\\u2028é","b":"\\u003c\\u0026\\u003e"}' in text
    assert '"annotations":{"y":"2","z":"1"}' in text
    pretty = admin.ask("GET", f"/api/v1/namespaces/{namespace}/configmaps/order", pretty="true").text
    assert pretty.startswith(
        '{\n  "kind": "ConfigMap",\n  "apiVersion": "v1",\n  "metadata": {\n    "name": "order",\n'
    )


def test_copies_do_not_share(admin, namespace):
    """An object made from another's JSON lives by itself."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    first = admin.create(path, {"metadata": {"name": "first"}, "data": {"a": "1"}})
    second = copy.deepcopy(first)
    second["metadata"] = {"name": "second"}
    admin.create(path, second)
    admin.patch(f"{path}/first", {"data": {"a": "2"}})
    assert admin.get(f"{path}/second")["data"] == {"a": "1"}
