// What the command line says of itself, made from the tables that it works with.
#pragma once

#include <span>
#include <string>

#include "container/oci_cli/verb.h"

namespace podo::oci_cli {

std::string global_help(std::span<const Flag> flags);
std::string verb_help(const Verb& verb);
std::string version_text();

}  // namespace podo::oci_cli
