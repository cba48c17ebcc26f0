// A cluster in virtual time for the tests of all controllers: an API server with the rules of the real one
// (defaults, strategies, validation, conflicts, finalizers, grace), a scheduler and kubelets that take their
// time, and faults from a seed: conflicts, requests that are lost before or after they
// were done, watches that end, controllers that die.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "base/io/combine.h"
#include "base/io/condition.h"
#include "base/io/simulated_loop.h"
#include "cluster/client/client.h"
#include "cluster/controllers/controllers.h"
#include "model/kube/schema.h"

namespace podo::controllers {

struct Faults {
  int conflicts = 0, lost_requests = 0, lost_answers = 0, ended_watches = 0;  // in a thousand
};

class FakeApi final : public http::Handler {
 public:
  FakeApi(io::SimulatedLoop& loop, const schema::Schema& schema) : loop_(loop), schema_(schema) {}
  Task<void> handle(http::Exchange& exchange) override;

  struct Place {
    const schema::Resource* resource = nullptr;
    std::string name_space, name, subresource;
    std::string key() const;  // "pods/default/web"
  };
  std::optional<Place> place_of(std::string_view path) const;

  // Straight to what is stored, as parts of the cluster that never fail do it.
  json::Tree* find(std::string_view key);
  void changed(const std::string& key);  // after a change of what find() gave
  void erase(const std::string& key);
  std::vector<json::Tree*> all(std::string_view plural);
  std::string make(std::string_view json);  // of kind and apiVersion; ENSUREs that it is valid; its key
  void end_watches();
  void remove(const std::string& key, std::string_view propagation = "Background");  // as a user does it

  // Of every change, when it has been made; `who`: whose pod that a controller removed.
  std::function<void()> observe = [] {};
  std::function<void(const json::Item& pod)> removing = [](const json::Item&) {};
  Faults faults;
  int writes = 0;

 private:
  struct Answer {
    int code = 200;
    std::string body;
  };
  struct Event {
    std::string line;
    std::int64_t version;
  };
  struct History {
    std::vector<Event> events;
    io::Condition told{"a change in the fake API"};
  };
  static Answer refuse(int code, std::string_view reason, std::string_view message);
  Answer create(const Place& place, std::string_view body);
  Answer update(const Place& place, std::string_view body);
  Answer patch(const Place& place, std::string_view body, bool strategic);
  Answer store_update(const Place& place, json::Tree now);
  Answer remove(const Place& place, std::string_view body);
  Answer list(const Place& place);
  Answer answer_to(std::string_view method, const Place& place, std::string_view body, bool strategic);
  Task<void> watch(http::Exchange& exchange, std::string plural, std::int64_t from);
  void tell(std::string_view type, const std::string& key, const json::Tree& object);
  void stamp(json::Tree& object);
  bool strikes(int in_a_thousand) { return static_cast<int>(loop_.random().below(1000)) < in_a_thousand; }

  io::SimulatedLoop& loop_;
  const schema::Schema& schema_;
  std::map<std::string, json::Tree, std::less<>> there_;
  std::map<std::string, History, std::less<>> histories_;  // by plural
  std::int64_t version_ = 1, uids_ = 0;
  int watches_ended_ = 0;
};

// Scheduler and kubelets: every pod moves on after a random time.
struct FakeNodes {
  FakeApi& api;
  io::SimulatedLoop& loop;
  std::vector<std::string> nodes = {};
  int failures = 0;                              // of a hundred pods that end
  bool ends = false;                             // pods end by themselves, as those of Jobs do
  Duration pace = seconds(2);                    // between looks at a pod
  std::set<std::string, std::less<>> dead = {};  // nodes that do nothing any more
  int addresses = 0;  // that pods have been given
  Task<void> run();

 private:
  void beat(const std::string& node);
  void move_on(const std::string& key);
  void start(json::Item& pod);
  void end(json::Item& pod, bool well);
};

struct FakeCluster {
  explicit FakeCluster(io::SimulatedLoop& on, const schema::Schema& of)
      : loop(on), schema(of), api(on, of), nodes{api, on} {}
  Ground ground();
  // Controllers that are killed and begun anew now and then.
  Task<void> run_controllers_with_deaths(int deaths);
  // Waits until `holds` for a while; false after `within`.
  Task<bool> settles(std::function<bool()> holds, Duration within = seconds(3600));
  std::int64_t number(std::string_view key, std::string_view path);
  json::Item& at(std::string_view key);

  io::SimulatedLoop& loop;
  const schema::Schema& schema;
  FakeApi api;
  FakeNodes nodes;
  SilentLog log;
  std::set<std::string, std::less<>> folders = {};  // of local-path
  client::LocalTransport transport{loop, api, {.certificate_name = "system:kube-controller-manager"}};
  client::Client client{transport, schema};
};

// The property in many worlds. A failure names its seed.
void in_many_worlds(int worlds, Faults faults, Task<void> (*property)(FakeCluster&));

}  // namespace podo::controllers
