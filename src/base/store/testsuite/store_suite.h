// The contract of Store, as named properties. A maker's test runs it inside a TEST_CASE:
//
//   verify_store([](StoreProperty property, const Limits& limits) {
//     ...make the loop, and the store with these limits...
//     StoreWorld world{std::move(store)};
//     CHECK(loop.run(io::deadline(property(world), seconds(60))).has_value());
//   });
//
// The function is called once a property, with a store made anew. verify_openings (life_properties.h) takes
// the same function for a maker that keeps its data: the world then has `open`, too. Times are short and
// bounds generous, so the properties hold on a real loop as on a simulated one.
#pragma once

#include "base/store/testsuite/commit_properties.h"
#include "base/store/testsuite/condition_properties.h"
#include "base/store/testsuite/history_properties.h"
#include "base/store/testsuite/lease_properties.h"
#include "base/store/testsuite/life_properties.h"
#include "base/store/testsuite/limit_properties.h"
#include "base/store/testsuite/model_properties.h"
#include "base/store/testsuite/read_properties.h"
#include "base/store/testsuite/strand_properties.h"
#include "base/store/testsuite/waiting_properties.h"
#include "base/store/testsuite/watch_properties.h"

namespace podo::store {

inline void verify_store(const RunProperty& run) {
  verify_reads(run);
  verify_history(run);
  verify_conditions(run);
  verify_commits(run);
  verify_strands(run);
  verify_watches(run);
  verify_waiting(run);
  verify_leases(run);
  verify_limits(run);
  verify_models(run);
  verify_life(run);
}

}  // namespace podo::store
