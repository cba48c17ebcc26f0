"""What a container is made of: environment, command lines, users and groups, sysctls, names of hosts."""

import json


from cluster import container, pod
from server import wait_until


def from_env(name, path):
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def run_to_end(pods, **spec):
    """What a pod `p` that ends says."""
    pods.run(pod(restartPolicy="Never", **spec))
    pods.ended()
    return pods.logs()


def test_environment_of_config_maps_and_secrets(pods):
    pods.kubectl("create", "configmap", "m", "--from-literal=A=1")
    pods.kubectl("create", "secret", "generic", "s", "--from-literal=B=2")
    env = [
        {"name": "ONE", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "A"}}},
        {"name": "TWO", "valueFrom": {"secretKeyRef": {"name": "s", "key": "B"}}},
        {"name": "NONE", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "C", "optional": True}}},
        {"name": "BOTH", "value": "$(ONE)-$(TWO)-$$(ONE)-$(UNKNOWN)"},
        {"name": "A", "value": "own"},
    ]
    sources = [
        {"prefix": "P_", "configMapRef": {"name": "m"}},
        {"configMapRef": {"name": "m"}},
        {"secretRef": {"name": "s"}},
        {"secretRef": {"name": "not-there", "optional": True}},
    ]
    said = run_to_end(pods, command="env", env=env, envFrom=sources).splitlines()
    for line in ("ONE=1", "TWO=2", "BOTH=1-2-$(ONE)-$(UNKNOWN)", "A=own", "P_A=1", "B=2"):
        assert line in said, (line, said)
    assert not any(line.startswith("NONE=") for line in said)


def test_the_command_line(pods):
    """command is the entrypoint, args its arguments; $(NAME) stands for variables."""
    env = [{"name": "WORD", "value": "hi"}]
    pods.run(pod("a", ["sh", "-c", "echo $(WORD)"], env=env, restartPolicy="Never"))
    pods.run(pod("b", ["echo"], args=["$(WORD)", "$$(WORD)", "$(NOT)"], env=env, restartPolicy="Never"))
    pods.run(pod("d", args=["echo", "of", "the", "image"], restartPolicy="Never"))
    for name, said in {"a": "hi", "b": "hi $(WORD) $(NOT)", "d": "of the image"}.items():
        pods.ended(name)
        assert pods.logs(name) == said


def test_the_downward_api(pods):
    env = [from_env(path.upper().replace(".", "_"), path) for path in (
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs",
    )]  # fmt: skip
    env.append(from_env("LABEL", "metadata.labels['app']"))
    for resource in ("limits.cpu", "requests.cpu", "limits.memory", "requests.memory"):
        env.append({"name": resource, "valueFrom": {"resourceFieldRef": {"resource": resource}}})
    limits = {"requests": {"cpu": "250m", "memory": "32Mi"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}
    said = run_to_end(pods, command=["env"], env=env, resources=limits, labels={"app": "x"})
    values = dict(line.split("=", 1) for line in said.splitlines())
    whole = pods.get()
    assert values["METADATA_NAME"] == "p" and values["METADATA_NAMESPACE"] == pods.kubectl.namespace
    assert values["METADATA_UID"] == whole["metadata"]["uid"] and values["LABEL"] == "x"
    assert values["SPEC_NODENAME"] == whole["spec"]["nodeName"]
    assert values["SPEC_SERVICEACCOUNTNAME"] == "default"
    assert values["STATUS_PODIP"] == whole["status"]["podIP"]
    assert values["STATUS_PODIPS"] == ",".join(one["ip"] for one in whole["status"]["podIPs"])
    assert values["STATUS_HOSTIP"] == whole["status"]["hostIP"]
    assert values["STATUS_HOSTIPS"] == ",".join(one["ip"] for one in whole["status"]["hostIPs"])
    assert (values["limits.cpu"], values["requests.cpu"]) == ("2", "1")
    assert (values["limits.memory"], values["requests.memory"]) == (str(64 << 20), str(32 << 20))


def test_services_are_in_the_environment(pods):
    pods.kubectl("create", "service", "clusterip", "foo-bar", "--tcp=8765:8080")
    address = pods.get("foo-bar", "service")["spec"]["clusterIP"]
    said = ""
    for number in range(10):  # the node hears of a Service a moment after it was made
        name = f"p{number}"
        pods.run(pod(name, ["env"], restartPolicy="Never"))
        pods.ended(name)
        said = pods.logs(name)
        if "FOO_BAR_SERVICE_HOST" in said:
            break
    for line in (
        f"FOO_BAR_SERVICE_HOST={address}",
        "FOO_BAR_SERVICE_PORT=8765",
        f"FOO_BAR_PORT=tcp://{address}:8765",
        f"FOO_BAR_PORT_8765_TCP=tcp://{address}:8765",
        "FOO_BAR_PORT_8765_TCP_PROTO=tcp",
        "FOO_BAR_PORT_8765_TCP_PORT=8765",
        f"FOO_BAR_PORT_8765_TCP_ADDR={address}",
    ):
        assert line in said.splitlines()
    pods.run(pod("without", ["env"], restartPolicy="Never", enableServiceLinks=False))
    pods.ended("without")
    assert "FOO_BAR" not in pods.logs("without") and "KUBERNETES_SERVICE_HOST" in pods.logs("without")


def test_users_and_groups(pods):
    whole = {"runAsUser": 1001, "runAsGroup": 2002, "supplementalGroups": [3003], "fsGroup": 4004}
    pods.run(pod(command="id -u; id -g; id -G; sleep 1000", security=whole))
    pods.ready()
    user, group, groups = pods.said(3)
    assert (user, group) == ("1001", "2002") and set(groups.split()) == {"2002", "3003", "4004"}
    told = pods.container()["user"]["linux"]
    assert told == {"uid": 1001, "gid": 2002, "supplementalGroups": [2002, 3003, 4004]}
    pods.run(pod("own", "id -u; id -g", securityContext={"runAsUser": 5, "runAsGroup": 6}, security=whole,
                 restartPolicy="Never"))  # fmt: skip
    pods.ended("own")
    assert pods.logs("own").splitlines() == ["5", "6"]
    pods.run(pod("root", "true", security={"runAsNonRoot": True}))
    waiting = pods.waiting("CreateContainerConfigError", "root")
    assert "container has runAsNonRoot and image will run as root" in waiting["message"]


def test_groups_of_the_image_count_unless_only_the_pod_s_shall(pods, cluster, tmp_path):
    (tmp_path / "group").write_text("root:x:0:\nmore:x:50000:someone\n")
    (tmp_path / "passwd").write_text("root:x:0:0::/:\nsomeone:x:1000:1000::/:\n")
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY group passwd /etc/\n")
    cluster.docker("build", "-q", "-t", "grouped", str(tmp_path))
    for number, (policy, more, groups) in enumerate((
        ("Merge", {}, {"1000", "4000", "50000"}),
        ("Strict", {}, {"1000", "4000"}),
        ("Merge", {"runAsGroup": 2}, {"2", "4000", "50000"}),
        ("Strict", {"runAsGroup": 2}, {"2", "4000"}),
    )):  # fmt: skip
        name = f"p{number}"
        security = {
            "runAsUser": 1000,
            "supplementalGroups": [4000],
            "supplementalGroupsPolicy": policy,
            **more,
        }
        pods.run(pod(name, "id -G", image="grouped", security=security, restartPolicy="Never"))
        pods.ended(name)
        assert set(pods.logs(name).split()) == groups, (policy, more)


def test_privileges(pods):
    read = "cat /proc/self/status | grep -E '^(NoNewPrivs|CapEff):'; touch /x && echo written"
    strict = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    pods.run(pod("strict", read, securityContext=strict, restartPolicy="Never"))
    pods.run(pod("plain", read, restartPolicy="Never"))
    pods.run(pod("privileged", read, securityContext={"privileged": True}, restartPolicy="Never"))
    pods.ended("strict", "Failed")
    pods.ended("plain")
    pods.ended("privileged")
    said = {name: pods.logs(name) for name in ("strict", "plain", "privileged")}
    assert "NoNewPrivs:\t1" in said["strict"] and "CapEff:\t0000000000000000" in said["strict"]
    assert "Read-only file system" in said["strict"]
    assert "NoNewPrivs:\t0" in said["plain"] and "CapEff:\t00000000a80425fb" in said["plain"]
    assert "CapEff:\t000001ff" in said["privileged"] and "written" in said["privileged"]


def test_sysctls(pods):
    wanted = {"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}
    assert run_to_end(pods, command="cat /proc/sys/kernel/shm_rmid_forced", security=wanted) == "1"
    pods.run(pod("unsafe", "true", security={"sysctls": [{"name": "kernel.msgmax", "value": "1000"}]}))
    pods.ended("unsafe", "Failed")
    assert pods.status("unsafe")["reason"] == "SysctlForbidden"
    for name in ("foo-", "kernel..x", ""):
        body = pod("bad", "true", security={"sysctls": [{"name": name, "value": "1"}]})
        assert "Invalid value" in pods.kubectl.fails("create", "-f", "-", input=json.dumps(body)) or not name


def test_names_of_hosts(pods):
    aliases = [{"ip": "123.45.67.89", "hostnames": ["foo", "bar"]}]
    read = "cat /etc/hosts; hostname; hostname -f; sleep 1000"
    pods.run(pod("a", read, hostAliases=aliases))
    pods.run(pod("b", read, hostname="web-0", subdomain="web"))
    pods.run(pod("d", "hostname; cat /etc/hosts; sleep 1000", hostNetwork=True))
    for name in ("a", "b", "d"):
        pods.ready(name)
    said = pods.logs("a")
    assert said.startswith("# Kubernetes-managed hosts file.\n")
    assert "# Entries added by HostAliases.\n123.45.67.89\tfoo\tbar" in said and said.endswith("a\na")
    address = pods.status("b")["podIP"]
    full = f"web-0.web.{pods.kubectl.namespace}.svc.cluster.local"
    said = pods.logs("b")
    assert f"{address}\t{full}\tweb-0" in said and said.endswith(f"web-0\n{full}")
    assert "# Kubernetes-managed hosts file (host network)." in pods.logs("d")


def test_last_words(pods):
    word = {"terminationMessagePath": "/dev/words"}
    pods.run(
        pod("file", "echo -n DONE > /dev/words", restartPolicy="Never", security={"runAsUser": 1000}, **word)
    )
    pods.run(pod("log", "echo -n DONE; exit 1", restartPolicy="Never",
                 terminationMessagePolicy="FallbackToLogsOnError", **word))  # fmt: skip
    pods.run(pod("none", "echo -n DONE", restartPolicy="Never",
                 terminationMessagePolicy="FallbackToLogsOnError", **word))  # fmt: skip
    for name, phase, said in (
        ("file", "Succeeded", "DONE"),
        ("log", "Failed", "DONE"),
        ("none", "Succeeded", ""),
    ):
        pods.ended(name, phase)
        assert pods.container(name)["state"]["terminated"].get("message", "") == said, name


def test_a_sub_path_of_a_variable_can_be_mended(pods):
    env = [from_env("WHERE", "metadata.annotations['where']")]
    mounts = [{"name": "v", "mountPath": "/d", "subPathExpr": "$(WHERE)"}]
    volumes = [{"name": "v", "emptyDir": {}}]
    spec = {"env": env, "volumeMounts": mounts, "volumes": volumes}
    pods.run(pod("a", "true", annotations={"where": "/tmp"}, **spec))
    pods.run(pod("b", "true", annotations={"where": "`pwd`"}, **spec))
    pods.run(pod(command="sleep 1000", annotations={"where": "../x"}, **spec))
    assert "must not be an absolute path" in pods.waiting("CreateContainerConfigError", "a")["message"]
    pods.waiting("CreateContainerConfigError")
    pods.kubectl("annotate", "pod", "p", "where=here", "--overwrite")
    pods.ready(seconds=40)


def test_generations(pods):
    pods.run(pod(command="sleep 1000"))
    pods.ready()
    assert pods.get()["metadata"]["generation"] == 1
    pods.kubectl("patch", "pod", "p", "-p", '{"spec":{"activeDeadlineSeconds":5000}}')
    assert pods.get()["metadata"]["generation"] == 2
    wait_until(lambda: pods.status()["observedGeneration"] == 2, 10, lambda: pods.story("p"))
    pods.kubectl("label", "pod", "p", "a=b")
    assert pods.get()["metadata"]["generation"] == 2
    assert all(
        one["observedGeneration"] == 2 for one in pods.status()["conditions"] if one["type"] == "Ready"
    )


def test_runtime_classes(pods, cluster):
    classes = "/apis/node.k8s.io/v1/runtimeclasses"
    pods.kubectl.kubectl("delete", "runtimeclass", "light", "none", "--ignore-not-found")
    body = pod(command="sleep 1000", runtimeClassName="not-there")
    assert 'RuntimeClass "not-there" not found' in pods.kubectl.fails(
        "create", "-f", "-", input=json.dumps(body)
    )
    cluster.admin.create(classes, {"metadata": {"name": "light"}, "handler": "podo",
                                   "overhead": {"podFixed": {"cpu": "10m", "memory": "1Mi"}}})  # fmt: skip
    body["spec"]["runtimeClassName"] = "light"
    pods.kubectl("create", "-f", "-", input=json.dumps(body))
    pods.ready()
    assert pods.get()["spec"]["overhead"] == {"cpu": "10m", "memory": "1Mi"}


def test_an_empty_dir_that_outgrows_its_limit(pods):
    volumes = [{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}]
    mounts = [{"name": "v", "mountPath": "/d"}]
    pods.run(
        pod(command="head -c 3000000 /dev/zero > /d/x; sleep 1000", volumes=volumes, volumeMounts=mounts)
    )
    pods.ended(phase="Failed", seconds=40)
    assert pods.status()["reason"] == "Evicted"
    assert pods.status()["message"] == 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". '
    assert pods.events("Evicted")


def test_events_say_of_which_container(pods):
    first = [container("first", "true")]
    pods.run(pod(command="sleep 1000", initContainers=first))
    pods.ready()
    node = pods.get()["spec"]["nodeName"]
    found = pods.kubectl.json("get", "events", "--field-selector", "involvedObject.name=p,reason=Started")[
        "items"
    ]
    assert {one["involvedObject"]["fieldPath"] for one in found} == {
        "spec.containers{c}",
        "spec.initContainers{first}",
    }
    assert all(one["source"] == {"component": "kubelet", "host": node} for one in found)
    assert all(one["reportingInstance"] == node for one in found)
