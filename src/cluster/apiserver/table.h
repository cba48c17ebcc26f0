// meta.k8s.io Tables, and the metadata of lists: what `kubectl get` asks for.
#pragma once

#include <functional>
#include <string>

#include "cluster/apiserver/request.h"

namespace podo::apiserver {

// {"kind":"Table",...}: `each` calls back for every object. What a row carries along (the object, its
// metadata or nothing) ?includeObject= says. `list_meta`: `{"resourceVersion":"7"}`.
std::string table_json(const Request& request, std::string_view list_meta,
                       const std::function<void(const std::function<void(const json::Item&)>&)>& each);
// One object (of a get), a Status or a Scale as a Table.
std::string table_json(const Request& request, const json::Item& object);

}  // namespace podo::apiserver
