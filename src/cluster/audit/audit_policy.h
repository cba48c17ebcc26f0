// An audit policy (audit.k8s.io/v1 Policy, YAML or JSON): how much of which requests is written down. Pure.
//
// The first rule that matches says the level; a request that none matches is not written down. A rule
// matches when each of its lists that is not empty has what is asked.
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "cluster/access/access.h"

namespace podo::apiserver {

enum class AuditLevel : std::uint8_t { none, metadata, request, request_response };
enum class AuditStage : std::uint8_t { request_received, response_started, response_complete, panic };
std::string_view name_of(AuditLevel level);  // "RequestResponse"
std::string_view name_of(AuditStage stage);

struct AuditDecision {
  AuditLevel level = AuditLevel::none;
  std::uint8_t omitted_stages = 0;  // a bit for each
  bool omit_managed_fields = false;
  bool omits(AuditStage stage) const { return (omitted_stages & (1u << static_cast<int>(stage))) != 0; }
};

class AuditPolicy {
 public:
  // Invalid: "rules[2].level: Unsupported value: ...".
  static Result<AuditPolicy> parse(std::string_view yaml);
  AuditDecision decide(const access::User& user, const access::Attributes& asked) const;

 private:
  struct Resources {
    std::string group;
    std::vector<std::string> resources, names;
  };
  struct Rule {
    AuditDecision decision;
    std::vector<std::string> users, groups, verbs, name_spaces, paths;
    std::vector<Resources> resources;
  };
  static bool matches(const Rule& rule, const access::User& user, const access::Attributes& asked);
  static bool matches_resource(const Rule& rule, const access::Attributes& asked);
  std::vector<Rule> rules_;
};

}  // namespace podo::apiserver
