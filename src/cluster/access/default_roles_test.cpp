#include "cluster/access/default_roles.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "cluster/access/aggregation.h"
#include "cluster/access/rules.h"
#include "model/kube/schema.h"
#include "model/kube/validate.h"
#include "model/schema/convert.h"

namespace podo::access {
namespace {

TEST_CASE("every default object is a valid one in canonical order") {
  const schema::Schema schema = kube::parse_schema();
  const std::vector<std::string> objects = default_rbac_objects();
  CHECK(objects.size() >= 130);
  for (const std::string& object : objects) {
    CAPTURE(object);
    auto tree = json::Tree::parse(object);
    REQUIRE(tree.has_value());
    const schema::Resource* resource =
        schema.find_kind("rbac.authorization.k8s.io/v1", tree->root().find("kind")->string());
    REQUIRE(resource != nullptr);
    std::vector<schema::Finding> findings;
    CHECK(schema::shape(tree->root(), *resource->type, {&findings}).has_value());
    CHECK(findings.empty());
    const kube::Errors errors = kube::validate(tree->root(), *resource);
    for (const kube::FieldError& error : errors.list()) CHECK(error.text() == "");
  }
}

TEST_CASE("a controller has a role, a binding to its account, and writes events") {
  const auto roles = parse_roles("controller ttl-controller\n  update,list core: nodes\n");
  REQUIRE(roles.has_value());
  REQUIRE(roles->size() == 1);
  const DefaultRole& role = roles->front();
  CHECK(role.name == "system:controller:ttl-controller");
  CHECK(role.binding == role.name);
  REQUIRE(role.given_to.size() == 1);
  CHECK(role.given_to[0].name == "ttl-controller");
  CHECK(role.given_to[0].name_space == "kube-system");
  REQUIRE(role.rules.size() == 2);
  CHECK(print(role.rules[0]) == R"({APIGroups:[""], Resources:["nodes"], Verbs:["list" "update"]})");
  CHECK(print(role.rules[1]) ==
        R"({APIGroups:["" "events.k8s.io"], Resources:["events"], Verbs:["create" "patch" "update"]})");
}

TEST_CASE("a node may see what the network around its pods is made of, and nothing else of it") {
  const auto roles = default_roles();
  const auto role = std::ranges::find(roles, "podo:node-traffic", &DefaultRole::name);
  REQUIRE(role != roles.end());
  REQUIRE(role->given_to.size() == 1);
  CHECK(role->given_to[0].kind == Recipient::Kind::group);
  CHECK(role->given_to[0].name == "system:nodes");
  for (const Rule& rule : role->rules) CHECK(rule.verbs == std::vector<std::string>{"list", "watch"});
}

TEST_CASE("mistakes in the source are told by their line") {
  CHECK(parse_roles("role a\n  get pods\n").error().message() ==
        "line 2: a rule needs GROUPS: or url:, not pods");
  CHECK(parse_roles("  get core: pods\n").error().message() == "line 1: a rule before the first role");
  CHECK(parse_roles("rule a\n").error().message() == "line 1: expected a role");
  CHECK(parse_roles("role a\n  given to jane\n").error().message() == "line 2: jane is no subject");
}

TEST_CASE("aggregated roles gather: admin has what edit has, and edit what view has") {
  Aggregation aggregation;
  std::vector<json::Tree> trees;
  for (const std::string& object : default_rbac_objects()) {
    trees.push_back(*json::Tree::parse(object));
    if (trees.back().root().find("kind")->string() == "ClusterRole") aggregation.put(trees.back().root());
  }
  int rounds = 0;
  for (auto due = aggregation.due(); !due.empty(); due = aggregation.due()) {
    REQUIRE(++rounds < 5);
    for (json::Tree& tree : trees) {
      json::Item& role = tree.root();
      const std::string_view name = role.find("metadata", "name")->string();
      if (!std::count(due.begin(), due.end(), name) || role.find("aggregationRule") == nullptr) continue;
      write_rules(role.member("rules"), aggregation.rules_for(name));
      aggregation.put(role);
    }
  }
  const std::vector<Rule> admin = aggregation.rules_for("admin"), view = aggregation.rules_for("view");
  CHECK(not_covered(admin, aggregation.rules_for("edit")).empty());
  CHECK(not_covered(admin, view).empty());
  CHECK_FALSE(not_covered(view, admin).empty());
  const Attributes secrets{.verb = "get", .resource = "secrets", .name_space = "x", .name = "y"};
  const auto any = [&](const std::vector<Rule>& rules) {
    return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) { return matches(rule, secrets); });
  };
  CHECK(any(admin));
  CHECK_FALSE(any(view));
}

TEST_CASE("what is missing of a default object comes back, unless it says no") {
  const json::Tree wanted = *json::Tree::parse(
      R"({"kind":"ClusterRole","metadata":{"name":"a","labels":{"l":"1"},"annotations":{}},)"
      R"("rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]}]})");
  CHECK_FALSE(completed(wanted.root(), wanted.root()).has_value());
  json::Tree there = json::Tree::copy_of(wanted.root());
  there.root().find("metadata")->remove("labels");
  json::Item& verbs = *there.root().find("rules")->first()->find("verbs");
  verbs.remove(*verbs.first());
  const auto fixed = completed(there.root(), wanted.root());
  REQUIRE(fixed.has_value());
  CHECK(fixed->root().find("metadata", "labels", "l")->string() == "1");
  CHECK(
      not_covered(read_rules(fixed->root().find("rules")), read_rules(wanted.root().find("rules"))).empty());
  there.root()
      .member("metadata")
      .member("annotations")
      .member("rbac.authorization.kubernetes.io/autoupdate")
      .set_string("false");
  CHECK_FALSE(completed(there.root(), wanted.root()).has_value());
}

}  // namespace
}  // namespace podo::access
