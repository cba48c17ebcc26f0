// Driver: takes pods from the queue, decides, and has what was decided written. Private to this room.
//
//   decide   filters and scores, and preemption when nothing fits; no waiting in between: it sees one state
//   bind     a strand a pod: its volumes first, then pods/binding; what came of it is found out before it is
//            believed
//   refuse   a strand a pod: the condition PodScheduled, the nomination, the victims
#pragma once

#include "base/io/group.h"
#include "cluster/scheduler/pick.h"
#include "cluster/scheduler/world.h"

namespace podo::scheduler {

class Driver {
 public:
  Driver(SchedulerGround ground, SchedulerOptions options);
  Task<void> run();

 private:
  // What is to be written of a pod that fitted nowhere.
  struct Refused {
    PodPtr pod;
    std::string message;
    std::optional<std::string> nominated;  // "": no more; absent: as it was
    std::vector<PodPtr> victims;
  };

  Task<void> run_strands();
  Task<void> work();
  Task<void> wait_for_work();
  void decide(Waiting waiting);
  void refuse(Waiting waiting, const Fitting& fitting, Diagnosis diagnosis);
  void nominate(const Preemption& plan, Refused& refused);

  // bind.cpp
  Task<void> bind(std::string uid);
  Task<bool> send_binding(PodPtr pod);
  Task<void> check_assumed();
  Task<void> write_refusal(Refused refused);
  Task<void> clear_nomination(PodPtr pod);
  Task<void> evict(PodPtr victim, PodPtr by, std::string node);
  Task<void> set_status(const Pod& pod, std::string status);
  void say(const Pod& pod, std::string_view reason, std::string message, bool warning = false);
  std::string now_text() const;

  // bind_volumes.cpp
  Task<void> bind_volumes(PodPtr pod, VolumePlan plan);
  Task<void> give_volume(std::string volume, std::string claim);
  Task<void> ask_for_volume(std::string claim, std::string node);
  Task<void> wait_until_bound(PodPtr pod, VolumePlan plan);

  client::Where at(std::string_view plural, std::string_view key, std::string_view subresource = {}) const;

  SchedulerGround ground_;
  const SchedulerOptions options_;
  World world_;
  Picker picker_;
  client::Events events_;
  int sending_ = 0;
  io::Condition sent_{"room for one more binding"};
  io::TaskGroup writes_;  // last: its strands use all of the above
};

}  // namespace podo::scheduler
