"""Where the Dockerfile and the files come from: standard input, other folders, addresses, git."""

import gzip
import shutil

import pytest
from corpus import pack
from stream import post_build

SHOWS = "FROM busybox\nCOPY . /c/\n"


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_a_dockerfile_from_standard_input(builder, folder):
    context = write(folder / "context", a="a")
    image = builder.build(context, "-f", "-", input=SHOWS.encode()).image
    assert image.tree()["/c/a"].text == "a" and "/c/Dockerfile" not in image.tree()


def test_only_a_dockerfile(builder):
    image = builder.build("-", input=b"FROM busybox\nRUN echo made > /a\n").image
    assert image.tree()["/a"].text == "made\n"
    built = builder.build("-", input=b"FROM busybox\nCOPY a /\n")
    assert built.code != 0


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_an_archive_from_standard_input(builder, compress):
    files = {"Dockerfile": SHOWS, "sub/a": {"text": "a", "mode": 0o750, "owner": "1000:29"}}
    tree = builder.build("-", input=compress(pack(files))).image.tree()
    assert (tree["/c/sub/a"].text, tree["/c/sub/a"].mode) == ("a", 0o750)


def test_a_dockerfile_that_lies_elsewhere(builder, folder):
    context = write(folder / "context", a="a", other="FROM busybox\nENV FROM=inside\nCOPY a /\n")
    write(folder / "beside", file="FROM busybox\nENV FROM=outside\nCOPY a /\n")
    assert "FROM=inside" in builder.build(context, "-f", context / "other").image.config["Env"]
    assert "FROM=outside" in builder.build(context, "-f", folder / "beside/file").image.config["Env"]


def test_a_dockerfile_in_small_letters(builder, folder):
    context = write(folder / "context", dockerfile="FROM busybox\nENV A=1\n")
    assert "A=1" in builder.build(context).image.config["Env"]


def test_an_archive_by_its_address(engine, web):
    (web.folder / "context.tar.gz").write_bytes(gzip.compress(pack({"Dockerfile": SHOWS, "a": "a"})))
    events = post_build(engine, remote=f"{web.url}/context.tar.gz", t="case")
    assert "Successfully tagged case:latest" in events.text, events
    assert events.image(engine).tree()["/c/a"].text == "a"


def test_a_dockerfile_by_its_address(engine, web):
    (web.folder / "file").write_text("FROM busybox\nENV A=remote\n")
    events = post_build(engine, remote=f"{web.url}/file", t="case")
    assert "A=remote" in events.image(engine).config["Env"], events


def test_an_address_where_nothing_is(engine, web):
    events = post_build(engine, remote=f"{web.url}/nothing", t="case")
    assert "404" in events.failure, events


GIT = pytest.mark.skipif(not shutil.which("git"), reason="there is no git")


@GIT
@pytest.mark.parametrize(
    "reference, seen", [("#main", "main"), ("#v1", "main"), ("#side", "side"), ("#main:sub", "sub")]
)
def test_a_git_repository(engine, web, reference, seen):
    here = "FROM busybox\nENV SEEN={}\nCOPY . /c/\n"
    web.repository(
        "repo.git",
        {"Dockerfile": here.format("main"), "a": "a", "sub/Dockerfile": here.format("sub"), "sub/b": "b"},
        tag="v1",
    )
    web.branch("repo.git", "side", {"Dockerfile": here.format("side")})
    events = post_build(engine, remote=f"{web.url}/git/repo.git{reference}", t="case")
    image = events.image(engine)
    assert f"SEEN={seen}" in image.config["Env"], events
    assert "/c/b" in image.tree() if seen == "sub" else "/c/a" in image.tree()


@GIT
@pytest.mark.podo
def test_a_git_repository_without_a_reference_is_its_head(engine, web):
    web.repository("repo.git", {"Dockerfile": "FROM busybox\nENV SEEN=main\n"})
    events = post_build(engine, remote=f"{web.url}/git/repo.git", t="case")
    assert "SEEN=main" in events.image(engine).config["Env"], events


@GIT
def test_a_git_reference_that_is_not_there(engine, web):
    web.repository("repo.git", {"Dockerfile": SHOWS})
    events = post_build(engine, remote=f"{web.url}/git/repo.git#nowhere", t="case")
    assert "nowhere" in events.failure, events


@pytest.mark.parametrize(
    "remote", ["file:///etc/passwd", "ext::sh -c touch% /tmp/x", "/etc", "--upload-pack=x"]
)
def test_other_addresses_are_refused(engine, remote):
    events = post_build(engine, remote=remote, t="case")
    assert events.failure and "root:" not in str(events), events


# --- ADD ---------------------------------------------------------------------------------------------------
def test_add_of_an_address(builder, web, folder):
    body = {"Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT"}
    web.answers["/some/file.txt"] = (200, body, b"fetched")
    web.answers["/q?name=x"] = (200, {}, b"queried")
    (web.folder / "a.tar").write_bytes(pack({"a": "a"}))
    context = write(
        folder / "context",
        Dockerfile=f"FROM busybox\nARG at={web.url}\nADD ${{at}}/some/file.txt /folder/\n"
        f"ADD {web.url}/some/file.txt /named\nADD {web.url}/q?name=x /other\nADD {web.url}/a.tar /d/\n",
    )
    tree = builder.build(context).image.tree()
    entry = tree["/folder/file.txt"]
    assert (entry.text, entry.mode, entry.owner, entry.mtime) == ("fetched", 0o600, "0:0", 1_700_000_000)
    assert tree["/named"].text == "fetched" and tree["/other"].text == "queried"
    assert tree["/d/a.tar"].kind == "file"  # archives from elsewhere are not unpacked


def test_add_of_an_address_where_nothing_is(builder, web, folder):
    context = write(folder / "context", Dockerfile=f"FROM busybox\nADD {web.url}/nothing /\n")
    built = builder.build(context)
    assert built.code != 0 and "404" in built.output, str(built)


def test_add_with_a_checksum(podo, web, folder):
    (web.folder / "f").write_text("f")
    good = "sha256:252f10c83610ebca1a059c0bae8255eba2f95be4d1d7bcfa89d7248a82d9f111"
    context = write(folder / "context", Dockerfile=f"FROM busybox\nADD --checksum={good} {web.url}/f /f\n")
    assert podo.build(context).image.tree()["/f"].text == "f"
    (context / "Dockerfile").write_text(
        f"FROM busybox\nADD --checksum={good.replace('252f', '0000')} {web.url}/f /f\n"
    )
    built = podo.build(context)
    assert built.code != 0 and "digest mismatch" in built.output and good in built.output, str(built)
    (context / "Dockerfile").write_text("FROM busybox\nADD --checksum=" + good + " Dockerfile /f\n")
    built = podo.build(context)
    assert built.code != 0 and "checksum" in built.output, str(built)


def test_add_asks_again_whether_the_file_is_another(builder, web, folder):
    context = write(
        folder / "context",
        Dockerfile=f"FROM busybox\nADD {web.url}/v /v\nRUN cat /proc/sys/kernel/random/uuid > /u\n",
    )
    web.answers["/v"] = (200, {"ETag": '"1"'}, b"one")
    first = builder.build(context).image.tree()
    second = builder.build(context).image.tree()
    web.answers["/v"] = (200, {"ETag": '"2"'}, b"two")
    third = builder.build(context).image.tree()
    assert first["/u"].text == second["/u"].text != third["/u"].text
    assert (second["/v"].text, third["/v"].text) == ("one", "two")


@GIT
def test_add_of_a_git_repository(podo, web, folder):
    commit = web.repository("repo.git", {"a": "a", "sub/b": "b"}, tag="v1")
    context = write(
        folder / "context",
        Dockerfile=f"FROM busybox\nADD {web.url}/git/repo.git#v1 /whole\n"
        f"ADD {web.url}/git/repo.git#main:sub /sub\n"
        f"ADD --keep-git-dir=true {web.url}/git/repo.git#{commit} /kept\n",
    )
    tree = podo.build(context).image.tree()
    assert tree["/whole/a"].text == "a" and tree["/whole/sub/b"].text == "b" and "/whole/.git" not in tree
    assert tree["/sub/b"].text == "b" and "/sub/a" not in tree
    assert tree["/kept/a"].text == "a" and tree["/kept/.git"].kind == "folder"
