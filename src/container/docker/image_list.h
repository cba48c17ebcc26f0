// One image as lists show it. Private to container/docker.
#pragma once

#include "container/docker/call.h"

namespace podo::docker {

struct ImageSizes {
  std::int64_t shared = -1, containers = -1;  // -1: not counted
};
void write_listed(json::Writer& out, const Call& call, const image::Image& image, const ImageSizes& sizes,
                  const std::string& manifests = "");
// For `?manifests=true`: a list of one, as JSON; an image here is of one platform. "[]" when its manifest
// cannot be read.
Task<std::string> manifests_json(Call& call, image::ImagePtr image);
void write_platform(json::Writer& out, const oci::Platform& platform);  // image_transfer.cpp

// How many containers, running or not, are made of it.
std::int64_t containers_of(const Call& call, const image::Image& image);
// Bytes of layers that other images have too; the images tell sizes of whole images only, so: all or
// nothing.
std::int64_t shared_bytes(const image::Image& image, const std::vector<image::ImagePtr>& all);
Wall created_at(const image::Image& image);
bool is_dangling(const image::Image& image);

}  // namespace podo::docker
