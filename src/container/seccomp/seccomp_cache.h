// Filters that were compiled before: libseccomp takes tens of milliseconds for an engine's default profile,
// which is the same for nearly every container.
//
//   entry := "podoscf1" checksum:u64 key_bytes:u32 program_bytes:u32 flags:u32 wants_listener:u32 key program
//
// Numbers are in the host's byte order, since the program is too. `key` is everything the filter
// depends on: the profile, libseccomp's version, the native architecture. The file's name is its hash;
// the whole key is compared, so an equal hash is only a miss. The checksum covers what stands behind
// it. Damaged, foreign and unreadable entries are compiled anew.
//
// Used by many processes at once: an entry appears whole (rename) or not at all. Blocking calls.
#pragma once

#include <string>

#include "container/seccomp/seccomp.h"

namespace podo::runtime {

class SeccompCache {
 public:
  // Made with mode 0700 when it is needed and missing; one that others own or can enter is not used.
  explicit SeccompCache(std::string directory) : directory_(std::move(directory)) {}

  // As compile_seccomp. A cache that does not work is said at debug level and costs time only.
  Result<SeccompFilter> compile(const oci::Seccomp& profile, Log& log) const;

  static constexpr std::size_t entries_max = 64;  // the oldest go first

 private:
  Result<io::Fd> open_directory() const;

  std::string directory_;
};

}  // namespace podo::runtime
