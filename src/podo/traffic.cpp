#include "podo/traffic.h"

#include <unistd.h>

#include "base/format/json_writer.h"
#include "base/io/combine.h"
#include "base/io/group.h"
#include "base/io/timer.h"
#include "base/linux/nftables.h"

namespace podo {
namespace {

using io::Task;

constexpr Duration retry_after = seconds(5), look_every = seconds(60), begin_within = seconds(10);
constexpr Duration ask_for_rights = seconds(10);
constexpr std::uint64_t dns_number = 10;  // in each range of Services, as everywhere

std::string services_table(const std::string& prefix) { return prefix + "-services"; }
std::string policy_table(const std::string& prefix) { return prefix + "-policy"; }

void write_ports(json::Writer& out, bool of_service) {
  out.key("ports").array();
  for (const auto& [name, protocol] : {std::pair("dns", "UDP"), {"dns-tcp", "TCP"}}) {
    out.object().key("name").string(name).key("port").number(53).key("protocol").string(protocol);
    if (of_service) out.key("targetPort").number(53);
    out.end();
  }
  out.end();
}

std::string dns_service(const std::vector<IpAddress>& addresses) {
  json::Writer out;
  out.object().key("apiVersion").string("v1").key("kind").string("Service").key("metadata").object();
  out.key("name").string("kube-dns").key("namespace").string("kube-system").key("labels").object();
  out.key("k8s-app").string("kube-dns").key("kubernetes.io/cluster-service").string("true").end().end();
  out.key("spec").object().key("clusterIP").string(addresses.front().to_text());
  out.key("clusterIPs").array();
  for (const IpAddress& address : addresses) out.string(address.to_text());
  out.end().key("ipFamilyPolicy").string(addresses.size() > 1 ? "PreferDualStack" : "SingleStack");
  write_ports(out, true);
  return out.end().end().take();
}

std::string dns_slice(const std::string& name, const std::string& node, const IpAddress& address) {
  json::Writer out;
  out.object().key("apiVersion").string("discovery.k8s.io/v1").key("kind").string("EndpointSlice");
  out.key("metadata").object().key("name").string(name).key("namespace").string("kube-system");
  out.key("labels").object().key("kubernetes.io/service-name").string("kube-dns");
  out.key("endpointslice.kubernetes.io/managed-by").string("podo").end().end();
  out.key("addressType").string(address.is_v6() ? "IPv6" : "IPv4");
  out.key("endpoints").array().object().key("addresses").array().string(address.to_text()).end();
  out.key("conditions").object().key("ready").boolean(true).end();
  out.key("nodeName").string(node).end().end();
  write_ports(out, false);
  return out.end().take();
}

Task<void> apply(client::Client& client, std::string_view group, std::string_view plural, std::string name,
                 std::string object) {
  const json::Tree tree = co_await json::Tree::parse(std::move(object));
  const client::Where where{
      .resource = client.resource(group, plural), .name_space = "kube-system", .name = std::move(name)};
  co_await client.apply(where, tree.root(), {.manager = "podo", .force = true});
}

}  // namespace

std::vector<IpAddress> dns_addresses(const std::vector<IpPrefix>& service_ranges) {
  std::vector<IpAddress> addresses;
  for (const IpPrefix& range : service_ranges) addresses.push_back(range.first().plus(dns_number));
  return addresses;
}

Result<> remove_traffic_rules(const std::string& prefix) {
  for (const std::string& table : {services_table(prefix), policy_table(prefix)}) {
    linux::NftBatch batch(NFPROTO_INET, table);
    batch.add_table();  // so that there is one to remove
    batch.remove_table();
    TRY_IN(table, batch.commit());
  }
  return {};
}

Traffic::Traffic(const TrafficGround& ground, TrafficOptions options)
    : ground_(ground), options_(std::move(options)) {}

// What asks before anybody answers waits in these sockets.
Task<void> Traffic::open() {
  for (const IpAddress& address : options_.network.addresses) {
    auto socket =
        co_await ground_.pool.run([address] { return cluster_dns::open_dns_socket(address); }).result();
    if (socket) sockets_.push_back(*std::move(socket));
    else
      ground_.log.error("the cluster's names cannot be served at {}: {}", address.to_text(),
                        socket.error().message());
  }
  if (options_.beside_controllers) co_return;
  const Result<void> may = co_await may_see_policies().result();
  without_policy_ = !may && may.error().kind() == ErrorKind::denied;
  if (without_policy_)
    ground_.log.warn(
        "network policies have no effect on this node: {}; an administrator gives system:nodes "
        "the role podo:node-traffic",
        may.error().message());
}

Task<void> Traffic::may_see_policies() {
  for (const auto& [group, plural] : {std::pair("networking.k8s.io", "networkpolicies"), {"", "pods"}}) {
    const client::Where all{.resource = ground_.client.resource(group, plural)};
    co_await ground_.client.list(all,
                                 {.fields = "metadata.name=none"});  // whatever it has: may it be listed?
  }
}

// Whoever may not see policies goes without them until it may: the pods that run then are guarded, too.
Task<void> Traffic::keep_policy() {
  while (without_policy_) {
    co_await io::sleep(ask_for_rights);
    const Result<void> may = co_await may_see_policies().result();
    if (!may && may.error().kind() == ErrorKind::cancelled) co_await Result<void>(may);
    if (may) ground_.log.info("network policies are in force on this node from now on");
    without_policy_ = !may;
  }
  co_await keep<policy::NetworkPolicy>(policy_, "network policies", [this] { return open_policy(); });
}

Task<void> Traffic::run() {
  io::TaskGroup parts(ground_.loop);
  parts.spawn(keep<services::Services>(services_, "Services", [this] { return open_services(); }),
              "Services");
  if (serves_names())
    parts.spawn(keep<cluster_dns::ClusterDns>(dns_, "the cluster's names", [this] { return open_dns(); }),
                "the cluster's names");
  parts.spawn(keep_policy(), "network policies");
  if (options_.beside_controllers) parts.spawn(keep_dns_service(), "the Service kube-dns");
  co_await parts.join();
}

template <class Part>
Task<void> Traffic::keep(std::shared_ptr<Part>& part, std::string_view what,
                         std::function<Task<std::unique_ptr<Part>>()> open) {
  for (;;) {
    auto opened = co_await open().result();
    Result<void> ended = opened ? Result<void>() : Failure(opened.error());
    if (opened) {
      const std::shared_ptr<Part> running = part = *std::move(opened);
      begun_.notify_all();
      ended = co_await running->run().result();
      part.reset();
    }
    if (!ended && ended.error().kind() == ErrorKind::cancelled) co_await std::move(ended);
    ground_.log.error("{}: {}", what, ended ? "ended by themselves" : ended.error().message());
    co_await io::sleep(retry_after);
  }
}

Task<std::unique_ptr<services::Services>> Traffic::open_services() {
  co_return co_await services::Services::open({.loop = ground_.loop,
                                               .pool = ground_.pool,
                                               .client = ground_.client,
                                               .clock = ground_.clock,
                                               .log = ground_.log},
                                              {.node = options_.node,
                                               .rules = {.table = services_table(options_.prefix),
                                                         .bridges = {options_.network.bridge},
                                                         .cluster_ips = options_.service_ranges},
                                               .balances = options_.beside_controllers});
}

Task<std::unique_ptr<cluster_dns::ClusterDns>> Traffic::open_dns() {
  auto names = co_await cluster_dns::ClusterDns::open(
      {.loop = ground_.loop, .client = ground_.client, .random = ground_.random, .log = ground_.log},
      {.domain = options_.domain, .own = options_.network.addresses});
  for (cluster_dns::DnsSocket& socket : sockets_)
    names->serve({.udp = io::Fd(::dup(socket.udp.get())), .tcp = io::Fd(::dup(socket.tcp.get()))});
  co_return std::move(names);
}

Task<std::unique_ptr<policy::NetworkPolicy>> Traffic::open_policy() {
  std::vector<IpAddress> names = dns_addresses(options_.service_ranges);
  for (const IpAddress& address : options_.network.addresses) names.push_back(address);
  co_return co_await policy::NetworkPolicy::open(
      {.loop = ground_.loop, .pool = ground_.pool, .client = ground_.client, .log = ground_.log},
      {.node = options_.node, .table = policy_table(options_.prefix), .dns_addresses = std::move(names)});
}

// What others expect to find, and pods that name a server by the usual address.
Task<void> Traffic::keep_dns_service() {
  for (;;) {
    auto done = co_await apply(ground_.client, "", "services", "kube-dns",
                               dns_service(dns_addresses(options_.service_ranges)))
                    .result();
    for (const IpAddress& address : options_.network.addresses) {
      if (!done) break;
      const std::string name = text("kube-dns-{}-{}", options_.node, address.is_v6() ? "ipv6" : "ipv4");
      done = co_await apply(ground_.client, "discovery.k8s.io", "endpointslices", name,
                            dns_slice(name, options_.node, address))
                 .result();
    }
    if (!done && done.error().kind() == ErrorKind::cancelled) co_await std::move(done);
    if (!done) ground_.log.warn("the Service kube-dns: {}", done.error().message());
    co_await io::sleep(done ? look_every : retry_after);
  }
}

std::string Traffic::metrics() const {
  std::string all;
  if (services_) all += services_->metrics();
  if (dns_) all += dns_->metrics();
  if (policy_) all += policy_->metrics();
  return all;
}

// --- pods ---

Task<void> Traffic::wait_until_begun() {
  while ((!policy_ && !without_policy_) || (!dns_ && serves_names())) co_await begun_.wait();
}

Task<void> Traffic::begins(std::string uid, std::string name_space, std::string name,
                           std::vector<IpAddress> addresses) {
  co_await io::deadline(wait_until_begun(), begin_within);
  if (without_policy_) co_return;
  const std::shared_ptr<policy::NetworkPolicy> policy = policy_;
  co_await policy->guard({std::move(uid), std::move(name_space), std::move(name), std::move(addresses)});
}

Task<void> Traffic::drains(std::string, std::vector<IpAddress> addresses) {
  const std::shared_ptr<services::Services> services = services_;
  if (services) co_await services->drained(std::move(addresses));
}

void Traffic::ended(std::string_view uid) {
  if (policy_) policy_->forget(uid);
}

}  // namespace podo
