#include "cluster/node/registration.h"

#include "base/io/timer.h"
#include "model/kube/path.h"
#include "model/schema/instant.h"

namespace podo::node {
namespace {

using kube::text_at;

constexpr Duration retry_after = milliseconds(500);

std::string micro_time(Wall at) {
  constexpr std::int64_t per_second = 1'000'000'000;
  return schema::text_of(
      {.seconds = at.ns / per_second, .nanos = static_cast<std::int32_t>(at.ns % per_second)},
      schema::Precision::micros);
}

}  // namespace

Registration::Registration(const RegistrationGround& ground, const NodeOptions& options,
                           const Machine& machine)
    : ground_(ground),
      options_(options),
      machine_(machine),
      node_place_{.resource = ground.client.resource("", "nodes"), .name = options.name},
      lease_place_{.resource = ground.client.resource("coordination.k8s.io", "leases"),
                   .name_space = "kube-node-lease",
                   .name = options.name} {}

Task<void> Registration::begin() {
  for (;;) {
    const Result<void> made = co_await make_node().result();
    if (made) break;
    if (made.error().kind() == ErrorKind::cancelled) co_await Result<void>(made);
    ground_.log.debug("registering node {}: {}", options_.name, made.error().message());
    co_await io::sleep(retry_after);
  }
  say("Starting", "Starting kubelet.");
  say("NodeReady", text("Node {} status is now: NodeReady", options_.name));
}

Task<void> Registration::make_node() {
  auto found = co_await ground_.client.find(node_place_);
  const json::Tree wanted = node_object(options_, machine_);
  if (!found) {
    node_ = co_await ground_.client.create(node_place_, wanted.root());
  } else {
    node_ = *std::move(found);
    json::Tree patch;
    for (const json::Item& label : kube::children_at(wanted.root(), "metadata.labels")) {
      const json::Item* there = node_.root().find("metadata", "labels", label.key());
      if (there == nullptr || there->string_or("") != label.string_or(""))
        patch.root().member("metadata").member("labels").member(label.key()).copy(label);
    }
    if (text_at(node_.root(), "spec.podCIDR").empty() && !options_.pod_cidrs.empty())
      patch.root().member("spec").copy(*wanted.root().find("spec"));
    if (patch.root().size() != 0)
      node_ = co_await ground_.client.patch(node_place_, client::Patch::strategic, patch.to_text());
  }
  co_await write_status();
}

Task<void> Registration::write_status() {
  json::Tree status = node_status(options_, machine_, ground_.images.list(),
                                  kube::part_at(node_.root(), "status"), ground_.clock.wall());
  json::Tree patch;
  json::Item& told = patch.root().member("status");
  told.copy(status.root());
  // Addresses are merged by their type: what is there otherwise goes.
  json::Item& addresses = told.member("addresses");
  addresses.insert(0).member("$patch").set_string("replace");
  client::Where place = node_place_;
  place.subresource = "status";
  node_ = co_await ground_.client.patch(place, client::Patch::strategic, patch.to_text());
  status_ = std::move(status);
  told_at_ = ground_.clock.now();
}

Task<void> Registration::write_status_if_due() {
  const json::Tree now = node_status(options_, machine_, ground_.images.list(),
                                     kube::part_at(node_.root(), "status"), ground_.clock.wall());
  const bool due = ground_.clock.now() - told_at_ >= options_.status_every;
  if (!due && !is_news(status_.root(), now.root())) co_return;
  // What others have changed since (a controller that lost sight of us) is to be seen first.
  auto found = co_await ground_.client.find(node_place_);
  if (!found) co_return co_await make_node();
  node_ = *std::move(found);
  co_await write_status();
}

Task<void> Registration::try_to(std::string_view what, Task<void> step) {
  const Result<void> done = co_await step.result();
  if (!done && done.error().kind() == ErrorKind::cancelled) co_await Result<void>(done);
  if (!done) ground_.log.warn("node {}: {}: {}", options_.name, what, done.error().message());
}

Task<void> Registration::run() {
  for (;;) {
    co_await try_to("renew the Lease", renew());
    co_await try_to("tell of the node", write_status_if_due());
    co_await io::sleep(options_.lease_renew);
  }
}

json::Tree Registration::new_lease() const {
  json::Tree tree;
  json::Item& metadata = tree.root().member("metadata");
  metadata.member("name").set_string(options_.name);
  metadata.member("namespace").set_string(lease_place_.name_space);
  json::Item& owner = metadata.member("ownerReferences").append();
  owner.member("apiVersion").set_string("v1");
  owner.member("kind").set_string("Node");
  owner.member("name").set_string(options_.name);
  owner.member("uid").set_string(text_at(node_.root(), "metadata.uid"));
  tree.root().member("spec").member("holderIdentity").set_string(options_.name);
  tree.root()
      .member("spec")
      .member("leaseDurationSeconds")
      .set_number(options_.lease_lasts.ns / 1'000'000'000);
  return tree;
}

Task<void> Registration::renew() {
  if (lease_.root().is(json::Kind::null)) {
    auto found = co_await ground_.client.find(lease_place_);
    lease_ = found ? *std::move(found) : new_lease();
  }
  lease_.root().member("spec").member("renewTime").set_string(micro_time(ground_.clock.wall()));
  const bool there = !text_at(lease_.root(), "metadata.resourceVersion").empty();
  auto written = co_await (there ? ground_.client.update(lease_place_, lease_.root())
                                 : ground_.client.create(lease_place_, lease_.root()))
                     .result();
  lease_ = written ? *std::move(written) : json::Tree();
  if (!written) co_await Failure(written.error());
}

void Registration::say(std::string_view reason, std::string message) {
  ground_.events.say({"v1", "Node", "", options_.name, options_.name}, "kubelet",
                     {.reason = std::string(reason), .message = std::move(message)});
}

}  // namespace podo::node
