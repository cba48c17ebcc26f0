#include "day_cluster.h"

#include "base/io/combine.h"
#include "base/io/timer.h"
#include "base/store/memory_store.h"
#include "cluster/apiserver/api_testing.h"
#include "cluster/controllers/controllers.h"
#include "cluster/scheduler/scheduler.h"
#include "model/kube/path.h"

namespace podo::simulation {
namespace {

using kube::text_at;

// A watch that ends before its time.
class FlakyBody final : public http::Body {
 public:
  FlakyBody(std::unique_ptr<http::Body> body, Random& random, int in_ten_thousand)
      : body_(std::move(body)), random_(random), chance_(in_ten_thousand) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    if (static_cast<int>(random_.below(10'000)) < chance_) co_await unavailable("the connection broke");
    co_return co_await body_->read(into);
  }

 private:
  std::unique_ptr<http::Body> body_;
  Random& random_;
  const int chance_;
};

std::int64_t millicores_of(const json::Item& pod) {
  return static_cast<std::int64_t>(kube::size_at(pod, "spec.containers")) * pod_millicores;
}
bool has_ended(const json::Item& pod) {
  const std::string_view phase = text_at(pod, "status.phase");
  return phase == "Succeeded" || phase == "Failed";
}

controllers::Ground controllers_ground(io::Loop& loop, client::Client& client, Log& log) {
  const auto fine = [](std::string) -> Task<void> { co_return; };
  controllers::Ground ground{
      .loop = loop, .client = client, .log = log, .read_zone = [](std::string_view name) {
        return not_found("no zone {}", name);
      }};
  ground.storage = {.folder = "/storage", .node = "node-0", .make = fine, .remove = fine};
  return ground;
}

}  // namespace

FlakyTransport::FlakyTransport(io::SimulatedLoop& loop, http::Handler& api, Chances chances)
    : loop_(loop), there_(loop, api, {.certificate_name = "system:admin"}), chances_(chances) {}

Task<http::Response> FlakyTransport::send(http::Request request) {
  const auto strikes = [this](int chance) { return static_cast<int>(loop_.random().below(10'000)) < chance; };
  co_await io::sleep(microseconds(static_cast<std::int64_t>(200 + loop_.random().below(3000))));
  if (strikes(chances_.lost_requests)) co_await unavailable("lost on its way");
  const bool watches = request.url.contains("watch=");
  http::Response response = co_await there_.send(std::move(request));
  if (strikes(chances_.lost_answers)) co_await unavailable("lost on its way back");
  if (watches && response.body != nullptr)
    response.body =
        std::make_unique<FlakyBody>(std::move(response.body), loop_.random(), chances_.ended_watches);
  co_return response;
}

DayCluster::DayCluster(std::uint64_t seed, int nodes, Chances some)
    : loop(seed),
      chances(some),
      store_(store::make_memory_store(loop, loop.random(), {.limits = {}, .history_bytes = 4 << 20})),
      objects_(objects::Objects::make(loop, *store_, schema)),
      access_(std::make_unique<apiserver::OpenAccess>()),
      kubelets_(static_cast<std::size_t>(nodes)) {}
DayCluster::~DayCluster() { api.reset(); }  // before what it serves

Task<void> DayCluster::open() {
  admission_ =
      co_await admission::Admission::open({loop, *objects_, *access_, loop.clock(), loop.random(), log_});
  api = co_await apiserver::ApiServer::open(
      {loop, *objects_, *access_, *admission_, loop.clock(), loop.random(), log_}, {});
  users_transport_ =
      std::make_unique<client::LocalTransport>(loop, *api, http::Peer{.certificate_name = "system:admin"});
  users_ = std::make_unique<client::Client>(*users_transport_, schema);
}

Task<void> DayCluster::run(std::function<Task<void>(DayCluster&)> what) {
  co_await open();
  io::TaskGroup group(loop);
  group.spawn(api->run(), "the API server's loops");
  group.spawn(look_on(), "the one who looks on");
  const auto control = [this](client::Client& client) {
    return controllers::run_controllers(controllers_ground(loop, client, log_), {});
  };
  const auto schedule = [this](client::Client& client) {
    return scheduler::run_scheduler({loop, client, loop.random(), log_}, {});
  };
  group.spawn(keep_up(control, seconds(3600)), "controllers");
  group.spawn(keep_up(schedule, seconds(1800)), "scheduler");
  for (std::size_t i = 0; i < kubelets_.size(); ++i) revive_node(i);
  const Result<void> done = co_await what(*this).result();
  for (const auto& machine : kubelets_)
    if (machine != nullptr) machine->group.cancel();
  for (const auto& machine : kubelets_)
    if (machine != nullptr) co_await machine->group.join();
  for (const auto& machine : dead_) co_await machine->group.join();
  kubelets_.clear();
  dead_.clear();
  group.cancel();
  co_await group.join();
  co_await io::sleep(seconds(1));  // until the server knows that nobody listens any more
  co_await Result<void>(done);
}

// A part of the cluster in a process of its own: it dies at any moment and is begun anew.
Task<void> DayCluster::keep_up(std::function<Task<void>(client::Client&)> work, Duration mean_life) {
  for (;;) {
    FlakyTransport transport(loop, *api, chances);
    client::Client client(transport, schema);
    const Duration life = {static_cast<std::int64_t>(below(2 * static_cast<std::uint64_t>(mean_life.ns)))};
    const Result<void> ended = co_await io::deadline(work(client), life).result();
    if (!ended && ended.error().kind() == ErrorKind::cancelled) co_await Result<void>(ended);
    ++deaths;
    co_await io::sleep(milliseconds(static_cast<std::int64_t>(below(3000))));
  }
}

Task<void> DayCluster::pause(Duration at_most) {
  co_await io::sleep({static_cast<std::int64_t>(below(static_cast<std::uint64_t>(at_most.ns)))});
}

client::Where DayCluster::at(std::string_view plural, std::string name) const {
  const std::string_view group =
      plural == "deployments" || plural == "statefulsets" || plural == "daemonsets" || plural == "replicasets"
          ? "apps"
      : plural == "jobs" || plural == "cronjobs" ? "batch"
                                                 : "";
  return {.resource = users_->resource(group, plural),
          .name_space = plural == "nodes" ? "" : "default",
          .name = std::move(name)};
}

Task<void> DayCluster::apply(std::string_view json) {
  const json::Tree object = co_await json::Tree::parse(std::string(json));
  const std::string kind(text_at(object.root(), "kind"));
  std::string plural = kind + "s";
  for (char& letter : plural)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  const auto made = co_await users_->create(at(plural), object.root()).result();
  if (!made && made.error().kind() != ErrorKind::already_exists) broken(made.error().message());
}

Task<void> DayCluster::change(std::string plural, std::string name, std::function<void(json::Item&)> edit) {
  for (;;) {
    auto now = co_await users_->find(at(plural, name));
    if (!now) co_return;
    edit(now->root());
    const auto written = co_await users_->update(at(plural, name), now->root()).result();
    if (written) co_return;
    if (written.error().kind() == ErrorKind::not_found) co_return;
    if (written.error().kind() != ErrorKind::conflict) co_return broken(written.error().message());
  }
}

Task<void> DayCluster::remove(std::string plural, std::string name) {
  const auto gone = co_await users_->remove(at(plural, name)).result();
  if (!gone && gone.error().kind() != ErrorKind::not_found) broken(gone.error().message());
}

Task<std::vector<json::Tree>> DayCluster::all(std::string plural) {
  const json::Tree list = co_await users_->list(at(plural));
  std::vector<json::Tree> items;
  for (const json::Item& item : kube::children_at(list.root(), "items"))
    items.push_back(json::Tree::copy_of(item));
  co_return items;
}

Task<bool> DayCluster::settles(std::function<Task<bool>()> holds, Duration within) {
  const Monotonic end = loop.clock().now() + within;
  for (int calm = 0; loop.clock().now() < end;) {
    co_await io::sleep(seconds(5));
    calm = co_await holds() ? calm + 1 : 0;
    if (calm == 12) co_return true;
  }
  co_return false;
}

void DayCluster::kill_node(std::size_t index) {
  kubelets_[index]->group.cancel();
  dead_.push_back(std::move(kubelets_[index]));
}

void DayCluster::revive_node(std::size_t index) {
  auto machine = std::make_unique<Machine>(loop);
  machine->kubelet = std::make_unique<SmallKubelet>(*this, text("node-{}", index));
  machine->group.spawn(machine->kubelet->run(), text("the kubelet of node-{}", index));
  kubelets_[index] = std::move(machine);
}

void DayCluster::broken(std::string what) {
  const std::int64_t at_s = loop.clock().now().ns / 1'000'000'000;
  if (complaints.size() < 20) complaints.push_back(text("after {} s: {}", at_s, what));
}

// Sees every change of every pod, in order.
Task<void> DayCluster::look_on() {
  const auto changes = co_await objects_->watch(objects_->resource("", "pods"), "", 0);
  for (;;) {
    const objects::Changes::News news = co_await changes->next();
    for (const objects::ChangePtr& change : news.changes) check(*change);
  }
}

void DayCluster::check(const objects::Change& change) {
  const json::Item& pod = change.item();
  const std::string uid(text_at(pod, "metadata.uid")), node(text_at(pod, "spec.nodeName"));
  const std::string name(text_at(pod, "metadata.name"));
  if (change.kind == objects::Change::Kind::deleted) {
    used_[node].erase(uid);
    node_of_.erase(uid);
    return;
  }
  if (node.empty()) return;
  const auto [known, is_new] = node_of_.try_emplace(uid, node);
  if (!is_new && known->second != node) broken(text("pod {} moved from {} to {}", name, known->second, node));
  if (has_ended(pod)) used_[node].erase(uid);
  else used_[node][uid] = millicores_of(pod);
  check_room(node);
}

void DayCluster::check_room(std::string_view node) {
  std::int64_t sum = 0;
  for (const auto& [uid, millicores] : used_.find(node)->second) sum += millicores;
  if (sum > node_millicores) broken(text("{} has {} of {} millicores taken", node, sum, node_millicores));
}

}  // namespace podo::simulation
