// The service table as the kernel has it. Blocking, in the socket's network namespace.
#pragma once

#include "traffic/services/service_rules_change.h"

namespace podo::services {

Result<ServiceTable> read_rules(linux::NetlinkSocket& socket, const std::string& table);
// What of it the next daemon needs; nothing, when there is no such table.
FoundRules find_rules(linux::NetlinkSocket& socket, const std::string& table);
// Tables of other daemons with fronts among our cluster IPs.
Result<std::vector<std::string>> find_rivals(linux::NetlinkSocket& socket, const RulesOptions& own);

}  // namespace podo::services
