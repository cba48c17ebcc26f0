// The config of an image that is made of a container. Pure.
#pragma once

#include <string_view>

#include "container/image/images.h"
#include "model/docker/container_config.h"

namespace podo::engine {

// One Dockerfile instruction of `commit --change`: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL,
// USER, VOLUME, WORKDIR, HEALTHCHECK. Variables are those of `config`. Invalid: "X is not a valid change
// command".
Result<> apply_change(docker::Config& config, std::string_view instruction);

// `base` with the settings of `config` in place of its own.
oci::ImageConfig image_config(oci::ImageConfig base, const docker::Config& config);

}  // namespace podo::engine
