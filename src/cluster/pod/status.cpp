#include "cluster/pod/status.h"

#include "cluster/pod/status_parts.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"
#include "model/strategy/pod_resources.h"

namespace podo::pod {
namespace {

using kube::text_at;

void tell_phase(Telling& telling) {
  json::Item& status = telling.status;
  const std::string_view before = text_at(telling.previous, "phase");
  std::string_view phase = phase_of(telling), reason, message;
  if (phase == before) {
    reason = text_at(telling.previous, "reason");
    message = text_at(telling.previous, "message");
  }
  const bool fails =
      telling.ending.why == Ending::Why::rejected || telling.ending.why == Ending::Why::too_long;
  if (is_terminal(before)) {
    phase = before;
    reason = text_at(telling.previous, "reason");
    message = text_at(telling.previous, "message");
  } else if (!is_still(telling.seen) && is_terminal(phase)) {
    phase = before.empty() ? "Pending" : before;
  } else if (fails && is_still(telling.seen)) {
    phase = "Failed";
    reason = telling.ending.reason;
    message = telling.ending.message;
  }
  status.member("phase").set_string(phase);
  if (!reason.empty()) status.member("reason").set_string(reason);
  if (!message.empty()) status.member("message").set_string(message);
}

void tell_addresses(json::Item& status, std::string_view one, std::string_view all,
                    const std::vector<std::string>& addresses, const json::Item& previous) {
  if (addresses.empty()) {
    if (const json::Item* kept = kube::find_at(previous, one)) status.member(one).copy(*kept);
    if (const json::Item* kept = kube::find_at(previous, all)) status.member(all).copy(*kept);
    return;
  }
  status.member(one).set_string(addresses.front());
  json::Item& list = status.member(all);
  list.set_array();
  for (const std::string& address : addresses) list.append().member("ip").set_string(address);
}

void tell_place(Telling& telling) {
  json::Item& status = telling.status;
  const bool host_network = kube::is_true_at(telling.pod, "spec.hostNetwork");
  const auto& own = host_network && telling.seen.sandbox ? telling.seen.host_ips : telling.seen.pod_ips;
  tell_addresses(status, "hostIP", "hostIPs", telling.seen.host_ips, telling.previous);
  tell_addresses(status, "podIP", "podIPs", own, telling.previous);
  const std::string_view began = text_at(telling.previous, "startTime");
  status.member("startTime")
      .set_string(began.empty() ? kube::time_text(telling.now.wall) : std::string(began));
  const std::string_view qos = text_at(telling.previous, "qosClass");
  status.member("qosClass")
      .set_string(qos.empty() ? strategy::qos_class(kube::part_at(telling.pod, "spec")) : qos);
}

}  // namespace

json::Tree status(const json::Item& pod, const Observation& seen, const json::Item& previous, Moment now) {
  json::Tree tree;
  tree.root().set_object();
  Telling telling{pod,           seen,       previous, now, ending_of(pod, previous, seen, now.wall),
                  parts_of(pod), tree.root()};
  if (const json::Item* generation = kube::find_at(pod, "metadata.generation"))
    tree.root().member("observedGeneration").copy(*generation);
  tell_containers(telling);
  tell_phase(telling);
  tell_place(telling);
  tell_conditions(telling);
  return tree;
}

}  // namespace podo::pod
