// What of nodes a pod chooses by name, labels and taints: nodeSelector, node affinity, tolerations. Small
// values, decoded once, and pure functions over them, for all who place pods (DaemonSets, the scheduler) or
// drive them away. Room on the node is the scheduler's to judge.
//
//   const NodeChoice choice = node_choice_of(pod_spec);
//   if (choice.admits(node.name, node.labels) &&
//       find_untolerated(node.taints, tolerations, refuses_new) == nullptr) ...
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/kube/selectors.h"

namespace podo::kube {

struct Taint {
  std::string key, value, effect;
  bool operator==(const Taint&) const = default;
};
std::vector<Taint> taints_of(const json::Item& node);

struct Toleration {
  std::string key, op, value, effect;
  bool tolerates(const Taint& taint) const;
};
std::vector<Toleration> tolerations_of(const json::Item& pod_spec);
bool is_tolerated(const Taint& taint, const std::vector<Toleration>& tolerations);

// Effects: those that keep new pods away, and those that drive pods away.
bool refuses_new(const Taint& taint);  // NoSchedule, NoExecute
bool drives_away(const Taint& taint);  // NoExecute
// The first taint of that sort that is not tolerated, or null.
const Taint* find_untolerated(const std::vector<Taint>& taints, const std::vector<Toleration>& tolerations,
                              bool (*concerns)(const Taint&));

// All of its requirements hold; a term without any selects nothing.
struct NodeTerm {
  std::vector<Requirement> labels, fields;  // fields: metadata.name
  bool selects(std::string_view node, const Labels& node_labels) const;
};
NodeTerm node_term_of(const json::Item& term);
std::vector<NodeTerm> node_terms_of(const json::Item* node_selector);  // nodeSelectorTerms of it
bool select_any(const std::vector<NodeTerm>& terms, std::string_view node, const Labels& node_labels);

struct NodeChoice {
  Labels selector;         // spec.nodeSelector
  bool has_terms = false;  // required node affinity: one of these must hold
  std::vector<NodeTerm> terms;
  bool is_any() const { return selector.empty() && !has_terms; }
  bool admits(std::string_view node, const Labels& node_labels) const;
};
NodeChoice node_choice_of(const json::Item& pod_spec);

}  // namespace podo::kube
