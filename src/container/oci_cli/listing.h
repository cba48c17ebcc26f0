// A container as `state` and `list` describe it: the specification's state and, beside it, what runc adds.
#pragma once

#include <string>

#include "base/format/json_writer.h"
#include "container/runtime/runtime.h"

namespace podo::oci_cli {

void write_listing(json::Writer& out, const runtime::Listing& listing);
// The user's name in /etc/passwd, or "#1001".
std::string name_owner(std::uint32_t uid);
std::string find_user_name(std::string_view passwd, std::uint32_t uid);  // "" when there is none

}  // namespace podo::oci_cli
