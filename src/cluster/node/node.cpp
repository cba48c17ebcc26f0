#include "cluster/node/node.h"

#include "base/io/timer.h"
#include "cluster/node/disk_limits.h"
#include "cluster/node/node_object.h"
#include "cluster/node/orphans.h"
#include "cluster/node/pod_network.h"
#include "cluster/node/pod_table.h"
#include "cluster/node/registration.h"
#include "cluster/node/static_pods.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::text_at;

constexpr int status_writers = 8;
constexpr Duration retry_after = seconds(1);

class LocalNode final : public Node {
 public:
  LocalNode(const NodeGround& ground, NodeOptions options, Machine machine)
      : ground_(ground),
        options_(std::move(options)),
        machine_(std::move(machine)),
        host_ips_{machine_.address},
        cgroup_root_("/" + options_.control_group),
        events_(ground.client, ground.clock, options_.name),
        runs_(ground.engine, ground.events),
        statuses_(ground.loop, ground.client, ground.log),
        registration_({ground.client, events_, ground.images, ground.clock, ground.log}, options_, machine_) {
  }

  // Each line stands on those above it.
  Task<void> open() {
    sources_ =
        volumes::Sources::make(ground_.loop, ground_.client,
                               [this](std::string_view name_space, volumes::SourceKind, std::string_view) {
                                 if (pods_) pods_->refresh(name_space);
                               });
    volumes_ = co_await open_volumes();
    containers_ = co_await open_containers();
    co_await containers_->make_control_groups();
    runs_.load();
    pods_ = std::make_unique<PodTable>(worker_ground());
    open_statics();
  }

  Task<void> run() override {
    io::TaskGroup group(ground_.loop);
    group.spawn(events_.run(), "events of the node");
    group.spawn(follow_engine(), "the engine's events");
    group.spawn(statuses_.run(status_writers), "statuses of pods");
    group.spawn(live(), "the node's life");
    group.spawn(keep_disk_limits(ground_.pool, *pods_, options_.data_folder + "/pods"), "limits of disks");
    co_await group.join();
  }

  const node_api::PodDirectory& pods() const override { return *pods_; }
  Task<void> pods_known() override {
    while (!mirror_) co_await mirrored_.wait();
  }
  std::string metrics() const override { return pods_->metrics(); }

 private:
  Task<std::unique_ptr<volumes::Volumes>> open_volumes() {
    co_return co_await volumes::Volumes::open(
        {.loop = ground_.loop,
         .pool = ground_.pool,
         .client = ground_.client,
         .sources = *sources_,
         .images = ground_.images,
         .registry = ground_.registry,
         .clock = ground_.clock,
         .random = ground_.random,
         .log = ground_.log,
         .find_image =
             [this](const json::Item& pod, std::string reference, std::string policy) {
               return containers_->find_image(pod, std::move(reference), std::move(policy));
             }},
        {.data_folder = options_.data_folder, .allocatable = allocatable()});
  }

  Task<std::unique_ptr<Containers>> open_containers() {
    co_return co_await Containers::open({.loop = ground_.loop,
                                         .pool = ground_.pool,
                                         .client = ground_.client,
                                         .engine = ground_.engine,
                                         .images = ground_.images,
                                         .registry = ground_.registry,
                                         .volumes = *volumes_,
                                         .sources = *sources_,
                                         .clock = ground_.clock,
                                         .log = ground_.log},
                                        {.cgroup_root = cgroup_root_,
                                         .network = std::string(pod_network_name),
                                         .cluster_dns = options_.cluster_dns,
                                         .cluster_domain = options_.cluster_domain,
                                         .seccomp_folder = options_.data_folder + "/seccomp",
                                         .allocatable = allocatable()});
  }

  strategy::Amounts allocatable() const {
    strategy::Amounts amounts;
    amounts["cpu"] = schema::Quantity::of(machine_.processors);
    amounts["memory"] = schema::Quantity::of(static_cast<std::int64_t>(allocatable_memory(machine_)),
                                             schema::Quantity::Family::binary);
    amounts["ephemeral-storage"] = schema::Quantity::of(
        static_cast<std::int64_t>(machine_.disk_bytes / 10 * 9), schema::Quantity::Family::binary);
    return amounts;
  }

  WorkerGround worker_ground() {
    return {ground_.loop, ground_.engine, *containers_,    *volumes_,      runs_,
            statuses_,    events_,        ground_.probing, ground_.random, ground_.clock,
            ground_.log,  host_ips_,      cgroup_root_,    ground_.traffic};
  }

  Task<void> follow_engine() {
    return runs_.follow([this](const std::string& uid, std::string_view) { pods_->look(uid); });
  }

  Task<void> live() {
    if (statics_) co_await statics_->read().result();  // they need no API
    co_await registration_.begin();
    io::TaskGroup group(ground_.loop);
    group.spawn(registration_.run(), "heartbeats");
    co_await begin_mirror();
    if (statics_) group.spawn(statics_->run(registration_.node()), "static pods");
    const Result<void> cleaned = co_await remove_orphans(worker_ground(), [this](std::string_view uid) {
                                   return pods_->has(uid);
                                 }).result();
    if (!cleaned && cleaned.error().kind() == ErrorKind::cancelled) co_await Result<void>(cleaned);
    co_await group.join();
  }

  Task<void> begin_mirror() {
    const schema::Resource& pods = *ground_.client.resource("", "pods");
    const client::Selection own{.fields = "spec.nodeName=" + options_.name};
    for (;;) {
      auto mirror = co_await ground_.client
                        .mirror(pods, own,
                                [this](const objects::Object& before, const objects::Object& now) {
                                  take(before, now);
                                })
                        .result();
      if (mirror) {
        mirror_ = *std::move(mirror);
        mirrored_.notify_all();
        co_return;
      }
      if (mirror.error().kind() == ErrorKind::cancelled) co_await Failure(mirror.error());
      ground_.log.debug("the pods of node {}: {}", options_.name, mirror.error().message());
      co_await io::sleep(retry_after);
    }
  }

  void take(const objects::Object& before, const objects::Object& now) {
    std::string uid_before, uid;
    if (before)
      if (auto tree = before.tree()) uid_before = text_at(tree->root(), "metadata.uid");
    if (now) {
      auto tree = now.tree();
      if (!tree) return;
      uid = text_at(tree->root(), "metadata.uid");
      auto pod = std::make_shared<const json::Tree>(*std::move(tree));
      if (is_mirror(pod->root())) show_mirror(now, std::move(pod));
      else pods_->take(std::move(pod), &registration_.node());
    } else if (before) {
      show_mirror(before, nullptr);
    }
    if (!uid_before.empty() && uid_before != uid) pods_->lose(uid_before);
  }

  void show_mirror(const objects::Object& where, PodPtr mirror) {
    if (statics_) statics_->see(where.name_space(), where.name(), std::move(mirror));
  }

  void open_statics() {
    if (options_.static_pods_folder.empty()) return;
    statics_ = std::make_unique<StaticPods>(
        StaticPodsGround{ground_.loop, ground_.pool, ground_.client, ground_.clock, ground_.log},
        options_.static_pods_folder, options_.name,
        StaticPods::Told{[this](PodPtr pod) { pods_->take(std::move(pod), nullptr); },
                         [this](const std::string& uid) { pods_->lose(uid); },
                         [this](const std::string& uid, PodPtr mirror) { pods_->show_in(uid, mirror); },
                         [this](const std::string& uid) { return pods_->has(uid); }});
  }

  const NodeGround ground_;
  NodeOptions options_;
  const Machine machine_;
  const std::vector<std::string> host_ips_;
  const std::string cgroup_root_;
  client::Events events_;
  Runs runs_;
  Statuses statuses_;
  Registration registration_;
  std::unique_ptr<volumes::Sources> sources_;
  std::unique_ptr<volumes::Volumes> volumes_;
  std::unique_ptr<Containers> containers_;
  std::unique_ptr<PodTable> pods_;
  std::unique_ptr<StaticPods> statics_;
  io::Condition mirrored_{"the pods of the node"};
  std::unique_ptr<objects::Mirror> mirror_;  // last: it calls the others
};

}  // namespace

Task<std::unique_ptr<Node>> Node::open(const NodeGround& ground, NodeOptions options) {
  Machine machine = look_at_machine(options.data_folder);
  if (options.name.empty()) options.name = machine.host_name;
  if (!options.address.empty()) machine.address = options.address;
  auto node = std::make_unique<LocalNode>(ground, std::move(options), std::move(machine));
  co_await node->open();
  co_return std::unique_ptr<Node>(std::move(node));
}

}  // namespace podo::node
