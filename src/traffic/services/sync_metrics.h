// What is counted of applying service tables, under the names that kube-proxy has for it.
#pragma once

#include <array>
#include <string>

#include "base/core/clock.h"
#include "traffic/services/service_table.h"

namespace podo::services {

class SyncMetrics {
 public:
  void service_changed() { ++service_changes_; }
  void endpoints_changed() { ++endpoint_changes_; }
  void applied(Duration took, Wall at);
  void failed() { ++failures_; }
  std::string text(const ServiceTable& table) const;  // Prometheus

 private:
  static constexpr std::size_t buckets = 15;  // 1 ms, 2 ms, ... 16.384 s
  std::array<std::uint64_t, buckets> within_ = {};
  std::uint64_t count_ = 0, failures_ = 0, service_changes_ = 0, endpoint_changes_ = 0;
  Duration sum_ = {};
  Wall last_ = {};
};

}  // namespace podo::services
