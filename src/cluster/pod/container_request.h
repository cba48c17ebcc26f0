// What a container of a pod asks of the engine: a pure function of the pod, its surroundings and the image.
//
//   const auto request = container_request(pod, container, *image, surroundings);   // -> engine.create()
//
// Errors are what the kubelet puts into `waiting` (CreateContainerConfigError): the message says it, as
// "container has runAsNonRoot and image will run as root".
#pragma once

#include <string>
#include <vector>

#include "cluster/pod/environment.h"
#include "cluster/pod/security.h"
#include "container/image/images.h"
#include "model/docker/container_config.h"

namespace podo::pod {

// What the engine's containers of pods carry, and are found by after a restart of the daemon.
namespace label {
inline constexpr std::string_view pod_name = "io.kubernetes.pod.name",
                                  pod_namespace = "io.kubernetes.pod.namespace",
                                  pod_uid = "io.kubernetes.pod.uid",
                                  container_name = "io.kubernetes.container.name",
                                  attempt = "io.kubernetes.container.restartCount",
                                  hash = "io.kubernetes.container.hash",  // of its spec when it was made
    termination_path = "io.kubernetes.container.terminationMessagePath",
                                  termination_policy = "io.kubernetes.container.terminationMessagePolicy";
}  // namespace label

// "k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT", as Docker has always shown them.
std::string container_name(const json::Item& pod, std::string_view container, int attempt);

// Of what makes a running container another one: its name and its image. Label `hash` has it in decimal.
std::uint64_t spec_hash(const json::Item& container);

struct Surroundings {
  std::string sandbox_id = {};  // the pod's uid
  int attempt = 0;
  Environment environment = {};            // resolved
  std::vector<docker::Mount> mounts = {};  // of Volumes::mounts_of
  std::string cgroup_parent = {};          // pod_group()
  std::string target_id = {};  // of the engine: whose processes an ephemeral container joins; "" none
  SecurityFacts security = {};
  std::uint64_t machine_memory_bytes = 0;
};

Result<docker::CreateRequest> container_request(const json::Item& pod, const json::Item& container,
                                                const image::Image& image, const Surroundings& around);

}  // namespace podo::pod
