// The credentials that a pod brings for its images: the Secrets of spec.imagePullSecrets.
#pragma once

#include <string>
#include <vector>

#include "cluster/pod/image_policy.h"
#include "cluster/volumes/sources.h"

namespace podo::node {

struct PullSecrets {
  pod::Keyring keyring;
  std::vector<std::string> missing;  // names of Secrets that could not be had
};
// `pod` must live until it returns. Never fails: without a Secret, the image may still be had.
io::Task<PullSecrets> pull_secrets(volumes::Sources& sources, const json::Item& pod);

}  // namespace podo::node
