"""`podo store`, as it is typed: beside a store in use, from backup to restored store, on damaged files."""

import json
import os
import time
from pathlib import Path

import pytest

from store import Ledger, filler

WRITES = 120


@pytest.fixture
def folder(start, tmp_path):
    """A store that is closed, of revisions 2 to WRITES + 1."""
    store = start(tmp_path / "store", "commands")
    for number in range(WRITES):
        store.ok("put", f"k/{number:03}", 2000 + number, "durable")
    assert store.end() == 0
    return tmp_path / "store"


def damage(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def segment(folder):
    return min(folder.glob("segment-*"))


def test_backups_of_a_store_that_is_written_to(podo, start, tmp_path):
    folder = tmp_path / "store"
    writer = start(folder, "strands", 8, 1, "small")
    writer.opened()
    time.sleep(0.3)
    for number in range(12):
        before = Ledger()
        before.follow(writer.lines()[1:])
        backup = tmp_path / f"backup-{number}"
        podo.store("backup", folder, backup)
        assert backup.stat().st_mode & 0o777 == 0o600
        podo.store("restore", backup, tmp_path / f"restored-{number}")
        dump = podo.dump(tmp_path / f"restored-{number}")
        assert podo.dump(backup) == dump
        assert max(entry["modified"] for entry in dump.values()) >= before.durable_revision
        for key, told in before.told.items():
            found = int(dump[key]["value"].split(" ")[1]) if key in dump else None
            assert key.startswith("memory/") or None in (found, told) or found >= told, f"{key} is older"
        for key in dump:
            if key.startswith("pair/") and not key.endswith("/too"):
                assert dump[key]["modified"] == dump[key + "/too"]["modified"]
        for verb in ("check", "stat", "dump"):
            done = podo.run(verb, folder)
            assert done.returncode == 0, f"{verb}: {done.stdout[-500:]}{done.stderr}"
    writer.kill()
    assert writer.complaints() == ""


def test_backup_and_restore(podo, start, folder, tmp_path):
    said = podo.store("backup", folder, tmp_path / "backup")
    assert f"revision {WRITES + 1}, {WRITES} keys, " in said
    assert "already" in podo.run("backup", folder, tmp_path / "backup").stderr
    podo.store("check", tmp_path / "backup")
    podo.store("restore", tmp_path / "backup", tmp_path / "again")
    assert podo.store("dump", tmp_path / "again") == podo.store("dump", folder)
    assert podo.store("dump", tmp_path / "backup") == podo.store("dump", folder)
    again = start(tmp_path / "again", "commands")
    assert again.ok("count") == WRITES
    assert again.ok("put", "k/new", 1, "durable") == WRITES + 2
    assert "is not empty" in podo.run("restore", tmp_path / "backup", folder).stderr


def test_a_backup_with_one_bit_flipped_is_not_restored(podo, folder, tmp_path):
    backup = tmp_path / "backup"
    podo.store("backup", folder, backup)
    for offset in range(3, backup.stat().st_size, backup.stat().st_size // 7):
        damage(backup, offset)
        podo.store("check", backup, code=1)
        podo.store("restore", backup, tmp_path / "again", code=1)
        assert not (tmp_path / "again").exists()
        damage(backup, offset)
    podo.store("check", backup)


@pytest.mark.parametrize("how", [[], ["--skip"]])
def test_damage_in_the_log_is_found_and_repaired(podo, start, folder, how):
    whole = podo.dump(folder)
    damage(segment(folder), 100_000)
    found = podo.run("check", folder)
    assert found.returncode == 1 and "is damaged\n" in found.stdout
    assert f"{segment(folder)} is damaged at byte " in found.stderr
    assert "one batch of changes after revision" in found.stderr
    refused = start(folder, "commands")
    assert refused.process.wait() == 1
    assert f"podo store repair {folder}" in refused.line(0)
    for verb in ("dump", "stat"):
        podo.store(verb, folder, code=1)

    said = podo.store("repair", folder, *how)
    assert "lost: " in said and f"The old files are in {folder}/damaged-1" in said
    podo.store("check", folder)
    left = podo.dump(folder)
    assert all(left[key] == whole[key] for key in left)
    assert len(left) == WRITES - 1 if how else 40 < len(left) < 60
    store = start(folder, "commands")
    assert store.opened() > WRITES, "no revision comes twice"
    assert store.ok("put", "k/new", 1, "durable") > WRITES + 1
    assert store.end() == 0
    assert "nothing was done" in podo.store("repair", folder)


def test_a_cut_off_end_is_no_damage(podo, start, folder):
    """The last batch of a crash is often only half there: nobody was told of it."""
    bytes_used = int(podo.store("stat", folder).partition(" batches, ")[2].split(" ")[0])
    damage(segment(folder), 512 + bytes_used - 40)
    assert "torn tail" in podo.store("check", folder)
    assert len(podo.dump(folder)) >= WRITES - 1
    assert start(folder, "commands").ok("count") >= WRITES - 1


def test_a_base_that_is_missing(podo, start, folder):
    os.remove(min(folder.glob("base-*")))
    assert "the base is missing" in podo.run("check", folder).stderr
    refused = start(folder, "commands")
    assert refused.process.wait() == 1 and "the base is missing" in refused.line(0)


def test_a_newer_format_is_refused(podo, folder):
    """Its checksum fits, so it is no damage."""
    path = max(folder.glob("base-*"))
    said = podo.run("check", write_format_2(path).parent)
    assert said.returncode == 1 and "format 2" in said.stderr and "use a newer one" in said.stderr
    assert podo.run("repair", folder).returncode == 1


def write_format_2(path):
    """As a later program would, with the right checksum."""
    header = bytearray(path.read_bytes())
    header[8] = 2
    header[120:128] = checksum(bytes(header[:120]))
    path.write_bytes(header)
    return path


def checksum(data):
    import ctypes
    import ctypes.util
    name = ctypes.util.find_library("xxhash")
    if name is None:
        pytest.skip("there is no libxxhash to load")
    function = ctypes.CDLL(name).XXH3_64bits
    function.restype = ctypes.c_uint64
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    return function(data, len(data)).to_bytes(8, "little")


def test_secrets_stay_sealed_without_their_keys(podo, start, tmp_path):
    folder, keys, backup = tmp_path / "store", tmp_path / "keys", tmp_path / "backup"
    assert "key 1 " in podo.store("rotate-key", keys)
    store = start(folder, "commands", "keys", keys)
    store.ok("put", "secret/old", 5000, "durable")
    assert store.end() == 0
    assert "key 2 " in podo.store("rotate-key", keys)
    store = start(folder, "commands", "keys", keys)
    store.ok("put", "secret/new", 5000, "durable")
    store.ok("put", "plain", 5000, "durable")
    assert store.end() == 0
    podo.store("backup", folder, backup)
    podo.store("restore", backup, tmp_path / "again")
    for path in (folder, backup, tmp_path / "again"):
        dump = podo.dump(path)
        assert dump["plain"]["value"] == filler(5000, 5000)
        assert dump["secret/old"]["sealed"] == 1 and dump["secret/new"]["sealed"] == 2
        assert "value" not in dump["secret/old"]
        opened = podo.dump(path, "--keys", keys)
        assert all(entry["value"] == filler(5000, 5000) for entry in opened.values())
        said = podo.store("stat", path)
        assert "1 values with key 1" in said and "1 values with key 2" in said
        podo.store("check", path, "--keys", keys)
    other = tmp_path / "other"
    podo.store("rotate-key", other)
    assert podo.run("dump", folder, "--keys", other).returncode == 1
    reopened = start(tmp_path / "again", "commands", "keys", keys)
    assert reopened.ok("count") == 3


def test_what_a_dump_says(podo, folder):
    lines = podo.store("dump", folder, "--prefix", "k/00").splitlines()
    assert [json.loads(line)["key"] for line in lines] == [f"k/{number:03}" for number in range(10)]
    assert json.loads(lines[3]) == {"key": "k/003", "value": filler(2003, 2003), "created": 5, "modified": 5,
                                    "version": 1}


def test_what_it_does_not_understand(podo, tmp_path):
    for words in ([], ["chek"], ["check"], ["check", "a", "b"], ["dump", "--perfix", "x", "a"],
                  ["backup", "a"], ["restore", "a", "b", "--keys", "c"], ["dump", "a", "--prefix"]):
        said = podo.run(*words)
        assert said.returncode == 2, words
        assert said.stdout == "" and said.stderr.startswith("podo store: ") and "--help`" in said.stderr
    assert "\n    repair FOLDER" in podo.store("--help")
    assert "--skip" in podo.store("repair", "--help")
    for verb in ("check", "stat", "dump", "repair"):
        said = podo.run(verb, tmp_path / "none")
        assert said.returncode == 1 and "No such file or directory" in said.stderr
        assert "holds no store" in podo.run(verb, tmp_path).stderr
    assert not list(Path(tmp_path).iterdir()), "looking leaves nothing behind"
