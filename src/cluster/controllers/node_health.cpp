#include <algorithm>
#include <map>

#include "cluster/controllers/controllers.h"
#include "cluster/controllers/node_health_plan.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

constexpr std::string_view leases = "kube-node-lease";
constexpr int range_bits_v4 = 24, range_bits_v6 = 64;

const Node& as_node(const Facts& facts) { return static_cast<const Node&>(facts); }

class NodeController final : public Controller {
 public:
  NodeController(World& world, IpPrefix pod_addresses)
      : Controller(world, Kind::node, "node-controller"), pod_addresses_(pod_addresses) {
    watch_own();
    world_.of(Kind::node).on_change([this](const Facts* before, const Facts* now) { see(before, now); });
    world_.of(Kind::lease).on_change([this](const Facts*, const Facts* now) {
      if (now != nullptr && now->name_space == leases) hear(now->name);
    });
    world_.of(Kind::pod).on_change([this](const Facts* before, const Facts* now) {
      const bool came = now != nullptr && !as_pod(*now).node.empty() &&
                        (before == nullptr || as_pod(*before).node.empty() || as_pod(*now).ready);
      if (came && is_down(as_pod(*now).node)) queue_.add("/" + as_pod(*now).node);
    });
  }

 private:
  void hear(const std::string& node) {
    const auto [place, is_first] = heard_.try_emplace(node, world_.now());
    place->second = world_.now();
    if (is_first || is_down(node)) queue_.add("/" + node);
  }

  // Whether all are down concerns every node.
  void see(const Facts* before, const Facts* now) {
    if (now == nullptr) {
      heard_.erase(before->name);
      promised_.erase(before->uid);
    } else {
      const bool new_word = before == nullptr || as_node(*before).heard_at != as_node(*now).heard_at;
      if (new_word) hear(now->name);
    }
    tell(before, now);
    const bool was_up = before != nullptr && as_node(*before).ready == "True";
    const bool is_up = now != nullptr && as_node(*now).ready == "True";
    if (was_up == is_up) return;
    for (const Facts* node : world_.of(Kind::node).all()) queue_.add(node->key());
  }

  void tell(const Facts* before, const Facts* now) {
    if (before == nullptr)
      say(*now,
          {"RegisteredNode", text("Node {} event: Registered Node {} in Controller", now->name, now->name)});
    else if (now == nullptr)
      say(*before, {"RemovingNode",
                    text("Node {} event: Removing Node {} from Controller", before->name, before->name)});
    else if (as_node(*before).ready == "True" && as_node(*now).ready != "True") tell_not_ready(*now);
  }

  void tell_not_ready(const Facts& node) {
    say(node, {"NodeNotReady", text("Node {} status is now: NodeNotReady", node.name)});
    for (const Pod* pod : as_pods(world_.of(Kind::pod).all()))
      if (pod->node == node.name && !pod->ended())
        say(Kind::pod, *pod, {"NodeNotReady", "Node is not ready", true});
  }

  bool is_down(std::string_view name) const {
    const Facts* node = world_.of(Kind::node).find("", name);
    return node != nullptr && as_node(*node).ready != "True";
  }

  bool all_are_down() const {
    return std::ranges::none_of(world_.of(Kind::node).all(),
                                [](const Facts* node) { return as_node(*node).ready == "True"; });
  }

  Task<void> reconcile(std::string key) override {
    if (!copy_of_own(key)) co_return;
    const Facts self = *copy_of_own(key);
    const std::optional<json::Tree> node = world_.of(kind_).read(key);
    if (!node) co_return;
    co_await perform(self, plan_now(self, node->root()));
    co_await give_range(self);
  }

  Plan plan_now(const Facts& self, const json::Item& node) {
    const std::unique_ptr<const Facts> facts = facts_of(Kind::node, node);
    Pods pods;
    if (is_down(self.name))
      for (const Pod* pod : as_pods(world_.of(Kind::pod).all()))
        if (pod->node == self.name) pods.push_back(pod);
    const Seconds now = world_.now(), heard = heard_.try_emplace(self.name, now).first->second;
    return plan_node_health({node, as_node(*facts), now - heard, all_are_down(), std::move(pods), now});
  }

  // One after the other: the mirror shows the last one's range before the next is chosen.
  Task<void> give_range(Facts self) {
    if (!pod_addresses_) co_return;
    while (giving_) co_await given_.wait();
    const Facts* node = world_.of(kind_).find(self.key());
    if (node == nullptr || node->uid != self.uid || !as_node(*node).pod_range.empty()) co_return;
    giving_ = true;
    const Result<void> done = co_await write_range(self).result();
    giving_ = false;
    given_.notify_all();
    co_await Result<void>(done);
  }

  Task<void> write_range(Facts self) {
    // Asked of the API itself, since a range is given for ever. What was promised counts, too: who did not
    // hear the answer does not know whether it was written.
    const json::Tree nodes = co_await world_.ground.client.list({.resource = &world_.of(kind_).resource()});
    std::vector<std::string> taken;
    for (const json::Item& node : kube::children_at(nodes.root(), "items"))
      taken.emplace_back(kube::text_at(node, "spec.podCIDR"));
    for (const auto& [uid, range] : promised_) taken.push_back(range.to_text());
    std::optional<IpPrefix> range;
    if (const auto before = promised_.find(self.uid); before != promised_.end()) range = before->second;
    else
      range =
          free_range(pod_addresses_, pod_addresses_.address.is_v4() ? range_bits_v4 : range_bits_v6, taken);
    if (!range) {
      say(self, {"CIDRNotAvailable", text("Node {} status is now: CIDRNotAvailable", self.name)});
      co_return;
    }
    std::vector<Write> writes;
    writes.push_back(
        {.verb = Write::Verb::patch,
         .kind = Kind::node,
         .name = self.name,
         .change = text(R"({{"metadata":{{"uid":"{}"}},"spec":{{"podCIDR":"{}","podCIDRs":["{}"]}}}})",
                        self.uid, range->to_text(), range->to_text())});
    co_await perform(self, std::move(writes));
    promised_.erase(self.uid);
  }

  const IpPrefix pod_addresses_;
  std::map<std::string, Seconds, std::less<>> heard_;  // by node
  std::map<std::string, IpPrefix> promised_;           // by uid of node
  bool giving_ = false;
  io::Condition given_{"another node's range of addresses"};
};

}  // namespace

std::unique_ptr<Controller> make_node_controller(World& world, IpPrefix pod_addresses) {
  return std::make_unique<NodeController>(world, pod_addresses);
}

}  // namespace podo::controllers
