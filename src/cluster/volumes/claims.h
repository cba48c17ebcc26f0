// Claims: from a PersistentVolumeClaim that a pod names, or that was made for it, to the PersistentVolume it
// is bound to. Errors are the kubelet's words.
#pragma once

#include <string>

#include "cluster/client/client.h"

namespace podo::volumes {

using io::Task;

// The claim of a volume of the pod: by name, or POD-VOLUME of an `ephemeral` one, which must be the pod's
// own. "" when the volume is of another kind.
std::string claim_name(const json::Item& pod, const json::Item& volume);

// The PersistentVolume. `volume`: what the pod calls it. Pod and volume live until it returns.
Task<json::Tree> find_claimed(client::Client& client, const json::Item& pod, const json::Item& volume);

}  // namespace podo::volumes
