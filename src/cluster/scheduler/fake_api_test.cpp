// The API server of scheduler_testing.h.
#include <algorithm>
#include <charconv>

#include "base/io/combine.h"
#include "cluster/scheduler/scheduler_testing.h"
#include "model/kube/schema.h"

namespace podo::scheduler {
namespace {

using kube::text_at;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end != 0) parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(path.size(), end + 1));
  }
  return parts;
}

void merge(json::Item& to, const json::Item& change) {
  for (const json::Item& member : kube::children(&change)) {
    if (member.is(json::Kind::object)) merge(to.member(member.key()), member);
    else if (member.is(json::Kind::null)) to.remove(member.key());
    else if (member.key() != "conditions") to.member(member.key()).copy(member);
    else
      for (const json::Item& condition : kube::children(&member)) {
        const std::string_view type = text_at(condition, "type");
        json::Item* place = nullptr;
        for (json::Item* each = to.member("conditions").first(); each != nullptr; each = each->next())
          if (text_at(*each, "type") == type) place = each;
        if (place == nullptr) place = &to.member("conditions").append();
        for (const json::Item& value : kube::children(&condition)) place->member(value.key()).copy(value);
      }
  }
}

// The order of members that stored objects have: resourceVersion stands behind the uid.
json::Tree in_order(std::string_view json, std::string_view uid) {
  const json::Tree given = tree_of(json);
  json::Tree made;
  for (const json::Item& member : kube::children(&given.root())) made.root().member(member.key());
  json::Item& metadata = made.root().member("metadata");
  const json::Item& before = kube::part_at(given.root(), "metadata");
  for (const std::string_view key : {"name", "namespace"})
    if (const json::Item* value = before.find(key)) metadata.member(key).copy(*value);
  metadata.member("uid").set_string(uid);
  metadata.member("resourceVersion").set_string("0");
  for (const json::Item& member : kube::children(&before))
    if (metadata.find(member.key()) == nullptr) metadata.member(member.key()).copy(member);
  for (const json::Item& member : kube::children(&given.root()))
    if (member.key() != "metadata") made.root().member(member.key()).copy(member);
  return made;
}

}  // namespace

FakeApi::Place FakeApi::place_of(std::string_view path) {
  const std::vector<std::string> parts = split(path);
  std::size_t at = parts.front() == "api" ? 2 : 3;
  Place place;
  if (parts.size() > at + 2 && parts[at] == "namespaces") {
    place.name_space = parts[at + 1];
    at += 2;
  }
  place.plural = parts[at];
  if (at + 1 < parts.size()) place.name = parts[at + 1];
  if (at + 2 < parts.size()) place.subresource = parts[at + 2];
  return place;
}

FakeApi::Answer FakeApi::refuse(int code, std::string_view reason) {
  return {code, text(R"({{"kind":"Status","reason":"{}","message":"{}","code":{}}})", reason, reason, code)};
}

json::Tree* FakeApi::find(std::string_view key) {
  const auto found = there_.find(key);
  return found != there_.end() ? &found->second : nullptr;
}

std::vector<json::Item*> FakeApi::all(std::string_view plural) {
  std::vector<json::Item*> all;
  const std::string prefix = std::string(plural) + "/";
  for (auto it = there_.lower_bound(prefix); it != there_.end() && it->first.starts_with(prefix); ++it)
    all.push_back(&it->second.root());
  return all;
}

void FakeApi::tell(std::string_view type, const std::string& key, json::Tree& object) {
  ++writes;
  object.root().member("metadata").member("resourceVersion").set_string(text("{}", ++version_));
  events_.push_back({key.substr(0, key.find('/')),
                     text("{{\"type\":\"{}\",\"object\":{}}}\n", type, object.to_text()), version_});
  told_.notify_all();
}

void FakeApi::put(std::string_view plural, std::string_view json) {
  json::Tree tree = in_order(json, text("uid-{}", ++uids_));
  std::string key = text("{}/{}/{}", plural, text_at(tree.root(), "metadata.namespace"),
                         text_at(tree.root(), "metadata.name"));
  const auto [place, is_new] = there_.insert_or_assign(key, std::move(tree));
  tell(is_new ? "ADDED" : "MODIFIED", key, place->second);
}

void FakeApi::changed(const std::string& key) { tell("MODIFIED", key, *find(key)); }

void FakeApi::erase(const std::string& key) {
  auto node = there_.extract(key);
  if (!node.empty()) tell("DELETED", key, node.mapped());
}

FakeApi::Answer FakeApi::bind(const Place& place, const json::Item& binding) {
  ++bindings;
  const std::string key = "pods/" + place.name_space + "/" + place.name;
  json::Item& pod = find(key)->root();
  if (!text_at(pod, "spec.nodeName").empty()) return refuse(409, "Conflict");
  if (pod.find("metadata", "deletionTimestamp") != nullptr) return refuse(409, "Conflict");
  if (text_at(binding, "metadata.uid") != text_at(pod, "metadata.uid")) return refuse(409, "Conflict");
  pod.member("spec").member("nodeName").set_string(text_at(binding, "target.name"));
  pod.member("status").remove("conditions");
  changed(key);
  bound(pod);
  return {201, R"({"kind":"Status","status":"Success"})"};
}

// Pods that are on a node get their grace (FakeCluster's kubelets end them).
FakeApi::Answer FakeApi::remove(const Place& place) {
  json::Item& object = find(place.key())->root();
  if (place.plural != "pods" || text_at(object, "spec.nodeName").empty()) {
    erase(place.key());
  } else if (object.find("metadata", "deletionTimestamp") == nullptr) {
    object.member("metadata").member("deletionTimestamp").set_string("2026-01-01T00:00:00Z");
    changed(place.key());
  }
  return {200, "{}"};
}

FakeApi::Answer FakeApi::list(const Place& place) {
  std::string items;
  for (const json::Item* object : all(place.plural)) {
    items.append(items.empty() ? "" : ",");
    json::append_text(items, *object);
  }
  return {200,
          text(R"({{"kind":"List","metadata":{{"resourceVersion":"{}"}},"items":[{}]}})", version_, items)};
}

FakeApi::Answer FakeApi::answer_to(std::string_view method, const Place& place, std::string_view body) {
  if (place.name.empty() && method == "GET") return list(place);
  if (place.plural == "events") return {201, std::string(body)};
  if (find(place.key()) == nullptr) return refuse(404, "NotFound");
  if (method == "POST") return bind(place, tree_of(body).root());
  if (method == "DELETE") return remove(place);
  json::Item& object = find(place.key())->root();
  if (method != "GET") {
    const json::Tree change = tree_of(body);
    const std::string_view uid = text_at(change.root(), "metadata.uid");
    if (!uid.empty() && uid != text_at(object, "metadata.uid")) return refuse(409, "Conflict");
    if (method == "PUT" &&
        text_at(change.root(), "metadata.resourceVersion") != text_at(object, "metadata.resourceVersion"))
      return refuse(409, "Conflict");
    merge(object, change.root());
    changed(place.key());
  }
  return {200, find(place.key())->to_text()};
}

Task<void> FakeApi::handle(http::Exchange& exchange) {
  const std::string body = co_await http::read_all(exchange.body(), 1 << 20);
  const Place place = place_of(exchange.path());
  if (exchange.query().find("watch")) {
    std::int64_t from = 0;
    const std::string_view said = exchange.query().get("resourceVersion");
    std::from_chars(said.data(), said.data() + said.size(), from);
    co_return co_await watch(exchange, place.plural, from);
  }
  co_await io::sleep(milliseconds(static_cast<std::int64_t>(loop_.random().below(30))));
  const bool writes_something = exchange.method() != "GET";
  if (writes_something && strikes(faults.lost_requests))
    co_return co_await exchange.respond(503, {}, refuse(503, "ServiceUnavailable").body);
  const Answer answer = answer_to(exchange.method(), place, body);
  if (strikes(faults.ended_watches)) end_watches();
  if (writes_something && strikes(faults.lost_answers))
    co_return co_await exchange.respond(503, {}, refuse(503, "ServiceUnavailable").body);
  co_await exchange.respond(answer.code, {}, answer.body);
}

void FakeApi::end_watches() {
  ++watches_ended_;
  told_.notify_all();
}

Task<void> FakeApi::watch(http::Exchange& exchange, std::string plural, std::int64_t from) {
  const int life = watches_ended_;
  std::size_t told = 0;
  co_await exchange.begin(200, {});
  while (life == watches_ended_) {
    for (; told < events_.size(); ++told)
      if (events_[told].version > from && events_[told].plural == plural)
        co_await exchange.write(std::string(events_[told].line));
    if (life == watches_ended_ && told == events_.size()) co_await told_.wait();
  }
  co_await exchange.end();
}

Task<void> FakeCluster::run_scheduler_with_deaths(int deaths) {
  for (int life = 0; life < deaths; ++life) {
    const Duration length = milliseconds(static_cast<std::int64_t>(loop.random().below(5000)));
    if (loop.random().below(2) == 0) {  // it is told to end
      const Result<void> ended = co_await io::deadline(run_scheduler(ground(), {}), length).result();
      if (ended.error().kind() == ErrorKind::cancelled) co_await Result<void>(ended);
    } else {  // it is killed where it stands
      io::TaskGroup killed(loop);
      killed.spawn(run_scheduler(ground(), {}));
      co_await io::sleep(length);
    }
  }
  co_await run_scheduler(ground(), {});
}

Task<bool> FakeCluster::settles(std::function<bool()> holds, Duration within) {
  const Monotonic end = loop.clock().now() + within;
  while (loop.clock().now() < end) {
    co_await io::sleep(seconds(1));
    if (holds()) co_return true;
  }
  co_return false;
}

std::string FakeCluster::node_of(std::string_view pod) {
  const json::Tree* found = api.find(text("pods/default/{}", pod));
  return found != nullptr ? std::string(text_at(found->root(), "spec.nodeName")) : std::string();
}

int FakeCluster::bound_pods() {
  return static_cast<int>(std::ranges::count_if(
      api.all("pods"), [](const json::Item* pod) { return !text_at(*pod, "spec.nodeName").empty(); }));
}

void FakeCluster::check_no_overcommit() {
  std::map<std::string, Resources> taken;
  std::map<std::string, std::int64_t> pods;
  for (const json::Item* pod : api.all("pods")) {
    const std::string node(text_at(*pod, "spec.nodeName"));
    if (node.empty() || text_at(*pod, "status.phase") == "Succeeded") continue;
    taken[node].add(shape_of(*pod).requests);
    ++pods[node];
  }
  for (const json::Item* object : api.all("nodes")) {
    const Node node = scheduler::node_of(*object);
    CHECK(taken[node.name].cpu_m <= node.allocatable.cpu_m);
    CHECK(taken[node.name].memory <= node.allocatable.memory);
    CHECK(pods[node.name] <= node.pods_max);
  }
}

namespace {

Task<void> live(FakeCluster& cluster, int deaths, Task<void> (*property)(FakeCluster&)) {
  io::TaskGroup group(co_await io::this_loop());
  group.spawn(cluster.run_scheduler_with_deaths(deaths));
  const Result<void> done = co_await property(cluster).result();
  group.cancel();
  co_await group.join();
  co_await Result<void>(done);
}

}  // namespace

void in_many_worlds(int worlds, Faults faults, int deaths, Task<void> (*property)(FakeCluster&)) {
  const schema::Schema schema = kube::parse_schema();
  for (int seed = 1; seed <= worlds; ++seed) {
    CAPTURE(seed);
    io::SimulatedLoop loop(static_cast<std::uint64_t>(seed));
    FakeCluster cluster(loop, schema);
    cluster.api.faults = faults;
    const Result<void> ran = loop.run(live(cluster, deaths, property));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

}  // namespace podo::scheduler
