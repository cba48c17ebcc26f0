"""Who may do what: nobody has to say who they are on loopback, users with passwords, bearer tokens of an
authority, TLS."""

import base64
import warnings
import json
import re
import subprocess
import time

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt

from server import ABSENT, OCI_MANIFEST, basic, digest_of, trusting


def openssl(*words, input=None):
    return subprocess.run(["openssl", *map(str, words)], input=input, check=True, capture_output=True).stdout


def self_signed(key, certificate, kind="rsa:2048", *more):
    """For 127.0.0.1."""
    names = ["-subj", "/CN=of a test", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-nodes", "-keyout", key, "-out", certificate, "-days", "2"]
    openssl("req", "-x509", "-newkey", kind, *more, *files, *names)


def bcrypt(password, salt="abcdefghijklmnopqrstuu"):
    return crypt.crypt(password, f"$2y$05${salt}")


@pytest.fixture
def users(tmp_path):
    path = tmp_path / "htpasswd"
    path.write_text(f"# who may\n\nann:{bcrypt('secret')}\nbob:{bcrypt('pass:word ä')}\n")
    return path


# --- passwords ---


def test_without_a_password_nothing_is_told(make_registry, users):
    registry = make_registry("--users", users)
    for method, path in (
        ("GET", "/v2/"),
        ("GET", "/v2/_catalog"),
        ("GET", "/v2/x/manifests/latest"),
        ("POST", "/v2/x/blobs/uploads/"),
        ("GET", "/v2/NOT A NAME/tags/list".replace(" ", "%20")),
    ):
        answer = registry.call(method, path)
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
        assert answer["WWW-Authenticate"].startswith('Basic realm="')
        assert answer["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_passwords(make_registry, users):
    registry = make_registry("--users", users)
    for user, password, status in (
        ("ann", "secret", 200),
        ("bob", "pass:word ä", 200),
        ("ann", "Secret", 401),
        ("ann", "", 401),
        ("eve", "secret", 401),
        ("", "", 401),
        ("ann", "secret" + 2000 * "x", 401),
    ):
        answer = registry.call("GET", "/v2/", headers={"Authorization": basic(user, password)})
        assert answer.status == status, (user, password)
    for header in ("Basic", "Basic ", "Basic !!!", "Basic " + base64.b64encode(b"ann").decode(), "Bearer x"):
        assert registry.call("GET", "/v2/", headers={"Authorization": header}).status == 401
    registry.authorization = basic("ann", "secret")
    registry.push_image("x", "v1", b"layer")


def test_the_file_is_read_again(make_registry, users):
    registry = make_registry("--users", users)
    registry.authorization = basic("ann", "secret")
    assert registry.call("GET", "/v2/").status == 200
    users.write_text(f"ann:{bcrypt('changed it')}\n")
    assert registry.call("GET", "/v2/").status == 401
    registry.authorization = basic("ann", "changed it")
    assert registry.call("GET", "/v2/").status == 200
    users.write_text("ann:broken\n")  # not taken: the last good one counts
    assert registry.call("GET", "/v2/").status == 200


@pytest.mark.parametrize("text", ["ann\n", "ann:plain\n", "ann:$apr1$x$y\n", ":" + bcrypt("x") + "\n"])
def test_a_file_that_is_no_file_of_users(make_registry, tmp_path, text):
    (tmp_path / "users").write_text(text)
    registry = make_registry("--users", tmp_path / "users", start=False)
    with pytest.raises(AssertionError, match="line 1"):
        registry.start()


def test_beyond_loopback_one_has_to_say_who_may(make_registry, users):
    registry = make_registry(start=False)
    registry.host = f"0.0.0.0:{registry.port}"
    with pytest.raises(AssertionError, match="whoever reaches it may pull and push"):
        registry.start()
    registry.process = None
    registry.start("--no-auth").stop()
    registry.start("--users", users)
    assert registry.call("GET", "/v2/").status == 401


# --- tokens ---

ISSUER, SERVICE, REALM = "the authority", "podo.example", "https://auth.example/token"


class Authority:
    def __init__(self, folder, kind):
        self.key, self.certificate = folder / f"{kind}.key", folder / f"{kind}.pem"
        self.algorithm = {"rsa:2048": "RS256", "ec": "ES256"}[kind]
        more = ["-pkeyopt", "ec_paramgen_curve:prime256v1"] if kind == "ec" else []
        self_signed(self.key, self.certificate, kind, *more)

    def token(self, *grants, header=None, algorithm=None, spoil=False, **claims):
        now = int(time.time())
        access = [{"type": kind, "name": name, "actions": actions} for kind, name, actions in grants]
        claims = {
            "iss": ISSUER,
            "aud": SERVICE,
            "sub": "ann",
            "exp": now + 300,
            "nbf": now,
            "access": access,
            **claims,
        }
        head = {"typ": "JWT", "alg": algorithm or self.algorithm, **(header or {})}
        message = b".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)
        )
        signature = openssl("dgst", "-sha256", "-sign", self.key, input=message)
        if self.algorithm == "ES256":
            numbers = re.findall(
                rb"INTEGER\s+:([0-9A-F]+)", openssl("asn1parse", "-inform", "DER", input=signature)
            )
            signature = b"".join(bytes.fromhex(one.decode().zfill(64)) for one in numbers)
        if spoil:
            signature = bytes([signature[0] ^ 1]) + signature[1:]
        return (message + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()

    def chain(self):
        return [base64.b64encode(openssl("x509", "-in", self.certificate, "-outform", "DER")).decode()]


@pytest.fixture(scope="module", params=["rsa:2048", "ec"])
def authority(request, tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), request.param)


@pytest.fixture
def guarded(make_registry, authority):
    return make_registry(
        *("--token-realm", REALM, "--token-service", SERVICE, "--token-issuer", ISSUER),
        *("--token-cert", authority.certificate),
    )


def status(registry, token, method="GET", path="/v2/"):
    return registry.call(method, path, headers={"Authorization": f"Bearer {token}"}).status


def test_the_challenge_names_what_is_needed(guarded):
    for method, path, scope in (
        ("GET", "/v2/a/b/manifests/latest", "repository:a/b:pull"),
        ("HEAD", f"/v2/a/blobs/{ABSENT}", "repository:a:pull"),
        ("POST", "/v2/a/blobs/uploads/", "repository:a:pull,push"),
        ("PUT", "/v2/a/manifests/x", "repository:a:pull,push"),
        ("DELETE", "/v2/a/manifests/x", "repository:a:delete"),
        ("GET", "/v2/_catalog", "registry:catalog:*"),
    ):
        answer = guarded.call(method, path)
        assert answer.status == 401
        assert answer["WWW-Authenticate"] == f'Bearer realm="{REALM}",service="{SERVICE}",scope="{scope}"'
    assert guarded.call("GET", "/v2/")["WWW-Authenticate"] == f'Bearer realm="{REALM}",service="{SERVICE}"'


def test_a_token_allows_what_it_grants(guarded, authority):
    guarded.authorization = "Bearer " + authority.token(("repository", "a/b", ["pull", "push"]))
    assert guarded.call("GET", "/v2/").status == 200
    digest = guarded.push_image("a/b", "v1", b"layer")
    assert guarded.call("GET", "/v2/a/b/manifests/v1")["Docker-Content-Digest"] == digest
    for method, path in (
        ("GET", "/v2/a/manifests/v1"),
        ("DELETE", "/v2/a/b/manifests/v1"),
        ("GET", "/v2/_catalog"),
    ):
        answer = guarded.call(method, path)
        assert answer.status == 401
        assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    pull = authority.token(("repository", "a/b", ["pull"]))
    assert status(guarded, pull, "GET", "/v2/a/b/manifests/v1") == 200
    assert status(guarded, pull, "POST", "/v2/a/b/blobs/uploads/") == 401
    assert (
        status(guarded, authority.token(("repository", "a/b", ["*"])), "DELETE", "/v2/a/b/manifests/v1")
        == 202
    )
    assert status(guarded, authority.token(("registry", "catalog", ["*"])), "GET", "/v2/_catalog") == 200


def test_a_mount_needs_the_right_to_read_there(guarded, authority):
    layer = digest_of(b"layer")
    guarded.authorization = "Bearer " + authority.token(("repository", "from", ["pull", "push"]))
    guarded.push_blob("from", b"layer")
    guarded.authorization = "Bearer " + authority.token(("repository", "to", ["pull", "push"]))
    for query in ({"mount": layer, "from": "from"}, {"mount": layer}):
        assert guarded.call("POST", "/v2/to/blobs/uploads/", **query).status == 202
    guarded.authorization = "Bearer " + authority.token(
        ("repository", "to", ["pull", "push"]), ("repository", "from", ["pull"])
    )
    for query in ({"mount": layer, "from": "from"}, {"mount": layer}):
        assert guarded.call("POST", "/v2/to/blobs/uploads/", **query).status == 201


def test_tokens_that_are_not_believed(guarded, authority, tmp_path):
    now, grant = int(time.time()), ("repository", "a", ["pull"])
    stranger = Authority(tmp_path, {"RS256": "rsa:2048", "ES256": "ec"}[authority.algorithm])
    unsigned = authority.token(grant, algorithm="none")
    for name, token in {
        "expired": authority.token(grant, exp=now - 120),
        "too early": authority.token(grant, nbf=now + 600),
        "another issuer": authority.token(grant, iss="mallory"),
        "another service": authority.token(grant, aud="elsewhere"),
        "no audience": authority.token(grant, aud=[]),
        "another key": stranger.token(grant),
        "another key, and its own word for it": stranger.token(grant, header={"x5c": stranger.chain()}),
        "a spoilt signature": authority.token(grant, spoil=True),
        "no signature": unsigned[: unsigned.rfind(".") + 1],
        "a symmetric algorithm": authority.token(grant, algorithm="HS256"),
        "nothing": "",
        "rubbish": "a.b.c",
        "two parts": authority.token(grant).rsplit(".", 1)[0],
    }.items():
        answer = guarded.call("GET", "/v2/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 401, name
        if name not in ("nothing",):
            assert 'error="invalid_token"' in answer["WWW-Authenticate"], name


def test_spellings_of_a_good_token(guarded, authority):
    assert status(guarded, authority.token(aud=["x", SERVICE])) == 200
    assert status(guarded, authority.token(header={"x5c": authority.chain()})) == 200
    assert status(guarded, authority.token(header={"kid": "whatever"})) == 200
    now = int(time.time())
    assert status(guarded, authority.token(exp=now - 30, nbf=now + 30)) == 200  # clocks differ


def test_a_certificate_that_ours_vouches_for(guarded, authority, tmp_path):
    key, request, leaf = tmp_path / "leaf.key", tmp_path / "leaf.csr", tmp_path / "leaf.pem"
    openssl(
        "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=leaf"
    )
    openssl("x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key,
            "-CAcreateserial", "-out", leaf, "-days", "1")  # fmt: skip
    deputy = Authority.__new__(Authority)
    deputy.key, deputy.certificate, deputy.algorithm = key, leaf, "RS256"
    assert status(guarded, deputy.token(header={"x5c": deputy.chain()})) == 200
    assert status(guarded, deputy.token()) == 401


# --- TLS ---


def test_https(make_registry, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    self_signed(key, certificate)
    registry = make_registry("--tls-cert", certificate, "--tls-key", key, start=False)
    registry.tls = trusting(certificate)
    registry.start()
    layer = bytes(3_000_000)
    digest = registry.push_image("tls", "v1", layer)
    assert registry.call("GET", "/v2/tls/manifests/v1", headers={"Accept": OCI_MANIFEST}).status == 200
    assert registry.call("GET", f"/v2/tls/blobs/{digest_of(layer)}").body == layer
    assert registry.call("HEAD", f"/v2/tls/manifests/{digest}").status == 200
