#include "traffic/services/service_rules.h"

#include <mutex>
#include <optional>

#include "base/linux/netlink_conntrack.h"
#include "traffic/services/service_rules_read.h"

namespace podo::services {
namespace {

// What the jobs of the pool share; they take turns.
struct KernelTable {
  KernelTable(linux::NetlinkSocket opened, std::string table_name)
      : socket(std::move(opened)), name(std::move(table_name)) {}

  // Fails with not_found when the table is not the one that was made before.
  Result<> commit(const linux::NftBatch& batch, bool makes_table) {
    if (!makes_table && TRY(linux::find_table(socket, NFPROTO_INET, name)) != made)
      return not_found("table {}: it is another one", name);
    TRY(batch.commit(socket));
    if (makes_table) made = TRY(linux::find_table(socket, NFPROTO_INET, name));
    return {};
  }

  std::mutex mutex;
  linux::NetlinkSocket socket;
  const std::string name;
  std::uint64_t made = 0;  // the table's number
};

constexpr std::size_t few = 8;

// One by one the kernel finds them faster than it can list all.
Result<> forget_few(const StaleFlows& flows) {
  for (const auto& [front, backend] : flows.lost)
    TRY(linux::forget_flows_like(IPPROTO_UDP,
                                 {.asked = front.address.is_unspecified() ? IpAddress() : front.address,
                                  .answering = backend.address,
                                  .asked_port = front.port,
                                  .answering_port = backend.port}));
  return {};
}

Result<> forget(const StaleFlows& flows) {
  if (flows.gained.empty() && flows.lost.size() <= few) return forget_few(flows);
  const auto is_stale = [&](const linux::Flow& flow) {
    const Backend answering{flow.answering, flow.answering_port};
    const IpAddress any = IpAddress::from_bytes(std::string(flow.asked.bytes().size(), '\0'));
    for (const IpAddress& address : {flow.asked, any}) {
      const FrontKey front{address, IPPROTO_UDP, flow.asked_port};
      if (flows.lost.contains({front, answering})) return true;
      if (flow.asked == flow.answering && flows.gained.contains(front)) return true;
    }
    return false;
  };
  bool v4 = false, v6 = false;
  const auto note = [&](const FrontKey& front) { (front.address.is_v6() ? v6 : v4) = true; };
  for (const auto& [front, backend] : flows.lost) note(front);
  for (const FrontKey& front : flows.gained) note(front);
  if (v4) TRY(linux::forget_flows(IPPROTO_UDP, NFPROTO_IPV4, is_stale));
  if (v6) TRY(linux::forget_flows(IPPROTO_UDP, NFPROTO_IPV6, is_stale));
  return {};
}

class KernelServiceRules final : public ServiceRules {
 public:
  KernelServiceRules(const RulesGround& ground, RulesOptions options, linux::NetlinkSocket socket)
      : ground_(ground),
        kernel_(std::make_shared<KernelTable>(std::move(socket), options.table)),
        program_(std::move(options)) {}

  Task<void> apply(const ServiceTable& table) override {
    if (agrees_) {
      auto changed = co_await perform(program_.change(table), false).result();
      if (changed) co_return;
      ground_.log.warn("packet filter: {}: somebody else changed it, it is made again",
                       changed.error().message());
    }
    const FoundRules found = co_await ground_.pool.run([kernel = kernel_]() -> Result<FoundRules> {
      std::lock_guard turn(kernel->mutex);
      return find_rules(kernel->socket, kernel->name);
    });
    co_await perform(program_.replace(table, found), true);
  }

  Task<void> remove() override {
    agrees_ = false;
    co_await ground_.pool.run([kernel = kernel_]() -> Result<void> {
      std::lock_guard turn(kernel->mutex);
      linux::NftBatch batch(NFPROTO_INET, kernel->name);
      batch.add_table();  // so that there is one to remove
      batch.remove_table();
      return batch.commit(kernel->socket);
    });
  }

 private:
  // The program is ahead of the kernel until this has ended well.
  Task<void> perform(RulesChange change, bool makes_table) {
    agrees_ = false;
    co_await ground_.pool.run(
        [kernel = kernel_, batch = std::move(change.batch), makes_table] -> Result<void> {
          std::lock_guard turn(kernel->mutex);
          return kernel->commit(batch, makes_table);
        });
    agrees_ = true;
    if (change.flows.empty()) co_return;
    auto forgotten =
        co_await ground_.pool.run([flows = std::move(change.flows)] { return forget(flows); }).result();
    if (!forgotten) ground_.log.warn("UDP flows of Services: {}", forgotten.error().message());
  }

  const RulesGround ground_;
  const std::shared_ptr<KernelTable> kernel_;
  ServiceProgram program_;
  bool agrees_ = false;  // the kernel with the program
};

// The kernel asks the older of two tables first, and translates once: pods have bridges of their own, what
// this host itself sends is everybody's.
Task<void> warn_of_rivals(RulesGround ground, RulesOptions own) {
  const auto rivals = co_await ground.pool
                          .run([own]() -> Result<std::vector<std::string>> {
                            auto socket = TRY(linux::NetlinkSocket::open(NETLINK_NETFILTER));
                            return find_rivals(socket, own);
                          })
                          .result();
  if (!rivals && rivals.error().kind() == ErrorKind::cancelled) co_await Failure(rivals.error());
  if (!rivals) co_return;
  std::string ranges;
  for (const IpPrefix& range : own.cluster_ips)
    ranges += text("{}{}", ranges.empty() ? "" : ",", range.to_text());
  for (const std::string& rival : *rivals)
    ground.log.warn(
        "Services: the table {} of another daemon has addresses of {}, too. Processes of this host reach the "
        "Services of the older one; pods are not concerned. --service-cidr chooses another range",
        rival, ranges);
}

}  // namespace

Task<std::unique_ptr<ServiceRules>> ServiceRules::open(const RulesGround& ground, RulesOptions options) {
  const RulesGround kept = ground;
  auto socket = co_await kept.pool.run([] { return linux::NetlinkSocket::open(NETLINK_NETFILTER); });
  co_await warn_of_rivals(kept, options);
  co_return std::make_unique<KernelServiceRules>(kept, std::move(options), std::move(socket));
}

}  // namespace podo::services
