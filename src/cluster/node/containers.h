// Containers: a pod's containers are made in the engine, and ended. What a start consists of: the image (by
// its pull policy; pulls of one image are shared, failures back off), the environment, the mounts, the
// request (cluster/pod), create and start.
//
// Its failures are what `waiting` shows: reason (ErrImagePull, ImagePullBackOff, ErrImageNeverPull,
// InvalidImageName, CreateContainerConfigError, CreateContainerError, RunContainerError) and message. After
// RunContainerError the engine has the container: created, with an error and an exit code.
// Lives on the loop.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "base/io/blocking_pool.h"
#include "cluster/client/client.h"
#include "cluster/client/events.h"
#include "cluster/pod/observation.h"
#include "cluster/volumes/volumes.h"
#include "container/engine/engine.h"

namespace podo::node {

using io::Task;

struct ContainersGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  client::Client& client;  // Services, for their variables
  engine::Engine& engine;
  image::Images& images;
  image::Registry& registry;
  volumes::Volumes& volumes;
  volumes::Sources& sources;
  Clock& clock;
  Log& log;
};

struct ContainersOptions {
  std::string cgroup_root = "/podo";  // kubepods lies in it
  std::string network = {};           // pods are attached to this one (of the engine's networks)
  std::string cluster_dns = {}, cluster_domain = "cluster.local";  // cluster_dns "": the machine's resolvers
  std::string seccomp_folder = {};                                 // profiles of type Localhost
  strategy::Amounts allocatable = {};  // of the node: what a container without a limit may use (env)
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
  // Events: Pulling, Pulled, Created, Started, Failed, BackOff, ...
  using Said = std::function<void(const client::Said&)>;
  static Task<std::unique_ptr<Containers>> open(const ContainersGround& ground, ContainersOptions options);
  virtual ~Containers() = default;

  // The engine's id, or why it waits. `place.pod` and `container` must live until it returns.
  virtual Task<std::expected<std::string, pod::Waiting>> start(PodPlace place, const json::Item& container,
                                                               int attempt, Said say) = 0;
  // Its sandbox: hostname, DNS, ports, sysctls, control group and limits of the pod. One that is there
  // already is made complete.
  virtual Task<engine::SandboxPtr> make_sandbox(const json::Item& pod, std::vector<std::string> host_ips,
                                                Said say = {}) = 0;
  // preStop is the caller's. The engine's container stays until remove().
  virtual Task<void> stop(std::string id, Duration grace) = 0;
  virtual Task<void> remove(std::string id) = 0;
  // The control groups of the classes: /podo/kubepods, its burstable and besteffort.
  virtual Task<void> make_control_groups() = 0;
  // An image of a volume, as that of a container. `policy` as in imagePullPolicy.
  virtual Task<image::ImagePtr> find_image(const json::Item& pod, std::string reference,
                                           std::string policy) = 0;
};

}  // namespace podo::node
