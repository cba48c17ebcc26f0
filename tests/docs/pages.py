"""Pages of Markdown as scripts."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))]

BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n)?^```sh\n(?P<text>.*?)^```$", re.M | re.S)
SECONDS, SECONDS_OF_IMAGES = 45, 240  # what a block may take; images of Debian packages are fetched


class Block:
    def __init__(self, page, match, text):
        self.line = text.count("\n", 0, match.start("text")) + 1
        self.place = f"{page}:{self.line}"
        self.text, self.skipped = match["text"], match["why"]
        self.seconds = SECONDS_OF_IMAGES if "-t shop/$service" in self.text else SECONDS


def blocks_of(page):
    text = (REPOSITORY / page).read_text()
    return [Block(page, match, text) for match in BLOCK.finditer(text)]


class Run:
    """One shell that runs all blocks of a page; it says through a pipe at which one it is, so that each has
    its own time. problem() -> what went wrong, or None; `took` is the seconds of each block."""

    def __init__(self, page, places, output, **how):
        self.blocks = [block for block in blocks_of(page) if not block.skipped]
        reading, writing = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "-c", self.script(places, writing)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[writing],
            start_new_session=True,
            **how,
        )
        os.close(writing)
        self.begun = []  # when each block began
        self.reader = threading.Thread(target=self.read, args=[os.fdopen(reading)], daemon=True)
        self.reader.start()

    def script(self, places, writing):
        parts = ["set -eu"]
        for block in self.blocks:
            text = block.text
            for usual, here in places.items():
                text = text.replace(usual, here)
            parts += [f"echo '### {block.place}' | tee /dev/fd/{writing} >&2", text]
        return "\n".join(parts)

    def read(self, marks):
        with marks:
            for _ in marks:
                self.begun.append(time.monotonic())

    def problem(self):
        try:
            while self.process.poll() is None:
                time.sleep(0.02)
                if self.begun and time.monotonic() - self.begun[-1] > self.block.seconds:
                    return f"{self.block.place} is not done after {self.block.seconds} s"
            return self.process.returncode and f"{self.block.place}: exit code {self.process.returncode}"
        finally:
            self.end()

    @property
    def block(self):
        return self.blocks[len(self.begun) - 1]

    @property
    def took(self):
        times = [*self.begun, self.ended]
        return {b.place: f"{end - begin:.1f}" for b, begin, end in zip(self.blocks, times, times[1:])}

    def end(self):
        self.ended = time.monotonic()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # also what the page has left in the background
        except ProcessLookupError:
            pass
        self.process.wait()
        self.reader.join(5)
