#include "base/core/text.h"
#include "model/strategy/parts.h"
#include "model/strategy/strategy.h"

namespace podo::strategy {

Result<> convert(json::Item& object, const schema::Resource& from, const schema::Resource& to) {
  const std::string_view was = from.type->name, becomes = to.type->name;
  const auto pair = [&](std::string_view a, std::string_view b) { return was == a && becomes == b; };
  if (was == becomes) {
    return {};
  } else if (pair("autoscaling.v1.HorizontalPodAutoscaler", "autoscaling.v2.HorizontalPodAutoscaler")) {
    TRY(autoscaler_from_v1(object));
  } else if (pair("autoscaling.v2.HorizontalPodAutoscaler", "autoscaling.v1.HorizontalPodAutoscaler")) {
    autoscaler_to_v1(object);
  } else if (pair("events.v1.Event", "core.v1.Event")) {
    event_from_v1(object);
  } else if (pair("core.v1.Event", "events.v1.Event")) {
    event_to_v1(object);
  } else {
    return unsupported("{} of {} cannot be converted to {}", from.kind, from.group_version->api_version,
                       to.group_version->api_version);
  }
  object.member("apiVersion").set_string(to.group_version->api_version);
  return {};
}

}  // namespace podo::strategy
