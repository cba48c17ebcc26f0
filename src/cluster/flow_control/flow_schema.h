// FlowSchemas and PriorityLevelConfigurations as values: which level a request belongs to, and which flow
// in it. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/format/json_tree.h"
#include "cluster/access/access.h"

namespace podo::apiserver {

struct FlowSubject {
  std::string kind, name, name_space;  // User, Group, ServiceAccount; "*": every one
};
struct FlowRule {
  std::vector<std::string> verbs, groups, resources, name_spaces, paths;
  bool cluster_scope = false;
};
struct FlowPolicy {  // of a schema: a subject and a rule of the same one must match
  std::vector<FlowSubject> subjects;
  std::vector<FlowRule> rules;
};

struct FlowSchema {
  enum class Distinct : std::uint8_t { none, by_user, by_namespace };
  std::string name, uid, level;
  std::int64_t precedence = 1000;  // the lowest that matches counts
  Distinct distinct = Distinct::none;
  std::vector<FlowPolicy> policies;

  bool matches(const access::User& user, const access::Attributes& wanted) const;
  // Requests of the same flow wait behind one another.
  std::string flow_of(const access::User& user, const access::Attributes& wanted) const;
};
FlowSchema read_flow_schema(const json::Item& object);
bool comes_before(const FlowSchema& a, const FlowSchema& b);  // by precedence, then name

struct LevelSpec {
  std::string name, uid;
  bool exempt = false, queues = false;
  std::int64_t shares = 0, lendable_percent = 0, queue_length = 50;
};
LevelSpec read_level(const json::Item& object);

}  // namespace podo::apiserver
