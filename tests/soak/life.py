"""One soak under way: who works, what was killed when, what went wrong."""

import http.client
import json
import random
import subprocess
import threading
import time
import traceback
from collections import Counter

# What an operation ends with when something did not come true.
FAILURES = (AssertionError, OSError, KeyError, ValueError, IndexError)
FAILURES += (http.client.HTTPException, subprocess.SubprocessError)
EXCUSED = 12  # seconds after a kill in which what fails is counted, and no failure of the soak


class Life:
    """Shared by all that work: kills are told to it, operations counted, failures judged."""

    def __init__(self, cluster, seed, log):
        self.cluster, self.seed, self.log = cluster, seed, log
        self.lock, self.going, self.up = threading.Lock(), True, threading.Event()
        self.up.set()  # not while the daemon is known to be away: nobody begins anything then
        self.done, self.excused, self.kills = Counter(), Counter(), Counter()
        self.failures, self.last_kill = [], -1e9

    def killed(self, what):
        with self.lock:
            self.kills[what] += 1
            self.last_kill = time.monotonic()
        self.write(f"killed: {what}")

    def perform(self, name, operation, *arguments):
        """-> whether it succeeded"""
        begun = time.monotonic()
        try:
            operation(*arguments)
        except FAILURES as error:
            self.judge(name, begun, error)
            return False
        with self.lock:
            self.done[name] += 1
        return True

    def judge(self, name, begun, error):
        with self.lock:
            excused = self.last_kill > begun - EXCUSED
            told = f"{name}, after {time.monotonic() - begun:.1f} s: {type(error).__name__}: {error}"
            if excused:
                self.excused[name] += 1
            else:
                self.failures.append(told[:600])
        self.write(f"{'excused' if excused else 'FAILED'}: {told}\n{traceback.format_exc(limit=-3)}")

    def write(self, words):
        with self.lock:
            self.log.write(f"{time.strftime('%X')} {words}\n")
            self.log.flush()

    def counts(self):
        with self.lock:
            return sum(self.done.values()), sum(self.excused.values()), len(self.failures)


class Worker(threading.Thread):
    """Takes one operation after the other, by lot."""

    def __init__(self, life, load, number):
        super().__init__(name=f"{type(load).__name__}-{number}", daemon=True)
        self.life, self.load = life, load
        self.chance = random.Random(f"{life.seed} {self.name}")
        self.start()

    def run(self):
        names, weights = zip(*self.load.OPERATIONS.items())
        number = 0
        while self.life.going:
            name = self.chance.choices(names, weights)[0]
            number += 1
            self.life.up.wait()
            self.load.begin(self.chance, f"{name.replace('_', '-')}-{self.load.mark}{number}")
            self.life.perform(name, getattr(self.load, name))
            self.load.tidy()
            time.sleep(self.chance.random() * 0.4)


def wait_for(condition, seconds, what):
    """As wait_until of the tests, and an end of the daemon meanwhile is no answer."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if value := condition():
                return value
        except FAILURES:
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"{what() if callable(what) else what} did not come within {seconds} s")
        time.sleep(0.1)


def as_text(value):
    return value if isinstance(value, str) else json.dumps(value)
