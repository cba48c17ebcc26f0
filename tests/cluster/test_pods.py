"""The life of pods: starts, ends, restarts, probes, hooks, init containers and sidecars; what status says."""

import json
import os
import time

import pytest

from cluster import container, pod
from server import wait_until


def test_a_pod_runs(pods, cluster):
    pods.run(pod(command="echo hello; sleep 1000"))
    pods.ready()
    status = pods.status()
    assert status["phase"] == "Running" and status["qosClass"] == "BestEffort"
    assert status["podIP"] == status["podIPs"][0]["ip"] and status["hostIP"]
    assert {c["type"]: c["status"] for c in status["conditions"]} == {
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "Ready": "True",
        "ContainersReady": "True",
        "PodScheduled": "True",
    }
    [one] = status["containerStatuses"]
    assert one["ready"] and one["started"] and one["restartCount"] == 0
    assert one["state"]["running"]["startedAt"] and one["containerID"].startswith("podo://")
    assert pods.said(1) == ["hello"]
    for reason in ("Scheduled", "Pulled", "Created", "Started"):
        assert pods.has_event(reason), reason
    assert "k8s_c_p_" in cluster.docker("ps", "--format", "{{.Names}}")
    pods.kubectl("delete", "pod", "p")
    pods.gone()
    name = f"k8s_c_p_{pods.kubectl.namespace}"
    wait_until(lambda: name not in cluster.docker("ps", "-a", "--format", "{{.Names}}"), what="removal")


def test_ends_are_told_exactly(pods, cluster):
    pods.run(pod("good", "echo bye > /dev/termination-log", restartPolicy="Never"))
    pods.run(pod("bad", "exit 7", restartPolicy="Never"))
    pods.run(pod("killed", "sleep 1000", restartPolicy="Never"))
    pods.ended("good")
    end = pods.container("good")["state"]["terminated"]
    assert (end["exitCode"], end["reason"], end["message"]) == (0, "Completed", "bye\n")
    assert pods.condition("Ready", "good")["reason"] == "PodCompleted"
    pods.ended("bad", "Failed")
    end = pods.container("bad")["state"]["terminated"]
    assert (end["exitCode"], end["reason"]) == (7, "Error") and end["startedAt"] and end["finishedAt"]
    pods.ready("killed")
    cluster.docker("kill", pods.container("killed")["containerID"].removeprefix("podo://"))
    pods.ended("killed", "Failed")
    assert pods.container("killed")["state"]["terminated"]["exitCode"] == 137


def test_a_pod_that_wants_too_much_memory_is_killed(pods):
    eats = "x=a; while true; do x=$x$x; done"
    limits = {"limits": {"memory": "32Mi"}}
    pods.run(pod(command=eats, restartPolicy="Never", resources=limits))
    pods.ended(phase="Failed", seconds=60)
    assert pods.container()["state"]["terminated"]["reason"] == "OOMKilled"
    assert pods.status()["qosClass"] == "Burstable"


@pytest.mark.skipif(not os.path.exists("/sys/fs/cgroup/cgroup.controllers"), reason="only cgroup v2 can")
def test_a_container_out_of_memory_ends_as_a_whole(pods):
    """Not only the process that wanted too much: half a container is no use."""
    eats = "(x=a; while true; do x=$x$x; done); echo survived; sleep 100"
    limits = {"limits": {"memory": "32Mi"}}
    pods.run(pod(command=eats, restartPolicy="Never", resources=limits))
    pods.ended(phase="Failed", seconds=60)
    state = pods.container()["state"]["terminated"]
    assert (state["reason"], state["exitCode"]) == ("OOMKilled", 137)


def test_restarts_back_off(pods):
    pods.run(pod(command="exit 3"))
    waiting = pods.waiting("CrashLoopBackOff", seconds=30)
    assert waiting["message"].startswith("back-off 10s restarting failed container=c pod=p_")
    one = pods.container()
    assert one["restartCount"] >= 1 and one["lastState"]["terminated"]["exitCode"] == 3
    assert any("Back-off restarting failed container c in pod p_" in m for m in pods.has_event("BackOff"))


def test_failures_restart_and_successes_end(pods):
    pods.run(pod("once", "[ -e /data/x ] || { touch /data/x; exit 1; }", restartPolicy="OnFailure",
                 volumes=[{"name": "data", "emptyDir": {}}],
                 volumeMounts=[{"name": "data", "mountPath": "/data"}]))  # fmt: skip
    pods.ended("once", seconds=40)
    assert pods.container("once")["restartCount"] == 1


def test_deadlines(pods):
    pods.run(pod(command="sleep 1000", activeDeadlineSeconds=2))
    pods.ended(phase="Failed", seconds=20)
    status = pods.status()
    assert status["reason"] == "DeadlineExceeded"
    assert status["message"] == "Pod was active on the node longer than the specified deadline"


def test_termination_gives_time(pods, tmp_path):
    """SIGTERM after preStop, SIGKILL after the grace period."""
    stop = {"preStop": {"exec": {"command": ["sh", "-c", "echo pre >> /log/x"]}}}
    shared = dict(
        volumes=[{"name": "log", "hostPath": {"path": str(tmp_path), "type": "Directory"}}],
        volumeMounts=[{"name": "log", "mountPath": "/log"}],
    )
    command = "trap 'echo term >> /log/x; exit 0' TERM; while true; do sleep 0.1; done"
    pods.run(pod(command=command, lifecycle=stop, terminationGracePeriodSeconds=20, **shared))
    pods.ready()
    began = time.monotonic()
    pods.kubectl("delete", "pod", "p", timeout=30)
    assert time.monotonic() - began < 10
    assert (tmp_path / "x").read_text() == "pre\nterm\n"
    pods.run(pod("deaf", "trap '' TERM; while true; do sleep 0.1; done", terminationGracePeriodSeconds=2))
    pods.ready("deaf")
    began = time.monotonic()
    pods.kubectl("delete", "pod", "deaf", timeout=30)
    assert 1.5 < time.monotonic() - began < 12


def test_post_start(pods):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo begun > /begun"]}}}
    pods.run(pod(command="sleep 1000", lifecycle=hook))
    pods.ready()
    assert pods.exec("p", "cat", "/begun") == "begun"
    fails = {"postStart": {"exec": {"command": ["sh", "-c", "exit 4"]}}}
    pods.run(pod("bad", "sleep 1000", lifecycle=fails))
    assert pods.has_event("FailedPostStartHook", "bad")


def test_init_containers_come_first(pods):
    data = {"volumes": [{"name": "d", "emptyDir": {}}]}
    mount = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    first = [
        container("one", "echo 1 >> /d/order; sleep 1", **mount),
        container("two", "echo 2 >> /d/order", **mount),
    ]
    pods.run(
        pod(command="echo 3 >> /d/order; cat /d/order; sleep 1000", initContainers=first, **data, **mount)
    )
    wait_until(lambda: pods.phase() == "Pending", what="pending")
    wait_until(
        lambda: pods.container(container="c").get("state", {}).get("waiting", {}).get("reason")
        == "PodInitializing",
        what=lambda: pods.story("p"),
    )
    pods.ready()
    assert pods.said(3) == ["1", "2", "3"]
    ends = [c["state"]["terminated"]["reason"] for c in pods.status()["initContainerStatuses"]]
    assert ends == ["Completed", "Completed"]
    failing = [container("one", "exit 9")]
    pods.run(pod("bad", "sleep 1", initContainers=failing, restartPolicy="Never"))
    pods.ended("bad", "Failed")
    assert pods.condition("Initialized", "bad")["message"] == "containers with incomplete status: [one]"


def test_sidecars(pods):
    """They start before the rest, run beside it, and do not keep a pod from its end."""
    side = container("side", "echo up > /d/up; while true; do sleep 0.2; done", restartPolicy="Always")
    side["startupProbe"] = {"exec": {"command": ["cat", "/d/up"]}, "periodSeconds": 1}
    side["volumeMounts"] = mount = [{"name": "d", "mountPath": "/d"}]
    data = [{"name": "d", "emptyDir": {}}]
    pods.run(pod(command="cat /d/up; sleep 1", initContainers=[side], volumes=data, volumeMounts=mount,
                 restartPolicy="Never"))  # fmt: skip
    pods.ended()
    assert pods.logs("p", "-c", "c") == "up"
    wait_until(lambda: "terminated" in pods.container(container="side")["state"], what="the sidecar's end")


def test_probes(pods):
    web = "mkdir -p /www; echo ok > /www/ok; httpd -p 8080 -h /www; sleep 1000"
    fast = {"periodSeconds": 1, "failureThreshold": 2}
    probes = {
        "exec": {"exec": {"command": ["test", "-e", "/tmp/ready"]}},
        "http": {"httpGet": {"path": "/ready", "port": 8080}},
        "tcp": {"tcpSocket": {"port": 9090}},
    }
    makes = {
        "exec": "touch /tmp/ready",
        "http": "echo > /www/ready",
        "tcp": "nc -ll -p 9090 -e true >/dev/null 2>&1 &",
    }
    for name, probe in probes.items():
        pods.run(pod(name, web, readinessProbe={**probe, **fast}))
    for name in probes:
        wait_until(lambda: pods.phase(name) == "Running", 20, lambda: pods.story(name))
        wait_until(lambda: pods.events("Unhealthy", name), 15, lambda: pods.story(name))
        assert not pods.is_ready(name)
        assert pods.condition("Ready", name)["message"] == "containers with unready status: [c]"
        pods.exec(name, "sh", "-c", makes[name])
        pods.ready(name)
    pods.exec("exec", "rm", "/tmp/ready")
    wait_until(lambda: not pods.is_ready("exec"), 15, "that it is not ready")
    assert pods.container("exec")["restartCount"] == 0


def test_a_liveness_probe_restarts(pods):
    probe = {"exec": {"command": ["cat", "/alive"]}, "periodSeconds": 1, "failureThreshold": 1}
    pods.run(pod(command="touch /alive; sleep 1000", livenessProbe={**probe, "initialDelaySeconds": 2}))
    pods.ready()
    pods.exec("p", "rm", "/alive")
    wait_until(lambda: pods.container()["restartCount"] == 1, 30, lambda: pods.story("p"))
    assert any("Liveness probe failed" in m for m in pods.events("Unhealthy"))
    assert "Container c failed liveness probe, will be restarted" in pods.events("Killing")
    pods.ready()


def test_a_startup_probe_holds_the_others_back(pods):
    startup = {"exec": {"command": ["cat", "/up"]}, "periodSeconds": 1, "failureThreshold": 30}
    live = {"exec": {"command": ["cat", "/up"]}, "periodSeconds": 1, "failureThreshold": 1}
    pods.run(pod(command="sleep 4; touch /up; sleep 1000", startupProbe=startup, livenessProbe=live))
    wait_until(lambda: pods.phase() == "Running", 15, lambda: pods.story("p"))
    assert pods.container()["started"] is False and not pods.is_ready()
    pods.ready()
    assert pods.container()["restartCount"] == 0 and pods.container()["started"]


def test_containers_share_what_pods_share(pods):
    both = [
        container("a", "hostname > /dev/shm/name; nc -ll -p 7000 -e echo hi"),
        container("b", "sleep 1000"),
    ]
    pods.run(pod("shared", containers=both, shareProcessNamespace=True, hostname="inside"))
    pods.ready("shared")
    wait_until(
        lambda: pods.kubectl.run("exec", "shared", "-c", "b", "--", "cat", "/dev/shm/name").stdout
        == "inside\n",
        what="the file in shared memory",
    )
    assert pods.exec("shared", "sh", "-c", "echo | nc 127.0.0.1 7000", container="b") == "hi"
    assert "nc -ll -p 7000" in pods.exec("shared", "ps", "-o", "args", container="b")
    ip = pods.status("shared")["podIP"]
    assert f"{ip}\tinside" in pods.exec("shared", "cat", "/etc/hosts", container="a")


def test_what_a_container_is_told_and_allowed(pods):
    pods.kubectl("create", "configmap", "m", "--from-literal=color=red")
    pods.kubectl("create", "secret", "generic", "s", "--from-literal=pass=word")
    env = [
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
        {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "color"}}},
        {"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "s", "key": "pass"}}},
        {"name": "BOTH", "value": "$(NAME)-$(COLOR)-$$(x)-$(nothing)"},
    ]
    security = {"runAsUser": 1000, "runAsGroup": 29, "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}  # fmt: skip
    command = "env; id -u; id -g; id -G; touch /x; "
    command += "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; sleep 1000"
    limits = {"limits": {"cpu": "250m", "memory": "64Mi"}}
    pods.run(pod(command=command, env=env, envFrom=[{"configMapRef": {"name": "m"}, "prefix": "M_"}],
                 resources=limits, security={"fsGroup": 2000}, securityContext=security))  # fmt: skip
    pods.ready()
    wait_until(lambda: "Seccomp:" in pods.logs(), what="the last line")
    lines = pods.logs().splitlines()
    ip = pods.status()["podIP"]
    for line in ("NAME=p", f"IP={ip}", "CPU=250", "COLOR=red", "PASS=word", "M_color=red",
                 "BOTH=p-red-$(x)-$(nothing)", "KUBERNETES_SERVICE_HOST=10.96.0.1", "1000", "29",
                 "touch: /x: Read-only file system", "CapEff:\t0000000000000000", "NoNewPrivs:\t1",
                 "Seccomp:\t2"):  # fmt: skip
        assert line in lines, f"{line}\n{pods.logs()}"
    assert "2000" in [line for line in lines if line.startswith("29 ")][0].split()
    assert pods.status()["qosClass"] == "Guaranteed"


def test_what_cannot_start_says_why(pods):
    pods.run(pod("image", "true", image="127.0.0.1:1/no/such:1"))
    message = pods.waiting("ErrImagePull", "image", seconds=30)["message"]
    assert "127.0.0.1:1/no/such:1" in message
    pods.waiting("ImagePullBackOff", "image", seconds=30)
    pods.run(pod("never", "true", image="nothere:1", imagePullPolicy="Never"))
    pods.waiting("ErrImageNeverPull", "never")
    pods.run(pod("name", "true", image="UPPER:::x"))
    pods.waiting("InvalidImageName", "name")
    env = [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "k"}}}]
    pods.run(pod("config", "true", env=env))
    assert pods.waiting("CreateContainerConfigError", "config")["message"] == 'configmap "none" not found'
    pods.run(pod("root", "true", securityContext={"runAsNonRoot": True}))
    message = pods.waiting("CreateContainerConfigError", "root")["message"]
    assert message.startswith("container has runAsNonRoot and image will run as root")
    pods.run(pod("program", ["/no/such/program"]))
    wait_until(lambda: pods.events("Failed", "program"), 20, lambda: pods.story("program"))
    assert any("/no/such/program" in m for m in pods.events("Failed", "program"))


def test_a_readiness_gate_waits_for_its_condition(pods):
    pods.run(pod(command="sleep 1000", readinessGates=[{"conditionType": "example.com/ok"}]))
    wait_until(lambda: pods.condition("ContainersReady").get("status") == "True", 20, lambda: pods.story("p"))
    assert not pods.is_ready() and pods.condition("Ready")["reason"] == "ReadinessGatesNotReady"
    patch = {"status": {"conditions": [{"type": "example.com/ok", "status": "True"}]}}
    pods.kubectl("patch", "pod", "p", "--subresource=status", "-p", json.dumps(patch))
    pods.ready()


def test_a_new_image_restarts_its_container(pods, cluster):
    cluster.docker("tag", "busybox:latest", "other:1")
    pods.run(pod(command="sleep 1000"))
    pods.ready()
    pods.kubectl("set", "image", "pod/p", "c=other:1")
    wait_until(lambda: pods.container()["restartCount"] == 1, 30, lambda: pods.story("p"))
    pods.ready()
    assert "other:1" in pods.container()["image"]


def test_the_host_s_network(pods):
    pods.run(pod(command="sleep 1000", hostNetwork=True))
    pods.ready()
    status = pods.status()
    assert status["podIP"] == status["hostIP"]
    assert pods.exec("p", "hostname") == open("/proc/sys/kernel/hostname").read().strip()


def test_docker_builds_and_kubectl_runs(pods, cluster, tmp_path):
    """One image store: nothing is copied or pulled."""
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo built > /made\nCMD cat /made; sleep 1000\n")
    cluster.docker("build", "-q", "-t", "mine:1", str(tmp_path), timeout=60)
    pods.kubectl("run", "p", "--image=mine:1")
    pods.ready()
    assert pods.said(1) == ["built"]
    assert "mine:1" in cluster.docker("ps", "--format", "{{.Image}} {{.Names}}")
