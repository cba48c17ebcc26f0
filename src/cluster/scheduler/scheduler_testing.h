// For the tests of this room: a snapshot that is filled by hand (Lab), and a cluster in virtual time
// (FakeCluster): an API server as small as the scheduler needs it, with conflicts, lost requests, lost
// answers and ended watches from a seed, and kubelets that let pods end when they are told.
#pragma once

#include <doctest/doctest.h>

#include "base/io/simulated_loop.h"
#include "cluster/scheduler/driver.h"
#include "model/kube/path.h"

namespace podo::scheduler {

inline json::Tree tree_of(std::string_view json) {
  auto tree = json::Tree::parse(std::string(json));
  REQUIRE_MESSAGE(tree.has_value(), json);
  return *std::move(tree);
}

// Of 4 cpus, 4 GiB and 110 pods, unless `more` (members of metadata, spec and status in one) says otherwise.
struct NodeText {
  std::string_view labels = "", taints = "", cpu = "4", memory = "4Gi", pods = "110", more = "", images = "";
  bool unschedulable = false;
};
std::string node_json(std::string_view name, const NodeText& of = {});

// `spec`: members beside the one container's: "\"nodeSelector\":{...},".
struct PodText {
  std::string_view cpu = "", memory = "", labels = "", spec = "", container = "", node = "", owner = "",
                   name_space = "default", meta = "", status = "";
  int priority = 0;
};
std::string pod_json(std::string_view name, const PodText& of = {});

struct Lab {
  Snapshot snapshot;
  Storage storage;
  SeededRandom random{1};
  int uids = 0;

  void node(std::string_view name, const NodeText& of = {});
  PodPtr pod(std::string_view name, const PodText& of = {});  // one that waits
  PodPtr place(std::string_view name, std::string_view node, const PodText& of = {});
  void claim(std::string_view json) { storage.set(claim_of(tree_of(json).root())); }
  void volume(std::string_view json) { storage.set(volume_of(tree_of(json).root())); }
  void storage_class(std::string_view json) { storage.set(storage_class_of(tree_of(json).root())); }

  Fitting fitting(const PodPtr& pod) { return Fitting(snapshot, storage, pod); }
  Verdict check(const PodPtr& pod, std::string_view node) { return fitting(pod).check(*snapshot.find(node)); }
  std::string nodes_for(const PodPtr& pod);  // those that fit: "n1 n3"
  std::string why_not(const PodPtr& pod);    // the message, without preemption
  std::string picked(const PodPtr& pod);     // the best node; "" when none fits
};

struct Faults {
  int lost_requests = 0, lost_answers = 0, ended_watches = 0;  // in a thousand
};

class FakeApi final : public http::Handler {
 public:
  explicit FakeApi(io::SimulatedLoop& loop) : loop_(loop) {}
  Task<void> handle(http::Exchange& exchange) override;

  // Straight to what is stored. Keys: "pods/default/web", "nodes//n1".
  json::Tree* find(std::string_view key);
  void put(std::string_view plural, std::string_view json);
  void changed(const std::string& key);
  void erase(const std::string& key);
  std::vector<json::Item*> all(std::string_view plural);
  void end_watches();

  std::function<void(const json::Item& pod)> bound = [](const json::Item&) {};  // just now
  Faults faults;
  int bindings = 0, writes = 0;  // bindings: tried

 private:
  struct Answer {
    int code = 200;
    std::string body;
  };
  struct Place {
    std::string plural, name_space, name, subresource;
    std::string key() const { return plural + "/" + name_space + "/" + name; }
  };
  struct Event {
    std::string plural, line;
    std::int64_t version;
  };
  static Place place_of(std::string_view path);
  static Answer refuse(int code, std::string_view reason);
  Answer answer_to(std::string_view method, const Place& place, std::string_view body);
  Answer bind(const Place& place, const json::Item& binding);
  Answer remove(const Place& place);
  Answer list(const Place& place);
  Task<void> watch(http::Exchange& exchange, std::string plural, std::int64_t from);
  void tell(std::string_view type, const std::string& key, json::Tree& object);
  bool strikes(int in_a_thousand) { return static_cast<int>(loop_.random().below(1000)) < in_a_thousand; }

  io::SimulatedLoop& loop_;
  std::map<std::string, json::Tree, std::less<>> there_;
  std::vector<Event> events_;
  std::int64_t version_ = 1, uids_ = 0;
  int watches_ended_ = 0;
  io::Condition told_{"a change of the fake API"};
};

struct FakeCluster {
  FakeCluster(io::SimulatedLoop& on, const schema::Schema& of) : loop(on), schema(of), api(on) {}

  SchedulerGround ground() { return {loop, client, loop.random(), log}; }
  // The scheduler, begun anew `deaths` times at any moment.
  Task<void> run_scheduler_with_deaths(int deaths);
  Task<bool> settles(std::function<bool()> holds, Duration within = seconds(1200));
  void check_no_overcommit();
  int bound_pods();
  std::string node_of(std::string_view pod);

  io::SimulatedLoop& loop;
  const schema::Schema& schema;
  FakeApi api;
  SilentLog log;
  client::LocalTransport transport{loop, api, {.certificate_name = "system:kube-scheduler"}};
  client::Client client{transport, schema};
};

// The property in many worlds. A failure names its seed.
void in_many_worlds(int worlds, Faults faults, int deaths, Task<void> (*property)(FakeCluster&));

}  // namespace podo::scheduler
