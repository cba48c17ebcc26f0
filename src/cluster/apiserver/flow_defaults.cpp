#include "base/format/json_writer.h"
#include "cluster/apiserver/bootstrap.h"

namespace podo::apiserver {
namespace {

struct Level {
  std::string_view name;
  int shares, lendable_percent;
  bool queues;
  int queue_count = 0, hand = 0, length = 0;
};
constexpr Level levels[] = {{"system", 30, 33, true, 64, 6, 50},
                            {"node-high", 40, 25, true, 64, 6, 50},
                            {"leader-election", 10, 0, true, 16, 4, 50},
                            {"workload-high", 40, 50, true, 128, 6, 50},
                            {"workload-low", 100, 90, true, 128, 6, 50},
                            {"global-default", 20, 50, true, 128, 6, 50},
                            {"catch-all", 5, 0, false}};

enum class Distinct : std::uint8_t { none, by_user, by_namespace };
struct Flow {
  std::string_view name, level;
  int precedence;
  Distinct distinct;
  std::string_view rules;
};
#define ALL_RESOURCES \
  R"("resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"namespaces":["*"],"clusterScope":true}])"
#define ALL_PATHS R"("nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}])"
#define GROUP(name) R"({"kind":"Group","group":{"name":")" name R"("}})"
#define USER(name) R"({"kind":"User","user":{"name":")" name R"("}})"
#define ACCOUNTS(name) \
  R"({"kind":"ServiceAccount","serviceAccount":{"namespace":"kube-system","name":")" name R"("}})"
#define LEASES(verbs, space)             \
  R"("resourceRules":[{"verbs":[)" verbs \
  R"(],"apiGroups":["coordination.k8s.io"],"resources":["leases"],"namespaces":[")" space R"("]}])"

constexpr Flow flows[] = {
    {"exempt", "exempt", 1, Distinct::none,
     R"([{"subjects":[)" GROUP("system:masters") R"(],)" ALL_RESOURCES "," ALL_PATHS "}]"},
    {"probes", "exempt", 2, Distinct::none,
     R"([{"subjects":[)" GROUP("system:unauthenticated") "," GROUP(
         "system:authenticated") R"(],"nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/healthz","/readyz","/livez"]}]}])"},
    {"system-leader-election", "leader-election", 100, Distinct::by_user,
     R"([{"subjects":[)" USER("system:kube-controller-manager") "," USER(
         "system:kube-scheduler") "," ACCOUNTS("*") R"(],)" LEASES(R"("get","create","update")", "*") "}]"},
    {"endpoint-controller", "workload-high", 150, Distinct::by_user,
     R"([{"subjects":[)" USER("system:kube-controller-manager") "," ACCOUNTS("endpoint-controller") "," ACCOUNTS(
         "endpointslicemirroring-controller") R"(],"resourceRules":[{"verbs":["get","create","update"],"apiGroups":[""],"resources":["endpoints"],"namespaces":["*"]}]}])"},
    {"workload-leader-election", "leader-election", 200, Distinct::by_user,
     R"([{"subjects":[)" GROUP("system:serviceaccounts") R"(],)" LEASES(R"("get","create","update")",
                                                                        "*") "}]"},
    {"system-node-high", "node-high", 400, Distinct::by_user,
     R"([{"subjects":[)" GROUP(
         "system:nodes") R"(],"resourceRules":[{"verbs":["*"],"apiGroups":[""],"resources":["nodes","nodes/status"],"namespaces":["*"],"clusterScope":true},{"verbs":["*"],"apiGroups":["coordination.k8s.io"],"resources":["leases"],"namespaces":["*"]}]}])"},
    {"system-nodes", "system", 500, Distinct::by_user,
     R"([{"subjects":[)" GROUP("system:nodes") R"(],)" ALL_RESOURCES "," ALL_PATHS "}]"},
    {"kube-controller-manager", "workload-high", 800, Distinct::by_namespace,
     R"([{"subjects":[)" USER("system:kube-controller-manager") R"(],)" ALL_RESOURCES "," ALL_PATHS "}]"},
    {"kube-scheduler", "workload-high", 800, Distinct::by_namespace,
     R"([{"subjects":[)" USER("system:kube-scheduler") R"(],)" ALL_RESOURCES "," ALL_PATHS "}]"},
    {"kube-system-service-accounts", "workload-high", 900, Distinct::by_namespace,
     R"([{"subjects":[)" ACCOUNTS("*") R"(],)" ALL_RESOURCES "," ALL_PATHS "}]"},
    {"service-accounts", "workload-low", 9000, Distinct::by_user,
     R"([{"subjects":[)" GROUP("system:serviceaccounts") R"(],)" ALL_RESOURCES "," ALL_PATHS "}]"},
    {"global-default", "global-default", 9900, Distinct::by_user,
     R"([{"subjects":[)" GROUP("system:unauthenticated") "," GROUP(
         "system:authenticated") R"(],)" ALL_RESOURCES "," ALL_PATHS "}]"},
    {"catch-all", "catch-all", 10000, Distinct::by_user,
     R"([{"subjects":[)" GROUP("system:unauthenticated") "," GROUP(
         "system:authenticated") R"(],)" ALL_RESOURCES "," ALL_PATHS "}]"}};
#undef ALL_RESOURCES
#undef ALL_PATHS
#undef GROUP
#undef USER
#undef ACCOUNTS
#undef LEASES

void begin(json::Writer& out, std::string_view kind, std::string_view name) {
  out.object().key("kind").string(kind).key("apiVersion").string("flowcontrol.apiserver.k8s.io/v1");
  out.key("metadata").object().key("name").string(name).key("annotations").object();
  out.key("apf.kubernetes.io/autoupdate-spec").string("true").end().end().key("spec").object();
}

std::string level_json(const Level& level) {
  json::Writer out;
  begin(out, "PriorityLevelConfiguration", level.name);
  out.key("type").string("Limited").key("limited").object();
  out.key("nominalConcurrencyShares").number(level.shares);
  out.key("lendablePercent").number(level.lendable_percent).key("limitResponse").object();
  out.key("type").string(level.queues ? "Queue" : "Reject");
  if (level.queues)
    out.key("queuing")
        .object()
        .key("queues")
        .number(level.queue_count)
        .key("handSize")
        .number(level.hand)
        .key("queueLengthLimit")
        .number(level.length)
        .end();
  return out.end().end().end().end().take();
}

std::string exempt_level() {
  json::Writer out;
  begin(out, "PriorityLevelConfiguration", "exempt");
  out.key("type").string("Exempt").key("exempt").object();
  out.key("nominalConcurrencyShares").number(0).key("lendablePercent").number(0);
  return out.end().end().end().take();
}

std::string flow_json(const Flow& flow) {
  json::Writer out;
  begin(out, "FlowSchema", flow.name);
  out.key("matchingPrecedence").number(flow.precedence);
  out.key("priorityLevelConfiguration").object().key("name").string(flow.level).end();
  if (flow.distinct != Distinct::none)
    out.key("distinguisherMethod")
        .object()
        .key("type")
        .string(flow.distinct == Distinct::by_user ? "ByUser" : "ByNamespace")
        .end();
  return out.key("rules").raw(flow.rules).end().end().take();
}

}  // namespace

std::vector<std::string> default_flow_objects() {
  std::vector<std::string> made = {exempt_level()};
  for (const Level& level : levels) made.push_back(level_json(level));
  for (const Flow& flow : flows) made.push_back(flow_json(flow));
  return made;
}

}  // namespace podo::apiserver
