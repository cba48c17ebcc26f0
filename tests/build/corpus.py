"""The corpus: what a case of cases/*.yaml says, the folder it builds from, and the image that has to come
out of it. README.md explains the words of a case."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml

CASES = Path(__file__).resolve().parent / "cases"


@dataclass
class Case:
    area: str
    name: str
    dockerfile: str | None = None
    context: dict = field(default_factory=dict)
    beside: dict = field(default_factory=dict)
    given: dict = field(default_factory=dict)
    options: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)
    image: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    changes: list | None = None
    says: list = field(default_factory=list)
    silent_about: list = field(default_factory=list)
    error: str | dict | None = None
    at: str | None = None
    beyond: str = ""

    # Flags the classic docker command refuses by itself.
    ONLY_MODERN = re.compile(
        r"--(secret|ssh|build-context|output|cache-to|check|allow|no-cache-filter)\b|-o\b"
    )

    @property
    def id(self):
        return f"{self.area}: {self.name}"

    def runs_through(self, builder, reference):
        """`beyond` names those of Docker's builders that do otherwise; Podo is spared nothing but what the
        classic command cannot ask for."""
        if builder == "classic" and (
            "command" in self.beyond or any(self.ONLY_MODERN.match(str(word)) for word in self.options)
        ):
            return False
        return not (reference and builder in self.beyond.split())

    def prepare(self, folder):
        """The folder to build, below `folder`, where the build is run: options' paths are relative to it."""
        for name, content in self.beside.items():
            write(folder / name, content)
        context = folder / "context"
        context.mkdir()
        for name, content in self.context.items():
            write(context / name, content)
        if self.dockerfile is not None:
            write(context / "Dockerfile", self.dockerfile)
        return context

    def errors(self):
        return list(self.error.values()) if isinstance(self.error, dict) else [self.error]


def read_cases():
    for path in sorted(CASES.glob("*.yaml")):
        for document in yaml.safe_load(path.read_text()):
            try:
                yield Case(area=path.stem, **document)
            except TypeError as error:
                raise ValueError(f"{path.name}: {document.get('name')}: {error}") from None


# --- the files of a context ---------------------------------------------------------------------------------
def write(path, content):
    """Text, or {text, bytes, mode, link, tar, compress}; a name with '/' at its end is a folder."""
    folder = isinstance(content, dict) and content.get("folder", False)
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None or folder:
        path.mkdir(exist_ok=True)
        path.chmod((content or {}).get("mode", 0o755))
        return
    if isinstance(content, str):
        content = {"text": content}
    if "link" in content:
        path.symlink_to(content["link"])
        return
    data = pack(content["tar"]) if "tar" in content else content.get("text", "").encode()
    if "bytes" in content:
        data = b"." * content["bytes"]
    path.write_bytes(COMPRESS[content.get("compress", "")](data))
    path.chmod(content.get("mode", 0o644))


COMPRESS = {"": lambda data: data, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def pack(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            info, data = tarfile.TarInfo(name), b""
            if isinstance(content, str):
                content = {"text": content}
            info.mode = content.get("mode", 0o644)
            info.uid, info.gid = map(int, content.get("owner", "0:0").split(":"))
            info.mtime = 1_600_000_000
            if "link" in content:
                info.type, info.linkname = tarfile.SYMTYPE, content["link"]
            elif content.get("folder"):
                info.type = tarfile.DIRTYPE
            else:
                data = content["text"].encode()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


# --- images, as `docker save` gives them --------------------------------------------------------------------
@dataclass
class Entry:
    kind: str  # "file", "folder", "link", "hard", or the tar type of something else
    mode: int
    owner: str
    text: str
    link: str
    mtime: float
    xattrs: dict


KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "hard",
}


class Image:
    """An image's config, and its layers as {path: Entry} with '/' in front of each path."""

    def __init__(self, saved):
        import json

        with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
            read = lambda name: archive.extractfile(name).read()
            manifest = json.loads(read("manifest.json"))[0]
            self.document = json.loads(read(manifest["Config"]))
            self.layers = [read_layer(read(name)) for name in manifest["Layers"]]
        self.config = self.document.get("config") or {}
        self.history = self.document.get("history") or []
        self.diff_ids = self.document["rootfs"]["diff_ids"]

    def above(self, base):
        """The layers that `base` does not have."""
        shared = 0
        while shared < len(base.diff_ids) and base.diff_ids[shared] == self.diff_ids[shared]:
            shared += 1
        return self.layers[shared:]

    def tree(self):
        tree = {}
        for layer in self.layers:
            for path, entry in layer.items():
                folder, _, name = path.rpartition("/")
                if name == ".wh..wh..opq":
                    remove(tree, folder, itself=False)
                elif name.startswith(".wh."):
                    remove(tree, f"{folder}/{name[4:]}")
            for path, entry in layer.items():
                if not path.rpartition("/")[2].startswith(".wh."):
                    if entry.kind != "folder":
                        remove(tree, path)
                    tree[path] = entry
        return tree


def remove(tree, path, itself=True):
    for other in [one for one in tree if one.startswith(path + "/") or (itself and one == path)]:
        del tree[other]


def read_layer(data):
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    layer = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for info in archive:
            path = "/" + info.name.removeprefix("./").strip("/")
            content = archive.extractfile(info) if info.isfile() else None
            link = ("/" if info.islnk() else "") + info.linkname if info.linkname else ""
            layer[path] = Entry(
                KINDS.get(info.type, info.type.decode()),
                info.mode & 0o7777,
                f"{info.uid}:{info.gid}",
                content.read().decode(errors="surrogateescape") if content else "",
                link,
                info.mtime,
                {
                    name.removeprefix("SCHILY.xattr."): value
                    for name, value in info.pax_headers.items()
                    if name.startswith("SCHILY.xattr.")
                },
            )
    return layer


# --- what is wrong with an image ----------------------------------------------------------------------------
CONFIG = {
    "entrypoint": "Entrypoint",
    "cmd": "Cmd",
    "user": "User",
    "workdir": "WorkingDir",
    "labels": "Labels",
    "ports": "ExposedPorts",
    "volumes": "Volumes",
    "healthcheck": "Healthcheck",
    "stopsignal": "StopSignal",
    "shell": "Shell",
    "onbuild": "OnBuild",
}


def differences(case, image, base):
    """Sentences, none when the image is as the case says. `base`: the busybox image."""
    for key, wanted in case.image.items():
        seen = aspect(key, image, base)
        if seen != (wanted or None if key in CONFIG else wanted):
            yield f"{key} is {seen!r}, not {wanted!r}"
    if case.changes is not None:
        seen = [sorted(path for path in changed(layer)) for layer in image.above(base)]
        if seen != [sorted(layer) for layer in case.changes]:
            yield f"the layers change {seen}, not {case.changes}"
    tree = image.tree()
    for path, wanted in case.files.items():
        yield from file_differences(path, wanted, tree)


def changed(layer):
    """Paths, without the folders that are only there for what is in them."""
    for path, entry in layer.items():
        if path == "/" or (entry.kind == "folder" and any(other.startswith(path + "/") for other in layer)):
            continue
        yield path + ("/" if entry.kind == "folder" else "")


def aspect(key, image, base):
    if key in CONFIG:
        value = image.config.get(CONFIG[key]) or None
        return sorted(value) if key in ("ports", "volumes") and value else value
    if key == "env":  # without what the base has
        return [one for one in image.config.get("Env") or [] if one not in base.config["Env"]]
    on_base = image.diff_ids[:1] == base.diff_ids[:1]
    above = image.history[len(base.history) if on_base else 0 :]
    return {
        "layers": lambda: len(image.above(base)),
        "history": lambda: len(above),
        "empty_history": lambda: sum(bool(step.get("empty_layer")) for step in above),
        "author": lambda: image.document.get("author"),
        "architecture": lambda: image.document.get("architecture"),
        "os": lambda: image.document.get("os"),
        "created": lambda: image.document.get("created"),
    }[key]()


def file_differences(path, wanted, tree):
    entry = tree.get(path.rstrip("/") or "/")
    if wanted is None:
        if entry is not None:
            yield f"{path} is there"
        return
    if entry is None:
        near = sorted(one for one in tree if one.startswith(path.rsplit("/", 1)[0]))[:20]
        yield f"{path} is missing; there is {near}"
        return
    if isinstance(wanted, str):
        wanted = {"text": wanted}
    if entry.kind == "hard":
        target = tree[entry.link]
        entry = Entry("file", entry.mode, entry.owner, target.text, entry.link, entry.mtime, entry.xattrs)
    for name, value in wanted.items():
        if name == "contains":
            if value not in entry.text:
                yield f"{path} does not contain {value!r}: {entry.text!r}"
        elif name == "lacks":
            if value in entry.text:
                yield f"{path} contains {value!r}: {entry.text!r}"
        elif (seen := getattr(entry, name)) != value:
            show = (lambda mode: f"{mode:04o}") if name == "mode" else repr
            yield f"{path}: {name} is {show(seen)}, not {show(value)}"
