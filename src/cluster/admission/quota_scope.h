// Which objects a quota with scopes is about. Private to quota_*.cpp; is_in_scope() is in quota_usage.h.
#pragma once

#include "base/format/json_tree.h"

namespace podo::admission {

bool has_ended(const json::Item& pod);  // Succeeded or Failed

}  // namespace podo::admission
