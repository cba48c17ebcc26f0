#include "model/kube/node_fit.h"

#include <doctest/doctest.h>

#include "base/core/text.h"

namespace podo::kube {
namespace {

json::Tree tree_of(std::string_view json) { return *json::Tree::parse(std::string(json)); }

bool admits(std::string_view affinity_terms, const Labels& labels, std::string_view node = "n1") {
  const json::Tree spec = tree_of(text(
      R"({{"affinity":{{"nodeAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":
      {{"nodeSelectorTerms":[{}]}}}}}}}})",
      affinity_terms));
  return node_choice_of(spec.root()).admits(node, labels);
}
bool expression_holds(std::string_view expression) {
  return admits(text(R"({{"matchExpressions":[{}]}})", expression), {{"cores", "8"}, {"disk", "ssd"}});
}

}  // namespace

TEST_CASE("required node affinity") {
  CHECK(expression_holds(R"({"key":"disk","operator":"In","values":["ssd","nvme"]})"));
  CHECK_FALSE(expression_holds(R"({"key":"disk","operator":"NotIn","values":["ssd"]})"));
  CHECK(expression_holds(R"({"key":"gpu","operator":"NotIn","values":["ssd"]})"));
  CHECK(expression_holds(R"({"key":"gpu","operator":"DoesNotExist"})"));
  CHECK_FALSE(expression_holds(R"({"key":"gpu","operator":"Exists"})"));
  CHECK(expression_holds(R"({"key":"cores","operator":"Gt","values":["4"]})"));
  CHECK_FALSE(expression_holds(R"({"key":"cores","operator":"Lt","values":["4"]})"));
  CHECK_FALSE(expression_holds(R"({"key":"disk","operator":"Gt","values":["4"]})"));
  CHECK_FALSE(expression_holds(""));  // a term without requirements
  CHECK_FALSE(admits("", {}));        // no term at all
  CHECK(admits(R"({"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]})", {}));
  CHECK_FALSE(admits(R"({"matchFields":[{"key":"metadata.name","operator":"In","values":["n2"]}]})", {}));
  CHECK(admits(R"({"matchExpressions":[{"key":"a","operator":"Exists"}]},
                  {"matchExpressions":[{"key":"b","operator":"Exists"}]})",
               {{"b", ""}}));
}

TEST_CASE("nodeSelector holds beside affinity") {
  const NodeChoice choice = node_choice_of(tree_of(R"({"nodeSelector":{"disk":"ssd"}})").root());
  CHECK(choice.admits("n1", {{"disk", "ssd"}}));
  CHECK_FALSE(choice.admits("n1", {{"disk", "hdd"}}));
  CHECK_FALSE(choice.admits("n1", {}));
  CHECK(node_choice_of(tree_of("{}").root()).is_any());
}

TEST_CASE("tolerations") {
  const Taint taint{"dedicated", "db", "NoSchedule"};
  const auto tolerated = [&](std::string_view toleration) {
    const json::Tree spec = tree_of(text(R"({{"tolerations":[{}]}})", toleration));
    return find_untolerated({taint}, tolerations_of(spec.root()), refuses_new) == nullptr;
  };
  CHECK(tolerated(R"({"key":"dedicated","value":"db"})"));
  CHECK(tolerated(R"({"key":"dedicated","operator":"Exists"})"));
  CHECK(tolerated(R"({"operator":"Exists"})"));
  CHECK(tolerated(R"({"key":"dedicated","value":"db","effect":"NoSchedule"})"));
  CHECK_FALSE(tolerated(R"({"key":"dedicated","value":"x"})"));
  CHECK_FALSE(tolerated(R"({"key":"dedicated","value":"db","effect":"NoExecute"})"));
  CHECK_FALSE(tolerated(R"({"value":"db"})"));
  CHECK(find_untolerated({taint}, {}, drives_away) == nullptr);
  CHECK(find_untolerated({{"a", "", "PreferNoSchedule"}}, {}, refuses_new) == nullptr);
}

}  // namespace podo::kube
