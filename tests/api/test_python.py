"""python3-kubernetes, as scripts of its users have it."""

import base64
import threading

import pytest
import yaml

kubernetes = pytest.importorskip("kubernetes", reason="there is no python3-kubernetes")
from kubernetes import client, config, dynamic, utils, watch  # noqa: E402


@pytest.fixture
def api(server):
    configuration = client.Configuration()
    config.load_kube_config(str(server.kubeconfig), client_configuration=configuration)
    with client.ApiClient(configuration) as one:
        yield one


def pod(name, labels=None):
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name, labels=labels),
        spec=client.V1PodSpec(containers=[client.V1Container(name="c", image="i")]),
    )


def test_objects_come_and_go(api, namespace):
    core = client.CoreV1Api(api)
    made = core.create_namespaced_pod(namespace, pod("p", {"a": "b"}))
    assert made.status.phase == "Pending" and made.spec.containers[0].image_pull_policy == "Always"
    assert made.metadata.creation_timestamp.tzinfo
    assert [
        each.metadata.name for each in core.list_namespaced_pod(namespace, label_selector="a=b").items
    ] == ["p"]
    patched = core.patch_namespaced_pod("p", namespace, {"metadata": {"labels": {"c": "d"}}})
    assert patched.metadata.labels == {"a": "b", "c": "d"}
    patched.metadata.labels = {"only": "this"}
    assert core.replace_namespaced_pod("p", namespace, patched).metadata.labels == {"only": "this"}
    with pytest.raises(client.ApiException) as stale:
        core.replace_namespaced_pod("p", namespace, patched)
    assert stale.value.status == 409 and stale.value.reason == "Conflict"
    core.delete_namespaced_pod("p", namespace)
    with pytest.raises(client.ApiException) as gone:
        core.read_namespaced_pod("p", namespace)
    assert gone.value.status == 404 and 'pods \\"p\\" not found' in gone.value.body


def test_workloads(api, namespace):
    apps, autoscaling = client.AppsV1Api(api), client.AutoscalingV1Api(api)
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels={"a": "b"}), spec=pod("x").spec)
    spec = client.V1DeploymentSpec(
        selector=client.V1LabelSelector(match_labels={"a": "b"}), template=template
    )
    apps.create_namespaced_deployment(
        namespace, client.V1Deployment(metadata=client.V1ObjectMeta(name="d"), spec=spec)
    )
    scale = apps.patch_namespaced_deployment_scale("d", namespace, {"spec": {"replicas": 3}})
    assert scale.spec.replicas == 3 and apps.read_namespaced_deployment("d", namespace).spec.replicas == 3
    status = apps.patch_namespaced_deployment_status(
        "d", namespace, {"status": {"readyReplicas": 2, "replicas": 3}}
    )
    assert status.status.ready_replicas == 2
    target = client.V1CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="d")
    autoscaler = client.V1HorizontalPodAutoscaler(
        metadata=client.V1ObjectMeta(name="h"),
        spec=client.V1HorizontalPodAutoscalerSpec(max_replicas=5, scale_target_ref=target),
    )
    assert (
        autoscaling.create_namespaced_horizontal_pod_autoscaler(namespace, autoscaler).spec.max_replicas == 5
    )


def test_secrets_and_config(api, namespace):
    core = client.CoreV1Api(api)
    made = core.create_namespaced_secret(
        namespace, client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"k": "v"})
    )
    assert base64.b64decode(made.data["k"]) == b"v" and made.type == "Opaque"
    core.create_namespaced_config_map(
        namespace,
        client.V1ConfigMap(metadata=client.V1ObjectMeta(name="c", labels={"x": "1"}), data={"k": "v"}),
    )
    core.delete_collection_namespaced_config_map(namespace, label_selector="x=1")
    assert not core.list_namespaced_config_map(namespace, label_selector="x=1").items


def test_a_watch(api, namespace):
    core = client.CoreV1Api(api)
    version = core.list_namespaced_config_map(namespace).metadata.resource_version
    events, watcher = [], watch.Watch()

    def follow():
        stream = watcher.stream(
            core.list_namespaced_config_map, namespace, resource_version=version, timeout_seconds=20
        )
        for event in stream:
            if event["object"].metadata.name.startswith("m"):
                events.append((event["type"], event["object"].metadata.name))
            if len(events) == 6:
                watcher.stop()

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(2):
        name = f"m{number}"
        core.create_namespaced_config_map(
            namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name))
        )
        core.patch_namespaced_config_map(name, namespace, {"data": {"a": "b"}})
        core.delete_namespaced_config_map(name, namespace)
    thread.join(30)
    assert events == [(kind, f"m{n}") for n in range(2) for kind in ("ADDED", "MODIFIED", "DELETED")]


def test_a_list_in_parts(api, namespace):
    core = client.CoreV1Api(api)
    for number in range(7):
        core.create_namespaced_pod(namespace, pod(f"p{number}"))
    found, token = [], None
    while True:
        part = core.list_namespaced_pod(namespace, limit=3, _continue=token)
        found += [each.metadata.name for each in part.items]
        token = part.metadata._continue
        if not token:
            break
    assert found == [f"p{number}" for number in range(7)]


def test_the_dynamic_client_and_yaml(api, namespace):
    core = client.CoreV1Api(api)
    text = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}], selector: {a: b}}\n"
    )
    utils.create_from_dict(api, yaml.safe_load(text), namespace=namespace)
    assert core.read_namespaced_service("s", namespace).spec.type == "ClusterIP"
    anything = dynamic.DynamicClient(api)
    jobs = anything.resources.get(api_version="batch/v1", kind="CronJob")
    body = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "k"},
        "spec": {
            "schedule": "@daily",
            "jobTemplate": {
                "spec": {
                    "template": {
                        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
                    }
                }
            },
        },
    }
    assert jobs.create(body=body, namespace=namespace).spec.concurrencyPolicy == "Allow"
    patch = {"spec": {"suspend": True}}
    assert jobs.patch(
        patch, name="k", namespace=namespace, content_type="application/merge-patch+json"
    ).spec.suspend
    assert [each.metadata.name for each in jobs.get(namespace=namespace).items] == ["k"]
    assert client.VersionApi(api).get_code().minor.startswith("36")


def test_tokens_and_reviews(api, server, namespace):
    core, access = client.CoreV1Api(api), client.AuthorizationV1Api(api)
    core.create_namespaced_service_account(
        namespace, client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="robot"))
    )
    request = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=900)
    )
    token = core.create_namespaced_service_account_token("robot", namespace, request).status.token
    configuration = client.Configuration(host=server.url, api_key={"authorization": f"Bearer {token}"})
    configuration.verify_ssl = False
    with client.ApiClient(configuration) as robot:
        with pytest.raises(client.ApiException) as refused:
            client.CoreV1Api(robot).list_namespaced_pod(namespace)
        assert refused.value.status == 403
    spec = client.V1SelfSubjectAccessReviewSpec(
        resource_attributes=client.V1ResourceAttributes(verb="delete", resource="nodes")
    )
    assert access.create_self_subject_access_review(
        client.V1SelfSubjectAccessReview(spec=spec)
    ).status.allowed
