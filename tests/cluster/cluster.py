"""A whole cluster on this machine for the tests: `podo serve` with its node, and what a test does with it."""

import json
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "api"), str(TESTS / "engine")]

from daemon import Daemon, leftovers
from server import Kubectl, Server, wait_until


class Cluster(Server):
    """start() -> kubectl(...), docker(...) -> kill(), start() again ... -> destroy(), which leaves nothing"""

    parts = []

    def __init__(self, program, folder, *flags, images=(), **how):
        super().__init__(program, folder, *flags, **how)
        self.images = images
        self.engine = Daemon(program, folder)  # only to speak to its socket
        self.engine.log = self.log

    def docker(self, *words, **how):
        return self.engine.docker(*words, **how)

    def start(self, *more, wait=True):
        super().start(*more, wait=wait)
        for archive in self.images:
            self.docker("load", "-q", "-i", archive)
        self.images = ()
        wait_until(self.node_is_ready, seconds=20, what="the node")
        return self

    def node_is_ready(self):
        nodes = self.admin.get("/api/v1/nodes")["items"]
        conditions = [c for node in nodes for c in node.get("status", {}).get("conditions", [])]
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    def destroy(self):
        """Everything goes; what is left in the kernel fails the test."""
        if self.process is None:
            self.start()
        groups = []
        try:
            groups = self.control_groups()
            for name in ("default", *self.made_namespaces()):
                for kind in ("deployments", "statefulsets", "daemonsets", "replicasets"):
                    self.admin.ask("DELETE", f"/apis/apps/v1/namespaces/{name}/{kind}")
                for kind in ("cronjobs", "jobs"):
                    self.admin.ask("DELETE", f"/apis/batch/v1/namespaces/{name}/{kind}")
                path = f"/api/v1/namespaces/{name}/pods?gracePeriodSeconds=0"
                self.admin.ask("DELETE", path, {"kind": "DeleteOptions", "gracePeriodSeconds": 0})
            wait_until(lambda: not self.docker("ps", "-aq"), seconds=30, what="the end of all containers")
            wait_until(lambda: not self.mounts(), seconds=10, what="the end of all mounts of pods")
        finally:
            self.stop()
            left = leftovers(self.folder) + [str(group) for group in groups if group.exists()]
            subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=True)
        assert not left, f"left behind: {left}"

    def control_groups(self):
        """Those above all of its containers, when there are any."""
        form, root = "{{.HostConfig.CgroupParent}}", Path("/sys/fs/cgroup")
        ids = self.docker("ps", "-aq").split()
        parents = [self.docker("inspect", "-f", form, id, code=None).stdout for id in ids]
        tops = {parent.strip().lstrip("/").split("/")[0] for parent in parents if "/kubepods" in parent}
        return [path for top in tops for path in (root / top, *root.glob(f"*/{top}"))]

    def made_namespaces(self):
        names = [n["metadata"]["name"] for n in self.admin.get("/api/v1/namespaces")["items"]]
        return [name for name in names if name.startswith("test-")]

    def mounts(self):
        folder = f"{self.folder}/"
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [line.split()[4] for line in lines if line.split()[4].startswith(folder)]


def pod(name="p", command=None, image="busybox", **spec):
    """A pod of one container `c`; what is not of a pod's spec is of the container's."""
    of_pod = {"restartPolicy", "initContainers", "volumes", "terminationGracePeriodSeconds", "nodeSelector"}
    of_pod |= {"hostNetwork", "shareProcessNamespace", "hostname", "subdomain", "dnsConfig", "dnsPolicy"}
    of_pod |= {"hostAliases", "activeDeadlineSeconds", "readinessGates", "tolerations", "priorityClassName"}
    of_pod |= {"enableServiceLinks", "runtimeClassName"}
    of_pod |= {"hostPID", "hostIPC", "affinity", "topologySpreadConstraints", "schedulingGates", "nodeName"}
    container = {"name": "c", "image": image, "imagePullPolicy": "IfNotPresent"}
    if command is not None:
        container["command"] = ["sh", "-c", command] if isinstance(command, str) else command
    whole = {"containers": [container], "terminationGracePeriodSeconds": 1}
    metadata = {"name": name}
    for key, value in spec.items():
        if key in ("labels", "annotations"):
            metadata[key] = value
        elif key == "security":
            whole["securityContext"] = value
        elif key == "containers":
            whole["containers"] = value
        else:
            (whole if key in of_pod else container)[key] = value
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": whole}


def container(name, command, image="busybox", **more):
    base = {"name": name, "image": image, "imagePullPolicy": "IfNotPresent"}
    return {**base, "command": ["sh", "-c", command], **more}


class Pods:
    """kubectl in a namespace, in the words of tests about pods."""

    def __init__(self, kubectl):
        self.kubectl = kubectl

    def run(self, *pods):
        for one in pods:
            self.kubectl("create", "-f", "-", input=json.dumps(one))

    def ask(self, path, **query):
        """What is looked at again and again is looked at without a program."""
        server = self.kubectl.kubectl.server
        return server.admin.ask("GET", f"/api/v1/namespaces/{self.kubectl.namespace}/{path}", **query)

    def get(self, name="p", kind="pod"):
        if kind != "pod":
            return self.kubectl.json("get", kind, name)
        answer = self.ask(f"pods/{name}")
        if answer.status == 404:
            raise LookupError(f"there is no pod {name}")
        assert answer.status == 200, answer
        return answer.json

    def status(self, name="p"):
        return self.get(name).get("status", {})

    def phase(self, name="p"):
        return self.status(name).get("phase")

    def container(self, name="p", container="c"):
        status = self.status(name)
        lists = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        for each in [each for which in lists for each in status.get(which, [])]:
            if each["name"] == container:
                return each
        return {}

    def condition(self, type, name="p"):
        found = [c for c in self.status(name).get("conditions", []) if c["type"] == type]
        return found[0] if found else {}

    def is_ready(self, name="p"):
        return self.condition("Ready", name).get("status") == "True"

    def ready(self, name="p", seconds=20):
        wait_until(lambda: self.is_ready(name), seconds, lambda: self.story(name))

    def ended(self, name="p", phase="Succeeded", seconds=20):
        wait_until(lambda: self.phase(name) == phase, seconds, lambda: self.story(name))

    def gone(self, name="p", seconds=20):
        wait_until(lambda: self.ask(f"pods/{name}").status == 404, seconds, f"the end of {name}")

    def waiting(self, reason, name="p", container="c", seconds=20):
        def reached():
            return self.container(name, container).get("state", {}).get("waiting", {}).get("reason") == reason

        wait_until(reached, seconds, lambda: self.story(name))
        return self.container(name, container)["state"]["waiting"]

    def logs(self, name="p", *more):
        return self.kubectl("logs", name, *more)

    def said(self, lines, name="p"):
        """What a container has said, once it is so many lines: it may be ready before it speaks."""
        wait_until(lambda: len(self.logs(name).splitlines()) >= lines, 20, lambda: f"{lines} lines of {name}")
        return self.logs(name).splitlines()

    def exec(self, name, *command, container=None):
        where = ["-c", container] if container else []
        return self.kubectl("exec", name, *where, "--", *command)

    def events(self, reason, name="p"):
        """Messages of the events of that reason."""
        found = self.ask("events", fieldSelector=f"involvedObject.name={name}").json["items"]
        return [e["message"] for e in found if e["reason"] == reason]

    def has_event(self, reason, name="p", seconds=15):
        wait_until(lambda: self.events(reason, name), seconds, lambda: self.story(name))
        return self.events(reason, name)

    def story(self, name):
        """What to say when something did not come true."""
        described = self.kubectl.run("describe", "pod", name).stdout
        return f"pod {name}:\n{described}"
