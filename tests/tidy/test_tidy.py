"""The whole tree, held against the rules of STYLE.md and ARCHITECTURE.md. Every finding names its cure."""

import documents
import layers
import pytest
import style
from tree import read_tree

CHECKS = [
    layers.check_includes, layers.check_rooms_are_built, layers.check_rooms_exist,
    layers.check_files_apart,
    style.check_banned_code, style.check_banned_text, style.check_file_sizes, style.check_function_sizes,
    style.check_characters, style.check_names,
    documents.check_architecture_paths, documents.check_architecture_rooms, documents.check_room_readmes,
    documents.check_translation,
]


@pytest.fixture(scope="module")
def tree():
    return read_tree()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_tree(check, tree):
    findings = list(check(tree))
    assert not findings, "\n" + "\n".join(findings)
