// `podo agent`: a node of a cluster whose API server is elsewhere, with an engine of its own. What it runs is
// what `podo serve` runs, without the cluster.
#pragma once

namespace podo {

int agent(int count, char** words, int first);

}  // namespace podo
