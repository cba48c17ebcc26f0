// Security of a container: what the pod's and the container's securityContext say together (the container's
// word counts), as the engine has it. Where nothing is said, system calls are filtered (RuntimeDefault).
// Pure; errors are invalid, in the kubelet's words (CreateContainerConfigError), or unsupported.
//
// seLinuxOptions and windowsOptions mean nothing here and are passed over.
#pragma once

#include <optional>
#include <string>

#include "base/format/json_tree.h"
#include "cluster/pod/observation.h"
#include "model/docker/container_config.h"
#include "model/oci/image.h"

namespace podo::pod {

struct SecurityFacts {
  bool apparmor = false;             // the machine has it
  bool apparmor_profile = true;      // ... and has loaded what localhost_apparmor() names
  std::string seccomp_profile = {};  // the text of what localhost_profile() names
};

// Of `request`: user, groups, capabilities, privileges, seccomp, the root tree, /proc.
Result<> apply_security(docker::CreateRequest& request, const json::Item& pod, const json::Item& container,
                        const oci::ImageConfig& image, const SecurityFacts& facts);

// The seccomp profile of type Localhost that is asked for, a path below the node's profiles; "" none.
std::string localhost_profile(const json::Item& pod, const json::Item& container);

// The AppArmor profile of type Localhost that is asked for; "" none.
std::string localhost_apparmor(const json::Item& pod, const json::Item& container);

// A sysctl that no pod may set on this node: such a pod fails at once (SysctlForbidden).
std::optional<Problem> forbidden_sysctl(const json::Item& pod);

// spec.securityContext.sysctls; names with dots.
docker::StringMap sysctls_of(const json::Item& pod);

// "web_shop(8ab3...)": a pod in messages of the kubelet.
std::string shown(const json::Item& pod);

}  // namespace podo::pod
