"""A disk that is full: writes are refused, erasing makes room again, and nothing is lost."""

import os
import subprocess

import pytest

DISK_MEGABYTES = 16


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own for the test, in a mount namespace that dies with its only process."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    place = tmp_path / "disk"
    place.mkdir()
    script = f'mount -t tmpfs -o size={DISK_MEGABYTES}m,mode=700 none "$1" && echo ready && exec sleep 1000'
    holder = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
                               place], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "ready\n"
    yield f"/proc/{holder.pid}/root{place}"
    holder.kill()
    holder.wait()
    assert str(place) not in open("/proc/mounts").read()


def fill(store, durability, size=100_000):
    """Writes until it is refused: how many there are, and why no more."""
    for number in range(1000):
        answer = store.command("put", f"{durability}/{number:03}", size, durability)
        if not answer.startswith("ok "):
            return number, answer
    pytest.fail("the disk is never full")


@pytest.mark.parametrize("durability", ["durable", "relaxed"])
def test_a_full_disk(podo, start, small_disk, durability):
    folder = f"{small_disk}/store"
    store = start(folder, "commands")
    written, why = fill(store, durability)
    assert written > 50
    assert why.startswith("error exhausted: ") and "No space left on device" in why
    assert store.ok("count") == written, "what was there can still be read"
    assert store.command("put", "one/more", 100_000, durability) == why, "and it says so again"

    erased = store.ok("erase", f"{durability}/00")
    assert erased == 10, "erasing works"
    store.kill()

    podo.store("check", folder)
    assert len(podo.dump(folder)) == written - erased
    again = start(folder, "commands")
    assert again.ok("count") == written - erased


def test_a_full_disk_gets_room_again(podo, start, small_disk):
    ballast = f"{small_disk}/ballast"
    with open(ballast, "wb") as file:
        file.write(bytes(6 << 20))
    folder = f"{small_disk}/store"
    store = start(folder, "commands")
    written, why = fill(store, "durable")
    assert why.startswith("error exhausted: ")
    os.remove(ballast)
    assert store.ok("put", "after", 100_000, "durable") > 0, "it goes on without being opened again"
    assert store.ok("count") == written + 1
    assert store.end() == 0
    assert len(podo.dump(folder)) == written + 1


def test_a_backup_without_room_leaves_nothing(podo, start, small_disk):
    folder = f"{small_disk}/store"
    store = start(folder, "commands")
    written, _ = fill(store, "durable")
    failed = podo.run("backup", folder, f"{small_disk}/backup")
    assert failed.returncode == 1 and "No space left on device" in failed.stderr
    assert sorted(os.listdir(small_disk)) == ["store"]
    assert store.ok("count") == written
