// Sandboxes: network namespaces for containers. Some are made ahead, because making one costs half a
// millisecond; they are held by descriptor only, so those nobody took are gone with the daemon.
//
// In a new one: lo is up, and IPv6 is off on links that come later (a network with IPv6 turns it on).
// Lives on the daemon's loop; the work is done on the pool.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/core/log.h"
#include "base/io/blocking_pool.h"
#include "base/io/condition.h"
#include "base/io/fd.h"
#include "base/io/group.h"

namespace podo::network {

using NamespacePtr = std::shared_ptr<const io::Fd>;  // jobs on the pool hold it too

Result<io::Fd> make_network_namespace();  // blocks; not on the loop's thread

class SandboxStock {
 public:
  SandboxStock(io::Loop& loop, io::BlockingPool& pool, Log& log, unsigned ahead);
  // Pinned at `path`.
  io::Task<NamespacePtr> take(std::string path);

 private:
  io::Task<void> restock();
  io::BlockingPool& pool_;
  Log& log_;
  unsigned ahead_;
  std::deque<NamespacePtr> stock_;
  io::Condition taken_{"a sandbox to be taken"};
  io::TaskGroup group_;  // last: its strands use what stands above
};

}  // namespace podo::network
