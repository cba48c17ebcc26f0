// Images of pods: what their names mean, whether to pull, and which credentials of a pod's Secrets are for
// them. Pure.
//
//   .dockerconfigjson := {"auths": {PATTERN: {"username", "password"} | {"auth": base64(USER:PASSWORD)}}}
//   .dockercfg        := what is in "auths" alone
//   PATTERN           := ["http" "s"? "://"] HOST [":" PORT] ["/" PATH]   HOST may have globs: *.example.com
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_tree.h"
#include "container/registry_client/registry.h"
#include "model/oci/image.h"

namespace podo::pod {

enum class PullPolicy : std::uint8_t { always, if_not_present, never };
// By imagePullPolicy; "" is Always for the tag latest, else IfNotPresent.
PullPolicy pull_policy(const json::Item& container);

// Complete, as references are stored. Invalid: couldn't parse image reference "x": invalid reference format.
Result<oci::Reference> parse_image(std::string_view image);

struct Keyring {
  struct Entry {
    std::string pattern;  // "docker.io", "ghcr.io/me", "*.example.com:5000"
    image::Credentials credentials;
  };
  std::vector<Entry> entries;

  // Of a Secret of type kubernetes.io/dockerconfigjson or dockercfg; others, and what cannot be read, give
  // nothing.
  void add(const json::Item& secret);
  // Those that match, the most exact pattern first.
  std::vector<image::Credentials> find(const oci::Reference& image) const;
};

}  // namespace podo::pod
