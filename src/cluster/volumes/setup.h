// Setup: what is to be done on the disk for one volume; made on the loop from the pod, the API's objects and
// tokens (plan.h), and performed on the pool, for all volumes of a pod in one go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "cluster/volumes/payload.h"
#include "cluster/volumes/volume_folder.h"

namespace podo::volumes {

// Where a container's mount of it comes from.
struct Place {
  std::string path;
  bool read_only = false;    // whatever the container's mount says
  bool may_be_made = false;  // hostPath without a type: a folder is made there if nothing is
};

struct Setup {
  std::string volume;  // what the pod calls it
  std::string title;   // what messages call it: that, or the PersistentVolume
  Place place;
  enum class Kind : std::uint8_t { host_path, disk, memory, bind, image } kind = Kind::host_path;
  FolderWish folder = {};                       // disk, memory, bind
  std::string source = {};                      // bind: of what
  std::string type = {};                        // host_path: what has to be there
  mode_t made_mode = 0755;                      // host_path: of a folder that is made
  std::optional<std::uint64_t> bytes_max = {};  // memory
  std::optional<Payload> payload = {};          // what lies in disk or memory
};

// `MountVolume.SetUp failed for volume "v" : ` and what did. An image's volume is not the pool's work.
Result<> perform(const Setup& setup, Wall now);
Result<> perform_all(const std::vector<Setup>& setups, Wall now);

Error setup_failed(std::string_view title, Error&& error);

}  // namespace podo::volumes
