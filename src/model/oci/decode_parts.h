// The decoders that one file of this room takes from another. Private to model/oci.
#pragma once

#include "model/oci/decode_members.h"

namespace podo::oci {

void members(Members& of, IdMapping& to);  // decode_linux.cpp
void members(Members& of, Linux& to);      // decode_linux.cpp
void members(Members& of, Process& to);    // decode_process.cpp
void members(Members& of, Resources& to);  // decode_resources.cpp
void members(Members& of, Seccomp& to);    // decode_seccomp.cpp

}  // namespace podo::oci
