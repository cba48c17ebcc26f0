"""distribution-spec 1.1, "Content Discovery" and "Content Management": tags, repositories, referrers; what is
deleted is gone."""

import json
import re

import pytest

from server import ABSENT, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST, descriptor, digest_of

TAGS = ["0", "1.0", "A", "Z", "_x", "a", "a-b", "a.b", "b", "latest"]


@pytest.fixture(scope="module")
def tagged(registry):
    document = registry.image("lists/tags", b"layer")
    for tag in reversed(TAGS):
        registry.push_manifest("lists/tags", tag, document)


def follow(answer):
    match = re.fullmatch(r'<(.*)>; rel="next"', answer["Link"])
    return match[1]


# --- tags ---


def test_tags_are_sorted(registry, tagged):
    answer = registry.call("GET", "/v2/lists/tags/tags/list")
    assert answer.status == 200
    assert answer.json == {"name": "lists/tags", "tags": TAGS}
    assert answer["Link"] is None


@pytest.mark.parametrize("count", [1, 3, 9])
def test_pages_of_tags_by_link(registry, tagged, count):
    path, seen = f"/v2/lists/tags/tags/list?n={count}", []
    while path:
        answer = registry.call("GET", path)
        page = answer.json["tags"]
        assert len(page) == min(count, len(TAGS) - len(seen))
        seen += page
        path = follow(answer) if len(seen) < len(TAGS) else None
    assert seen == TAGS and answer["Link"] is None


def test_pages_of_tags_by_last(registry, tagged):
    for last, n in (("A", 2), ("A", None), ("B", 3), ("zzz", None), ("latest", 1)):
        query = {"last": last, **({"n": n} if n else {})}
        wanted = [tag for tag in TAGS if tag > last][:n]
        assert registry.call("GET", "/v2/lists/tags/tags/list", **query).json["tags"] == wanted


def test_no_tags_at_all(registry, tagged):
    answer = registry.call("GET", "/v2/lists/tags/tags/list?n=0")
    assert (answer.status, answer.json["tags"], answer["Link"]) == (200, [], None)
    answer = registry.call("GET", f"/v2/lists/tags/tags/list?n={len(TAGS)}")
    assert (answer.json["tags"], answer["Link"]) == (TAGS, None)


@pytest.mark.parametrize("n", ["-1", "x", "1.5", "99999999999999999999999"])
def test_a_number_that_is_none(registry, tagged, n):
    answer = registry.call("GET", "/v2/lists/tags/tags/list", n=n)
    assert (answer.status, answer.code) == (400, "PAGINATION_NUMBER_INVALID")


def test_a_repository_that_is_unknown(registry):
    answer = registry.call("GET", "/v2/lists/unknown/tags/list")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


def test_the_catalog(make_registry):
    registry = make_registry()
    assert registry.call("GET", "/v2/_catalog").json == {"repositories": []}
    names = ["a", "a/b", "b", "c/d/e"]
    for name in reversed(names):
        registry.push_image(name, "v1")
    assert registry.call("GET", "/v2/_catalog").json == {"repositories": names}
    answer = registry.call("GET", "/v2/_catalog?n=3")
    assert answer.json == {"repositories": names[:3]}
    assert registry.call("GET", follow(answer)).json == {"repositories": names[3:]}
    registry.restart()
    assert registry.call("GET", "/v2/_catalog").json == {"repositories": names}


# --- referrers ---


def refer(registry, repository, subject, kind=None, salt="", config=b"{}", **more):
    registry.push_blob(repository, config)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config, OCI_EMPTY),
        "layers": [],
        "subject": {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1},
        "annotations": {"salt": salt},
        **more,
    }
    if kind:
        document["artifactType"] = kind
    text = json.dumps(document).encode()
    answer = registry.call(
        "PUT", f"/v2/{repository}/manifests/{digest_of(text)}", text, {"Content-Type": OCI_MANIFEST}
    )
    assert answer.status == 201, answer.body
    assert answer["OCI-Subject"] == subject
    return text


def test_referrers_of_an_image(registry):
    image = registry.push_image("refer/a", "v1", b"layer")
    first = refer(registry, "refer/a", image, "application/vnd.sbom", "1")
    second = refer(registry, "refer/a", image, None, "2")
    answer = registry.call("GET", f"/v2/refer/a/referrers/{image}")
    assert (answer.status, answer["Content-Type"]) == (200, OCI_INDEX)
    assert answer["OCI-Filters-Applied"] is None
    index = answer.json
    assert (index["schemaVersion"], index["mediaType"]) == (2, OCI_INDEX)
    assert sorted(index["manifests"], key=lambda one: one["annotations"]["salt"]) == [
        descriptor(first, OCI_MANIFEST, artifactType="application/vnd.sbom", annotations={"salt": "1"}),
        descriptor(second, OCI_MANIFEST, artifactType=OCI_EMPTY, annotations={"salt": "2"}),  # the config's
    ]


def test_an_index_refers_too_and_has_a_type_only_if_it_says_so(registry):
    image = registry.push_image("refer/index", "v1", b"layer")
    subject = {"mediaType": OCI_MANIFEST, "digest": image, "size": 1}
    plain = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "subject": subject}
    typed = {**plain, "artifactType": "application/vnd.x"}
    registry.push_manifest("refer/index", None, plain)
    registry.push_manifest("refer/index", "typed", typed)
    found = registry.call("GET", f"/v2/refer/index/referrers/{image}").json["manifests"]
    assert sorted(one.get("artifactType", "-") for one in found) == ["-", "application/vnd.x"]
    assert all(one["mediaType"] == OCI_INDEX and "annotations" not in one for one in found)


def test_the_filter(registry):
    image = registry.push_image("refer/filter", "v1", b"layer")
    for salt, kind in enumerate(("application/a", "application/a", "application/b+x")):
        refer(registry, "refer/filter", image, kind, str(salt))
    for kind, count in (("application/a", 2), ("application/b+x", 1), ("application/c", 0)):
        answer = registry.call("GET", f"/v2/refer/filter/referrers/{image}", artifactType=kind)
        assert answer["OCI-Filters-Applied"] == "artifactType"
        assert [one["artifactType"] for one in answer.json["manifests"]] == count * [kind]


def test_the_subject_may_come_later_or_never(registry):
    refer(registry, "refer/later", ABSENT, "application/a")
    assert len(registry.call("GET", f"/v2/refer/later/referrers/{ABSENT}").json["manifests"]) == 1


def test_nobody_refers(registry):
    image = registry.push_image("refer/none", "v1")
    for path in (
        f"refer/none/referrers/{image}",
        f"refer/none/referrers/{ABSENT}",
        f"no/such/referrers/{ABSENT}",
    ):
        answer = registry.call("GET", f"/v2/{path}")
        assert (answer.status, answer["Content-Type"]) == (200, OCI_INDEX)
        assert answer.json["manifests"] == []


@pytest.mark.parametrize("digest", ["latest", "sha256:abc", "sha256:" + 64 * "G"])
def test_referrers_of_what_is_no_digest(registry, digest):
    answer = registry.call("GET", f"/v2/refer/a/referrers/{digest}")
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


def test_a_referrer_that_is_deleted_is_told_no_more(registry):
    image = registry.push_image("refer/delete", "v1")
    text = refer(registry, "refer/delete", image, "application/a")
    assert registry.call("DELETE", f"/v2/refer/delete/manifests/{digest_of(text)}").status == 202
    assert registry.call("GET", f"/v2/refer/delete/referrers/{image}").json["manifests"] == []


def test_referrers_outlive_a_restart(make_registry):
    registry = make_registry()
    image = registry.push_image("refer", "v1")
    refer(registry, "refer", image, "application/a", "1")
    before = registry.call("GET", f"/v2/refer/referrers/{image}").json
    registry.restart()
    assert registry.call("GET", f"/v2/refer/referrers/{image}").json == before != {}


def test_many_referrers_come_in_pages(make_registry):
    registry = make_registry()
    image = registry.push_image("refer", "v1")
    for number in range(8):
        refer(registry, "refer", image, "application/a", str(number) + 700_000 * "x")
    refer(registry, "refer", image, "application/b")
    path, seen, pages = f"/v2/refer/referrers/{image}?artifactType=application%2Fa", [], 0
    while path:
        answer = registry.call("GET", path)
        assert len(answer.body) <= 4 * 2**20
        seen += [one["digest"] for one in answer.json["manifests"]]
        assert answer["OCI-Filters-Applied"] == "artifactType"
        path, pages = follow(answer) if answer["Link"] else None, pages + 1
    assert len(seen) == len(set(seen)) == 8 and pages > 1


def test_a_referrer_whose_annotations_fill_every_list(registry):
    image = registry.push_image("refer/huge", "v1")
    document = registry.image("refer/huge")
    document["subject"] = {"mediaType": OCI_MANIFEST, "digest": image, "size": 1}
    huge = {**document, "annotations": {"x": 2_000_000 * "x"}}
    registry.push_manifest("refer/huge", None, huge, status=413)
    registry.push_manifest("refer/huge", None, {**document, "annotations": {"x": 900_000 * "x"}})


def test_the_tag_of_clients_that_know_no_referrers_api(registry):
    """They keep an index under a tag made of the digest; it is a tag like any other, and nothing is told
    twice."""
    image = registry.push_image("refer/tag", "v1")
    text = refer(registry, "refer/tag", image, "application/a")
    tag = image.replace(":", "-")
    assert registry.call("GET", f"/v2/refer/tag/manifests/{tag}").status == 404
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [descriptor(text, OCI_MANIFEST, artifactType="application/a")],
    }
    registry.push_manifest("refer/tag", tag, index)
    assert registry.call("GET", f"/v2/refer/tag/manifests/{tag}").json == index
    found = registry.call("GET", f"/v2/refer/tag/referrers/{image}").json["manifests"]
    assert [one["digest"] for one in found] == [digest_of(text)]


# --- deleting ---


def test_a_tag_is_deleted_and_its_manifest_stays(registry):
    digest = registry.push_image("delete/tag", "v1")
    registry.push_image("delete/tag", "v2")
    assert registry.call("DELETE", "/v2/delete/tag/manifests/v1").status == 202
    assert registry.call("GET", "/v2/delete/tag/manifests/v1").status == 404
    assert registry.call("GET", f"/v2/delete/tag/manifests/{digest}").status == 200
    assert registry.call("GET", "/v2/delete/tag/tags/list").json["tags"] == ["v2"]
    assert registry.call("DELETE", "/v2/delete/tag/manifests/v1").status == 404


def test_a_manifest_is_deleted_with_its_tags(registry):
    digest = registry.push_image("delete/manifest", "v1")
    registry.push_image("delete/manifest", "v2")
    assert registry.call("DELETE", f"/v2/delete/manifest/manifests/{digest}").status == 202
    for reference in ("v1", "v2", digest):
        assert registry.call("GET", f"/v2/delete/manifest/manifests/{reference}").status == 404
    answer = registry.call("GET", "/v2/delete/manifest/tags/list")
    assert (answer.status, answer.json["tags"]) == (200, [])
    assert registry.call("DELETE", f"/v2/delete/manifest/manifests/{digest}").code == "MANIFEST_UNKNOWN"


def test_a_blob_is_deleted(registry):
    digest = registry.push_blob("delete/blob", b"to be deleted")
    registry.push_blob("delete/other", b"to be deleted")
    answer = registry.call("DELETE", f"/v2/delete/blob/blobs/{digest}")
    assert answer.status == 202
    for method in ("GET", "HEAD"):
        assert registry.call(method, f"/v2/delete/blob/blobs/{digest}").status == 404
    assert registry.call("GET", f"/v2/delete/other/blobs/{digest}").status == 200
    answer = registry.call("DELETE", f"/v2/delete/blob/blobs/{digest}")
    assert (answer.status, answer.code) == (404, "BLOB_UNKNOWN")


def test_what_is_not_there_cannot_be_deleted(registry):
    assert registry.call("DELETE", f"/v2/delete/nothing/manifests/{ABSENT}").status == 404
    assert registry.call("DELETE", "/v2/delete/nothing/manifests/v1").code == "NAME_UNKNOWN"


def test_what_was_deleted_comes_back(registry):
    document = registry.image("delete/back", b"back")
    digest = registry.push_manifest("delete/back", "v1", document)
    registry.call("DELETE", f"/v2/delete/back/manifests/{digest}")
    registry.call("DELETE", f"/v2/delete/back/blobs/{digest_of(b'back')}")
    registry.push_manifest("delete/back", "v1", document, status=400)
    registry.push_blob("delete/back", b"back")
    registry.push_manifest("delete/back", "v1", document)


def test_deleting_can_be_switched_off(make_registry):
    registry = make_registry("--no-delete")
    digest = registry.push_image("keep", "v1", b"layer")
    for path in ("manifests/v1", f"manifests/{digest}", f"blobs/{digest_of(b'layer')}"):
        answer = registry.call("DELETE", f"/v2/keep/{path}")
        assert (answer.status, answer.code) == (405, "UNSUPPORTED")
        assert registry.call("GET", f"/v2/keep/{path}").status == 200
    assert registry.call("DELETE", registry.begin("keep")).status == 204  # an upload can be given up
