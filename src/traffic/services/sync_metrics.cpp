#include "traffic/services/sync_metrics.h"

#include "base/core/text.h"

namespace podo::services {
namespace {

std::string seconds_text(std::int64_t ns) {
  const std::string micro = podo::text("{}", ns / 1000 % 1'000'000);
  return podo::text("{}.{}{}", ns / 1'000'000'000, std::string(6 - micro.size(), '0'), micro);
}

void add(std::string& out, std::string_view name, std::string_view type, std::string_view value) {
  out += podo::text("# TYPE {} {}\n{} {}\n", name, type, name, value);
}

}  // namespace

void SyncMetrics::applied(Duration took, Wall at) {
  for (std::size_t i = 0; i < buckets; ++i) within_[i] += took <= milliseconds(1) * (1 << i);
  ++count_;
  sum_ = sum_ + took;
  last_ = at;
}

std::string SyncMetrics::text(const ServiceTable& table) const {
  constexpr std::string_view took = "kubeproxy_sync_proxy_rules_duration_seconds";
  std::string out = podo::text("# TYPE {} histogram\n", took);
  for (std::size_t i = 0; i < buckets; ++i)
    out += podo::text("{}_bucket{{le=\"{}\"}} {}\n", took, seconds_text((milliseconds(1) * (1 << i)).ns),
                      within_[i]);
  out += podo::text("{}_bucket{{le=\"+Inf\"}} {}\n{}_sum {}\n{}_count {}\n", took, count_, took,
                    seconds_text(sum_.ns), took, count_);
  std::uint64_t backends = 0, nowhere = 0;
  for (const auto& [key, front] : table) {
    backends += front.backends.size();
    nowhere += front.drops;
  }
  const auto number = [](std::uint64_t value) { return podo::text("{}", value); };
  add(out, "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "gauge", seconds_text(last_.ns));
  add(out, "kubeproxy_sync_proxy_rules_nftables_sync_failures_total", "counter", number(failures_));
  add(out, "kubeproxy_sync_proxy_rules_service_changes_total", "counter", number(service_changes_));
  add(out, "kubeproxy_sync_proxy_rules_endpoint_changes_total", "counter", number(endpoint_changes_));
  add(out, "podo_service_fronts", "gauge", number(table.size()));
  add(out, "podo_service_backends", "gauge", number(backends));
  add(out, "podo_service_fronts_without_local_backends", "gauge", number(nowhere));
  return out;
}

}  // namespace podo::services
