// Mounting a container's tree: overlayfs over the layers, or a bind of the copy that was made of them.
// Blocking calls without state.
#pragma once

#include <functional>
#include <string>

#include "base/core/error.h"
#include "container/image/folders.h"
#include "container/image/image.h"
#include "container/image/layer_writer.h"
#include "container/image/tree.h"

namespace podo::image {

// Fails, with the reason, where overlayfs does not work on the data folder's file system (it does not on
// another overlay, nor on some others).
Result<> try_overlay(const Folders& folders);

// `work` is overlayfs's own folder beside the upper one. Layers are named by their paths where those are
// short, else by descriptors (/proc/self/fd/N), so that neither their number nor the data folder's depth
// matters: up to 500 on kernels that take them one by one (lowerdir+, Linux 6.7), about 200 in the one page
// that older ones take. scratch: overlayfs's `volatile`.
Result<> mount_overlay(const Snapshot& snapshot, const std::string& work, const std::string& target,
                       bool scratch);
Result<> mount_copy(const Snapshot& snapshot, const std::string& target);
Result<bool> is_mount_point(const std::string& path);  // false if there is nothing
// Takes away what is mounted there, in use or not. It ends when the descriptor (none if nothing was) is
// closed.
Result<io::Fd> detach_tree(const std::string& target);

// For the copy snapshotter: the layers, from the lowest, put together into one tree in an empty folder, or
// upon what is there.
Result<> copy_layers(const std::vector<std::string>& layers_from_lowest, const std::string& target);
// What of a tree is chosen, with its contents. Folders of what is not chosen may be stayed out of.
using Chosen = std::function<Result<bool>(TreeWalk& walk, const TreeWalk::Found& found)>;
Result<> copy_tree(const std::string& tree, LayerWriter& writer, const Chosen& chosen);

}  // namespace podo::image
