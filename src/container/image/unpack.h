// A layer's blob becomes a folder: blob -> decompress -> digest (the diff id) -> tar -> files.
//
// Two halves run side by side on the pool, a megabyte at a time: one reads, expands and digests, the other
// takes the tar apart and writes files. They meet after every megabyte, so nothing piles up: a layer costs
// about three megabytes of memory, whatever its size. The blob's own digest is not computed again here: it
// was when the blob came, and the diff id vouches for what counts.
#pragma once

#include <functional>

#include "base/io/blocking_pool.h"
#include "container/image/layer_writer.h"

namespace podo::image {

using io::Task;

struct Unpacked {
  std::string diff_id;
  std::uint64_t bytes = 0;
};
// Called on the loop with how many bytes of the blob have been read.
using UnpackProgress = std::function<void(std::uint64_t)>;

// `folder` is empty and stays behind, half full, on a failure.
Task<Unpacked> unpack_blob(io::BlockingPool& pool, std::string blob, std::string folder, LayerLimits limits,
                           UnpackProgress progress);

}  // namespace podo::image
