// Random scenes: small worlds in which selectors hit about half of the time.
#include "base/format/yaml.h"
#include "traffic/policy/policy_testing.h"

namespace podo::policy {
namespace {

using Words = std::vector<std::string_view>;

class Author {
 public:
  explicit Author(Random& random) : random_(random) {}

  std::string pod(int number, bool here, bool odd) {
    const std::string fate = !odd ? "Running" : one_in(8) ? "Succeeded" : one_in(8) ? "Failed" : "Running";
    const int net = here ? 0 : 1;
    return text(
        "{{kind: Pod, metadata: {{name: p{}, namespace: {}, labels: {{app: {}{}}}}}, "
        "spec: {{nodeName: {}, hostNetwork: {}, containers: [{{ports: [{}]}}, {{ports: [{}]}}]}}, "
        "status: {{phase: {}, podIPs: [{{ip: 10.9.{}.{}}}, {{ip: \"fd00:9:{}::{}\"}}]}}}}",
        number, name_space(), app(), one_in(2) ? text(", tier: {}", tier()) : "", here ? "here" : "there",
        odd && one_in(8) ? "true" : "false", container_port("http", "TCP"), container_port("data", "UDP"),
        fate, net, number, net, number);
  }

  std::string policy(int number) {
    const int types = below(4);  // none, ingress, egress, both
    std::string out =
        text("{{kind: NetworkPolicy, metadata: {{name: n{}, namespace: {}}}, spec: {{podSelector: {}", number,
             name_space(), selector());
    const Words written = {"", ", policyTypes: [Ingress]", ", policyTypes: [Egress]",
                           ", policyTypes: [Ingress, Egress]"};
    out += written[static_cast<std::size_t>(types)];
    if (!one_in(5)) out += text(", ingress: [{}]", list(0, 3, [&] { return rule("from"); }));
    if (!one_in(5)) out += text(", egress: [{}]", list(0, 3, [&] { return rule("to"); }));
    return out + "}}";
  }

 private:
  int below(int limit) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(limit))); }
  bool one_in(int count) { return below(count) == 0; }
  std::string_view pick(const Words& words) { return words[random_.below(words.size())]; }
  std::string_view name_space() { return pick({"a", "b", "kube-system"}); }
  std::string_view app() { return pick({"web", "api", "db"}); }
  std::string_view tier() { return pick({"front", "back"}); }

  template <class F>
  std::string list(int least, int most, F make) {
    std::string out;
    for (int left = least + below(most - least + 1); left > 0; --left)
      out += (out.empty() ? "" : ", ") + make();
    return out;
  }

  std::string container_port(std::string_view name, std::string_view protocol) {
    if (one_in(4)) return {};
    return text("{{name: {}, protocol: {}, containerPort: {}}}", name, protocol, pick({"80", "81", "8080"}));
  }

  std::string selector() {
    switch (below(6)) {
      case 0: return "{}";
      case 1: return text("{{matchLabels: {{app: {}}}}}", app());
      case 2: return text("{{matchLabels: {{app: {}, tier: {}}}}}", app(), tier());
      case 3:
        return text("{{matchExpressions: [{{key: app, operator: In, values: [{}, {}]}}]}}", app(), app());
      case 4: return text("{{matchExpressions: [{{key: app, operator: NotIn, values: [{}]}}]}}", app());
      default:
        return text("{{matchExpressions: [{{key: tier, operator: {}}}]}}", pick({"Exists", "DoesNotExist"}));
    }
  }

  std::string name_space_selector() {
    return std::string(pick({"{}", "{matchLabels: {team: red}}", "{matchLabels: {team: blue}}",
                             "{matchExpressions: [{key: team, operator: DoesNotExist}]}",
                             "{matchLabels: {kubernetes.io/metadata.name: kube-system}}"}));
  }

  std::string peer() {
    switch (below(5)) {
      case 0: return text("{{podSelector: {}}}", selector());
      case 1: return text("{{namespaceSelector: {}}}", name_space_selector());
      case 2: return text("{{namespaceSelector: {}, podSelector: {}}}", name_space_selector(), selector());
      case 3: return "{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}";
      default:
        return text("{{ipBlock: {}}}",
                    pick({"{cidr: 10.9.0.0/16, except: [10.9.0.2/31, 10.9.0.4/32, 10.9.1.0/24]}",
                          "{cidr: 10.9.0.0/29, except: [10.9.0.0/30]}", "{cidr: 0.0.0.0/0}",
                          "{cidr: 0.0.0.0/0, except: [10.9.0.0/24, 10.9.0.0/28, 192.0.2.0/25]}",
                          "{cidr: \"::/0\", except: [\"fd00:9:1::/48\"]}", "{cidr: 192.0.2.9/24}",
                          "{cidr: 255.0.0.0/8, except: [255.255.255.255/32]}",
                          "{cidr: \"fd00:9::/32\", except: [\"fd00:9:0::4/126\"]}"}));
    }
  }

  std::string port() {
    switch (below(6)) {
      case 0: return "{port: http}";
      case 1: return "{port: data, protocol: UDP}";
      case 2: return text("{{protocol: {}}}", pick({"TCP", "UDP", "SCTP"}));
      case 3:
        return text("{{port: 80, endPort: {}, protocol: {}}}", pick({"80", "81", "9000"}),
                    pick({"TCP", "UDP"}));
      case 4: return text("{{port: {}, protocol: UDP}}", pick({"53", "dns", "8080"}));
      default: return text("{{port: {}}}", pick({"53", "80", "81", "8080", "dns-tcp"}));
    }
  }

  std::string rule(std::string_view peers) {
    std::string out = "{";
    if (!one_in(4)) out += text("{}: [{}]", peers, list(0, 3, [&] { return peer(); }));
    if (!one_in(3))
      out += text("{}ports: [{}]", out.size() > 1 ? ", " : "", list(0, 3, [&] { return port(); }));
    return out + "}";
  }

  Random& random_;
};

}  // namespace

Scene random_scene(Random& random, const SceneWish& wish) {
  Author author(random);
  std::string yaml =
      "{kind: Namespace, metadata: {name: a, labels: {team: red}}}\n---\n"
      "{kind: Namespace, metadata: {name: b, labels: {team: blue}}}\n---\n"
      "{kind: Namespace, metadata: {name: kube-system, "
      "labels: {kubernetes.io/metadata.name: kube-system}}}\n";
  for (int i = 1; i <= wish.pods; ++i) yaml += "---\n" + author.pod(i, true, wish.odd_pods) + "\n";
  for (int i = 1; i <= wish.pods_elsewhere; ++i)
    yaml += "---\n" + author.pod(wish.pods + i, false, wish.odd_pods) + "\n";
  for (int i = 1; i <= wish.policies; ++i) yaml += "---\n" + author.policy(i) + "\n";
  return Scene::of(yaml);
}

}  // namespace podo::policy
