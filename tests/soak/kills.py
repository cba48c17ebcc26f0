"""kill -9: of the daemon, of containers' processes, of their monitors."""

import os
import signal
import time


class Kills:
    def __init__(self, life, chance, pause=12):
        self.life, self.cluster, self.chance, self.pause = life, life.cluster, chance, pause
        self.due = time.monotonic() + pause

    def maybe(self, also_the_daemon):
        """-> whether something was killed"""
        if time.monotonic() < self.due:
            return False
        what = self.chance.choice(["container", "container", "monitor", "daemon", "daemon"])
        if what == "daemon" and also_the_daemon:
            self.daemon()
        else:
            self.process("monitor.pid" if what == "monitor" else "pid")
        self.due = time.monotonic() + self.pause * (0.5 + self.chance.random())
        return True

    def daemon(self):
        """Between its end and its next life: nothing, or a while."""
        self.life.up.clear()
        self.life.killed("daemon")
        self.cluster.kill()
        time.sleep(self.chance.choice([0, 0, 0.5, 3]))
        self.cluster.start()
        self.life.killed("daemon (it is back)")
        self.life.up.set()

    def process(self, file):
        """That of a container chosen by lot, found without the daemon."""
        found = sorted((self.cluster.run / "containers").glob(f"*/{file}"))
        if not found:
            return
        try:
            pid = int(self.chance.choice(found).read_text().split()[0])
            os.kill(pid, signal.SIGKILL)
        except (OSError, IndexError, ValueError):
            return  # it has just ended
        self.life.killed("monitor" if file == "monitor.pid" else "container")
