// One mount as it is asked for, read and checked. Pure.
//
//   bind := [ source ':' ] destination [ ':' mode *( ',' mode ) ]
//   mode := "ro" | "rw" | "z" | "Z" | "nocopy" | "consistent" | "cached" | "delegated"
//         | [ "r" ] ( "shared" | "slave" | "private" )
//
// A source that begins with '/' is a folder or file of the host, any other one a volume's name.
#pragma once

#include "container/volumes/mounts_resolve.h"

namespace podo::engine {

Result<MountsPlan::Entry> read_bind(std::string_view spec, std::string_view volume_driver);
Result<MountsPlan::Entry> read_mount(const docker::Mount& mount);

// "id[:mode]" of --volumes-from.
struct VolumesFrom {
  std::string container;
  std::optional<bool> read_write;  // absent: as there
};
Result<VolumesFrom> read_volumes_from(std::string_view spec);

}  // namespace podo::engine
