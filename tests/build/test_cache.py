"""Which steps are taken from the cache, and which are run again. A step that runs leaves a new UUID."""

import os
import re
import threading

import pytest

UUID = "cat /proc/sys/kernel/random/uuid > "
THREE_STEPS = f"FROM busybox\nRUN {UUID}/before\nCOPY . /c/\nRUN {UUID}/after\n"


class Project:
    """A folder that is built again and again; what ran is told by the image."""

    def __init__(self, folder, builder):
        self.folder, self.builder = folder / "context", builder
        self.folder.mkdir()

    def write(self, **files):
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def build(self, *options, **how):
        """The UUIDs by path."""
        built = self.builder.build(self.folder, *options, **how)
        tree = built.image.tree()
        self.id = built.id
        self.output = built.output
        is_uuid = re.compile(r"[0-9a-f-]{36}\n").fullmatch
        return {path: entry.text for path, entry in tree.items() if is_uuid(entry.text)}


@pytest.fixture
def project(folder, builder):
    return Project(folder, builder)


@pytest.fixture
def modern(folder, podo):
    """A project of the builder that knows everything."""
    return Project(folder, podo)


def unique(dockerfile):
    """That no earlier test has anything of it in the cache."""
    return re.sub("^(FROM .*)", rf"\1\nENV UNIQUE={os.urandom(8).hex()}", dockerfile, count=1)


def test_the_same_again_is_the_same_image(project):
    project.write(Dockerfile=unique(THREE_STEPS), a="a")
    first, id = project.build(), project.id
    assert project.build() == first and project.id == id


def test_times_of_files_do_not_count(project):
    project.write(Dockerfile=unique(THREE_STEPS), a="a")
    first = project.build()
    os.utime(project.folder / "a", (1_500_000_000, 1_500_000_000))
    assert project.build() == first
    (project.folder / "a").unlink()
    project.write(a="a")
    assert project.build() == first


@pytest.mark.parametrize("change", ["content", "mode", "name", "more", "less", "kind"])
def test_a_changed_file_is_copied_again_and_what_is_behind_it_runs(project, change):
    project.write(Dockerfile=unique(THREE_STEPS), a="a", b="b")
    first, file = project.build(), project.folder / "a"
    if change == "content":
        file.write_text("A")
    elif change == "mode":
        file.chmod(0o755)
    elif change == "name":
        file.rename(project.folder / "c")
    elif change == "more":
        project.write(c="c")
    elif change == "less":
        file.unlink()
    else:
        file.unlink()
        file.symlink_to("b")
    second = project.build()
    assert second["/before"] == first["/before"] and second["/after"] != first["/after"]
    assert project.build() == second


def test_files_that_are_not_copied_do_not_count(project):
    project.write(
        Dockerfile=unique(f"FROM busybox\nCOPY a b* /c/\nRUN {UUID}/u\n"), a="a", b1="b", other="x"
    )
    project.write(**{".dockerignore": "b2\n"})
    first = project.build()
    project.write(other="changed", b2="left out", more="new")
    assert project.build() == first


def test_a_changed_step_runs_and_all_that_follow(project):
    steps = [f"RUN {UUID}/{name}" for name in "abc"]
    head = unique("FROM busybox")
    project.write(Dockerfile="\n".join([head, *steps]))
    first = project.build()
    project.write(Dockerfile="\n".join([head, steps[0], steps[1] + " ", "RUN touch /t", steps[2]]))
    second = project.build()
    assert (second["/a"], second["/b"]) == (first["/a"], first["/b"]) and second["/c"] != first["/c"]
    project.write(Dockerfile="\n".join([head, *steps]))
    assert project.build() == first  # what was, is still known


def test_comments_and_blanks_between_words_of_the_file_do_not_count(project):
    head = unique("FROM busybox")
    project.write(Dockerfile=f"{head}\nENV A=1\nRUN {UUID}/u\n")
    first = project.build()
    project.write(Dockerfile=f"# new\n{head}\n\nenv   A=1\n# more\nRUN   {UUID}/u\n")
    assert project.build() == first


def test_an_argument_counts_from_the_first_command_behind_it(project):
    project.write(Dockerfile=unique(f"FROM busybox\nRUN {UUID}/before\nARG A=1\nRUN {UUID}/after\n"))
    first = project.build()
    assert project.build("--build-arg", "A=1") == first
    second = project.build("--build-arg", "A=2")
    assert second["/before"] == first["/before"] and second["/after"] != first["/after"]
    assert project.build() == first


def test_proxies_do_not_count(modern):
    modern.write(Dockerfile=unique(f"FROM busybox\nRUN {UUID}/u\n"))
    first = modern.build("--build-arg", "http_proxy=http://one:1")
    assert modern.build("--build-arg", "http_proxy=http://two:2") == first
    assert modern.build() == first


def test_a_variable_counts_where_its_value_is_another(project):
    head = unique("FROM busybox")
    project.write(Dockerfile=f"{head}\nENV A=1\nRUN {UUID}/u\n")
    first = project.build()
    project.write(Dockerfile=f"{head}\nENV A=2\nRUN {UUID}/u\n")
    assert project.build() != first


@pytest.mark.podo
def test_a_label_is_nothing_a_command_depends_on(project):
    head = unique("FROM busybox")
    project.write(Dockerfile=f"{head}\nLABEL a=1\nCMD a\nRUN {UUID}/u\n")
    first = project.build()
    project.write(Dockerfile=f"{head}\nLABEL a=2\nCMD b\nRUN {UUID}/u\n")
    assert project.build() == first


def test_the_working_directory_and_the_user_count(project):
    head = unique("FROM busybox")
    seen = set()
    for line in ("ENV X=1", "WORKDIR /tmp", "USER web", 'SHELL ["/bin/sh", "-ec"]'):
        project.write(Dockerfile=f"{head}\n{line}\nRUN {UUID}/tmp/u\n")
        seen.add(project.build()["/tmp/u"])
    assert len(seen) == 4


def test_no_cache(project):
    project.write(Dockerfile=unique(THREE_STEPS), a="a")
    first = project.build()
    second = project.build("--no-cache")
    assert first["/before"] != second["/before"] and first["/after"] != second["/after"]
    assert project.build() == second  # and what it made is known


def test_a_build_that_failed_goes_on_where_it_ended(project):
    dockerfile = unique(f"FROM busybox\nRUN {UUID}/u\nRUN cp /u /kept && {UUID}/v\nCOPY missing /\n")
    project.write(Dockerfile=dockerfile)
    assert project.builder.build(project.folder).code != 0
    project.write(missing="x")
    first = project.build()
    assert first["/u"] == first["/kept"]
    assert project.build() == first


def test_a_stage_that_gives_the_same_files_is_the_same(modern):
    dockerfile = unique(
        "FROM busybox AS one\nARG A\nRUN echo $A > /other; echo same > /same\n"
        f"FROM busybox\nCOPY --from=one /same /same\nRUN {UUID}/u\n"
    )
    modern.write(Dockerfile=dockerfile)
    first = modern.build("--build-arg", "A=1")
    assert modern.build("--build-arg", "A=2") == first


def test_secrets_do_not_count(modern, folder):
    modern.write(
        Dockerfile=unique(f"FROM busybox\nRUN --mount=type=secret,id=s test -s /run/secrets/s && {UUID}/u\n")
    )
    first = modern.build("--secret", "id=s,env=S", environment={"S": "one"})
    assert modern.build("--secret", "id=s,env=S", environment={"S": "two"}) == first


def test_what_is_bound_counts(modern):
    modern.write(
        Dockerfile=unique(f"FROM busybox\nRUN --mount=source=a,target=/a {UUID}/u\nRUN {UUID}/v\n"), a="a"
    )
    first = modern.build()
    modern.write(a="b")
    assert modern.build()["/u"] != first["/u"]


def test_one_stage_without_cache(modern):
    modern.write(
        Dockerfile=unique(
            f"FROM busybox AS one\nRUN {UUID}/one\nFROM busybox AS two\nRUN {UUID}/two\n"
            "FROM busybox\nCOPY --from=one /one /\nCOPY --from=two /two /\n"
        )
    )
    first = modern.build()
    second = modern.build("--no-cache-filter", "two")
    assert second["/one"] == first["/one"] and second["/two"] != first["/two"]


def test_a_cache_folder_is_kept_between_builds(modern):
    id = os.urandom(8).hex()
    count = "echo x >> /cache/n && wc -l < /cache/n > /out"
    modern.write(
        Dockerfile=unique(f"FROM busybox\nARG N\nRUN --mount=type=cache,id={id},target=/cache {count}\n")
    )
    counts = []
    for number in "123":
        image = modern.builder.build(modern.folder, "--build-arg", f"N={number}").image
        counts.append(image.tree()["/out"].text)
    assert counts == ["1\n", "2\n", "3\n"]


def test_ways_to_share_a_cache_folder(modern):
    """locked: one after the other; private: a folder for each."""
    dockerfile = "FROM busybox AS base\n"
    for sharing in ("locked", "private"):
        mount = f"--mount=type=cache,target=/c,id={os.urandom(8).hex()},sharing={sharing}"
        step = f"RUN {mount} mkdir /c/mine && sleep 0.5 && rmdir /c/mine && echo"
        dockerfile += f"FROM base AS {sharing}1\n{step} 1 > /one\nFROM base AS {sharing}2\n{step} 2 > /two\n"
    copies = [f"COPY --from={name} /{file} /{name}" for name, file in
              (("locked1", "one"), ("locked2", "two"), ("private1", "one"), ("private2", "two"))]  # fmt: skip
    modern.write(Dockerfile=dockerfile + "FROM base\n" + "\n".join(copies))
    tree = modern.builder.build(modern.folder, "--no-cache").image.tree()
    assert all("/" + name in tree for name in ("locked1", "locked2", "private1", "private2"))


def test_two_builds_of_the_same_run_a_step_once(modern):
    modern.write(Dockerfile=unique(f"FROM busybox\nRUN sleep 1; {UUID}/u\n"))
    seen = []
    build = lambda tag: seen.append(modern.builder.build(modern.folder, tag=tag).image.tree()["/u"].text)
    threads = [threading.Thread(target=build, args=(f"twin{number}",)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 2 and len(set(seen)) == 1, seen


@pytest.mark.podo
def test_prune_forgets(fresh, folder):
    from builders import make_builder

    project = Project(folder, make_builder("podo", fresh))
    project.write(Dockerfile=f"FROM busybox\nRUN --mount=type=cache,target=/c touch /c/f; {UUID}/u\n")
    first = project.build()
    assert project.build() == first
    rows = fresh.docker("system", "df", "-v", "--format", "json")
    assert "exec.cachemount" in rows and "regular" in rows, rows
    assert "RUN" in fresh.podo("builder", "du")
    assert "Total" in fresh.docker("builder", "prune", "-af")
    assert project.build() != first
    fresh.docker("rmi", "-f", "case")
    fresh.podo("builder", "prune", "-af")
    usage = fresh.docker("system", "df", "--format", "{{.Type}} {{.TotalCount}}")
    assert usage.splitlines()[-1] == "Build Cache 0"


@pytest.mark.podo
def test_the_cache_is_carried_to_another_daemon(make_daemon, folder):
    from builders import make_builder

    dockerfile = (
        f"FROM busybox AS one\nRUN {UUID}/one\nFROM busybox\nCOPY --from=one /one /\nRUN {UUID}/two\nCMD x\n"
    )
    carried = f"type=local,dest={folder}/cache"
    here, there = (make_builder("podo", make_daemon()) for _ in "12")
    (folder / "context").mkdir()
    (folder / "context/Dockerfile").write_text(dockerfile)
    first = here.build(folder / "context", "--cache-to", carried + ",mode=max").image.tree()
    second = there.build(folder / "context", "--cache-from", f"type=local,src={folder}/cache").image.tree()
    assert (second["/one"].text, second["/two"].text) == (first["/one"].text, first["/two"].text)


@pytest.mark.podo
def test_the_least_recently_used_goes_when_the_cache_is_full(make_daemon, folder):
    from builders import make_builder

    engine = make_daemon("--build-cache", "10m")
    project = Project(folder, make_builder("podo", engine))
    builds = {}
    for name in "abcd":
        random = "dd if=/dev/urandom of=/f bs=1M count=4"
        project.write(Dockerfile=f"FROM busybox\nRUN {random} && {UUID}/{name}\n")
        builds[name] = project.build()
        engine.docker("rmi", "-f", "case")
    assert project.build() == builds["d"]
    project.write(
        Dockerfile=f"FROM busybox\nRUN dd if=/dev/urandom of=/f bs=1M count=4 && {UUID}/a\n"
    )
    assert project.build() != builds["a"]
