#include "cluster/scheduler/diagnosis.h"

#include <algorithm>
#include <tuple>

namespace podo::scheduler {
namespace {

constexpr std::size_t nodes_tried = 16;  // the nearest ones

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

// What a node lacks to take the pod, and how much that is of what it has.
struct Shortfall {
  std::vector<std::pair<std::string_view, std::int64_t>> missing;
  bool full = false;  // of pods
  double share = 0;

  void add(std::string_view resource, std::int64_t wanted, std::int64_t there, std::int64_t taken) {
    if (wanted == 0 || wanted <= there - taken) return;
    missing.emplace_back(resource, wanted - (there - taken));
    share +=
        static_cast<double>(missing.back().second) / static_cast<double>(std::max<std::int64_t>(there, 1));
  }

  std::string words() const {
    std::string words;
    for (const auto& [resource, much] : missing)
      words.append(words.empty() ? "" : " and ").append(amount(resource, much));
    if (full) words.append(words.empty() ? "" : " and ").append("room for one more pod");
    return words;
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
  found.full = static_cast<std::int64_t>(info.pods.size()) >= info.node.pods_max;
  if (found.full) found.share += 0.01;
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

// How big a change is, to choose among several: room is easier to have than another taint or label.
std::optional<double> cost_of(const Fitting& fitting, std::uint32_t node, const Verdict& verdict) {
  switch (verdict.obstacle) {
    case Obstacle::resources: return shortfall_of(fitting.shape(), fitting.snapshot().nodes()[node]).share;
    case Obstacle::unschedulable: return 1000;
    case Obstacle::taint: return 1001;
    case Obstacle::node_choice: return 1002;
    default: return std::nullopt;
  }
}

// Of what stands in the way alone: a change that leaves another obstacle would not let the pod in.
std::string change_for(const Fitting& fitting, std::uint32_t index, const Verdict& verdict) {
  const PodShape& shape = fitting.shape();
  NodeInfo info = fitting.snapshot().nodes()[index];
  const std::string name = info.node.name;
  std::string change;
  switch (verdict.obstacle) {
    case Obstacle::resources: {
      change = text("It would fit on {} with {}.", name, shortfall_of(shape, info).words());
      info.node.allocatable.add(shape.requests);
      info.node.allocatable.add(info.requested);
      info.node.pods_max = static_cast<std::int64_t>(info.pods.size()) + 1;
      break;
    }
    case Obstacle::unschedulable:
      change = text("It would fit on {} if that were uncordoned.", name);
      info.node.unschedulable = false;
      std::erase_if(info.node.taints,
                    [](const kube::Taint& taint) { return taint.key == "node.kubernetes.io/unschedulable"; });
      break;
    case Obstacle::taint: {
      const kube::Taint* taint =
          kube::find_untolerated(info.node.taints, shape.tolerations, kube::refuses_new);
      change = text("It would fit on {} if it tolerated the taint {}.", name, text_of(*taint));
      std::erase(info.node.taints, kube::Taint(*taint));
      break;
    }
    case Obstacle::node_choice: {
      const std::string lacking = label_lacking(shape, info.node);
      if (lacking.empty()) return {};  // terms of an affinity have many ways to hold
      change = text("It would fit on {} if that had {}.", name, lacking);
      for (const auto& [key, value] : shape.choice.selector) {
        std::erase_if(info.node.labels, [&](const auto& label) { return label.first == key; });
        info.node.labels.emplace_back(key, value);
      }
      std::ranges::sort(info.node.labels);
      break;
    }
    default: return {};
  }
  return fitting.check(index, info).fits() ? change : std::string();
}

}  // namespace

std::string describe(const Diagnosis& diagnosis, const PodShape& shape, Obstacle others) {
  std::string message = text("0/{} nodes are available:", diagnosis.nodes);
  if (!diagnosis.refused.empty()) return message + " " + diagnosis.refused + ".";
  std::map<std::pair<Obstacle, std::uint32_t>, std::size_t> alike;
  for (const auto& [node, verdict] : diagnosis.verdicts) ++alike[{verdict.obstacle, verdict.lacks}];
  if (diagnosis.verdicts.size() < diagnosis.nodes)
    alike[{others, 0}] += diagnosis.nodes - diagnosis.verdicts.size();
  std::map<std::string, std::size_t> counts;
  for (const auto& [what, count] : alike)
    for (std::string& reason : reasons_of({.obstacle = what.first, .lacks = what.second}, shape))
      counts[std::move(reason)] += count;
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
  std::vector<std::tuple<double, std::uint32_t, Verdict>> nearest;
  for (const auto& [node, verdict] : diagnosis.verdicts)
    if (const auto cost = cost_of(fitting, node, verdict)) nearest.emplace_back(*cost, node, verdict);
  const std::size_t tried = std::min(nearest.size(), nodes_tried);
  std::ranges::partial_sort(nearest, nearest.begin() + static_cast<std::ptrdiff_t>(tried), {},
                            [](const auto& each) { return std::get<double>(each); });
  for (std::size_t i = 0; i < tried; ++i)
    if (std::string change = change_for(fitting, std::get<1>(nearest[i]), std::get<2>(nearest[i]));
        !change.empty())
      return change;
  return {};
}

}  // namespace podo::scheduler
