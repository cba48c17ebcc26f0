#include <algorithm>

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
// What a flow is about: requests for these resources, or paths.
enum class About : std::uint8_t { everything, probes, leases, endpoints, nodes };
struct Flow {
  std::string_view name, level;
  int precedence;
  Distinct distinct;
  About about;
  std::string_view subjects;  // "user:NAME", "group:NAME", "account:NAME" of kube-system; by blanks
};
constexpr std::string_view everybody = "group:system:unauthenticated group:system:authenticated";
constexpr Flow flows[] = {
    {"exempt", "exempt", 1, Distinct::none, About::everything, "group:system:masters"},
    {"probes", "exempt", 2, Distinct::none, About::probes, everybody},
    {"system-leader-election", "leader-election", 100, Distinct::by_user, About::leases,
     "user:system:kube-controller-manager user:system:kube-scheduler account:*"},
    {"endpoint-controller", "workload-high", 150, Distinct::by_user, About::endpoints,
     "user:system:kube-controller-manager account:endpoint-controller "
     "account:endpointslicemirroring-controller"},
    {"workload-leader-election", "leader-election", 200, Distinct::by_user, About::leases,
     "group:system:serviceaccounts"},
    {"system-node-high", "node-high", 400, Distinct::by_user, About::nodes, "group:system:nodes"},
    {"system-nodes", "system", 500, Distinct::by_user, About::everything, "group:system:nodes"},
    {"kube-controller-manager", "workload-high", 800, Distinct::by_namespace, About::everything,
     "user:system:kube-controller-manager"},
    {"kube-scheduler", "workload-high", 800, Distinct::by_namespace, About::everything,
     "user:system:kube-scheduler"},
    {"kube-system-service-accounts", "workload-high", 900, Distinct::by_namespace, About::everything,
     "account:*"},
    {"service-accounts", "workload-low", 9000, Distinct::by_user, About::everything,
     "group:system:serviceaccounts"},
    {"global-default", "global-default", 9900, Distinct::by_user, About::everything, everybody},
    {"catch-all", "catch-all", 10000, Distinct::by_user, About::everything, everybody}};

void write_subject(json::Writer& out, std::string_view subject) {
  const std::size_t colon = subject.find(':');
  const std::string_view kind = subject.substr(0, colon), name = subject.substr(colon + 1);
  out.object().key("kind");
  if (kind == "user") out.string("User").key("user").object();
  else if (kind == "group") out.string("Group").key("group").object();
  else out.string("ServiceAccount").key("serviceAccount").object().key("namespace").string("kube-system");
  out.key("name").string(name).end().end();
}

void write_subjects(json::Writer& out, std::string_view subjects) {
  out.key("subjects").array();
  while (!subjects.empty()) {
    const std::size_t blank = std::min(subjects.find(' '), subjects.size());
    write_subject(out, subjects.substr(0, blank));
    subjects.remove_prefix(std::min(subjects.size(), blank + 1));
  }
  out.end();
}

void write_list(json::Writer& out, std::string_view key, std::initializer_list<std::string_view> values) {
  out.key(key).array();
  for (const std::string_view value : values) out.string(value);
  out.end();
}

using Words = std::initializer_list<std::string_view>;
void write_resources(json::Writer& out, Words verbs, std::string_view group, Words resources, bool cluster) {
  out.object();
  write_list(out, "verbs", verbs);
  write_list(out, "apiGroups", {group});
  write_list(out, "resources", resources);
  write_list(out, "namespaces", {"*"});
  if (cluster) out.key("clusterScope").boolean(true);
  out.end();
}

void write_paths(json::Writer& out, std::string_view verb, Words paths) {
  out.key("nonResourceRules").array().object();
  write_list(out, "verbs", {verb});
  write_list(out, "nonResourceURLs", paths);
  out.end().end();
}

void write_rules(json::Writer& out, About about) {
  if (about == About::probes) return write_paths(out, "get", {"/healthz", "/readyz", "/livez"});
  out.key("resourceRules").array();
  constexpr std::string_view leases = "coordination.k8s.io";
  switch (about) {
    case About::everything: write_resources(out, {"*"}, "*", {"*"}, true); break;
    case About::leases: write_resources(out, {"get", "create", "update"}, leases, {"leases"}, false); break;
    case About::endpoints: write_resources(out, {"get", "create", "update"}, "", {"endpoints"}, false); break;
    case About::nodes:
      write_resources(out, {"*"}, "", {"nodes", "nodes/status"}, true);
      write_resources(out, {"*"}, leases, {"leases"}, false);
      break;
    case About::probes: break;
  }
  out.end();
  if (about == About::everything) write_paths(out, "*", {"*"});
}

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
  out.key("rules").array().object();
  write_subjects(out, flow.subjects);
  write_rules(out, flow.about);
  return out.end().end().end().end().take();
}

}  // namespace

std::vector<std::string> default_flow_objects() {
  std::vector<std::string> made = {exempt_level()};
  for (const Level& level : levels) made.push_back(level_json(level));
  for (const Flow& flow : flows) made.push_back(flow_json(flow));
  return made;
}

}  // namespace podo::apiserver
