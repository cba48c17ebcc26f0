// PodDirectory: where a pod's containers are in the engine; what the node's API needs to know of its pods.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::node_api {

struct ContainerPlace {
  std::string id;  // of the engine
  bool running = false, tty = false, stdin_open = false, stdin_once = false;
};

class PodDirectory {
 public:
  virtual ~PodDirectory() = default;
  // `container` "": the only one (invalid when there are several). `previous`: the run before this one.
  // Errors in the kubelet's words: not_found `pods "x" not found`, invalid `container c is not valid for pod
  // p`, invalid `container "c" in pod "p" is waiting to start: ContainerCreating`, invalid `previous
  // terminated container "c" in pod "p" not found`.
  virtual Result<ContainerPlace> find(std::string_view name_space, std::string_view pod,
                                      std::string_view container, bool previous) const = 0;
  // The pod's sandbox (Engine::connect_in_sandbox); with the host's network: "".
  virtual Result<std::string> sandbox_of(std::string_view name_space, std::string_view pod) const = 0;
  virtual std::string pods_json() const = 0;  // GET /pods: a PodList of what this node has
};

}  // namespace podo::node_api
