"""Who asks, and what they may: certificates, tokens, RBAC, reviews, impersonation; secrets at rest."""

import base64
import json
import os
import ssl
import stat
import subprocess
import time

import pytest

RBAC = "/apis/rbac.authorization.k8s.io/v1"
READ_PODS = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]}


def role(name, *rules):
    return {"metadata": {"name": name}, "rules": list(rules)}


def binding(name, kind, role, *subjects):
    return {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        "subjects": list(subjects),
    }


def user(name):
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def account(name, namespace):
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


@pytest.fixture
def roles(namespace):
    return f"{RBAC}/namespaces/{namespace}/roles"


@pytest.fixture
def bindings(namespace):
    return f"{RBAC}/namespaces/{namespace}/rolebindings"


# --- who ---


def test_a_stranger(server):
    nobody = server.anonymous()
    status = nobody.refused(403, "GET", "/api/v1/pods")
    assert status["message"] == (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" '
        "at the cluster scope"
    )
    status = nobody.refused(401, "GET", "/api/v1/pods", headers={"Authorization": "Bearer nonsense"})
    assert status["message"] == "Unauthorized" and status["reason"] == "Unauthorized"
    for path in ("/healthz", "/livez", "/readyz", "/version"):
        assert nobody.ask("GET", path).status == 200, path
    status = nobody.refused(403, "GET", "/metrics")
    assert status["message"] == 'forbidden: User "system:anonymous" cannot get path "/metrics"'


def test_a_certificate_of_another_authority(server, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /O=system:masters/CN=admin".split()
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    stranger = server.anonymous()
    stranger.context.load_cert_chain(certificate, key)
    try:
        assert stranger.ask("GET", "/api/v1/pods").status == 401
    except (ssl.SSLError, ConnectionError):
        pass  # or it does not come as far as that


def test_the_admin_kubeconfig_and_keys_are_for_root_alone(server):
    assert stat.S_IMODE(os.stat(server.kubeconfig).st_mode) == 0o600
    keys = []
    for folder, _, names in os.walk(server.data):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                if b"PRIVATE KEY" in file.read(1 << 20):
                    keys.append(path)
    assert keys and all(stat.S_IMODE(os.stat(key).st_mode) == 0o600 for key in keys)
    review = server.admin.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert (
        "system:masters" in review["status"]["userInfo"]["groups"]
        or "system:authenticated" in review["status"]["userInfo"]["groups"]
    )


def test_the_servers_certificate_is_for_its_names(server):
    text = ssl.get_server_certificate(("127.0.0.1", server.port))
    names = subprocess.run(
        ["openssl", "x509", "-noout", "-text"], input=text, capture_output=True, text=True, check=True
    ).stdout
    for name in (
        "DNS:kubernetes",
        "DNS:kubernetes.default.svc",
        "DNS:localhost",
        "IP Address:127.0.0.1",
        "IP Address:10.96.0.1",
    ):
        assert name in names


def test_old_versions_of_tls_are_refused(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    import socket

    with pytest.raises((ssl.SSLError, ConnectionError)):
        with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
            context.wrap_socket(plain)


# --- tokens of service accounts ---


@pytest.fixture
def robot(server, admin, namespace):
    """A service account, a token of it, and whoever shows that."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    admin.create(accounts, {"metadata": {"name": "robot"}})
    wanted = {"spec": {"expirationSeconds": 600, "audiences": []}}
    made = admin.create(f"{accounts}/robot/token", wanted)
    one = server.bearer(made["status"]["token"])
    one.token = made
    return one


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_a_token_says_who_it_is_for(admin, robot, namespace):
    status = robot.token["status"]
    body = claims(status["token"])
    assert body["sub"] == f"system:serviceaccount:{namespace}:robot"
    assert body["exp"] - body["iat"] == 600 and abs(body["iat"] - time.time()) < 60
    assert (
        body["kubernetes.io"]["namespace"] == namespace
        and body["kubernetes.io"]["serviceaccount"]["name"] == "robot"
    )
    assert status["expirationTimestamp"].endswith("Z")
    review = robot.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    info = review["status"]["userInfo"]
    assert info["username"] == body["sub"] and set(info["groups"]) == {
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    }
    reviewed = admin.create(
        "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": status["token"]}}
    )
    assert (
        reviewed["status"]["authenticated"] is True and reviewed["status"]["user"]["username"] == body["sub"]
    )
    wrong = admin.create(
        "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": status["token"] + "x"}}
    )
    assert not wrong["status"].get("authenticated") and wrong["status"]["error"]
    other = {"spec": {"token": status["token"], "audiences": ["elsewhere"]}}
    assert not admin.create("/apis/authentication.k8s.io/v1/tokenreviews", other)["status"].get(
        "authenticated"
    )


def test_a_token_dies_with_its_account(admin, robot, namespace):
    assert robot.ask("GET", "/api/v1/pods").status == 403
    admin.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/robot")
    assert robot.ask("GET", "/api/v1/pods").status == 401


def test_a_forged_token(server, robot):
    token = robot.token["status"]["token"]
    head, body, signature = token.split(".")
    forged = claims(token)
    forged["sub"] = "system:admin"
    fake = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    for bad in (
        f"{head}.{fake}.{signature}",
        f"{none}.{body}.",
        f"{none}.{fake}.",
        f"{head}.{body}.",
        token[:-4] + "AAAA",
    ):
        assert server.bearer(bad).ask("GET", "/api/v1/pods").status == 401


# --- what they may ---


def test_a_role_opens_what_it_says_and_no_more(admin, robot, roles, bindings, namespace):
    pods = f"/api/v1/namespaces/{namespace}/pods"
    status = robot.refused(403, "GET", pods)
    assert status["message"] == (
        f'pods is forbidden: User "system:serviceaccount:{namespace}:robot" cannot list resource "pods" '
        f'in API group "" in the namespace "{namespace}"'
    )
    admin.create(roles, role("reader", READ_PODS))
    admin.create(bindings, binding("robots", "Role", "reader", account("robot", namespace)))
    assert robot.get(pods)["kind"] == "PodList"
    assert robot.ask("GET", f"{pods}/none").status == 404
    for method, path, body in (
        ("POST", pods, {}),
        ("DELETE", f"{pods}/x", None),
        ("DELETE", pods, None),
        ("GET", f"/api/v1/namespaces/{namespace}/secrets", None),
        ("GET", f"/api/v1/namespaces/{namespace}/pods/x/exec", None),
        ("GET", "/api/v1/pods", None),
        ("GET", "/api/v1/namespaces/default/pods", None),
    ):
        assert robot.ask(method, path, body).status == 403, (method, path)
    status = robot.refused(403, "DELETE", f"{pods}/x")
    assert status["message"].startswith('pods "x" is forbidden: User ') and status["details"] == {
        "name": "x",
        "kind": "pods",
    }
    admin.delete(f"{bindings}/robots")
    assert robot.ask("GET", pods).status == 403


def test_names_in_rules(admin, roles, bindings, namespace):
    alice = admin.as_user("alice")
    rule = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["mine"],
        "verbs": ["get", "update", "patch"],
    }
    admin.create(roles, role("mine", rule))
    admin.create(bindings, binding("alice", "Role", "mine", user("alice")))
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    admin.create(maps, {"metadata": {"name": "mine"}})
    admin.create(maps, {"metadata": {"name": "other"}})
    assert alice.get(f"{maps}/mine") and alice.patch(f"{maps}/mine", {"data": {"a": "b"}})
    assert alice.ask("GET", f"{maps}/other").status == 403 and alice.ask("GET", maps).status == 403


def test_the_default_roles(admin, bindings, namespace):
    for name in (
        "cluster-admin",
        "admin",
        "edit",
        "view",
        "system:node",
        "system:kube-scheduler",
        "system:basic-user",
    ):
        assert admin.get(f"{RBAC}/clusterroles/{name}")["rules"], name
    admin.create(bindings, binding("v", "ClusterRole", "view", user("vera")))
    admin.create(bindings, binding("e", "ClusterRole", "edit", user("ed")))
    vera, ed = admin.as_user("vera"), admin.as_user("ed")
    root = f"/api/v1/namespaces/{namespace}"
    assert vera.get(f"{root}/pods") and vera.ask("GET", f"{root}/secrets").status == 403
    assert vera.ask("POST", f"{root}/configmaps", {"metadata": {"name": "x"}}).status == 403
    assert ed.create(f"{root}/configmaps", {"metadata": {"name": "x"}}) and ed.get(f"{root}/secrets")
    assert ed.ask("POST", f"{RBAC}/namespaces/{namespace}/roles", role("r", READ_PODS)).status == 403


def test_cluster_roles_are_aggregated(admin, bindings, namespace):
    name = f"test-{namespace}-more"
    body = role(name, {"apiGroups": ["example.com"], "resources": ["things"], "verbs": ["get"]})
    body["metadata"]["labels"] = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    admin.create(f"{RBAC}/clusterroles", body)
    try:
        deadline = time.monotonic() + 5
        while body["rules"][0] not in admin.get(f"{RBAC}/clusterroles/view")["rules"]:
            assert time.monotonic() < deadline, "view did not take the rule up"
            time.sleep(0.02)
    finally:
        admin.delete(f"{RBAC}/clusterroles/{name}")


def test_nobody_gives_what_they_do_not_have(admin, roles, bindings, namespace):
    mallory = admin.as_user("mallory")
    rule = {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["roles", "rolebindings"],
        "verbs": ["get", "create", "update"],
    }
    admin.create(roles, role("manager", rule, READ_PODS))
    admin.create(bindings, binding("mallory", "Role", "manager", user("mallory")))
    assert mallory.create(roles, role("pods", READ_PODS))
    secrets = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    status = mallory.refused(403, "POST", roles, role("secrets", secrets))
    assert status["message"].startswith(
        'roles.rbac.authorization.k8s.io "secrets" is forbidden: user "mallory" '
        '(groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:'
    )
    assert '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}' in status["message"]
    assert mallory.ask("POST", bindings, binding("up", "ClusterRole", "admin", user("mallory"))).status == 403
    assert mallory.create(bindings, binding("fine", "Role", "pods", user("friend")))
    # `bind` and `escalate` are said in so many words.
    extra = {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["clusterroles"],
        "resourceNames": ["admin"],
        "verbs": ["bind"],
    }
    admin.create(roles, role("binder", extra))
    admin.create(bindings, binding("binder", "Role", "binder", user("mallory")))
    assert mallory.create(bindings, binding("up", "ClusterRole", "admin", user("mallory")))


def test_a_binding_keeps_its_role(admin, bindings):
    admin.create(bindings, binding("b", "ClusterRole", "view", user("x")))
    now = admin.get(f"{bindings}/b")
    now["roleRef"]["name"] = "edit"
    assert "cannot change roleRef" in admin.refused(422, "PUT", f"{bindings}/b", now)["message"]


def test_impersonation(server, admin, robot):
    alice = admin.as_user("alice", "developers", "testers")
    info = alice.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})["status"]["userInfo"]
    assert info["username"] == "alice" and set(info["groups"]) == {
        "developers",
        "testers",
        "system:authenticated",
    }
    status = robot.refused(403, "GET", "/api/v1/pods", headers={"Impersonate-User": "alice"})
    assert 'cannot impersonate resource "users" in API group "" at the cluster scope' in status["message"]


# --- reviews ---


def may(caller, verb, resource, namespace=None, group="", subresource=None, name=None):
    attributes = {"verb": verb, "resource": resource, "group": group}
    attributes.update(
        {k: v for k, v in (("namespace", namespace), ("subresource", subresource), ("name", name)) if v}
    )
    body = {"spec": {"resourceAttributes": attributes}}
    return caller.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)["status"]


def test_reviews_of_access(admin, bindings, namespace):
    admin.create(bindings, binding("v", "ClusterRole", "view", user("vera")))
    vera = admin.as_user("vera")
    yes = may(vera, "list", "pods", namespace)
    assert yes["allowed"] is True
    assert (
        yes["reason"] == f'RBAC: allowed by RoleBinding "v/{namespace}" of ClusterRole "view" to User "vera"'
    )
    assert may(vera, "delete", "pods", namespace)["allowed"] is False
    assert (
        may(vera, "list", "pods", "default")["allowed"] is False and may(admin, "*", "*")["allowed"] is True
    )
    body = {
        "spec": {
            "user": "vera",
            "resourceAttributes": {"verb": "get", "resource": "services", "namespace": namespace},
        }
    }
    assert (
        admin.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", body)["status"]["allowed"] is True
    )
    body["spec"]["groups"] = []
    body["spec"].pop("user")
    assert admin.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body).status == 422
    local = f"/apis/authorization.k8s.io/v1/namespaces/{namespace}/localsubjectaccessreviews"
    body = {
        "metadata": {"namespace": namespace},
        "spec": {
            "user": "vera",
            "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": namespace},
        },
    }
    assert admin.create(local, body)["status"]["allowed"] is True
    rules = vera.create(
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": namespace}}
    )["status"]
    assert any(
        "pods" in rule.get("resources", []) and "list" in rule["verbs"] for rule in rules["resourceRules"]
    )
    assert not any("secrets" in rule.get("resources", []) for rule in rules["resourceRules"])
    paths = {"spec": {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}}
    assert (
        vera.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", paths)["status"]["allowed"]
        is False
    )


def test_a_node_sees_only_what_its_pods_need(admin, namespace):
    node = admin.as_user("system:node:n1", "system:nodes", "system:authenticated")
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    for name in ("used", "unused"):
        admin.create(secrets, {"metadata": {"name": name}})
    pod = {
        "metadata": {"name": "p"},
        "spec": {
            "nodeName": "n1",
            "containers": [{"name": "c", "image": "i"}],
            "volumes": [{"name": "v", "secret": {"secretName": "used"}}],
        },
    }
    admin.create(f"/api/v1/namespaces/{namespace}/pods", pod)
    deadline = time.monotonic() + 5
    while node.ask("GET", f"{secrets}/used").status != 200:
        assert time.monotonic() < deadline, node.ask("GET", f"{secrets}/used")
        time.sleep(0.02)
    assert node.ask("GET", f"{secrets}/unused").status == 403 and node.ask("GET", secrets).status == 403
    other = admin.as_user("system:node:n2", "system:nodes", "system:authenticated")
    assert other.ask("GET", f"{secrets}/used").status == 403


# --- at rest ---


def test_secrets_are_not_readable_on_the_disk(make_server):
    server = make_server()
    word, open_word = "Xyzzy-hidden-word-4711", "Plugh-open-word-0815"
    body = {"metadata": {"name": "s", "annotations": {"note": word}}, "stringData": {"password": word}}
    made = server.admin.create("/api/v1/namespaces/default/secrets", body)
    assert made["data"] == {"password": base64.b64encode(word.encode()).decode()} and "stringData" not in made
    server.admin.create(
        "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "c"}, "data": {"w": open_word}}
    )
    server.stop()
    found = set()
    for folder, _, names in os.walk(server.data):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            found |= {
                each for each in (word, made["data"]["password"], open_word) if each.encode() in content
            }
    assert found <= {open_word}
    server.start()
    assert server.admin.get("/api/v1/namespaces/default/secrets/s")["data"] == made["data"]


def test_identities_outlive_the_server(make_server):
    server = make_server()
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    server.admin.create(accounts, {"metadata": {"name": "robot"}})
    token = server.admin.create(f"{accounts}/robot/token", {"spec": {}})["status"]["token"]
    config = server.kubeconfig.read_text()
    server.stop()
    server.start()
    assert server.kubeconfig.read_text() == config
    assert server.bearer(token).ask("GET", "/api/v1/pods").status == 403, "known, though not allowed"
