"""The two programs of these tests: `podo store`, and store_writer (see writer.cpp for what it prints)."""

import json
import subprocess
import time


class Podo:
    def __init__(self, build):
        self.program = build / "podo"

    def store(self, *words, code=0):
        """Standard output; `code` is the exit code that has to come."""
        done = self.run(*words)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout[-500:]}{done.stderr}"
        return done.stdout

    def run(self, *words):
        return subprocess.run([self.program, "store", *map(str, words)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)

    def dump(self, path, *words):
        """{key: {"value":, "modified":, ...}}"""
        lines = map(json.loads, self.store("dump", path, *words).splitlines())
        return {line["key"]: line for line in lines}


class Process:
    """store_writer at work. Its output is a file, so that nothing of it is lost when it is killed."""

    def __init__(self, build, out, *words):
        self.out = out
        with open(out, "wb") as stdout, open(f"{out}.err", "wb") as stderr:
            self.process = subprocess.Popen([build / "store_writer", *map(str, words)],
                                            stdin=subprocess.PIPE, stdout=stdout, stderr=stderr)
        self.answers = 0

    def lines(self):
        text = self.out.read_text()
        return text[:text.rfind("\n") + 1].splitlines()

    def line(self, number):
        """Waits for that line."""
        while len(lines := self.lines()) <= number:
            if self.process.poll() is not None and len(self.lines()) <= number:
                raise EOFError(f"it has ended with {self.process.returncode}: {self.complaints()}")
            time.sleep(0.002)
        return lines[number]

    def opened(self):
        """The revision it was opened at."""
        word, _, rest = self.line(0).partition(" ")
        assert word == "opened", f"{word} {rest}"
        return int(rest)

    def command(self, *words):
        self.opened()
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()
        self.answers += 1
        return self.line(self.answers)

    def ok(self, *words):
        answer = self.command(*words)
        assert answer.startswith("ok "), f"{words}: {answer}"
        return int(answer[3:])

    def complaints(self):
        with open(f"{self.out}.err") as file:
            return file.read()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def end(self):
        """Closes the store; the exit code."""
        self.ok("close")
        self.process.stdin.close()
        return self.process.wait()


def filler(seed, size):
    """The bytes that store_writer fills its values with."""
    state, letters = seed & 0x7fffffff, []
    for _ in range(size):
        state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
        letters.append(chr(ord("!") + (state >> 16) % 90))
    return "".join(letters)


def value_of(key, number):
    return f"{key} {number} {filler(number, number * 37 % 3000)}"


class Ledger:
    """What was acknowledged, and so what may be found: a key has the number that was told last, or one that
    was being written."""

    def __init__(self):
        self.told = {}      # key: number, None when erased
        self.revision = 0   # the newest that was told
        self.durable_revision = 0  # of a change that lasts

    def follow(self, lines):
        """Goes through what a process printed; gives the writes it died in: {key: number or None}."""
        open_writes = {}
        for line in lines:
            mark, *words = line.split(" ")
            if mark == "+":
                durability, key, number, kind = words
                open_writes[key] = (None if kind == "erase" else int(number), kind)
            elif mark == "=":
                key, number, revision = words
                self.revision = max(self.revision, int(revision))
                written, kind = open_writes.pop(key)
                if written is not None and not key.startswith("memory/"):
                    self.durable_revision = max(self.durable_revision, int(revision))
                for name in names_of(key, kind):
                    self.told[name] = written
        return {name: number for key, (number, kind) in open_writes.items() for name in names_of(key, kind)}

    def judge(self, dump, in_between):
        """`dump` is what was found after the process that left `in_between` was killed."""
        for key, entry in dump.items():
            assert not key.startswith("memory/"), f"{key} was to be forgotten"
            number = int(entry["value"].split(" ")[1])
            assert entry["value"] == value_of(key, number), f"{key} is not what was ever written"
        for key in self.told.keys() | dump.keys() | in_between.keys():
            if key.startswith("memory/"):
                continue
            found = int(dump[key]["value"].split(" ")[1]) if key in dump else None
            allowed = {self.told.get(key)} | ({in_between[key]} if key in in_between else set())
            assert found in allowed, f"{key} has number {found}, which is not of {allowed}"
        for key in dump:
            if key.startswith("pair/"):
                pair = key.removesuffix("/too")
                assert dump[pair]["modified"] == dump[pair + "/too"]["modified"], f"half of {pair}"
        self.told = {key: int(entry["value"].split(" ")[1]) for key, entry in dump.items()}


def names_of(key, kind):
    return [key, key + "/too"] if kind == "pair" else [key]
