// Any bytes as an image archive (docker save, OCI layout, the old form): it is taken apart and understood or
// refused, and nothing is written outside of its folder.
#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "base/core/ensure.h"
#include "container/image/loading.h"
#include "container/image/tree.h"
#include "scratch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const podo::Scratch scratch;
  const std::string folder = scratch.path + "/in";
  ENSURE(podo::image::make_folders(folder, 0700).has_value());
  {
    podo::image::ArchiveFiles files(folder);
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    bool whole = true;
    for (std::size_t piece = 1 + size / 3; whole && !bytes.empty();
         bytes.remove_prefix(std::min(piece, bytes.size())))
      whole = files.take(bytes.substr(0, piece)).has_value();
    if (whole && files.finish()) {
      auto images = podo::image::find_images(files, {"linux", "amd64", "", ""});
      if (images)
        for (const auto& image : *images)
          for (const auto& layer : image.layers) ENSURE(layer.path.starts_with(folder + "/"));
    }
  }
  ENSURE(podo::image::remove_tree(folder).has_value());
  auto left = podo::image::open_folder(-100, scratch.path.c_str());
  ENSURE(left.has_value() && podo::image::list_folder(left->get())->empty());
  return 0;
}
