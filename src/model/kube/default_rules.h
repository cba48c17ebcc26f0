// One function for each type that has rules; private to defaults*.cpp.
#pragma once

#include "base/core/clock.h"
#include "base/format/json_tree.h"

namespace podo::kube::rules {

using json::Item;
using Rule = void (*)(Item& object, Wall now);

// Absent, null, "", 0: then the value is the default's to give.
bool is_unset(const Item& object, std::string_view field);
void set_if_unset(Item& object, std::string_view field, std::string_view value);
void set_if_unset(Item& object, std::string_view field, std::int64_t value);
void set_flag_if_unset(Item& object, std::string_view field, bool value);
// metadata.labels of a controller are its template's when it has none.
void take_template_labels(Item& object);

// defaults_core.cpp
void container(Item&, Wall);
void image_volume(Item&, Wall);
void volume(Item&, Wall);
void pod(Item&, Wall);
void pod_spec(Item&, Wall);
void replication_controller(Item&, Wall);
void service(Item&, Wall);
void namespace_object(Item&, Wall);
void node_status(Item&, Wall);
void limit_range_item(Item&, Wall);
// defaults_workloads.cpp
void deployment_spec(Item&, Wall);
void daemon_set_spec(Item&, Wall);
void stateful_set_spec(Item&, Wall);
void job(Item&, Wall);
void autoscaler_v1_spec(Item&, Wall);
void autoscaler_spec(Item&, Wall);
// defaults_other.cpp
void network_policy_spec(Item&, Wall);
void subject(Item&, Wall);
void device_request(Item&, Wall);
void device_taint(Item&, Wall);
void resource_mapping(Item&, Wall);
void custom_resource_definition(Item&, Wall);

}  // namespace podo::kube::rules
