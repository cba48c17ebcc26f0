// The kinds of Kubernetes v1.36 that are built in, from the source files in schema/ that the program
// carries.
//
//   const schema::Schema schema = kube::parse_schema();      // 1-2 ms; the program does it once, at start
#pragma once

#include "model/schema/schema.h"

namespace podo::kube {

// They are part of the program: a mistake in them stops it.
schema::Schema parse_schema();

}  // namespace podo::kube
