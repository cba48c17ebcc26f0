"""docs/store_format.md: its example is a store."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/store_format.md"


def files_of_example():
    """{name: bytes} of the ```hex blocks. "*" stands for lines like the one before, up to the next offset."""
    files = {}
    blocks = re.findall(r"^```hex (\S+)\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    for name, block in blocks:
        content, line = b"", b""
        for text in block.splitlines():
            if text == "*":
                continue
            offset, *digits = text.split()
            while len(content) < int(offset, 16):
                content += line
            line = bytes.fromhex("".join(digits))
            content += line
        files[name] = content
    return files


def test_the_example_of_the_document_is_a_store(podo, start, tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    files = files_of_example()
    assert len(files) == 2
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert podo.store("dump", folder) == (
        '{"key":"greeting","value":"hello","created":2,"modified":2,"version":1}\n')
    assert "1 batches, 112 bytes, after revision 1" in podo.store("check", folder)
    store = start(folder, "commands")
    assert store.opened() == 2
    assert store.ok("put", "more", 3, "durable") == 3


def test_every_byte_of_the_example_counts(podo, tmp_path):
    """But for padding, a changed byte is seen: the batch, or the base, does not pass any more."""
    files = files_of_example()
    for name, content in files.items():
        first, last = (0x200, 0x26a) if name.startswith("segment") else (0, len(content))
        for offset in range(first, last, 7):
            folder = tmp_path / f"{name}-{offset}"
            folder.mkdir()
            for other, whole in files.items():
                (folder / other).write_bytes(whole)
            changed = bytearray(content)
            changed[offset] ^= 0x10
            (folder / name).write_bytes(changed)
            said = podo.run("dump", folder)
            assert said.returncode == 1 or said.stdout == "", (name, offset)
