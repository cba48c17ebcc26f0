// Names of images as clients give them and see them. Private to container/docker.
#pragma once

#include "container/docker/call.h"

namespace podo::docker {

// `repository` with the tag or the digest that came beside it, if one did.
Result<oci::Reference> tagged(std::string_view repository, std::string_view tag);

// "busybox:latest" for "docker.io/library/busybox:latest"; what is no reference stays.
std::string familiar(std::string_view complete);
// "busybox", and "busybox@sha256:..." of digest references.
std::string familiar_name(std::string_view complete);

// Clients name a registry by its domain or, Docker's own for historical reasons, by a URL.
std::string registry_domain(std::string_view server);

void tell_image(const Call& call, std::string action, const std::string& id, const std::string& name);

}  // namespace podo::docker
