// The nodes of controllers_testing.h, and worlds made of all of it.
#include "cluster/controllers/controllers_testing.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::text_at;

std::string key_of(const json::Item& pod) {
  return text("pods/{}/{}", text_at(pod, "metadata.namespace"), text_at(pod, "metadata.name"));
}

void set_ready(json::Item& pod, bool ready, std::string_view now) {
  json::Item& conditions = pod.member("status").member("conditions");
  conditions.set_array();
  json::Item& condition = conditions.append();
  condition.member("type").set_string("Ready");
  condition.member("status").set_string(ready ? "True" : "False");
  condition.member("lastTransitionTime").set_string(now);
}

}  // namespace

void FakeNodes::start(json::Item& pod) {
  if (text_at(pod, "spec.nodeName").empty()) {
    const std::unique_ptr<const Facts> facts = facts_of(Kind::pod, pod);
    const std::string& target = as_pod(*facts).target;
    pod.member("spec")
        .member("nodeName")
        .set_string(!target.empty() ? target : nodes[loop.random().below(nodes.size())]);
    return;
  }
  const std::string now = time_text(loop.clock().wall().ns / 1'000'000'000);
  json::Item& status = pod.member("status");
  status.member("phase").set_string("Running");
  if (status.find("podIPs") == nullptr) {
    const std::string ip = text("10.244.{}.{}", addresses / 250, addresses % 250 + 1);
    ++addresses;
    status.member("podIP").set_string(ip);
    status.member("podIPs").append().member("ip").set_string(ip);
  }
  set_ready(pod, loop.random().below(3) != 0, now);
}

void FakeNodes::end(json::Item& pod, bool well) {
  const std::string now = time_text(loop.clock().wall().ns / 1'000'000'000);
  json::Item& status = pod.member("status");
  status.member("phase").set_string(well ? "Succeeded" : "Failed");
  set_ready(pod, false, now);
  status.member("containerStatuses").set_array();
  json::Item& container = status.member("containerStatuses").append();
  container.member("name").set_string("c");
  json::Item& ended = container.member("state").member("terminated");
  ended.member("exitCode").set_number(well ? 0 : 1);
  ended.member("finishedAt").set_string(now);
}

void FakeNodes::move_on(const std::string& key) {
  json::Tree* tree = api.find(key);
  if (tree == nullptr) return;
  json::Item& pod = tree->root();
  if (dead.contains(text_at(pod, "spec.nodeName"))) return;
  const std::string_view phase = text_at(pod, "status.phase");
  const bool ended = phase == "Succeeded" || phase == "Failed";
  if (find_at(pod, "metadata.deletionTimestamp") != nullptr) {
    if (!ended && kube::size_at(pod, "metadata.finalizers") != 0) {
      end(pod, false);
      pod.member("metadata").member("deletionGracePeriodSeconds").set_number(0);
      return api.changed(key);
    }
    if (kube::size_at(pod, "metadata.finalizers") == 0) api.erase(key);
    return;
  }
  if (ended) return;
  if (phase == "Running" && kube::text_at(pod, "status.conditions[0].status") == "True") {
    if (!ends) return;
    end(pod, static_cast<int>(loop.random().below(100)) >= failures);
  } else {
    start(pod);
  }
  api.changed(key);
}

// Its Lease is renewed, and it says that it is ready unless it has.
void FakeNodes::beat(const std::string& node) {
  const std::string lease = "leases/kube-node-lease/" + node,
                    now = time_text(loop.clock().wall().ns / 1'000'000'000);
  if (api.find(lease) == nullptr)
    api.make(text(R"({{"apiVersion":"coordination.k8s.io/v1","kind":"Lease",
      "metadata":{{"name":"{}","namespace":"kube-node-lease"}},"spec":{{"holderIdentity":"{}"}}}})",
                  node, node));
  api.find(lease)->root().member("spec").member("renewTime").set_string(now.substr(0, 19) + ".000000Z");
  api.changed(lease);
  json::Tree* object = api.find("nodes//" + node);
  if (object == nullptr || text_at(object->root(), "status.conditions[0].status") == "True") return;
  set_ready(object->root(), true, now);
  api.changed("nodes//" + node);
}

Task<void> FakeNodes::run() {
  for (int round = 0;; ++round) {
    co_await io::sleep(milliseconds(200));
    if (round % 50 == 0)
      for (const std::string& node : nodes)
        if (!dead.contains(node)) beat(node);
    std::vector<std::string> keys;
    for (const json::Tree* pod : api.all("pods")) keys.push_back(key_of(pod->root()));
    const auto chances = static_cast<std::uint64_t>(pace.ns / milliseconds(200).ns);
    for (const std::string& key : keys)
      if (loop.random().below(chances) == 0) move_on(key);
  }
}

Ground FakeCluster::ground() {
  const auto no_zone = [](std::string_view name) { return not_found("no zone {}", name); };
  const auto make = [this](std::string path) -> Task<void> {
    folders.insert(std::move(path));
    co_return;
  };
  const auto remove = [this](std::string path) -> Task<void> {
    folders.erase(path);
    co_return;
  };
  return {.loop = loop,
          .client = client,
          .log = log,
          .read_zone = no_zone,
          .storage = {.folder = "/storage", .node = "n1", .make = make, .remove = remove},
          .sign_certificate = {},
          .make_token = [](const TokenOwner& owner) -> Result<std::string> {
            return text("token of {} {}", owner.account, owner.account_uid);
          },
          .authority_pem = "authority"};
}

Task<void> FakeCluster::run_controllers_with_deaths(int deaths) {
  for (int life = 0;; ++life) {
    const Duration length =
        life < deaths ? seconds(5 + static_cast<std::int64_t>(loop.random().below(60))) : seconds(1'000'000);
    const Result<void> ended = co_await io::deadline(run_controllers(ground(), {}), length).result();
    if (ended.error().kind() == ErrorKind::cancelled) co_await Result<void>(ended);
  }
}

Task<bool> FakeCluster::settles(std::function<bool()> holds, Duration within) {
  const Monotonic end = loop.clock().now() + within;
  int calm = 0;
  while (loop.clock().now() < end) {
    co_await io::sleep(seconds(1));
    calm = holds() ? calm + 1 : 0;
    if (calm == 60) co_return true;
  }
  co_return false;
}

json::Item& FakeCluster::at(std::string_view key) {
  json::Tree* found = api.find(key);
  ENSURE(found != nullptr);
  return found->root();
}

std::int64_t FakeCluster::number(std::string_view key, std::string_view path) {
  return kube::number_at(at(key), path);
}

void in_many_worlds(int worlds, Faults faults, Task<void> (*property)(FakeCluster&)) {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  worlds = (worlds + 9) / 10;  // each takes ten times as long
#endif
  const schema::Schema schema = kube::parse_schema();
  for (int seed = 1; seed <= worlds; ++seed) {
    CAPTURE(seed);
    io::SimulatedLoop loop(static_cast<std::uint64_t>(seed));
    FakeCluster cluster(loop, schema);
    cluster.api.faults = faults;
    cluster.nodes.nodes = {"n1", "n2", "n3"};
    for (const std::string& node : cluster.nodes.nodes)
      cluster.api.make(
          text(R"({{"apiVersion":"v1","kind":"Node","metadata":{{"name":"{}","labels":{{"disk":"{}"}}}}}})",
               node, node == "n3" ? "hdd" : "ssd"));
    const auto whole = [](FakeCluster& c, Task<void> (*what)(FakeCluster&), bool calm) -> Task<void> {
      io::TaskGroup group(co_await io::this_loop());
      group.spawn(c.nodes.run());
      group.spawn(c.run_controllers_with_deaths(calm ? 0 : 3));
      const Result<void> done = co_await what(c).result();
      group.cancel();
      co_await group.join();
      co_await Result<void>(done);
    };
    const bool calm =
        faults.conflicts + faults.lost_requests + faults.lost_answers + faults.ended_watches == 0;
    const Result<void> ran = loop.run(whole(cluster, property, calm));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

}  // namespace podo::controllers
