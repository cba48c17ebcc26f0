// The Node object: what the API is told of this machine. Pure.
#pragma once

#include <vector>

#include "base/format/json_tree.h"
#include "cluster/node/machine.h"
#include "cluster/node/node.h"

namespace podo::node {

json::Tree node_object(const NodeOptions& options, const Machine& machine);  // without its status
// `before`: its last one; times of conditions that hold on are kept.
json::Tree node_status(const NodeOptions& options, const Machine& machine,
                       const std::vector<image::ImagePtr>& images, const json::Item& before, Wall now);
// True when they differ in more than when it was last heard of.
bool is_news(const json::Item& before, const json::Item& now);

// What pods may use of it together.
std::uint64_t allocatable_memory(const Machine& machine);

inline constexpr std::string_view kubernetes_version = "v1.36.2+podo";

}  // namespace podo::node
