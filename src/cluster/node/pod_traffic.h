// PodTraffic: what the network around pods has to do at two moments of a pod's life. The node knows no
// Services and no policies; who does implements this (floor traffic). It is asked of pods with a network of
// their own; begins() and ended() not of static pods, which the API may not know. Lives on the node's loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/ip_address.h"
#include "base/io/task.h"

namespace podo::node {

class PodTraffic {
 public:
  virtual ~PodTraffic() = default;
  // After the sandbox has its addresses, before any container: returns when what policies say of the pod is
  // in force. A failure keeps the pod from starting; it is tried again.
  virtual io::Task<void> begins(std::string uid, std::string name_space, std::string name,
                                std::vector<IpAddress> addresses) = 0;
  // Before preStop and SIGTERM: returns when nothing new is sent to the pod; never takes long.
  virtual io::Task<void> drains(std::string uid, std::vector<IpAddress> addresses) = 0;
  virtual void ended(std::string_view uid) = 0;
};

}  // namespace podo::node
