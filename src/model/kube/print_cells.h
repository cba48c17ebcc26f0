// What stands in the columns: one function a formula. Private to printing*.cpp and print_*.cpp.
#pragma once

#include <string>
#include <string_view>

#include "model/kube/path.h"
#include "model/kube/printing.h"

namespace podo::kube::cells {

using json::Item;
#define PODO_CELL(name) void name(std::string& out, const Row& row, std::string_view path)

// Of a path (print_values.cpp).
PODO_CELL(text);             // or ""
PODO_CELL(text_or_none);     // "<none>"
PODO_CELL(text_or_unset);    // "<unset>"
PODO_CELL(text_or_unknown);  // "<unknown>"
PODO_CELL(value_or_na);      // a number or text, "N/A"
PODO_CELL(number);           // a JSON number, 0 when absent
PODO_CELL(number_text_or_unset);
PODO_CELL(number_or_none);  // a JSON number, or "<none>"
PODO_CELL(flag);            // a JSON boolean, false when absent
PODO_CELL(flag_or_true);
PODO_CELL(flag_text);  // "True", "False", "<unset>"
PODO_CELL(count);      // a JSON number: of items or members
PODO_CELL(joined);     // items, by commas
PODO_CELL(joined_or_none);
PODO_CELL(age);
PODO_CELL(age_or_none);
PODO_CELL(created);          // metadata.creationTimestamp as it is
PODO_CELL(labels);           // k=v,... or "<none>"
PODO_CELL(selector);         // of a LabelSelector, or "<none>"
PODO_CELL(container_names);  // of the pod spec at the path
PODO_CELL(container_images);
PODO_CELL(kind_and_name);  // "Kind/name"
PODO_CELL(phase);          // or Terminating
PODO_CELL(ready_of);       // status.readyReplicas/spec.replicas

// print_pods.cpp
PODO_CELL(pod_ready);
PODO_CELL(pod_status);
PODO_CELL(pod_restarts);
PODO_CELL(pod_readiness_gates);
PODO_CELL(node_status);
PODO_CELL(node_roles);
PODO_CELL(node_address);
PODO_CELL(node_kernel);
PODO_CELL(event_last_seen);
PODO_CELL(event_first_seen);
PODO_CELL(event_object);
PODO_CELL(event_source);
PODO_CELL(event_message);
PODO_CELL(event_count);
PODO_CELL(component_health);

// print_workloads.cpp
PODO_CELL(job_status);
PODO_CELL(job_completions);
PODO_CELL(job_duration);
PODO_CELL(deployment_selector);
PODO_CELL(autoscaler_targets);
PODO_CELL(revision_controller);

// print_services.cpp
PODO_CELL(service_external_ip);
PODO_CELL(service_ports);
PODO_CELL(ingress_hosts);
PODO_CELL(ingress_address);
PODO_CELL(ingress_ports);
PODO_CELL(ingress_class_name);
PODO_CELL(ingress_class_parameters);
PODO_CELL(endpoints);
PODO_CELL(slice_ports);
PODO_CELL(slice_endpoints);
PODO_CELL(parent_reference);

// print_other.cpp
PODO_CELL(config_data);
PODO_CELL(volume_claim);
PODO_CELL(claim_capacity);
PODO_CELL(claim_modes);
PODO_CELL(access_modes);
PODO_CELL(storage_class_of);
PODO_CELL(storage_class_name);
PODO_CELL(text_or_path);  // "path|otherwise"
PODO_CELL(subjects);      // of the kind that the path names
PODO_CELL(certificate_duration);
PODO_CELL(certificate_condition);
PODO_CELL(quota_usage);  // path: "limits." or ""
PODO_CELL(token_audiences);
PODO_CELL(parameter_kind);
PODO_CELL(parameter_reference);
PODO_CELL(dangling);
PODO_CELL(claim_state);
PODO_CELL(api_service);
PODO_CELL(api_available);

// For all of them.
void put(std::string& out, std::string_view text);
void put(std::string& out, std::int64_t number);
std::string lower(std::string_view text);
std::string join(const Item* list, std::string_view path,
                 std::string_view separator);  // path: "" the item itself
// The condition of that type in status.conditions, or null.
const Item* condition(const Item& object, std::string_view type, std::string_view list = "status.conditions");
bool has_condition(const Item& object, std::string_view type);  // and it is True

}  // namespace podo::kube::cells
