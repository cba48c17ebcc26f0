// Volumes: the folders of a pod on this node. Each volume of spec.volumes becomes a path on the machine, and
// each volumeMount of a container a bind mount of it, of a subPath of it, checked so that no link inside a
// volume leads out of it.
//
//   DATA/pods/UID/volumes/KIND/NAME        KIND: kubernetes.io~empty-dir, ...
//   DATA/pods/UID/volume-subpaths/...      what subPath mounts pin
//   DATA/pods/UID/containers/NAME/ATTEMPT  termination messages
//
// configMap, secret, downwardAPI and projected volumes are written into a folder of their own (..2026_...),
// and `..data` is swapped to it by one rename: readers see all of an update or nothing of it. Memory-backed
// ones (secrets, tokens, emptyDir medium Memory) are a tmpfs. hostPath by its types; hostPath and local
// PersistentVolumes through bound claims; image volumes through the image store.
//
// Life: mount() until it is whole (it waits for nothing: what is missing is a failure in the kubelet's
// words, and the caller comes again) -> mounts_of() each container -> refresh() when a source changed, the
// pod's labels or annotations did, or a token is due -> unmount() when no container of the pod runs. After a
// restart of the daemon mount() finds what is there, and must be called before mounts_of(). Calls for one
// pod wait for one another; its JSON lives until they return. Lives on the loop; the file system is touched
// on the pool.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/io/blocking_pool.h"
#include "base/io/epoll_loop.h"
#include "cluster/client/client.h"
#include "cluster/volumes/sources.h"
#include "container/image/images.h"
#include "container/registry_client/registry.h"
#include "model/docker/container_config.h"
#include "model/strategy/pod_resources.h"

namespace podo::volumes {

using io::Task;

struct VolumesGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  client::Client& client;  // for tokens, claims and volumes
  Sources& sources;        // ConfigMaps and Secrets
  image::Images& images;
  image::Registry& registry;
  Clock& clock;
  Random& random;
  Log& log;
  // How the image of an image volume is had, as a container's is: its policy, pull secrets, back-off. Null:
  // by its policy from `registry`, without secrets.
  std::function<Task<image::ImagePtr>(const json::Item& pod, std::string reference, std::string policy)>
      find_image = {};
};

struct VolumesOptions {
  std::string data_folder;             // DATA of this node: pods/ lies in it
  strategy::Amounts allocatable = {};  // of the node: what a container without a limit may use (downwardAPI)
};

// What a container's mounts and the downward API need to know beside the pod.
struct ContainerView {
  const json::Item& container;  // of spec.containers, initContainers or ephemeralContainers
  int attempt = 0;
  std::map<std::string, std::string> environment = {};  // for subPathExpr
};

class Volumes {
 public:
  static Task<std::unique_ptr<Volumes>> open(const VolumesGround& ground, VolumesOptions options);
  virtual ~Volumes() = default;

  // All volumes of the pod; cheap when they are there. The error is the message of the pod's FailedMount
  // event: `MountVolume.SetUp failed for volume "v" : configmap "x" not found`.
  virtual Task<void> mount(const json::Item& pod) = 0;
  // As Docker's mounts (bind, with propagation and read-only); the termination message's file is the last.
  // Its errors are those of CreateContainerConfigError. It pins subPaths, so once for each attempt.
  virtual Task<std::vector<docker::Mount>> mounts_of(const json::Item& pod, ContainerView view) = 0;
  // The pod's changing volumes are written anew where they differ. Returns when to come again (tokens), if
  // at all; sources that change tell `changed` (see Sources). A failure leaves what was written before.
  virtual Task<std::optional<Duration>> refresh(const json::Item& pod) = 0;
  // The last `bytes_max` bytes of it; "" when there is none.
  virtual Task<std::string> termination_message(std::string uid, std::string container, int attempt,
                                                std::size_t bytes_max) = 0;
  // Everything of the pod goes, what it holds of the Sources too; fine when nothing is there. Never removes
  // what lies on a mount it could not take away.
  virtual Task<void> unmount(std::string uid) = 0;
  virtual std::vector<std::string> known_pods() const = 0;  // uids with a folder here
};

}  // namespace podo::volumes
