// Decoding, deciding and assuming, without an API.
#include "base/core/ensure.h"
#include "cluster/scheduler/pick.h"
#include "workload.h"

namespace bench {

using namespace podo;
using namespace podo::scheduler;

void measure_decisions(Kind kind, Size size) {
  const Usage begin = usage();
  Snapshot snapshot;
  const Storage storage;
  SeededRandom random(1);
  Picker picker(random);
  for (int i = 0; i < size.nodes; ++i)
    snapshot.set_node(node_of(json::Tree::parse(bench::node_json(i))->root()));
  Usage before = usage();
  before.memory_mb = begin.memory_mb;
  int unplaced = 0;
  for (int i = 0; i < size.pods; ++i) {
    const json::Tree tree = *json::Tree::parse(bench::pod_json(kind, i));
    const auto pod = std::make_shared<const Pod>(pod_of(tree.root(), snapshot.shape_of(tree.root())));
    const Picked picked = picker.pick(Fitting(snapshot, storage, pod));
    if (picked.node) snapshot.add(placed(*pod, snapshot.nodes()[*picked.node].node.name));
    else ++unplaced;
  }
  ENSURE(unplaced == 0);
  report("decisions", names[static_cast<int>(kind)], size.pods, before, usage());
}

}  // namespace bench
