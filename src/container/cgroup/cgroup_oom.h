// Tells when a container ran out of memory and something of it was killed: without asking again and again.
//   v1: an eventfd registered with memory.oom_control      v2: a change of memory.events
//
//   OomWatch watch = TRY(OomWatch::open(directories));
//   poll() on watch.waits_for() -> watch.happened()
#pragma once

#include <poll.h>

#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"
#include "container/cgroup/cgroup.h"

namespace podo::runtime {

class OomWatch {
 public:
  // On a host without memory control there is never an event.
  static Result<OomWatch> open(const std::vector<CgroupDirectory>& directories);
  // Of a v2 file of "key number" lines: an event is that the number grew.
  static Result<OomWatch> of_counter(io::Fd file, std::string key);

  pollfd waits_for() const;
  Result<bool> happened();   // after poll(); the end of the group is no event

 private:
  static Result<OomWatch> of_v1(const std::string& directory);

  io::Fd event_, file_, group_;   // v1: event_ and group_; v2: file_
  std::string key_;
  std::uint64_t seen_ = 0;
};

}  // namespace podo::runtime
