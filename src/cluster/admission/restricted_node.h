// The parts of NodeRestriction that look at pods (restricted_node_pods.cpp). Private to it.
#pragma once

#include "cluster/admission/plugin.h"

namespace podo::admission {

Task<void> restrict_pod(const Review& review, std::string node);    // and its subresources
Task<void> restrict_token(const Review& review, std::string node);  // TokenRequests: for its pods only

}  // namespace podo::admission
