// The rules in the kernel: a table of nftables, and how it gets from one value to the next. Pure: a batch
// comes out; who has committed it passes on, the next time, what is then installed.
//
//   table inet PREFIX-policy {
//     chain forward { hook forward; ct state established,related accept
//                     ip saddr . ip daddr @itself4 accept           a pod by way of its own Service
//                     ip saddr vmap @egress4; ip daddr vmap @ingress4 }
//     chain input   { hook input; ct state established,related,untracked accept; ip saddr vmap @egress4 }
//     chain group1  { ip saddr @peers2_4 tcp dport 80-90 return; ...; drop }
//   }
//
// and the same for IPv6 (itself6, ...). A group's chain lets through by returning: a packet from pod to pod
// passes one for each direction. What this node sends leaves by the hook output and passes none. Destinations
// are translated before (Services), sources after.
//
// Pods that come and go change elements. Chains are written anew only when what they allow is another.
#pragma once

#include "base/linux/nftables.h"
#include "traffic/policy/policy_plan.h"

namespace podo::policy {

// What is in the kernel. Groups and sets of peers have numbers there, never used twice.
struct InstalledRules {
  PolicyRules rules = {};
  std::map<std::string, unsigned> numbers = {};
  unsigned last_number = 0;
};

struct PolicyChange {
  linux::NftBatch batch;
  InstalledRules after;
};

// `before` null: whatever table of that name there is, or is none, is replaced.
PolicyChange change_rules(const std::string& table, const InstalledRules* before, PolicyRules rules);

linux::NftBatch removal_of(const std::string& table);  // also when there is none

}  // namespace podo::policy
