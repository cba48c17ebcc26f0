// The small loops that the API needs until there are controllers: each looks at what there is, level by
// level, and makes true what is wanted; a change of a mirror only says where to look again.
#pragma once

#include "cluster/apiserver/parts.h"

namespace podo::apiserver {

Task<void> run_loops(Parts& parts);  // all of them, until cancelled

Task<void> keep_namespaces_furnished(Parts& parts);  // namespace_furniture.cpp
Task<void> empty_namespaces(Parts& parts);           // namespace_end.cpp

}  // namespace podo::apiserver
