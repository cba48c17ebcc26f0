// Bytes handed on from one stream to another, until they end.
#pragma once

#include "base/io/group.h"
#include "base/io/stream.h"

namespace podo::io {

// One direction of a connection through us, with its end. A side that breaks ends `both` directions.
Task<void> pass_on(Stream& from, Stream& to, TaskGroup& both);

}  // namespace podo::io
