"""A small valid object of every built-in kind that can be created and read back, by its API path."""

import base64
import functools
import subprocess

POD = {"containers": [{"name": "c", "image": "registry.example/c:1"}]}
LABELS = {"app": "sample"}
SELECTOR = {"matchLabels": LABELS}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
JOB = {"template": {"spec": {**POD, "restartPolicy": "Never"}}}
RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "sample"}
RULES = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
CALL = {
    "clientConfig": {"url": "https://hook.example/"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
MATCH = {"resourceRules": RULES}
MUTATION = {
    "patchType": "ApplyConfiguration",
    "applyConfiguration": {"expression": 'Object{metadata: Object.metadata{labels: {"a": "b"}}}'},
}
CLAIM = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpus.example"}}]}}


@functools.cache
def certificate_request():
    command = [
        "openssl",
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "/dev/null",
        "-subj",
        "/CN=sample",
    ]
    done = subprocess.run(command, check=True, capture_output=True)
    return base64.b64encode(done.stdout).decode()


# path of the collection ("{}": the namespace's place) -> (kind, the rest of the object, other name)
def core(plural):
    return f"/api/v1/namespaces/{{}}/{plural}"


def of(group, plural, cluster=False):
    return f"/apis/{group}/{plural}" if cluster else f"/apis/{group.strip('/')}/namespaces/{{}}/{plural}"


def samples():
    yield core("configmaps"), "ConfigMap", {"data": {"a": "1"}, "binaryData": {"b": "AAEC/w=="}}
    yield core("endpoints"), "Endpoints", {
        "subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"name": "http", "port": 80}]}]
    }
    yield core("events"), "Event", {
        "involvedObject": {"kind": "Pod", "namespace": "{}", "name": "p"},
        "reason": "Tested",
        "message": "something happened",
        "type": "Normal",
        "firstTimestamp": "2024-02-03T04:05:06Z",
        "count": 3,
    }
    yield core("limitranges"), "LimitRange", {
        "spec": {"limits": [{"type": "Pod", "max": {"cpu": "64", "memory": "1.5Gi"}}]}
    }
    yield "/api/v1/namespaces", "Namespace", {}
    yield "/api/v1/nodes", "Node", {
        "spec": {
            "podCIDR": "10.244.0.0/24",
            "podCIDRs": ["10.244.0.0/24"],
            "unschedulable": True,
        }
    }
    yield core("persistentvolumeclaims"), "PersistentVolumeClaim", {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    }
    yield "/api/v1/persistentvolumes", "PersistentVolume", {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "hostPath": {"path": "/srv/sample"},
        }
    }
    yield core("pods"), "Pod", {"spec": POD}
    yield core("podtemplates"), "PodTemplate", {"template": TEMPLATE}
    yield core("replicationcontrollers"), "ReplicationController", {
        "spec": {"selector": LABELS, "template": TEMPLATE}
    }
    yield core("resourcequotas"), "ResourceQuota", {"spec": {"hard": {"count/jobs.batch": "7"}}}
    yield core("secrets"), "Secret", {"stringData": {"word": "hidden"}, "data": {"raw": "AAEC/w=="}}
    yield core("serviceaccounts"), "ServiceAccount", {"automountServiceAccountToken": False}
    yield core("services"), "Service", {
        "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": "http"}]}
    }

    yield of("apps/v1", "controllerrevisions"), "ControllerRevision", {
        "revision": 7,
        "data": {"spec": {"x": [1, "a"]}},
    }
    for plural, kind in (
        ("daemonsets", "DaemonSet"),
        ("deployments", "Deployment"),
        ("replicasets", "ReplicaSet"),
    ):
        yield of("apps/v1", plural), kind, {"spec": {"selector": SELECTOR, "template": TEMPLATE}}
    yield of("apps/v1", "statefulsets"), "StatefulSet", {
        "spec": {"selector": SELECTOR, "template": TEMPLATE, "serviceName": "sample"}
    }
    yield of("batch/v1", "jobs"), "Job", {"spec": JOB}
    yield of("batch/v1", "cronjobs"), "CronJob", {
        "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": JOB}}
    }
    yield of("autoscaling/v1", "horizontalpodautoscalers"), "HorizontalPodAutoscaler", {
        "spec": {"maxReplicas": 3, "scaleTargetRef": TARGET, "targetCPUUtilizationPercentage": 80}
    }
    yield of("autoscaling/v2", "horizontalpodautoscalers"), "HorizontalPodAutoscaler", {
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": TARGET,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
                }
            ],
        }
    }
    networking = "networking.k8s.io/v1"
    yield of(networking, "ingressclasses", True), "IngressClass", {
        "spec": {"controller": "example.com/sample"}
    }
    backend = {"service": {"name": "sample", "port": {"number": 80}}}
    yield of(networking, "ingresses"), "Ingress", {
        "spec": {
            "rules": [
                {
                    "host": "a.example",
                    "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
                }
            ]
        }
    }
    yield of(networking, "ipaddresses", True), "IPAddress", {
        "spec": {"parentRef": {"resource": "services", "name": "sample", "namespace": "default"}}
    }, "10.96.200.200"
    yield of(networking, "networkpolicies"), "NetworkPolicy", {
        "spec": {
            "podSelector": SELECTOR,
            "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}, {"port": 8080}]}],
        }
    }
    yield of(networking, "servicecidrs", True), "ServiceCIDR", {"spec": {"cidrs": ["10.200.0.0/24"]}}
    yield of("policy/v1", "poddisruptionbudgets"), "PodDisruptionBudget", {
        "spec": {"minAvailable": "50%", "selector": SELECTOR}
    }
    rbac = "rbac.authorization.k8s.io/v1"
    subject = {"kind": "User", "name": "sample", "apiGroup": "rbac.authorization.k8s.io"}
    for plural, kind, cluster in (("clusterroles", "ClusterRole", True), ("roles", "Role", False)):
        yield of(rbac, plural, cluster), kind, {"rules": [RULE]}
        yield of(rbac, plural.replace("roles", "rolebindings"), cluster), kind + "Binding", {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "sample"},
            "subjects": [subject],
        }
    storage = "storage.k8s.io/v1"
    yield of(storage, "csidrivers", True), "CSIDriver", {"spec": {"attachRequired": False}}
    yield of(storage, "csinodes", True), "CSINode", {
        "spec": {"drivers": [{"name": "d.example", "nodeID": "n"}]}
    }
    yield of(storage, "csistoragecapacities"), "CSIStorageCapacity", {
        "storageClassName": "sample",
        "capacity": "10Gi",
    }
    yield of(storage, "storageclasses", True), "StorageClass", {"provisioner": "example.com/sample"}
    yield of(storage, "volumeattachments", True), "VolumeAttachment", {
        "spec": {"attacher": "d.example", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
    }
    yield of(storage, "volumeattributesclasses", True), "VolumeAttributesClass", {
        "driverName": "d.example",
        "parameters": {"iops": "1"},
    }
    yield of("scheduling.k8s.io/v1", "priorityclasses", True), "PriorityClass", {"value": 1000}
    yield of("coordination.k8s.io/v1", "leases"), "Lease", {
        "spec": {
            "holderIdentity": "me",
            "leaseDurationSeconds": 15,
            "renewTime": "2024-02-03T04:05:06.123456Z",
        }
    }
    yield of("discovery.k8s.io/v1", "endpointslices"), "EndpointSlice", {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }
    yield of("events.k8s.io/v1", "events"), "Event", {
        "eventTime": "2024-02-03T04:05:06.123456Z",
        "reportingController": "example.com/sample",
        "reportingInstance": "one",
        "action": "Testing",
        "reason": "Tested",
        "type": "Normal",
        "regarding": {"kind": "Pod", "namespace": "{}", "name": "p"},
    }
    yield of("node.k8s.io/v1", "runtimeclasses", True), "RuntimeClass", {"handler": "sample"}
    yield of("certificates.k8s.io/v1", "certificatesigningrequests", True), "CertificateSigningRequest", {
        "spec": {
            "request": certificate_request(),
            "signerName": "example.com/sample",
            "usages": ["digital signature", "client auth"],
        }
    }
    admission = "admissionregistration.k8s.io/v1"
    hook = {**CALL, "name": "a.hook.example", "rules": RULES}
    hook["failurePolicy"] = "Ignore"
    hook["namespaceSelector"] = {"matchLabels": {"nobody": "has-this"}}
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        yield of(admission, kind.lower() + "s", True), kind, {"webhooks": [hook]}
    yield of(admission, "validatingadmissionpolicies", True), "ValidatingAdmissionPolicy", {
        "spec": {"matchConstraints": MATCH, "validations": [{"expression": "true", "message": "never"}]}
    }
    yield of(admission, "validatingadmissionpolicybindings", True), "ValidatingAdmissionPolicyBinding", {
        "spec": {"policyName": "nobody", "validationActions": ["Deny"]}
    }
    yield of(admission, "mutatingadmissionpolicies", True), "MutatingAdmissionPolicy", {
        "spec": {"matchConstraints": MATCH, "mutations": [MUTATION], "reinvocationPolicy": "Never"}
    }
    yield of(admission, "mutatingadmissionpolicybindings", True), "MutatingAdmissionPolicyBinding", {
        "spec": {"policyName": "nobody"}
    }
    yield of("apiextensions.k8s.io/v1", "customresourcedefinitions", True), "CustomResourceDefinition", {
        "spec": {
            "group": "sample.example",
            "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {"type": "object", "additionalProperties": {"type": "string"}},
                                "size": {"type": "integer", "default": 3, "enum": [1, 3]},
                                "any": {"x-kubernetes-preserve-unknown-fields": True},
                            },
                        }
                    },
                }
            ],
        }
    }, "things.sample.example"
    yield of("apiregistration.k8s.io/v1", "apiservices", True), "APIService", {
        "spec": {
            "group": "sample.example",
            "version": "v9",
            "groupPriorityMinimum": 100,
            "versionPriority": 10,
            "service": {"name": "sample", "namespace": "default"},
            "insecureSkipTLSVerify": True,
        }
    }, "v9.sample.example"
    flow = "flowcontrol.apiserver.k8s.io/v1"
    yield of(flow, "flowschemas", True), "FlowSchema", {
        "spec": {"priorityLevelConfiguration": {"name": "exempt"}, "matchingPrecedence": 9999}
    }
    yield of(flow, "prioritylevelconfigurations", True), "PriorityLevelConfiguration", {
        "spec": {
            "type": "Limited",
            "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}},
        }
    }
    resource = "resource.k8s.io/v1"
    yield of(resource, "deviceclasses", True), "DeviceClass", {"spec": {}}
    yield of(resource, "resourceclaims"), "ResourceClaim", {"spec": CLAIM}
    yield of(resource, "resourceclaimtemplates"), "ResourceClaimTemplate", {"spec": {"spec": CLAIM}}
    yield of(resource, "resourceslices", True), "ResourceSlice", {
        "spec": {
            "driver": "d.example",
            "nodeName": "n",
            "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            "devices": [
                {
                    "name": "one",
                    "attributes": {"model": {"string": "m"}, "cores": {"int": 4}, "fast": {"bool": True}},
                    "capacity": {"memory": {"value": "2Gi"}},
                }
            ],
        }
    }


def api_version(path):
    words = path.strip("/").split("/")
    return "v1" if words[0] == "api" else "/".join(words[1:3])


def filled(value, namespace):
    """Every "{}" becomes the namespace's name."""
    if isinstance(value, dict):
        return {key: filled(item, namespace) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, namespace) for item in value]
    return namespace if value == "{}" else value


SAMPLES = {}
for path, kind, rest, *name in samples():
    SAMPLES[path] = (kind, rest, name[0] if name else "sample")


def sample(path, namespace):
    """The object of a path, and the path of its collection."""
    kind, rest, name = SAMPLES[path]
    body = {"apiVersion": api_version(path), "kind": kind, "metadata": {"name": name, "labels": dict(LABELS)}}
    if "{}" in path:
        body["metadata"]["namespace"] = namespace
    elif name == "sample":
        body["metadata"]["name"] = f"sample-{namespace}"
    return {**body, **filled(rest, namespace)}, path.replace("{}", namespace)
