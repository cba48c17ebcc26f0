// What a container of a pod asks of the engine: a pure function of the pod, its surroundings and the image.
//
//   const auto request = container_request(pod, container, surroundings);   // -> engine.create()
//
// Errors are what the kubelet puts into `waiting`: the kind says nothing, the message and reason do
// (CreateContainerConfigError: "couldn't find key x in ConfigMap ns/name", "container has runAsNonRoot and
// image will run as root").
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/format/json_tree.h"
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

struct Surroundings {
  std::string sandbox_id, pod_ip, host_ip;  // sandbox_id: the pod's uid
  std::vector<std::string> pod_ips, host_ips;
  int attempt = 0;
  std::map<std::string, std::string> environment;  // resolved (environment.h), in the order it is given
  std::vector<std::string> environment_order;
  std::vector<docker::Mount> mounts;  // of Volumes::mounts_of
  std::string cgroup_parent;          // cgroup.h
  bool privileged_allowed = true;
};

Result<docker::CreateRequest> container_request(const json::Item& pod, const json::Item& container,
                                                const image::Image& image, const Surroundings& around);

}  // namespace podo::pod
