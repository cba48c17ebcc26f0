#include "traffic/policy/policy.h"

#include "base/io/combine.h"
#include "base/io/condition.h"
#include "base/io/timer.h"
#include "traffic/policy/policy_rules.h"
#include "traffic/policy/policy_view.h"

namespace podo::policy {
namespace {

using objects::Mirror;
using objects::Object;

constexpr Duration wait_after_failure = seconds(1), look_every = seconds(10), wait_for_far = milliseconds(50);

// Turns of change: who changes something takes a ticket, and the strand that commits serves all that were
// taken when it began.
class Policies final : public NetworkPolicy {
 public:
  Policies(const PolicyGround& ground, PolicyOptions options)
      : ground_(ground), options_(std::move(options)), view_(options_.node, ground.log) {}

  Task<void> run() override {
    co_await begin();
    co_await io::all(keep_rules(), look_after_table());
  }

  Task<void> guard(GuardedPod pod) override {
    const std::string uid = pod.uid, name = text("{}/{}", pod.name_space, pod.name);
    take(view_.guard(std::move(pod)));
    const auto told = co_await io::deadline(catch_up(uid), options_.patience).result();
    if (!told && told.error().system_errno() == ETIMEDOUT)
      co_await unavailable("the API does not tell of the pod {}", name);
    if (!told) co_await Failure(told.error());
    co_await served(++asked_);
  }

  void forget(std::string_view uid) override { take(view_.forget(uid)); }

  Task<void> remove() override {
    installed_.reset();
    co_await ground_.pool.run([batch = removal_of(options_.table)] { return batch.commit(); });
  }

  std::string metrics() const override;

 private:
  using Take = bool (PolicyView::*)(const Object&, const Object&);

  void take(bool changed) {
    if (!changed) return;
    ++asked_;
    asking_.notify_all();
  }

  Task<std::unique_ptr<Mirror>> mirror(std::string_view group, std::string_view plural, Take into) {
    return ground_.client.mirror(*ground_.client.resource(group, plural), {},
                                 [this, into](const Object& before, const Object& now) {
                                   take((view_.*into)(before, now));
                                   told_.notify_all();
                                 });
  }

  // Namespaces and pods first: no policy is in force before all it could mean is known.
  Task<void> begin() {
    for (;;) {
      const auto begun = co_await start_mirrors().result();
      if (begun) break;
      ground_.log.warn("network policies: {}; it is tried again", begun.error().message());
      co_await io::sleep(wait_after_failure);
    }
    ++asked_;
    told_.notify_all();
  }

  Task<void> start_mirrors() {
    if (!name_spaces_) name_spaces_ = co_await mirror("", "namespaces", &PolicyView::take_name_space);
    if (!pods_) pods_ = co_await mirror("", "pods", &PolicyView::take_pod);
    if (!policies_)
      policies_ = co_await mirror("networking.k8s.io", "networkpolicies", &PolicyView::take_policy);
  }

  // Until the pod is known, and all policies and namespaces that are older. A mirror of a far API cannot say
  // how far it is while nothing changes: there the time that a watch needs has to do.
  Task<void> catch_up(std::string uid) {
    while (!policies_ || view_.find_pod(uid) == nullptr) co_await told_.wait();
    const objects::Revision revision = *view_.find_pod(uid);
    if (ground_.client.is_near()) co_return co_await reach(revision);
    const auto reached = co_await io::deadline(reach(revision), wait_for_far).result();
    if (!reached && reached.error().system_errno() != ETIMEDOUT) co_await Failure(reached.error());
  }

  Task<void> reach(objects::Revision revision) {
    co_await name_spaces_->reach(revision);
    co_await policies_->reach(revision);
  }

  Task<void> served(std::uint64_t ticket) {
    asking_.notify_all();
    while (served_ < ticket) {
      if (failed_ >= ticket) co_await unavailable("network policies: {}", failure_);
      co_await answered_.wait();
    }
  }

  Task<void> keep_rules() {
    Clock& clock = ground_.loop.clock();
    Monotonic next = clock.now();
    for (;;) {
      while (asked_ == served_) co_await asking_.wait();
      if (clock.now() < next) co_await io::sleep(next - clock.now());
      const std::uint64_t ticket = asked_;
      const Result<bool> done = co_await commit().result();
      if (!done) next = clock.now() + wait_after_failure;
      else if (*done) next = clock.now() + options_.gather;  // else nothing was done: nobody has to wait
      if (done) served_ = ticket;
      else fail(ticket, done.error());
      answered_.notify_all();
    }
  }

  void fail(std::uint64_t ticket, const Error& error) {
    ++failures_;
    failed_ = ticket;
    if (failure_ != error.message())
      ground_.log.error("network policies are not in force: {}", error.message());
    failure_ = error.message();
  }

  // False: the kernel has what is wanted already.
  Task<bool> commit() {
    const Monotonic begun = ground_.loop.clock().now();
    PolicyRules rules = plan_policies(view_.world(), options_.dns_addresses);
    if (installed_ && installed_->rules == rules) co_return false;
    const bool whole = !installed_;
    const auto changed = co_await install(rules).result();
    if (!changed && whole) co_await Failure(changed.error());
    if (!changed) {  // somebody else has been at the table
      ground_.log.warn("network policies: {}; the table is made anew", changed.error().message());
      co_await install(std::move(rules));
    }
    ++commits_;
    failure_.clear();
    last_took_ = ground_.loop.clock().now() - begun;
    co_return true;
  }

  // While the kernel works, what it has is not known: who is cancelled here begins with the whole table.
  Task<void> install(PolicyRules rules) {
    const std::optional<InstalledRules> before = std::exchange(installed_, std::nullopt);
    PolicyChange change = change_rules(options_.table, before ? &*before : nullptr, std::move(rules));
    table_ = co_await ground_.pool.run(
        [batch = std::move(change.batch), table = options_.table]() -> Result<std::uint64_t> {
          linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open(NETLINK_NETFILTER));
          TRY(batch.commit(socket));
          return linux::find_table(socket, NFPROTO_INET, table);
        });
    installed_ = std::move(change.after);
  }

  // Who empties the packet filter does not mean to open all pods.
  Task<void> look_after_table() {
    for (;;) {
      co_await io::sleep(look_every);
      if (!installed_) continue;
      const std::uint64_t wanted = table_;
      const auto there = co_await ground_.pool
                             .run([table = options_.table]() -> Result<std::uint64_t> {
                               linux::NetlinkSocket socket =
                                   TRY(linux::NetlinkSocket::open(NETLINK_NETFILTER));
                               return linux::find_table(socket, NFPROTO_INET, table);
                             })
                             .result();
      if (!installed_ || table_ != wanted || (there && *there == wanted)) continue;
      if (!there && there.error().kind() != ErrorKind::not_found) continue;
      ground_.log.warn("network policies: somebody removed the table {}; it is made anew", options_.table);
      installed_.reset();
      take(true);
    }
  }

  const PolicyGround ground_;
  const PolicyOptions options_;
  PolicyView view_;
  std::optional<InstalledRules> installed_;            // none: not known
  std::uint64_t table_ = 0;                            // its number
  std::uint64_t asked_ = 0, served_ = 0, failed_ = 0;  // tickets
  std::string failure_;                                // of the last commit
  std::uint64_t commits_ = 0, failures_ = 0;
  Duration last_took_ = {};
  io::Condition asking_{"a change for network policies"}, answered_{"rules of network policies"};
  io::Condition told_{"news for network policies"};
  std::unique_ptr<Mirror> name_spaces_, pods_, policies_;  // last: they call
};

std::string Policies::metrics() const {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    out += text("# HELP podo_policy_{} {}\n# TYPE podo_policy_{} {}\npodo_policy_{} {}\n", name, help, name,
                type, name, value);
  };
  const PolicyRules none, &rules = installed_ ? installed_->rules : none;
  add("policies", "gauge", "Network policies there are.", view_.world().policies.size());
  add("guarded_pods", "gauge", "Pods of this node whose rules are kept.", view_.guarded());
  add("groups", "gauge", "Chains of the packet filter that decide for pods.", rules.groups.size());
  add("peer_sets", "gauge", "Sets of addresses that chains look into.", rules.peers.size());
  add("in_force", "gauge", "Whether the kernel has all that is wanted.",
      policies_ && served_ == asked_ ? 1 : 0);
  add("changes_total", "counter", "Changes of the packet filter.", commits_);
  add("failures_total", "counter", "Changes of the packet filter that failed.", failures_);
  add("last_change_microseconds", "gauge", "How long the last change took.", last_took_.ns / 1000);
  return out;
}

}  // namespace

Task<std::unique_ptr<NetworkPolicy>> NetworkPolicy::open(const PolicyGround& ground, PolicyOptions options) {
  co_return std::make_unique<Policies>(ground, std::move(options));
}

}  // namespace podo::policy
