// What nodes (users system:node:NAME of the group system:nodes) may: what the role system:node says, but of
// objects only those that their own pods need. Pure, over a NodeGraph.
#pragma once

#include "cluster/access/access.h"
#include "cluster/access/node_graph.h"

namespace podo::access {

class NodeAuthorizer {
 public:
  explicit NodeAuthorizer(const NodeGraph& graph);
  // no_opinion of users who are no nodes; of nodes, the reason says what is not theirs.
  Verdict authorize(const User& user, const Attributes& wanted) const;

 private:
  Verdict decide(std::string_view node, const Attributes& wanted) const;
  Verdict core(std::string_view node, const Attributes& wanted) const;
  Verdict storage(std::string_view node, const Attributes& wanted) const;
  Verdict pod(std::string_view node, const Attributes& wanted) const;
  Verdict own_node(std::string_view node, const Attributes& wanted) const;
  Verdict by_rules(const Attributes& wanted) const;

  const NodeGraph& graph_;
  std::vector<Rule> rules_;  // of system:node
};

// "" of a user who is no node.
std::string_view node_of(const User& user);

}  // namespace podo::access
