// A file tree becomes a layer's blob: tar, digested for the diff id, compressed, digested again, written. Two
// halves run side by side on the pool, a megabyte at a time, as in unpack.h; a small tree is one piece.
#pragma once

#include "base/io/blocking_pool.h"
#include "container/image/tree_packer.h"

namespace podo::image {

using io::Task;

struct PackedLayer {
  std::string diff_id, digest;  // of the tar, of the gzip stream
  std::uint64_t size = 0, members = 0;
};

// `path` is the file to be made, and stays behind on a failure.
Task<PackedLayer> pack_tree(io::BlockingPool& pool, std::string tree, TreePacker::Marks marks,
                            std::string path);

// The diff id of an overlay's upper folder alone; "" when it is empty. Blocking.
Result<std::string> diff_id_of(const std::string& tree);

}  // namespace podo::image
