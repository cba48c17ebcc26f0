// What RUN --mount puts into a step's tree, and what must be taken away again afterwards.
//
//   bind     files of the context or of another tree; what is written to a writable one is thrown away
//   cache    a folder of the cache's, filled from `from` when it is new
//   tmpfs    of the engine
//   secret   a file of a tmpfs of the step's own, 0400; or a variable
//   ssh      the socket of the caller's agent
//
// Lives on the loop.
#pragma once

#include "container/builder/solve.h"
#include "container/builder/trees.h"

namespace podo::builder {

struct RunMounts {
  std::vector<docker::Mount> mounts;
  docker::StringMap tmpfs;               // target -> options
  std::vector<std::string> environment;  // of secrets and agents; in no key
  std::vector<std::string> targets;      // with '/' at the end: folders

  std::vector<MountedTree> trees;
  std::vector<std::unique_ptr<Cache::Mount>> caches;
  std::string secrets_folder;  // a mounted tmpfs; "" without
};

// What the mounts say for the step's key: not the secrets, not what caches hold.
Task<std::vector<std::string>> mount_keys(Solve& solve, StageRun& run,
                                          const std::vector<dockerfile::RunMount>& wanted);
// Makes them. `made` has what there is also when it fails: to be given to drop_mounts().
Task<void> make_mounts(Solve& solve, StageRun& run, const std::vector<dockerfile::RunMount>& wanted,
                       RunMounts& made);
Task<void> drop_mounts(Work& work, RunMounts made);

}  // namespace podo::builder
