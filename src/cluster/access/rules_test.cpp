#include "cluster/access/rules.h"

#include <doctest/doctest.h>

namespace podo::access {
namespace {

Rule rule(std::vector<std::string> verbs, std::vector<std::string> groups, std::vector<std::string> resources,
          std::vector<std::string> names = {}, std::vector<std::string> paths = {}) {
  return {std::move(verbs), std::move(groups), std::move(resources), std::move(names), std::move(paths)};
}

Attributes get(std::string_view resource, std::string_view subresource = {}, std::string_view name = {}) {
  return {.verb = "get", .resource = resource, .subresource = subresource, .name = name};
}
Attributes path(std::string_view path) { return {.verb = "get", .path = path, .is_resource = false}; }

TEST_CASE("a rule matches by verb, group, resource and name") {
  const Rule pods = rule({"get", "list"}, {""}, {"pods"});
  CHECK(matches(pods, get("pods")));
  CHECK_FALSE(matches(pods, get("pods", "log")));
  CHECK_FALSE(matches(pods, get("pod")));
  CHECK_FALSE(matches(pods, {.verb = "watch", .resource = "pods"}));
  CHECK_FALSE(matches(pods, {.verb = "get", .group = "apps", .resource = "pods"}));
  const Rule one = rule({"get"}, {""}, {"configmaps"}, {"a", "b"});
  CHECK(matches(one, get("configmaps", "", "b")));
  CHECK_FALSE(matches(one, get("configmaps", "", "c")));
  CHECK_FALSE(matches(one, get("configmaps")));
}

TEST_CASE("subresources are named with their resource, or of all resources") {
  CHECK(matches(rule({"get"}, {""}, {"pods/log"}), get("pods", "log")));
  CHECK_FALSE(matches(rule({"get"}, {""}, {"pods/log"}), get("pods")));
  CHECK_FALSE(matches(rule({"get"}, {""}, {"xpods/log"}), get("pods", "log")));
  CHECK_FALSE(matches(rule({"get"}, {""}, {"pods-log"}), get("pods", "log")));
  const Rule scales = rule({"get"}, {"*"}, {"*/scale"});
  CHECK(matches(scales, get("deployments", "scale")));
  CHECK_FALSE(matches(scales, get("deployments", "status")));
  CHECK_FALSE(matches(scales, get("deployments")));
  CHECK(matches(rule({"*"}, {"*"}, {"*"}), get("pods", "exec", "x")));
}

TEST_CASE("paths match whole, by a star at the end, or all") {
  const Rule api = rule({"get"}, {}, {}, {}, {"/api/*", "/healthz"});
  CHECK(matches(api, path("/api/")));
  CHECK(matches(api, path("/api/v1")));
  CHECK_FALSE(matches(api, path("/api")));
  CHECK(matches(api, path("/healthz")));
  CHECK_FALSE(matches(api, path("/healthz/etcd")));
  CHECK(matches(rule({"*"}, {}, {}, {}, {"*"}), path("/metrics")));
  CHECK_FALSE(matches(rule({"*"}, {"*"}, {"*"}), path("/metrics")));
}

TEST_CASE("what is missing is told by group and resource, its verbs together") {
  const std::vector<Rule> own = {rule({"get", "list"}, {""}, {"pods"}), rule({"*"}, {"apps"}, {"*/scale"})};
  CHECK(not_covered(own, {rule({"get"}, {""}, {"pods"})}).empty());
  CHECK(not_covered(own, {rule({"get"}, {""}, {"pods"}, {"only"})}).empty());
  CHECK(not_covered(own, {rule({"patch"}, {"apps"}, {"deployments/scale"})}).empty());
  const auto missing = not_covered(own, {rule({"get", "delete", "create"}, {""}, {"pods", "secrets"})});
  REQUIRE(missing.size() == 2);
  CHECK(print(missing[0]) == R"({APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]})");
  CHECK(print(missing[1]) == R"({APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete" "create"]})");
}

TEST_CASE("a rule of some names does not cover all names, nor a path a longer one") {
  const std::vector<Rule> own = {rule({"get"}, {""}, {"secrets"}, {"a"}),
                                 rule({"get"}, {}, {}, {}, {"/a/*"})};
  CHECK_FALSE(not_covered(own, {rule({"get"}, {""}, {"secrets"})}).empty());
  CHECK(not_covered(own, {rule({"get"}, {""}, {"secrets"}, {"a"})}).empty());
  CHECK(not_covered(own, {rule({"get"}, {}, {}, {}, {"/a/b"})}).empty());
  const auto missing = not_covered(own, {rule({"get"}, {}, {}, {}, {"/b"})});
  REQUIRE(missing.size() == 1);
  CHECK(print(missing[0]) == R"({NonResourceURLs:["/b"], Verbs:["get"]})");
}

}  // namespace
}  // namespace podo::access
