"""Every check can fail: each is shown a small bad tree, and the same tree mended."""

import documents
import layers
import pytest
import style
from tree import code_of, room_of

LAYERS = "floor base\n  base/core\n  base/io -> base/core\n  base/linux -> base/io\nfloor podo\n  podo\n"
README = "# a room\n\n## What it is\n\n## Words\n\n## Path\n\n## Files\n\n`a.h`: it\n"
TWO_ROOMS = "podo_room(a)\npodo_room(b USES a)\n"
CORE = {"src/base/core/a.h": ""}
TWO_FILES = {"src/base/core/a.h": "", "src/base/core/b.h": ""}


def source(text, path="src/base/core/a.cpp"):
    return {path: text}


def room_readme(text):
    return {**TWO_FILES, "src/base/core/README.md": text}


CASES = {  # name: check, bad tree, the same tree in order
    "include upwards": (
        layers.check_includes,
        {"src/layers.txt": LAYERS, "src/base/core/a.h": '#include "podo/p.h"\n', "src/podo/p.h": ""},
        {"src/layers.txt": LAYERS, "src/base/core/a.h": "", "src/podo/p.h": '#include "base/core/a.h"\n'}),
    "include sideways without an arrow": (
        layers.check_includes,
        {"src/layers.txt": LAYERS, **CORE, "src/base/linux/l.h": ' # include "base/core/a.h"\n'},
        {"src/layers.txt": LAYERS, **CORE, "src/base/io/i.h": '#include "base/core/a.h"\n'}),
    "include not from src": (
        layers.check_includes,
        {"src/layers.txt": LAYERS, **CORE, "src/base/core/b.h": '#include "a.h"\n'},
        {"src/layers.txt": LAYERS, **CORE, "src/base/core/b.h": '#include "base/core/a.h"\n'}),
    "room without a row in layers.txt": (
        layers.check_includes,
        {"src/layers.txt": LAYERS, "src/base/dns/d.h": ""},
        {"src/layers.txt": LAYERS, "src/base/io/d.h": ""}),
    "room that is not built": (
        layers.check_rooms_are_built,
        {"src/layers.txt": "floor base\n  base/core\n", "CMakeLists.txt": ""},
        {"src/layers.txt": "floor base\n  base/core\n", "CMakeLists.txt": "podo_room(base/core)\n"}),
    "library linked against the arrows": (
        layers.check_rooms_are_built,
        {"src/layers.txt": "floor f\n  a\n  b\n", "CMakeLists.txt": TWO_ROOMS},
        {"src/layers.txt": "floor f\n  a\n  b -> a\n", "CMakeLists.txt": TWO_ROOMS}),
    "row in layers.txt without a room": (
        layers.check_rooms_exist,
        {"src/layers.txt": "floor base\n  base/core\n"},
        {"src/layers.txt": "floor base\n  base/core\n", "src/base/core/a.h": ""}),
    "file to be compiled apart that is gone": (
        layers.check_files_apart,
        {"cmake/apart.txt": "src/a/a.cpp 1\n"},
        {"cmake/apart.txt": "src/a/a.cpp 1\n", "src/a/a.cpp": ""}),
    "machine path": (
        style.check_banned_text, {"README.md": "see /hom" + "e/kim/podo\n"}, {"README.md": "see build/\n"}),
    "unfinished": (
        style.check_banned_text, source("// T" + "ODO: later\n"), source("// a todo list\n")),
    "long file": (
        style.check_file_sizes, source("\n" * 501), source("\n" * 500)),
    "long header": (
        style.check_file_sizes, {"src/a/a.h": "\n" * 201}, {"src/a/a.h": "\n" * 200}),
    "long function": (
        style.check_function_sizes,
        source("namespace podo {\nstruct S {\n  int f() const {\n" + "    g();\n" * 69 + "  }\n};\n}\n"),
        source("namespace podo {\nstruct S {\n  int f() const {\n" + "    g();\n" * 68 + "  }\n};\n}\n")),
    "wide line": (style.check_characters, source("x" * 111 + "\n"), source("x" * 110 + "\n")),
    "blanks at the end": (style.check_characters, source("x \n"), source("x\n")),
    "tab": (style.check_characters, source("\tx\n"), source("  x\n")),
    "no last newline": (style.check_characters, source("x"), source("x\n")),
    "empty name": (
        style.check_names, source("", "src/base/core/path_utils.h"), source("", "src/base/core/path.h")),
    "path that does not exist": (
        documents.check_architecture_paths,
        {"ARCHITECTURE.md": "see `base/core/b.h`\n", "src/base/core/a.h": ""},
        {"ARCHITECTURE.md": "see `base/core/a.h`, `src/base/`, `name/space`d\n", "src/base/core/a.h": "",
         "name/space": ""}),
    "room without a row": (
        documents.check_architecture_rooms,
        {"ARCHITECTURE.md": "| `base/io` | loops |\n", **source(""), "src/base/io/i.h": ""},
        {"ARCHITECTURE.md": "| `base/core` | values |\n", **source("")}),
    "row without a room": (
        documents.check_architecture_rooms,
        {"ARCHITECTURE.md": "| `base/core` | values |\n| `base/io` | loops |\n", **source("")},
        {"ARCHITECTURE.md": "| `base/core` | values |\n", **source("")}),
    "room without a README": (
        documents.check_room_readmes, TWO_FILES, room_readme(README)),
    "README without a part": (
        documents.check_room_readmes, room_readme(README.replace("## Words\n", "")), room_readme(README)),
    "README with a file that is not there": (
        documents.check_room_readmes, room_readme(README.replace("a.h", "gone.h")), room_readme(README)),
    "README that names no file": (
        documents.check_room_readmes, room_readme(README.replace("`a.h`", "this file")), room_readme(README)),
    "long README": (
        documents.check_room_readmes, room_readme(README + "\n" * 60), room_readme(README)),
    "translation without a heading": (
        documents.check_translation,
        {"README.md": "# a\n## b\n", "README.ko.md": "# 가\n"},
        {"README.md": "# a\n## b\n", "README.ko.md": "# 가\n## 나\n"}),
    "translation with another command": (
        documents.check_translation,
        {"README.md": "```\n./test  # all\n```\n", "README.ko.md": "```\n./tests  # 전부\n```\n"},
        {"README.md": "```\n./test  # all\n```\n", "README.ko.md": "```\n./test  # 전부\n```\n"}),
}


@pytest.mark.parametrize("name", CASES)
def test_check_fails_and_passes(name):
    check, bad, good = CASES[name]
    assert list(check(bad)), "the bad tree passes"
    assert not list(check(good)), "the tree in order fails"


BANNED = [
    "::mount(a, b)", "umount2(a, 0)", "if (unshare(1))", "syscall(SYS_x)", "::fork()", "vfork()",
    "sleep(1)", "std::this_thread::sleep_for(x)", "nanosleep(&t, 0)", "std::cout << x",
    "#include <iostream>", "#include <regex>", "#include <format>", "system(x)", "popen(x, y)", "rand()",
    "std::random_device d", "time(nullptr)", "std::chrono::steady_clock::now()", "using namespace std;",
    "getpwnam(x)", "std::strerror(e)", "assert(x)", "std::thread t", "char* p = NULL",
]
FINE = [
    "linux::mount(a, b)", "plan.mount(a)", "files->system(x)", "// sleep(1)", 'text("system(x)")',
    "static_assert(x)", "remount(x)", "mount(x, y)", "loop.time()", "std::thread::id", "R\"(fork())\"",
]


@pytest.mark.parametrize("code", BANNED)
def test_ban_holds(code):
    assert list(style.check_banned_code(source(code, "src/model/oci/a.cpp")))


@pytest.mark.parametrize("code", FINE)
def test_ban_lets_pass(code):
    assert not list(style.check_banned_code(source(code, "src/model/oci/a.cpp")))


def test_ban_does_not_hold_at_home():
    assert not list(style.check_banned_code(source("::mount(a, b);", "src/base/linux/mount.cpp")))


def test_arrow_to_a_later_room_is_refused():
    with pytest.raises(ValueError, match="above it"):
        layers.parse_layers("floor base\n  a -> b\n  b\n")


def test_a_testsuite_belongs_to_its_room():
    assert room_of("src/base/io/testsuite/network_suite.h") == "base/io"
    assert room_of("src/layers.txt") is None and room_of("tests/unit_main.cpp") is None


def test_code_of_keeps_lines_and_code():
    text = "a /* x\n y */ b // c\n\"d\\\"e\" 'f' 1'000 g\n"
    assert code_of(text).count("\n") == text.count("\n")
    assert code_of(text).split() == ["a", "b", "1'000", "g"]
