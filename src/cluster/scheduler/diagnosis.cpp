#include "cluster/scheduler/diagnosis.h"

#include <algorithm>

namespace podo::scheduler {
namespace {

constexpr std::size_t nodes_explained_most = 1000;

std::string amount(std::string_view resource, std::int64_t missing) {
  if (resource == "cpu") {
    const bool whole = missing % 1000 == 0;
    return text("{}{} more cpu", whole ? missing / 1000 : missing, whole ? "" : "m");
  }
  if (resource == "memory" || resource == "ephemeral-storage") {
    constexpr std::int64_t mebi = 1 << 20;
    return text("{}Mi more {}", (missing + mebi - 1) / mebi, resource);
  }
  return text("{} more {}", missing, resource);
}

// How far a node is from taking the pod: what it lacks, in words, and as a share of what it has.
struct Shortfall {
  std::string words;
  double share = 0;

  void add(std::string_view resource, std::int64_t wanted, std::int64_t there, std::int64_t taken) {
    const std::int64_t missing = wanted - (there - taken);
    if (wanted == 0 || missing <= 0) return;
    words.append(words.empty() ? "" : " and ").append(amount(resource, missing));
    share += static_cast<double>(missing) / static_cast<double>(std::max<std::int64_t>(there, 1));
  }
};

Shortfall shortfall_of(const PodShape& shape, const NodeInfo& info) {
  Shortfall found;
  const Resources &wanted = shape.requests, &there = info.node.allocatable, &taken = info.requested;
  found.add("cpu", wanted.cpu_m, there.cpu_m, taken.cpu_m);
  found.add("memory", wanted.memory, there.memory, taken.memory);
  found.add("ephemeral-storage", wanted.storage, there.storage, taken.storage);
  for (const auto& [name, requested] : wanted.others)
    found.add(name, requested, there.other(name), taken.other(name));
  if (static_cast<std::int64_t>(info.pods.size()) >= info.node.pods_max) {
    found.words.append(found.words.empty() ? "" : " and ").append("room for one more pod");
    found.share += 0.01;
  }
  return found;
}

std::string text_of(const kube::Taint& taint) {
  return text("{}{}{}:{}", taint.key, taint.value.empty() ? "" : "=", taint.value, taint.effect);
}

std::string label_lacking(const PodShape& shape, const Node& node) {
  std::string words;
  for (const auto& [key, value] : shape.choice.selector) {
    const std::string* label = kube::find_label(node.labels, key);
    if (label == nullptr || *label != value)
      words.append(words.empty() ? "" : " and ").append(text("the label {}={}", key, value));
  }
  return words;
}

struct Change {
  std::string words;
  double cost = 0;  // of several nodes the one with the least is told
};

// Only what stands alone in the way: a change that leaves another obstacle would not let the pod in.
std::optional<Change> change_for(const Fitting& fitting, std::uint32_t index, const Verdict& verdict) {
  const PodShape& shape = fitting.shape();
  NodeInfo info = fitting.snapshot().nodes()[index];
  const std::string name = info.node.name;
  Change change;
  switch (verdict.obstacle) {
    case Obstacle::resources: {
      const Shortfall shortfall = shortfall_of(shape, info);
      change = {text("It would fit on {} with {}.", name, shortfall.words), shortfall.share};
      info.node.allocatable.add(shape.requests);
      info.node.allocatable.add(info.requested);
      info.node.pods_max = static_cast<std::int64_t>(info.pods.size()) + 1;
      break;
    }
    case Obstacle::unschedulable:
      change = {text("It would fit on {} if that were uncordoned.", name), 2};
      info.node.unschedulable = false;
      std::erase_if(info.node.taints,
                    [](const kube::Taint& taint) { return taint.key == "node.kubernetes.io/unschedulable"; });
      break;
    case Obstacle::taint: {
      const kube::Taint* taint =
          kube::find_untolerated(info.node.taints, shape.tolerations, kube::refuses_new);
      change = {text("It would fit on {} if it tolerated the taint {}.", name, text_of(*taint)), 3};
      std::erase(info.node.taints, kube::Taint(*taint));
      break;
    }
    case Obstacle::node_choice: {
      const std::string lacking = label_lacking(shape, info.node);
      if (lacking.empty()) return std::nullopt;  // terms of an affinity have many ways to hold
      change = {text("It would fit on {} if that had {}.", name, lacking), 4};
      for (const auto& [key, value] : shape.choice.selector) {
        std::erase_if(info.node.labels, [&](const auto& label) { return label.first == key; });
        info.node.labels.emplace_back(key, value);
      }
      std::ranges::sort(info.node.labels);
      break;
    }
    default: return std::nullopt;
  }
  if (!fitting.check(index, info).fits()) return std::nullopt;
  return change;
}

}  // namespace

std::string describe(const Diagnosis& diagnosis, const PodShape& shape, Obstacle others) {
  std::string message = text("0/{} nodes are available:", diagnosis.nodes);
  if (!diagnosis.refused.empty()) return message + " " + diagnosis.refused + ".";
  std::map<std::string, std::size_t> counts;
  for (const auto& [node, verdict] : diagnosis.verdicts)
    for (std::string& reason : reasons_of(verdict, shape)) ++counts[std::move(reason)];
  if (diagnosis.verdicts.size() < diagnosis.nodes)
    counts[reasons_of({.obstacle = others}, shape).front()] += diagnosis.nodes - diagnosis.verdicts.size();
  std::vector<std::string> lines;
  for (const auto& [reason, count] : counts) lines.push_back(text("{} {}", count, reason));
  std::ranges::sort(lines);
  for (std::size_t i = 0; i < lines.size(); ++i) message.append(i == 0 ? " " : ", ").append(lines[i]);
  return message + (lines.empty() ? "" : ".");
}

std::string message_of(const Diagnosis& diagnosis, const PodShape& shape) {
  if (diagnosis.nodes == 0) return "no nodes available to schedule pods";
  std::string message = describe(diagnosis, shape);
  if (!diagnosis.preemption.empty()) message.append(" preemption: ").append(diagnosis.preemption);
  return message;
}

std::string smallest_change(const Diagnosis& diagnosis, const Fitting& fitting) {
  if (!diagnosis.refused.empty()) return {};
  std::optional<Change> best;
  std::size_t explained = 0;
  for (const auto& [node, verdict] : diagnosis.verdicts) {
    if (++explained > nodes_explained_most) break;
    std::optional<Change> change = change_for(fitting, node, verdict);
    if (change && (!best || change->cost < best->cost)) best = std::move(change);
  }
  return best ? std::move(best->words) : std::string();
}

}  // namespace podo::scheduler
