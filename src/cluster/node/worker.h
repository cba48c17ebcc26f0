// PodWorker: one pod on this machine. It looks (what does the engine have of it?), asks cluster/pod for the
// plan and the status, begins what the plan says, and looks again when any of that has ended, a container
// died, a probe changed its mind, the pod was changed, or the time has come. Looking never waits, so what is
// decided is decided of one state; all that takes time is in strands of its own.
//
//   PodWorker worker(ground, pod, observed before);
//   worker.change(pod) / worker.lose() / worker.look()     at any time
//   co_await worker.run();                                 returns when nothing of the pod is left
//
// A worker that is destroyed touches no container. After a restart of the daemon it finds the pod's
// containers by their labels, and takes what it cannot observe (readiness, startTime, what containers said at
// their end) from the pod's status. Lives on the loop.
#pragma once

#include <set>

#include "base/core/random.h"
#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/io/timer.h"
#include "cluster/client/events.h"
#include "cluster/node/actions.h"
#include "cluster/node/containers.h"
#include "cluster/node/pod_traffic.h"
#include "cluster/node/runs.h"
#include "cluster/node/statuses.h"
#include "cluster/pod/plan.h"
#include "cluster/pod/probe_schedule.h"

namespace podo::node {

struct WorkerGround {
  io::EpollLoop& loop;
  engine::Engine& engine;
  Containers& containers;
  volumes::Volumes& volumes;
  Runs& runs;
  Statuses& statuses;
  client::Events& events;
  http::Client& probing;
  Random& random;
  Clock& clock;
  Log& log;
  const std::vector<std::string>& host_ips;
  const std::string& cgroup_root;  // "/podo"
  PodTraffic* traffic = nullptr;
};

class PodWorker final : private io::Timer {
 public:
  // `found`: it was here before this daemon began.
  PodWorker(const WorkerGround& ground, PodPtr pod, bool found);

  Task<void> run();
  void change(PodPtr pod);
  void reject(pod::Problem why);  // this node cannot take it: it fails
  void evict(pod::Problem why);   // it has taken too much: it fails
  void lose();                    // the API has it no more, or its file is gone
  void show_in(PodPtr mirror);    // of a static pod: where the API shows its status; null: nowhere
  void refresh();                 // a ConfigMap or Secret of its namespace has changed
  void look();

  const std::string& uid() const { return uid_; }
  const json::Item& pod() const { return pod_->root(); }
  const PodPtr& shared_pod() const { return pod_; }
  const pod::Observation& seen() const { return seen_; }
  const json::Item& status() const { return status_.root(); }
  bool is_over() const;  // Succeeded or Failed: it takes no room any more
  bool is_lost() const { return seen_.gone; }

 private:
  struct Probing {
    std::string id;  // of the engine
    std::unique_ptr<io::TaskGroup> strand;
  };
  using Hook = pod::Stopping::Hook;

  void fired() override { look(); }
  void look_now();
  void observe();
  void observe_sandbox();
  void observe_containers();
  void observe_runs(const std::string& name, pod::ContainerFacts& facts);
  void restore(const json::Item& status);

  void perform(const pod::Plan& plan);
  void begin_to_end();
  void tell_status(json::Tree status);
  void end_if_done();
  void keep_volumes_current(pod::Plan& plan);
  void say(const client::Said& said, std::string_view container = {});

  Task<void> then_look(Task<void> task);
  void spawn(Task<void> task, std::string_view what);
  void place_failed(std::string_view reason, const Error& error);
  Task<void> make_place(PodPtr pod, bool mount, bool sandbox);
  Task<void> clear_place(bool sandbox, bool unmount);
  bool has_own_network() const;
  bool must_join() const;
  std::vector<IpAddress> addresses() const;
  Task<void> join_network(PodPtr pod);
  Task<void> drain();
  Task<void> when_drained(Task<void> then);
  Task<void> keep_volumes(PodPtr pod);

  void start(const pod::Start& start);
  Task<void> start_container(PodPtr pod, pod::Start start);
  Task<void> start_and_greet(PodPtr pod, pod::Start start);
  Task<void> run_post_start(const json::Item& container, std::string name, std::string id);
  void stop(const pod::Stop& stop);
  Task<void> run_pre_stop(PodPtr pod, pod::Stop stop);
  Task<void> signal(pod::Stop stop);
  Task<void> remove_run(std::string id);
  void learn_end(const std::string& container, pod::Run& run);
  Task<void> read_end(std::string container, pod::Run run);
  Task<std::string> end_of_log(std::string id);

  void keep_probes();
  void keep_probe(const pod::Part& part, pod::ProbeKind kind, bool wanted);
  Task<void> probe(std::string name, pod::ProbeKind kind, json::Tree probe, Target target,
                   pod::ProbeSchedule schedule);
  void take_result(const std::string& name, pod::ProbeKind kind, bool result);
  Target target_of(const json::Item& container, std::string id) const;

  const WorkerGround ground_;
  const std::string uid_;
  PodPtr pod_;
  const bool static_;
  PodPtr shown_;  // the object that the status is written to; null: there is none
  pod::Observation seen_;
  json::Tree status_;                                                // as it was told last
  std::map<std::string, std::string> current_;                       // the newest run by container
  std::map<std::string, std::pair<std::string, std::string>> ends_;  // reason, message by engine's id
  std::set<std::string> reading_, removing_;                         // engine's ids
  bool found_, dirty_ = true, over_ = false, pod_changed_ = true;
  bool refresh_due_ = false, refreshing_ = false, draining_ = false;
  int failures_ = 0;  // of volumes and sandbox, in a row
  std::optional<Monotonic> refresh_at_;
  io::Condition changed_{"a change of a pod"}, drained_{"the end of what is sent to a pod"};
  std::map<std::string, Probing> probes_;  // by container and kind
  std::unique_ptr<io::TaskGroup> starting_;
  std::vector<std::unique_ptr<io::TaskGroup>> ended_;  // cancelled, and gone at the next look
  io::TaskGroup group_;                                // last: its strands use all of the above
};

}  // namespace podo::node
