// Events of the core group and of events.k8s.io are one object with other names: no field is only in one.
#include <utility>

#include "model/strategy/parts.h"

namespace podo::strategy {
namespace {

constexpr std::pair<std::string_view, std::string_view> names[] = {
    // core, events.k8s.io
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
};

void rename(Item& event, std::string_view from, std::string_view to) {
  Item* member = event.find(from);
  if (member == nullptr) return;
  event.remove(to);
  event.rename(*member, to);
}

}  // namespace

void event_from_v1(Item& object) {
  for (const auto& [core, events] : names) rename(object, events, core);
}

void event_to_v1(Item& object) {
  for (const auto& [core, events] : names) rename(object, core, events);
}

}  // namespace podo::strategy
