// What a server writes into objects that it makes: their uids, and times. Pure.
#pragma once

#include <string>

#include "base/core/clock.h"
#include "base/core/random.h"

namespace podo::kube {

std::string make_uid(Random& random);  // a random UUID (RFC 9562, version 4)
std::string time_text(Wall at);        // to the second: "2026-01-01T00:00:00Z"

}  // namespace podo::kube
