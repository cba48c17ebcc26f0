// Whose a volume is: fsGroup and runAsUser of a pod, and what they make of files. The group owns what is in
// the volume and may read it, and write where the volume can be written; folders pass the group on.
//
// which_*: pure. own_tree: blocking; follows no link of what it walks through.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/core/error.h"
#include "base/format/json_tree.h"

namespace podo::volumes {

struct Group {
  gid_t gid = 0;
  bool only_on_mismatch = false;  // fsGroupChangePolicy OnRootMismatch: if the volume's root shows it is done
};
std::optional<Group> group_of(const json::Item& pod);  // securityContext.fsGroup
// The user that all containers run as, if there is one such: whose the tokens are.
std::optional<uid_t> only_user_of(const json::Item& pod);

enum class Writable : bool { no, yes };
// What a mode becomes when the group is to have it.
mode_t shared_mode(mode_t mode, bool is_folder, Writable writable);

// All of the tree below `folder`, itself too.
Result<> own_tree(const std::string& folder, const Group& group, Writable writable);

}  // namespace podo::volumes
