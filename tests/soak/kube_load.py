"""What people do with kubectl and its API: an operation is a method; each worker has its own Deployment."""

import json
import shutil
import urllib.request
from pathlib import Path

from cluster import container, pod
from life import FAILURES, wait_for
from server import Kubectl

NAMESPACE = "soak"
OURS = Path(__file__).resolve().parents[2] / "build/tools/kubectl/usr/bin/kubectl"  # ./test fetches it
SERVES = "mkdir -p /www; echo $HOSTNAME >/www/index.html; exec httpd -f -p 8080 -h /www"
PROBE = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
CORE = f"/api/v1/namespaces/{NAMESPACE}"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
BATCH = f"/apis/batch/v1/namespaces/{NAMESPACE}"
POLICIES = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies"


def make_namespace(cluster):
    cluster.admin.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    account = f"{CORE}/serviceaccounts/default"
    wait_for(lambda: cluster.admin.ask("GET", account).status == 200, 20, "the service account")


def deployment(name, replicas):
    one = container("c", SERVES, readinessProbe=PROBE, volumeMounts=[{"name": "v", "mountPath": "/config"}])
    volume = {"name": "v", "configMap": {"name": name, "optional": True}}
    spec = {"containers": [one], "volumes": [volume], "terminationGracePeriodSeconds": 1}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


def service(name, app, **more):
    spec = {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8080}], **more}
    return {"metadata": {"name": name}, "spec": spec}


def rolled_out(cluster, name):
    """As `kubectl rollout status` sees it."""
    found = cluster.admin.get(f"{APPS}/deployments/{name}")
    wanted, status = found["spec"]["replicas"], found.get("status", {})
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas")]
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    return seen and counts == [wanted] * 3


class KubeLoad:
    OPERATIONS = {
        "scale": 4,
        "roll_out": 3,
        "run_job": 3,
        "claim": 2,
        "configure": 3,
        "serve": 3,
        "allow": 2,
        "look_inside": 3,
        "delete_pod": 2,
        "keep_set": 1,
        "come_and_go": 2,
        "watch": 2,
    }

    def __init__(self, life, number):
        self.cluster, self.mark, self.app = life.cluster, f"k{number}x", f"web{number}"
        self.made = []  # paths that tidy() deletes
        self.kubectl = Kubectl(OURS if OURS.exists() else shutil.which("kubectl"), life.cluster, number)
        self.cluster.admin.create(f"{APPS}/deployments", deployment(self.app, 2))
        self.cluster.admin.create(f"{CORE}/services", service(self.app, self.app))

    def begin(self, chance, name):
        self.chance, self.name = chance, name

    def make(self, collection, body):
        body["metadata"]["name"] = self.name
        self.made.append(f"{collection}/{self.name}")
        return self.cluster.admin.create(collection, body)

    def tidy(self):
        try:
            for path in self.made[:]:
                answer = self.cluster.admin.ask("DELETE", path, propagationPolicy="Background")
                assert answer.status in (200, 202, 404), answer
                self.made.remove(path)
        except FAILURES:
            pass

    def in_namespace(self, *words, **how):
        return self.kubectl("-n", NAMESPACE, *words, **how)

    def converged(self, seconds=90):
        wait_for(lambda: rolled_out(self.cluster, self.app), seconds, self.story)

    def story(self):
        return f"{self.app}:\n{self.in_namespace('get', 'pods', '-l', f'app={self.app}')}\n"

    def pods(self):
        found = self.cluster.admin.get(f"{CORE}/pods", labelSelector=f"app={self.app}")["items"]
        return [one for one in found if "deletionTimestamp" not in one["metadata"]]

    def ready_pod(self):
        """One that is ready and stays: the Deployment is at rest, and gets pods when it had none."""
        if not self.cluster.admin.get(f"{APPS}/deployments/{self.app}")["spec"]["replicas"]:
            self.cluster.admin.patch(f"{APPS}/deployments/{self.app}", {"spec": {"replicas": 2}})
        self.converged()
        return self.chance.choice([one for one in self.pods() if ready(one)])["metadata"]["name"]

    def scale(self):
        self.in_namespace("scale", f"deployment/{self.app}", f"--replicas={self.chance.randrange(6)}")
        if self.chance.random() < 0.5:
            self.converged()

    def roll_out(self):
        change = {"spec": {"template": {"metadata": {"annotations": {"soak": self.name}}}}}
        self.cluster.admin.patch(f"{APPS}/deployments/{self.app}", change)
        if self.chance.random() < 0.7:
            self.in_namespace("rollout", "status", f"deployment/{self.app}", "--timeout=90s", timeout=100)

    def run_job(self):
        count = self.chance.randrange(1, 4)
        spec = {"containers": [container("c", f"echo {self.name}")], "restartPolicy": "Never"}
        body = {"completions": count, "parallelism": 2, "template": {"spec": spec}}
        path = self.make(f"{BATCH}/jobs", {"metadata": {}, "spec": body})["metadata"]["name"]
        path = f"{BATCH}/jobs/{path}"
        wait_for(
            lambda: self.cluster.admin.get(path).get("status", {}).get("succeeded") == count, 90, "the job"
        )

    def claim(self):
        """What one pod writes to a claim another one reads."""
        resources = {"requests": {"storage": "10Mi"}}
        self.make(
            f"{CORE}/persistentvolumeclaims",
            {"metadata": {}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources}},
        )
        volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": self.name}}]
        for command in (f"echo {self.name} >/v/f", f"grep -q {self.name} /v/f"):
            self.run_pod(command, volumes=volumes, volumeMounts=[{"name": "v", "mountPath": "/v"}])

    def run_pod(self, command, **more):
        """One that has to end well; what it printed."""
        path = f"{CORE}/pods/{self.name}"
        self.make(f"{CORE}/pods", pod(self.name, command, restartPolicy="Never", **more))
        phase = lambda: self.cluster.admin.get(path).get("status", {}).get("phase")
        wait_for(lambda: phase() in ("Succeeded", "Failed"), 60, "the end of a pod")
        assert phase() == "Succeeded", phase()
        printed = self.cluster.admin.ask("GET", f"{path}/log").text
        self.cluster.admin.ask("DELETE", path)
        wait_for(lambda: self.cluster.admin.ask("GET", path).status == 404, 30, "a pod that is gone")
        return printed

    def configure(self):
        """A ConfigMap and a Secret, as a pod sees them."""
        self.make(f"{CORE}/configmaps", {"metadata": {}, "data": {"word": self.name}})
        self.make(f"{CORE}/secrets", {"metadata": {}, "stringData": {"word": f"not {self.name}"}})
        volumes = [{"name": "v", "configMap": {"name": self.name}}]
        secret = {"valueFrom": {"secretKeyRef": {"name": self.name, "key": "word"}}}
        printed = self.run_pod(
            "cat /v/word; echo; echo $SECRET",
            volumes=volumes,
            volumeMounts=[{"name": "v", "mountPath": "/v"}],
            env=[{"name": "SECRET", **secret}],
        )
        assert printed == f"{self.name}\nnot {self.name}\n", printed
        path = f"{CORE}/configmaps/{self.name}"
        for number in range(self.chance.randrange(20)):
            self.cluster.admin.patch(path, {"data": {"number": str(number)}})

    def serve(self):
        """A new Service before pods that are ready answers, in the family and by the port it says."""
        self.ready_pod()
        kind = self.chance.choice(["ClusterIP", "NodePort", "LoadBalancer"])
        made = self.make(f"{CORE}/services", service(self.name, self.app, type=kind))
        place = f"http://{made['spec']['clusterIP']}"
        if kind != "ClusterIP":
            node = self.cluster.admin.get("/api/v1/nodes")["items"][0]["status"]["addresses"][0]["address"]
            place = f"http://{node}:{made['spec']['ports'][0]['nodePort']}"

        def answers():
            with urllib.request.urlopen(place, timeout=3) as answer:
                return answer.read().decode().startswith(self.app)

        wait_for(answers, 20, f"an answer of {place} ({kind})")

    def allow(self):
        """A policy that lets nobody in, then one that does."""
        self.make(POLICIES, {"metadata": {}, "spec": {"podSelector": {"matchLabels": {"app": self.app}}}})
        spec = {"podSelector": {"matchLabels": {"app": self.app}}, "ingress": [{"ports": [{"port": 8080}]}]}
        self.cluster.admin.patch(f"{POLICIES}/{self.name}", {"spec": spec})

    def look_inside(self):
        name = self.ready_pod()
        assert self.in_namespace("exec", name, "--", "hostname") == name
        self.in_namespace("logs", name)
        source = self.cluster.folder / f"copied-{self.mark}"
        source.write_text(self.name)
        self.in_namespace("cp", source, f"{name}:/tmp/copied")
        assert self.in_namespace("exec", name, "--", "cat", "/tmp/copied") == self.name
        source.unlink()

    def delete_pod(self):
        found = self.pods()
        if found:
            name = self.chance.choice(found)["metadata"]["name"]
            grace = self.chance.choice([0, 1, 5])
            self.cluster.admin.ask("DELETE", f"{CORE}/pods/{name}", gracePeriodSeconds=grace)
            self.converged()

    def keep_set(self):
        """A StatefulSet with claims."""
        body = deployment(self.name, 2)
        body["spec"] |= {"serviceName": self.name, "podManagementPolicy": "Parallel"}
        resources = {"requests": {"storage": "10Mi"}}
        claim = {"accessModes": ["ReadWriteOnce"], "resources": resources}
        body["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "d"}, "spec": claim}]
        policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
        body["spec"]["persistentVolumeClaimRetentionPolicy"] = policy
        self.make(f"{APPS}/statefulsets", body)
        path = f"{APPS}/statefulsets/{self.name}"
        wait_for(
            lambda: self.cluster.admin.get(path).get("status", {}).get("readyReplicas") == 2, 90, "the set"
        )

    def come_and_go(self):
        """A namespace with what comes with it."""
        self.make("/api/v1/namespaces", {"metadata": {}})
        path = f"/api/v1/namespaces/{self.name}"
        self.cluster.admin.create(
            f"{path}/configmaps", {"metadata": {"name": "m"}, "data": {"a": "b" * 5000}}
        )
        self.cluster.admin.ask("DELETE", path)
        wait_for(lambda: self.cluster.admin.ask("GET", path).status == 404, 60, "the end of a namespace")

    def watch(self):
        with self.cluster.admin.watch(f"{CORE}/pods", timeout=10) as events:
            self.cluster.admin.create(f"{CORE}/events", event(self.name))
            self.made.append(f"{CORE}/events/{self.name}")
            if self.pods():
                assert json.dumps(events.next()["object"])


def ready(one):
    conditions = one.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def event(name):
    about = {"kind": "Namespace", "name": NAMESPACE, "namespace": NAMESPACE}
    return {"metadata": {"name": name}, "involvedObject": about, "reason": "Soak", "message": name}
