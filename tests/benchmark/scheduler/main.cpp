// ./bench scheduler [--nodes N] [--pods N]: how many pods a second find their node.
//
//   decisions   decoding, filters, scores and the snapshot, without an API
//   driver      run_scheduler() with mirrors and bindings over a store in memory
//
// pods/cpu-s counts all threads: one core's worth. MB: what the nodes and pods take on top.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "workload.h"

int main(int count, char** arguments) {
  bench::Size size;
  for (int i = 1; i + 1 < count; i += 2) {
    if (std::strcmp(arguments[i], "--nodes") == 0) size.nodes = std::atoi(arguments[i + 1]);
    if (std::strcmp(arguments[i], "--pods") == 0) size.pods = std::atoi(arguments[i + 1]);
  }
  std::printf("%d nodes, %d pods\n", size.nodes, size.pods);
  for (const auto measure : {bench::measure_decisions, bench::measure_driver})
    for (const bench::Kind kind : {bench::Kind::plain, bench::Kind::spread, bench::Kind::anti_affinity})
      measure(kind, size);
  return 0;
}
