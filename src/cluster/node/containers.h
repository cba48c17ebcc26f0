// Containers: a pod's containers are made in the engine, and ended. What a start consists of: the image (by
// its pull policy; pulls of one image are shared, failures back off), the environment, the mounts, the
// request (cluster/pod), create and start.
//
// Its failures are what `waiting` shows: reason (ErrImagePull, ImagePullBackOff, ErrImageNeverPull,
// InvalidImageName, CreateContainerConfigError, CreateContainerError, RunContainerError) and message.
// Lives on the loop.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "cluster/client/client.h"
#include "cluster/client/events.h"
#include "cluster/pod/observation.h"
#include "cluster/volumes/volumes.h"
#include "container/engine/engine.h"

namespace podo::node {

using io::Task;

struct ContainersGround {
  io::EpollLoop& loop;
  client::Client& client;  // Services, for their variables
  engine::Engine& engine;
  image::Images& images;
  image::Registry& registry;
  volumes::Volumes& volumes;
  volumes::Sources& sources;
  Clock& clock;
  Log& log;
};

// What of the pod is known already.
struct PodPlace {
  const json::Item& pod;
  engine::SandboxPtr sandbox;
  std::vector<std::string> pod_ips, host_ips;
  std::string cgroup_parent;
};

class Containers {
 public:
  using Said =
      std::function<void(const client::Said&)>;  // Events: Pulling, Pulled, Created, Started, Failed, BackOff
  static Task<std::unique_ptr<Containers>> open(const ContainersGround& ground);
  virtual ~Containers() = default;

  // The engine's id, or why it waits. `place.pod` must live until it returns.
  virtual Task<std::expected<std::string, pod::Waiting>> start(PodPlace place, const json::Item& container,
                                                               int attempt, Said say) = 0;
  // Its sandbox: hostname, DNS, ports, sysctls, control group and limits of the pod.
  virtual Task<engine::SandboxPtr> make_sandbox(const json::Item& pod, std::vector<std::string> host_ips) = 0;
  // preStop is the caller's. The engine's container stays until remove().
  virtual Task<void> stop(std::string id, Duration grace) = 0;
  virtual Task<void> remove(std::string id) = 0;
  // The control groups of the classes: /podo/kubepods, its burstable and besteffort.
  virtual Task<void> make_control_groups() = 0;
};

}  // namespace podo::node
