// A whole cluster in virtual time: the API server, its admission, the controllers and the scheduler are the
// ones that podo serves, over a store in memory; kubelets are small ones of our own that do what a node does
// as the API sees it. Requests get lost before and after they were done, watches end, every part dies and is
// begun anew, nodes fall silent and come back: when, is drawn from the seed. The same seed is the same run.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/io/simulated_loop.h"
#include "base/store/store.h"
#include "cluster/admission/admission.h"
#include "cluster/apiserver/api_server.h"
#include "cluster/client/client.h"
#include "model/kube/schema.h"

namespace podo::simulation {

using io::Task;

struct Chances {  // in ten thousand requests, or reads of a watch
  int lost_requests = 20, lost_answers = 10, ended_watches = 20;
};

// Requests of one part on their way to the server, not all of which arrive.
class FlakyTransport final : public client::Transport {
 public:
  FlakyTransport(io::SimulatedLoop& loop, http::Handler& api, Chances chances);
  Task<http::Response> send(http::Request request) override;

 private:
  io::SimulatedLoop& loop_;
  client::LocalTransport there_;
  const Chances chances_;
};

class DayCluster;

// What a node does as the API sees it: its Node, its Lease, and its pods' lives.
class SmallKubelet {
 public:
  SmallKubelet(DayCluster& cluster, std::string name);
  Task<void> run();  // until the machine dies

 private:
  Task<void> register_node();
  Task<void> beat();
  Task<void> tend();
  Task<void> look_at(std::string key);
  Task<void> say(const json::Item& pod, std::string_view phase, bool ready);
  void look_soon(const objects::Object& pod, Duration within);

  DayCluster& cluster_;
  const std::string name_;
  FlakyTransport transport_;
  client::Client client_;
  std::unique_ptr<objects::Mirror> pods_;
  std::multimap<Monotonic, std::string> due_;
  io::Condition added_{"a pod to look at"};
};

class DayCluster {
 public:
  DayCluster(std::uint64_t seed, int nodes, Chances chances);
  ~DayCluster();
  // Everything runs while `what` does.
  Task<void> run(std::function<Task<void>(DayCluster&)> what);

  Task<void> pause(Duration at_most);  // some time
  std::uint64_t below(std::uint64_t limit) { return loop.random().below(limit); }
  // Users are patient: what got lost is tried again. Absent ones are fine to remove.
  Task<void> apply(std::string_view json);
  Task<void> change(std::string plural, std::string name, std::function<void(json::Item&)> edit);
  Task<void> remove(std::string plural, std::string name);
  Task<std::vector<json::Tree>> all(std::string plural);
  Task<bool> settles(std::function<Task<bool>()> holds, Duration within);
  client::Where at(std::string_view plural, std::string name = {}) const;

  void kill_node(std::size_t index);    // the machine: it says nothing more, its pods go on for nobody
  void revive_node(std::size_t index);  // booted again: nothing runs there
  bool is_alive(std::size_t index) const { return kubelets_[index] != nullptr; }
  std::size_t nodes() const { return kubelets_.size(); }

  // A thing that must never be so has been seen.
  void broken(std::string what);
  std::vector<std::string> complaints;

  io::SimulatedLoop loop;
  const schema::Schema schema = kube::parse_schema();
  const Chances chances;
  std::unique_ptr<apiserver::ApiServer> api;
  int addresses = 0, deaths = 0;

 private:
  struct Machine {
    explicit Machine(io::Loop& loop) : group(loop) {}
    std::unique_ptr<SmallKubelet> kubelet;
    io::TaskGroup group;
  };
  Task<void> open();
  Task<void> keep_up(std::function<Task<void>(client::Client&)> work, Duration mean_life);
  Task<void> look_on();
  void check(const objects::Change& change);
  void check_room(std::string_view node);

  SilentLog log_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<objects::Objects> objects_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<admission::Admission> admission_;
  std::vector<std::unique_ptr<Machine>> kubelets_;
  std::vector<std::unique_ptr<Machine>> dead_;
  std::map<std::string, std::map<std::string, std::int64_t>, std::less<>> used_;  // node -> pod -> millicores
  std::map<std::string, std::string, std::less<>> node_of_;                       // by uid
  std::unique_ptr<client::LocalTransport> users_transport_;
  std::unique_ptr<client::Client> users_;
};

inline constexpr std::int64_t node_millicores = 4000, pod_millicores = 250;

}  // namespace podo::simulation
