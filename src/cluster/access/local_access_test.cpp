#include "cluster/access/local_access.h"

#include <doctest/doctest.h>

#include "base/format/base64.h"
#include "base/io/combine.h"
#include "base/io/simulated_disk.h"
#include "base/io/simulated_loop.h"
#include "base/store/memory_store.h"
#include "model/kube/schema.h"

namespace podo::access {
namespace {

constexpr std::string_view rbac = "rbac.authorization.k8s.io";

struct World {
  explicit World(io::SimulatedLoop& loop_)
      : loop(loop_),
        random(1),
        schema(kube::parse_schema()),
        store(store::make_memory_store(loop, random)),
        objects(objects::Objects::make(loop, *store, schema)),
        disk(loop) {}
  Task<void> open() {
    (void)co_await disk.make_folder("/pki").result();
    access = co_await LocalAccess::open_on(disk, {loop, *objects, loop.clock(), random, log},
                                           {.folder = "/pki", .hosts = {"10.0.0.7"}});
  }
  Task<void> put(std::string group, std::string plural, std::string name_space, std::string name,
                 std::string json) {
    objects::Key key{&objects->resource(group, plural), name_space, name};
    co_await objects->create(std::move(key), std::move(json));
  }
  Task<void> put_account(std::string name, std::string uid) {
    co_await put("", "serviceaccounts", "shop", name,
                 text(R"({{"kind":"ServiceAccount","apiVersion":"v1","metadata":{{"name":"{}",)"
                      R"("namespace":"shop","uid":"{}"}}}})",
                      name, uid));
  }
  Task<void> remove(std::string plural, std::string name_space, std::string name) {
    objects::Key key{&objects->resource("", plural), name_space, name};
    const auto there = co_await objects->find(key);
    co_await objects->remove(key, there->revision());
  }
  Task<Result<User>> ask(std::string token) {
    co_return co_await access->authenticate({}, {{"Authorization", text("Bearer {}", token)}}).result();
  }
  Task<void> settle() {
    for (int i = 0; i < 100; ++i) co_await io::yield();
  }

  io::SimulatedLoop& loop;
  SeededRandom random;
  SilentLog log;
  schema::Schema schema;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<objects::Objects> objects;
  io::SimulatedDisk disk;
  std::unique_ptr<LocalAccess> access;
};

void in_world(Task<void> (*property)(World&)) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    io::SimulatedLoop loop(seed);
    World world(loop);
    const Result<void> ran = loop.run(io::deadline(property(world), seconds(600)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

Task<void> anonymous_certificate_and_garbage(World& world) {
  co_await world.open();
  const User nobody = co_await world.access->authenticate({}, {});
  CHECK(nobody.name == "system:anonymous");
  CHECK(nobody.groups == std::vector<std::string>{"system:unauthenticated"});
  crypto::CertificateFacts facts;
  facts.subject = {.common_name = "jane", .organizations = {"devs"}};
  facts.fingerprint = "ab";
  facts.not_after = {world.loop.clock().wall().ns + seconds(60).ns};
  http::Peer peer;
  peer.certificate = std::make_shared<crypto::CertificateFacts>(facts);
  const User jane = co_await world.access->authenticate(peer, {});
  CHECK(jane.name == "jane");
  CHECK(jane.groups == std::vector<std::string>{"devs", "system:authenticated"});
  CHECK(jane.extra.at("authentication.kubernetes.io/credential-id").at(0) == "X509SHA256=ab");
  for (const std::string token : {"x", "a.b.c", "abcdef.0123456789abcdef"})
    CHECK((co_await world.ask(token)).error().kind() == ErrorKind::unauthenticated);
}
TEST_CASE("a certificate names its user; nothing shown is anonymous; a bad token is neither") {
  in_world(anonymous_certificate_and_garbage);
}

Task<void> tokens_of_accounts(World& world) {
  co_await world.open();
  co_await world.put_account("seller", "u1");
  co_await world.put(
      "", "pods", "shop", "web",
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"shop","uid":"p1"}})");
  TokenWish wish{.name_space = "shop", .service_account = "seller", .service_account_uid = "u1"};
  wish.bound_kind = "Pod", wish.bound_name = "web", wish.bound_uid = "p1", wish.node_name = "n1";
  const TokenMade made = co_await world.access->make_token(wish);
  for (int i = 0; i < 2; ++i) {  // the second time it is known
    const Result<User> user = co_await world.ask(made.token);
    REQUIRE(user.has_value());
    CHECK(user->name == "system:serviceaccount:shop:seller");
    CHECK(user->uid == "u1");
    CHECK(user->groups == std::vector<std::string>{"system:serviceaccounts", "system:serviceaccounts:shop",
                                                   "system:authenticated"});
    CHECK(user->extra.at("authentication.kubernetes.io/pod-name").at(0) == "web");
    CHECK(user->extra.at("authentication.kubernetes.io/node-name").at(0) == "n1");
    CHECK(user->extra.at("authentication.kubernetes.io/credential-id").at(0).starts_with("JTI="));
    co_await world.settle();
  }
  const Result<TokenReviewed> other = co_await world.access->review_token(made.token, {"vault"}).result();
  CHECK(other.error().message() ==
        "token audiences [\"https://kubernetes.default.svc.cluster.local\"] is "
        "invalid for the target audiences [\"vault\"]");
  std::string forged = made.token;
  forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
  CHECK_FALSE((co_await world.ask(forged)).has_value());
  co_await world.remove("pods", "shop", "web");
  co_await world.settle();
  CHECK((co_await world.ask(made.token)).error().message() == "service account token has been invalidated");
}
TEST_CASE("a token is good as long as its account and its pod are there") { in_world(tokens_of_accounts); }

Task<void> ends_of_tokens(World& world) {
  co_await world.open();
  co_await world.put_account("seller", "u1");
  const TokenMade made = co_await world.access->make_token(
      {.name_space = "shop", .service_account = "seller", .service_account_uid = "u1", .valid_for_s = 600});
  CHECK((co_await world.ask(made.token)).has_value());
  co_await world.remove("serviceaccounts", "shop", "seller");
  co_await world.put_account("seller", "u2");
  co_await world.settle();
  CHECK_FALSE((co_await world.ask(made.token)).has_value());
  const TokenMade again = co_await world.access->make_token(
      {.name_space = "shop", .service_account = "seller", .service_account_uid = "u2", .valid_for_s = 600});
  CHECK((co_await world.ask(again.token)).has_value());
  co_await io::sleep(seconds(20 * 60));
  CHECK_FALSE((co_await world.ask(again.token)).has_value());
}
TEST_CASE("a token ends with its time, and with an account that is made anew") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    io::SimulatedLoop loop(seed);
    World world(loop);
    const Result<void> ran = loop.run(ends_of_tokens(world));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

Task<void> secret_tokens(World& world) {
  co_await world.open();
  co_await world.put_account("seller", "u1");
  const std::string token = co_await world.access->make_secret_token(
      {.name_space = "shop", .service_account = "seller", .service_account_uid = "u1", .bound_name = "old"});
  CHECK_FALSE((co_await world.ask(token)).has_value());
  co_await world.put(
      "", "secrets", "shop", "old",
      text(R"({{"kind":"Secret","apiVersion":"v1","metadata":{{"name":"old","namespace":"shop","uid":"s"}},)"
           R"("data":{{"token":"{}"}}}})",
           base64::encode(token)));
  const Result<User> user = co_await world.ask(token);
  REQUIRE(user.has_value());
  CHECK(user->name == "system:serviceaccount:shop:seller");
  const auto field = [](std::string_view text) { return base64::encode(text); };
  co_await world.put(
      "", "secrets", "kube-system", "bootstrap-token-abcdef",
      text(R"({{"kind":"Secret","apiVersion":"v1","metadata":{{"name":"bootstrap-token-abcdef",)"
           R"("namespace":"kube-system"}},)"
           R"("type":"bootstrap.kubernetes.io/token","data":{{"token-id":"{}","token-secret":"{}",)"
           R"("usage-bootstrap-authentication":"{}","auth-extra-groups":"{}"}}}})",
           field("abcdef"), field("0123456789abcdef"), field("true"), field("system:bootstrappers:kubeadm")));
  const Result<User> node = co_await world.ask("abcdef.0123456789abcdef");
  REQUIRE(node.has_value());
  CHECK(node->name == "system:bootstrap:abcdef");
  CHECK(node->groups == std::vector<std::string>{"system:bootstrappers", "system:bootstrappers:kubeadm",
                                                 "system:authenticated"});
  CHECK_FALSE((co_await world.ask("abcdef.0123456789abcdeg")).has_value());
}
TEST_CASE("tokens of secrets and bootstrap tokens are what their Secrets say") { in_world(secret_tokens); }

Task<void> impersonation(World& world) {
  co_await world.open();
  const http::Headers wish = {{"Impersonate-User", "bob"}, {"Impersonate-Group", "devs"}};
  const Result<User> refused = co_await world.access->authenticate({}, wish).result();
  CHECK(refused.error().kind() == ErrorKind::denied);
  CHECK(refused.error().message() ==
        R"(users "bob" is forbidden: User "system:anonymous" cannot impersonate resource "users" in )"
        R"(API group "" )"
        R"(at the cluster scope)");
  crypto::CertificateFacts facts;
  facts.subject = {.common_name = "root", .organizations = {"system:masters"}};
  facts.not_after = {world.loop.clock().wall().ns + seconds(60).ns};
  http::Peer peer;
  peer.certificate = std::make_shared<crypto::CertificateFacts>(facts);
  const User bob = co_await world.access->authenticate(peer, wish);
  CHECK(bob.name == "bob");
  CHECK(bob.groups == std::vector<std::string>{"devs", "system:authenticated"});
  REQUIRE(bob.impersonator != nullptr);
  CHECK(bob.impersonator->name == "root");
  const User account = co_await world.access->authenticate(
      peer,
      {{"impersonate-user", "system:serviceaccount:shop:seller"}, {"Impersonate-Extra-Scopes%2fX", "a"}});
  CHECK(account.groups == std::vector<std::string>{"system:serviceaccounts", "system:serviceaccounts:shop",
                                                   "system:authenticated"});
  CHECK(account.extra.at("scopes/x").at(0) == "a");
}
TEST_CASE("who may impersonate is somebody else from then on") { in_world(impersonation); }

Task<void> roles_as_they_change(World& world) {
  co_await world.open();
  const User jane{.name = "jane", .groups = {"system:authenticated"}};
  const Attributes list{.verb = "list", .version = "v1", .resource = "pods", .name_space = "shop"};
  for (const std::string& object : default_rbac_objects()) {
    const json::Tree tree = co_await json::Tree::parse(object);
    const std::string kind(tree.root().find("kind")->string());
    const json::Item* name_space = tree.root().find("metadata", "namespace");
    const std::string plural = kind == "Role"          ? "roles"
                               : kind == "ClusterRole" ? "clusterroles"
                               : kind == "RoleBinding" ? "rolebindings"
                                                       : "clusterrolebindings";
    co_await world.put(std::string(rbac), plural, name_space ? std::string(name_space->string()) : "",
                       std::string(tree.root().find("metadata", "name")->string()), object);
  }
  co_await world.settle();
  CHECK(world.access->authorize(jane, list).decision == Decision::no_opinion);
  const std::string binding =
      R"({"kind":"RoleBinding","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"b",)"
      R"("namespace":"shop"},)"
      R"("subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"jane"}],)"
      R"("roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"}})";
  const json::Tree parsed = co_await json::Tree::parse(binding);
  const Result<> grant = world.access->check_grant(jane, "shop", parsed.root());
  REQUIRE_FALSE(grant.has_value());
  CHECK(grant.error().kind() == ErrorKind::denied);
  CHECK(
      grant.error().message().starts_with("user \"jane\" (groups=[\"system:authenticated\"]) is attempting "
                                          "to grant RBAC permissions not currently "
                                          "held:\n{APIGroups:[\"\"], Resources:["));
  co_await world.put(std::string(rbac), "rolebindings", "shop", "b", binding);
  co_await world.settle();
  const Verdict verdict = world.access->authorize(jane, list);  // admin <- edit <- view, filled by the loop
  CHECK(verdict.decision == Decision::allow);
  CHECK(verdict.reason == R"(RBAC: allowed by RoleBinding "b/shop" of ClusterRole "admin" to User "jane")");
  CHECK(world.access->check_grant(jane, "shop", parsed.root()).has_value());
  CHECK_FALSE(world.access->check_grant(jane, "other", parsed.root()).has_value());
  const User root{.name = "root", .groups = {"system:masters"}};
  CHECK(world.access->authorize(root, {.verb = "x", .path = "/x", .is_resource = false}).decision ==
        Decision::allow);
}
TEST_CASE(
    "roles and bindings act as they change; aggregated roles are filled; nobody gives what he has not") {
  in_world(roles_as_they_change);
}

}  // namespace
}  // namespace podo::access
