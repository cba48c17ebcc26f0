// What the scheduler is measured with: nodes of three zones, and pods as a cluster's API server keeps them,
// of ReplicaSets of a hundred pods each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

enum class Kind : std::uint8_t { plain, spread, anti_affinity };
constexpr std::string_view names[] = {"plain", "spread over zones and hosts", "anti-affinity by host"};

struct Size {
  int nodes = 5000, pods = 100'000;
  static constexpr int pods_of_a_set = 100;
};

std::string node_json(int number);
std::string pod_json(Kind kind, int number);

struct Usage {
  double wall_s = 0, cpu_s = 0, memory_mb = 0;
};
Usage usage();  // so far; memory: resident now
void report(std::string_view what, std::string_view of, int pods, const Usage& before, const Usage& after);

void measure_decisions(Kind kind, Size size);
void measure_driver(Kind kind, Size size);

}  // namespace bench
