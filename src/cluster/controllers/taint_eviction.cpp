#include <map>

#include "cluster/controllers/controllers.h"
#include "cluster/controllers/taint_eviction_plan.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

bool drives_away(const Facts* node) {
  if (node == nullptr) return false;
  for (const kube::Taint& taint : static_cast<const Node&>(*node).taints)
    if (kube::drives_away(taint)) return true;
  return false;
}

class TaintEvictionController final : public Controller {
 public:
  explicit TaintEvictionController(World& world) : Controller(world, Kind::pod, "taint-eviction-controller") {
    world_.of(Kind::node).on_change([this](const Facts* before, const Facts* now) { see(before, now); });
    world_.of(Kind::pod).on_change([this](const Facts*, const Facts* now) {
      if (now == nullptr || as_pod(*now).node.empty() || now->deleting()) return;
      if (drives_away(world_.of(Kind::node).find("", as_pod(*now).node))) queue_.add(now->key());
    });
  }

 private:
  void see(const Facts* before, const Facts* now) {
    if (!drives_away(before) && !drives_away(now)) return;
    const std::string& node = (now != nullptr ? now : before)->name;
    if (drives_away(now)) tainted_.try_emplace(node, world_.now());
    else tainted_.erase(node);
    if (before != nullptr && now != nullptr &&
        static_cast<const Node&>(*before).taints == static_cast<const Node&>(*now).taints)
      return;
    for (const Pod* pod : as_pods(world_.of(Kind::pod).all()))
      if (pod->node == node) queue_.add(pod->key());
  }

  Task<void> reconcile(std::string key) override {
    const Facts* found = world_.of(kind_).find(key);
    if (found == nullptr || found->deleting()) {
      due_.erase(key);
      co_return;
    }
    const Pod pod = as_pod(*found);
    const std::optional<Seconds> end = end_of(key, pod);
    if (!end) {
      if (due_.erase(key) != 0)
        say(pod, {"TaintManagerEviction", text("Cancelling deletion of Pod {}", key)});
      co_return;
    }
    if (*end > world_.now()) {
      due_[key] = *end;
      co_return queue_.add_after(key, seconds(*end - world_.now()));
    }
    due_.erase(key);
    say(pod, {"TaintManagerEviction", text("Marking for deletion Pod {}", key)});
    co_await perform(pod, evict_by_taint(pod, world_.now()));
  }

  std::optional<Seconds> end_of(const std::string& key, const Pod& pod) const {
    const std::optional<json::Tree> object = world_.of(kind_).read(key);
    const std::optional<json::Tree> node = world_.of(Kind::node).read("/" + pod.node);
    if (!object || !node) return std::nullopt;
    const auto seen = tainted_.find(pod.node);
    return end_by_taints(object->root(), node->root(), seen != tainted_.end() ? seen->second : world_.now());
  }

  std::map<std::string, Seconds, std::less<>> tainted_;  // nodes, since when it was seen
  std::map<std::string, Seconds, std::less<>> due_;      // pods that leave later
};

}  // namespace

std::unique_ptr<Controller> make_taint_eviction_controller(World& world) {
  return std::make_unique<TaintEvictionController>(world);
}

}  // namespace podo::controllers
