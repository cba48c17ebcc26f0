// What a Pod needs: sums over its containers, as the scheduler, quotas and limit ranges count them. Pure.
#pragma once

#include <map>
#include <string>

#include "base/format/json_tree.h"
#include "model/schema/quantity.h"

namespace podo::strategy {

using Amounts = std::map<std::string, schema::Quantity, std::less<>>;  // by resource name

// Of a ResourceList ({"cpu":"100m"}) or null.
Amounts amounts_of(const json::Item* resources);
void add(Amounts& to, const Amounts& more);
void raise(Amounts& to, const Amounts& least);  // to the larger of both

// `which`: "requests" or "limits". Containers together, or the neediest step of initialization if that is
// more; restartable init containers run along. spec.resources stands for its sums where it says something.
// Overhead is on top: of limits only where there is one.
Amounts pod_amounts(const json::Item& pod_spec, std::string_view which);

// "Guaranteed", "Burstable" or "BestEffort".
std::string_view qos_class(const json::Item& pod_spec);

}  // namespace podo::strategy
