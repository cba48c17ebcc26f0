// File trees made of layers, mounted for a while: to copy from, to copy into, to run a command in.
//
//   MountedTree tree = co_await mount_tree(work, chain_ids);
//   auto done = co_await fill(tree).result();
//   if (!done) co_await drop_tree(work, tree);         // nothing stays, also when the build is cancelled
//   else kept = co_await keep_tree(work, tree);
//
// Lives on the loop; the calls go on when the build is cancelled meanwhile.
#pragma once

#include "container/builder/work.h"

namespace podo::builder {

struct MountedTree {
  std::string id;    // of the snapshot; "": none
  std::string path;  // where it is mounted
  bool is_mounted = true;
};

Task<MountedTree> mount_tree(Work& work, std::vector<std::string> chain_ids);
// Only what will be changed, without what is below: for a layer that does not depend on it (--link). Where
// trees are copies it is the whole, as in mount_tree.
Task<MountedTree> bare_tree(Work& work, std::vector<std::string> chain_ids);
Task<void> drop_tree(Work& work,
                     MountedTree tree);  // what cannot be taken away is logged, and left to open()
// What was changed in it becomes a layer; the tree is gone then, also when that failed.
Task<image::Images::KeptLayer> keep_tree(Work& work, MountedTree tree);

}  // namespace podo::builder
