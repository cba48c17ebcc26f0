// Whether an object of a built-in kind may be stored. It must be shaped and defaulted, and its metadata
// complete (name made from generateName, namespace from the URL). Rules: names and metadata of all kinds,
// values of enumerations, and those of each kind.
#pragma once

#include "model/kube/field_errors.h"
#include "model/schema/schema.h"

namespace podo::kube {

Errors validate(const json::Item& object, const schema::Resource& resource);
// The rules for new objects, and what may not change. uid and timestamps that the request leaves out must
// have been taken over from `old`. `subresource`: through which it was changed; Pods have rules of their own
// for each.
Errors validate_update(const json::Item& object, const json::Item& old, const schema::Resource& resource,
                       std::string_view subresource = {});

}  // namespace podo::kube
