// What the API server fills in when something decodes an object: the constants of the schema, and the
// rules that look at other fields first (an image's tag decides when it is pulled). Idempotent: run on
// every create, update and patch, and again when admission has changed something.
//
// The object must be shaped (model/schema/convert.h); rules of a type run before those of what lies in it.
#pragma once

#include "base/core/clock.h"
#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::kube {

void apply_defaults(json::Item& object, const schema::Struct& type, Wall now);

}  // namespace podo::kube
