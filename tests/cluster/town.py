"""Pods that answer and Services before them, in the words of tests about traffic."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

from cluster import container, pod
from server import wait_until

PROBE = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}


def web(name="web", **more):
    """A pod that answers with its name, with the label app: NAME's first word."""
    labels = {"app": name.split("-")[0]}
    return pod(name, image="toolbox", labels=labels, readinessProbe=PROBE, **more)


def client(name="client", **more):
    return pod(name, "sleep 100000", image="toolbox", **more)


def web_deployment(name="web", replicas=3, **of_container):
    one = {"name": "c", "image": "toolbox", "imagePullPolicy": "IfNotPresent", "readinessProbe": PROBE}
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{**one, **of_container}], "terminationGracePeriodSeconds": 10},
    }
    selector = {"matchLabels": {"app": name}}
    spec = {"replicas": replicas, "selector": selector, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def service(name="web", ports=None, **spec):
    if "ports" not in spec and spec.get("type") != "ExternalName":
        spec["ports"] = ports or [{"name": "http", "port": 80, "targetPort": 8080}]
    if "selector" not in spec and spec.get("type") != "ExternalName":
        spec["selector"] = {"app": name}
    if spec.get("selector") is None:
        spec.pop("selector", None)
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


class Town:
    """make(*objects) -> ask(url, at=pod) ..."""

    def __init__(self, pods):
        self.pods, self.kubectl = pods, pods.kubectl

    def make(self, *objects):
        self.pods.run(*objects)
        for one in objects:
            if one["kind"] == "Pod":
                self.pods.ready(one["metadata"]["name"], seconds=60)
            elif one["kind"] == "Deployment":
                self.rolled(one["metadata"]["name"])

    def rolled(self, name, seconds=90):
        self.kubectl("rollout", "status", f"deployment/{name}", f"--timeout={seconds}s", timeout=seconds + 10)

    def get(self, name="web", kind="service"):
        return self.kubectl.json("get", kind, name)

    def cluster_ip(self, name="web", family=0):
        return self.get(name)["spec"]["clusterIPs"][family]

    def ip(self, pod):
        return self.pods.status(pod)["podIP"]

    def ip_or_none(self, pod):
        return self.pods.status(pod).get("podIP")

    def curl(self, *words, at="client"):
        command = ["curl", "-sS", "-m", "4", *words]
        if at is None:
            return subprocess.run(command, capture_output=True, text=True)
        return self.kubectl.run("exec", at, "--", *command)

    def ask(self, url, *words, at="client"):
        """[who answered, whom it saw]; at None: this machine asks."""
        answer = self.curl(*words, url, at=at)
        assert answer.returncode == 0, f"{url}: {answer.stderr}"
        return answer.stdout.split()

    def answers(self, url, at="client"):
        return self.curl(url, at=at).returncode == 0

    def spread(self, url, times=60, at="client"):
        """How often who answered to so many connections."""
        script = f"i=0; while [ $i -lt {times} ]; do curl -sS -m 4 {url}; i=$((i+1)); done"
        if at is None:
            told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
        else:
            told = self.kubectl("exec", at, "--", "sh", "-c", script)
        return Counter(line.split()[0] for line in told.splitlines())

    def datagram(self, host, port, at="client"):
        script = (
            "import socket, sys; a = socket.getaddrinfo(*sys.argv[1:], type=socket.SOCK_DGRAM)[0];"
            "s = socket.socket(*a[:2]); s.settimeout(2); s.connect(a[4]); s.send(b'x');"
            "print(s.recv(99).decode())"
        )
        return self.kubectl("exec", at, "--", "python3", "-c", script, host, str(port)).split()

    def dig(self, *words, at="client"):
        return self.kubectl("exec", at, "--", "dig", "+time=2", "+tries=1", "+short", *words).split("\n")


class Outside:
    """A client beside this machine: a network namespace at the other end of a wire."""

    def __init__(self, name="podo-out", here="198.18.255.1", there="198.18.255.2"):
        self.name, self.here, self.there = name, here, there
        self.here6, self.there6 = "fd00:198:18:255::1", "fd00:198:18:255::2"

    def __enter__(self):
        self.leave()
        for line in (
            f"netns add {self.name}",
            f"link add {self.name} type veth peer name eth0 netns {self.name}",
            f"addr add {self.here}/30 dev {self.name}",
            f"link set {self.name} up",
            f"-n {self.name} addr add {self.there}/30 dev eth0",
            f"-n {self.name} link set eth0 up",
            f"-n {self.name} link set lo up",
            f"-n {self.name} route add default via {self.here}",
            f"addr add {self.here6}/64 dev {self.name} nodad",
            f"-n {self.name} addr add {self.there6}/64 dev eth0 nodad",
            f"-n {self.name} route add default via {self.here6}",
        ):
            subprocess.run(["ip", *line.split()], check=True)
        return self

    def __exit__(self, *_):
        self.leave()

    def leave(self):
        subprocess.run(["ip", "netns", "del", self.name], stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "del", self.name], stderr=subprocess.DEVNULL)

    def curl(self, url):
        command = ["nsenter", f"--net=/run/netns/{self.name}", "curl", "-sS", "-m", "3", url]
        return subprocess.run(command, capture_output=True, text=True)

    def ask(self, url):
        answer = self.curl(url)
        assert answer.returncode == 0, f"{url}: {answer.stderr}"
        return answer.stdout.split()

    def answers(self, url):
        return self.curl(url).returncode == 0

    @contextlib.contextmanager
    def serving(self, port=8080):
        """The toolbox's server runs there."""
        program = [sys.executable, Path(__file__).with_name("answer.py")]
        env = {**os.environ, "NAME": "outside", "HTTP_PORT": str(port), "UDP_PORT": str(port + 1)}
        process = subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name}", *program], env=env)
        try:
            wait_until(lambda: self.answers(f"http://{self.there}:{port}"), 10, "the server outside")
            yield
        finally:
            process.kill()
            process.wait()


class Visitors:
    """Requests at a rate, each on a connection of its own, until they are told to go; what went wrong."""

    def __init__(self, url, rate=50):
        self.url, self.rate, self.failures, self.answers = url, rate, [], []
        self.going, self.threads = True, []
        self.pace = threading.Thread(target=self.run)
        self.pace.start()

    def run(self):
        due = time.monotonic()
        while self.going:
            thread = threading.Thread(target=self.visit)
            thread.start()
            self.threads.append(thread)
            due += 1 / self.rate
            time.sleep(max(0, due - time.monotonic()))

    def visit(self):
        begun = time.monotonic()
        try:
            with urllib.request.urlopen(self.url, timeout=10) as answer:
                self.answers.append((answer.read().decode().split()[0], time.monotonic() - begun))
        except Exception as error:  # any of them is a visitor who was lost
            self.failures.append(f"{time.strftime('%X')} {error!r}")

    def go(self):
        self.going = False
        self.pace.join()
        for thread in self.threads:
            thread.join()
        return self


def nft(*words):
    return subprocess.run(["nft", *words], capture_output=True, text=True, check=True).stdout
