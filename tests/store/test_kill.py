"""The process dies at any moment; what it has acknowledged is found again."""

import random
import time

import pytest

from store import Ledger

STRANDS = 8


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again(podo, start, tmp_path, seed):
    """Small segments: the log moves on, goes round and is compacted many times a second."""
    chance = random.Random(seed)
    folder, ledger = tmp_path / "store", Ledger()
    acknowledged = 0
    for life in range(20):
        writer = start(folder, "strands", STRANDS, seed * 1000 + life, "small")
        assert writer.opened() >= ledger.revision, "a revision that was told is to come again"
        time.sleep(chance.random() ** 2 * 0.4)
        writer.kill()
        lines = writer.lines()[1:]
        first = next((int(line.split(" ")[3]) for line in lines if line[0] == "="), None)
        assert first is None or first > ledger.revision, "a revision was given twice"
        acknowledged += sum(line[0] == "=" for line in lines)
        in_between = ledger.follow(lines)
        podo.store("check", folder)
        ledger.judge(podo.dump(folder), in_between)
    assert acknowledged > 1000


def test_killed_while_it_opens(podo, start, tmp_path):
    """Opening changes files too: what is left over goes, the next segments are made."""
    chance = random.Random(7)
    folder, ledger = tmp_path / "store", Ledger()
    writer = start(folder, "strands", STRANDS, 7, "small")
    writer.opened()
    time.sleep(0.5)
    writer.kill()
    in_between = ledger.follow(writer.lines()[1:])
    for _ in range(20):
        opener = start(folder, "commands", "small")
        time.sleep(chance.random() * 0.02)
        opener.kill()
    podo.store("check", folder)
    ledger.judge(podo.dump(folder), in_between)
    opener = start(folder, "commands", "small")
    assert opener.opened() >= ledger.revision
    assert opener.ok("count") == len(ledger.told)


def test_a_second_process_is_refused(podo, start, tmp_path):
    folder = tmp_path / "store"
    first = start(folder, "commands")
    first.ok("put", "a", 10, "durable")
    second = start(folder, "commands")
    assert second.process.wait() == 1
    assert second.line(0).startswith("error conflict: ") and str(folder) in second.line(0)
    assert "open in another process" in podo.run("repair", folder).stderr
    assert first.ok("put", "b", 10, "durable") > 0
    first.kill()
    assert start(folder, "commands").ok("count") == 2
