// A folder whose files change all at once.
//
//   DIR/..2026_11_23_04_30_00.123456789/PATH   the files, in a folder of their own
//   DIR/..data -> ..2026_11_23_...             what is true now: replaced by one rename
//   DIR/NAME   -> ..data/NAME                  what containers open
//
// A reader who opens DIR/..data once sees all of one state. Names of files never begin with "..". Whatever a
// crash leaves (a folder nobody points to, a link that is missing) the next call puts right.
//
// Blocking; nobody else writes there: such volumes are mounted read-only.
#pragma once

#include <string>

#include "base/core/clock.h"
#include "cluster/volumes/ownership.h"
#include "cluster/volumes/payload.h"

namespace podo::volumes {

// True when something was written: contents that are there already are left alone, to the inode.
Result<bool> write_payload(const std::string& folder, const Payload& payload,
                           const std::optional<Group>& group, Wall now);

// What is there now, by its path in the payload; absent when it is not.
std::optional<std::string> read_payload_file(const std::string& folder, const std::string& path,
                                             std::size_t bytes_max);

}  // namespace podo::volumes
