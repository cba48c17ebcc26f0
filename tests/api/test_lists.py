"""Lists in parts, resource versions, and watches that miss nothing."""

import json
import time

import pytest


@pytest.fixture
def maps(admin, namespace):
    """A collection of ten, and the list of them."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for number in range(10):
        admin.create(
            path, {"metadata": {"name": f"m{number}", "labels": {"n": str(number)}}, "data": {"v": "0"}}
        )
    return path


def names(answer):
    return [each["metadata"]["name"] for each in answer["items"] if each["metadata"]["name"].startswith("m")]


def kept_out(path):
    return {"fieldSelector": "metadata.name!=kube-root-ca.crt"}


def test_a_list_in_parts_is_one_moment(admin, maps):
    first = admin.get(maps, limit=4, **kept_out(maps))
    assert names(first) == ["m0", "m1", "m2", "m3"] and first["metadata"]["continue"]
    admin.delete(f"{maps}/m5")
    admin.create(maps, {"metadata": {"name": "m45"}})
    second = admin.get(maps, limit=4, **kept_out(maps), **{"continue": first["metadata"]["continue"]})
    assert names(second) == ["m4", "m5", "m6", "m7"], "the list of the first part goes on"
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    last = admin.get(maps, limit=4, **kept_out(maps), **{"continue": second["metadata"]["continue"]})
    assert names(last) == ["m8", "m9"] and not last["metadata"].get("continue")
    now = admin.get(maps)
    assert "m45" in names(now) and "m5" not in names(now)


def test_what_remains_is_counted(admin, maps):
    first = admin.get(maps, limit=3)
    assert first["metadata"]["remainingItemCount"] == len(admin.get(maps)["items"]) - 3


def test_mistakes_of_continue_and_resource_versions(admin, maps):
    token = admin.get(maps, limit=1)["metadata"]["continue"]
    status = admin.refused(400, "GET", maps, limit=1, resourceVersion="1", **{"continue": token})
    assert "specifying resource version is not allowed when using continue" in status["message"]
    status = admin.refused(400, "GET", maps, **{"continue": "nonsense"})
    assert "continue key is not valid" in status["message"]
    assert "resourceVersionMatch" in admin.refused(422, "GET", maps, resourceVersionMatch="Exact")["message"]
    assert (
        "resourceVersion"
        in admin.refused(422, "GET", maps, resourceVersion="0", resourceVersionMatch="Exact")["message"]
    )
    assert admin.ask("GET", maps, resourceVersion="x1").status in (400, 422)


def test_resource_versions_of_lists(admin, maps):
    then = admin.get(maps)
    version = then["metadata"]["resourceVersion"]
    admin.delete(f"{maps}/m0")
    assert names(admin.get(maps, resourceVersion=version, resourceVersionMatch="Exact")) == names(then)
    newer = admin.get(maps, resourceVersion=version, resourceVersionMatch="NotOlderThan")
    assert int(newer["metadata"]["resourceVersion"]) >= int(version)
    assert "m0" not in names(admin.get(maps)), "without a version a list is of now"
    assert admin.get(maps, resourceVersion="0")["kind"] == "ConfigMapList"
    ahead = str(int(admin.get(maps)["metadata"]["resourceVersion"]) + 1_000_000)
    status = admin.ask("GET", maps, resourceVersion=ahead, resourceVersionMatch="NotOlderThan").json
    assert "Too large resource version" in status["message"] and status["reason"] == "Timeout"
    status = admin.ask("GET", f"{maps}/m1", resourceVersion=ahead).json
    assert "Too large resource version" in status["message"]


def test_a_watch_tells_of_every_change_in_order(admin, maps):
    version = admin.get(maps)["metadata"]["resourceVersion"]
    with admin.watch(maps, resourceVersion=version) as events:
        admin.create(maps, {"metadata": {"name": "new"}})
        admin.patch(f"{maps}/new", {"data": {"a": "1"}})
        admin.delete(f"{maps}/new")
        seen = [events.next() for _ in range(3)]
    assert [each["type"] for each in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert seen[1]["object"]["data"] == {"a": "1"} and seen[2]["object"]["data"] == {"a": "1"}
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in seen]
    assert versions == sorted(versions) and len(set(versions)) == 3
    assert seen[0]["object"]["kind"] == "ConfigMap" and seen[0]["object"]["apiVersion"] == "v1"
    # From the middle: exactly what came after it.
    with admin.watch(maps, resourceVersion=versions[0]) as events:
        assert [events.next()["type"] for _ in range(2)] == ["MODIFIED", "DELETED"]


def test_a_watch_without_a_version_begins_with_what_there_is(admin, maps):
    for version in ({}, {"resourceVersion": "0"}):
        with admin.watch(maps, **version, **kept_out(maps)) as events:
            found = [events.next() for _ in range(10)]
        assert {each["type"] for each in found} == {"ADDED"}
        assert sorted(each["object"]["metadata"]["name"] for each in found) == [f"m{n}" for n in range(10)]


def test_a_selector_turns_changes_into_comings_and_goings(admin, maps):
    version = admin.get(maps)["metadata"]["resourceVersion"]
    with admin.watch(maps, resourceVersion=version, labelSelector="color=red") as events:
        admin.patch(f"{maps}/m0", {"data": {"v": "1"}})
        admin.patch(f"{maps}/m0", {"metadata": {"labels": {"color": "red"}}})
        admin.patch(f"{maps}/m0", {"data": {"v": "2"}})
        admin.patch(f"{maps}/m0", {"metadata": {"labels": {"color": "blue"}}})
        seen = [events.next() for _ in range(3)]
    assert [each["type"] for each in seen] == ["ADDED", "MODIFIED", "DELETED"]


def test_initial_events_end_with_a_bookmark(admin, maps):
    how = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    with admin.watch(maps, **how, **kept_out(maps)) as events:
        found = [events.next() for _ in range(11)]
        assert [each["type"] for each in found] == ["ADDED"] * 10 + ["BOOKMARK"]
        mark = found[-1]["object"]["metadata"]
        assert mark["annotations"] == {"k8s.io/initial-events-end": "true"} and int(mark["resourceVersion"])
        admin.create(maps, {"metadata": {"name": "after"}})
        assert events.next()["object"]["metadata"]["name"] == "after"
    status = admin.refused(422, "GET", maps, watch="true", sendInitialEvents="true")
    assert "resourceVersionMatch" in status["message"]


def test_watches_end_in_time_and_bookmarks_come_before(admin, maps):
    version = admin.get(maps)["metadata"]["resourceVersion"]
    began = time.monotonic()
    with admin.watch(maps, resourceVersion=version, timeoutSeconds=1, allowWatchBookmarks="true") as events:
        kinds = [each["type"] for each in events]
    assert 0.5 < time.monotonic() - began < 5
    assert set(kinds) <= {"BOOKMARK"}


def test_a_version_that_is_gone_is_410(admin, maps):
    """Version 1 is from before the first object that the server made; its history is not kept for ever, but
    as long as it is, the watch begins there."""
    with admin.watch(maps, resourceVersion="1") as events:
        first = events.next()
    if first["type"] == "ERROR":
        assert first["object"]["code"] == 410 and first["object"]["reason"] == "Expired"
        assert first["object"]["message"].startswith("too old resource version")
    else:
        assert first["type"] == "ADDED"


def test_one_object_and_all_namespaces_are_watched_too(admin, namespace, maps):
    version = admin.get(maps)["metadata"]["resourceVersion"]
    with admin.watch("/api/v1/configmaps", resourceVersion=version, labelSelector="n=3") as everywhere:
        with admin.watch(maps, resourceVersion=version, fieldSelector="metadata.name=m3") as one:
            admin.patch(f"{maps}/m4", {"data": {"v": "x"}})
            admin.patch(f"{maps}/m3", {"data": {"v": "x"}})
            for events in (everywhere, one):
                assert events.next()["object"]["metadata"]["name"] == "m3"


def test_watches_of_tables_and_of_metadata(admin, maps):
    version = admin.get(maps)["metadata"]["resourceVersion"]
    table = "application/json;as=Table;g=meta.k8s.io;v=v1"
    with admin.watch(maps, accept=table, resourceVersion=version) as events:
        admin.patch(f"{maps}/m1", {"data": {"v": "1"}})
        admin.patch(f"{maps}/m2", {"data": {"v": "1"}})
        first, second = events.next()["object"], events.next()["object"]
    assert first["kind"] == "Table" and len(first["columnDefinitions"]) == 3
    assert first["rows"][0]["cells"][:2] == ["m1", 1] and not second.get("columnDefinitions")
    partial = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    with admin.watch(maps, accept=partial, resourceVersion=version) as events:
        object = events.next()["object"]
    assert object["kind"] == "PartialObjectMetadata" and "data" not in object


def test_a_watch_in_protobuf_is_framed(admin, maps):
    version = admin.get(maps)["metadata"]["resourceVersion"]
    accept = "application/vnd.kubernetes.protobuf;stream=watch"
    with admin.watch(maps, accept=accept, resourceVersion=version) as events:
        assert events.answer.headers["Content-Type"] == accept
        admin.patch(f"{maps}/m1", {"data": {"v": "1"}})
        size = int.from_bytes(events.answer.read(4), "big")
        frame = events.answer.read(size)
    # The event stands bare in its frame; the object in it has its envelope.
    assert frame.startswith(b"\x0a\x08MODIFIED\x12") and b"k8s\0" in frame and b"m1" in frame


def test_many_changes_reach_every_watcher(admin, maps):
    version = admin.get(maps)["metadata"]["resourceVersion"]
    watchers = [admin.watch(maps, resourceVersion=version) for _ in range(8)]
    try:
        for number in range(100):
            admin.patch(f"{maps}/m{number % 10}", {"data": {"v": str(number + 1)}})
        for events in watchers:
            seen = [events.next()["object"]["data"]["v"] for _ in range(100)]
            assert seen == [str(number + 1) for number in range(100)]
    finally:
        for events in watchers:
            events.close()


def test_a_list_is_consistent_with_what_was_written(admin, maps):
    """Whoever has written sees it in the next list, without asking for a version."""
    for number in range(50):
        made = admin.patch(f"{maps}/m0", {"data": {"v": f"x{number}"}})
        found = admin.get(maps)
        assert int(found["metadata"]["resourceVersion"]) >= int(made["metadata"]["resourceVersion"])
        assert json.dumps(f"x{number}") in json.dumps(found)
