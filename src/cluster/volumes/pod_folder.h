// The folder of a pod, and what it takes to be rid of it.
//
//   PODS/UID/volumes/kubernetes.io~KIND/NAME        volumes
//   PODS/UID/volume-subpaths/NAME/CONTAINER/INDEX   pins of subPaths
//   PODS/UID/containers/CONTAINER/ATTEMPT           termination messages
//
// Blocking, but for the names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::volumes {

struct PodFolder {
  std::string path;  // PODS/UID
  std::string volume(std::string_view kind, std::string_view name) const {
    return text("{}/volumes/kubernetes.io~{}/{}", path, kind, name);
  }
  std::string sub_path(std::string_view volume, std::string_view container, std::size_t index) const {
    return text("{}/volume-subpaths/{}/{}/{}", path, volume, container, index);
  }
  std::string message(std::string_view container, int attempt) const {
    return text("{}/containers/{}/{}", path, container, attempt);
  }
};

// What becomes a part of these paths: uids, names of volumes and containers. Invalid: "", "..", "a/b".
Result<> check_name(std::string_view name);

Result<std::vector<std::string>> names_in(const std::string& folder);  // none when it is not there

// Below it, in the order they were made (mountinfo). Paths are absolute.
Result<std::vector<std::string>> mounts_below(const std::string& folder);

// Mounts are taken away, the last first, then the folder goes with all in it; fine when there is none. No
// link in it is followed, and while anything is mounted there (conflict) nothing is removed.
Result<> remove_pod_folder(const std::string& pods, const std::string& uid);

// An empty file that the container may write: made anew for each attempt, readable by all.
Result<> make_message_file(const std::string& path);
// Its last bytes; "" when it is not there.
Result<std::string> read_message_file(const std::string& path, std::size_t bytes_max);

}  // namespace podo::volumes
