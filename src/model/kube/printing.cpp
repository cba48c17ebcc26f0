#include "model/kube/printing.h"

#include <algorithm>

#include "model/kube/print_cells.h"

namespace podo::kube {
namespace cells {
namespace {

constexpr Column name_column = {.name = "Name", .format = "name", .cell = text, .path = "metadata.name"};
constexpr Column age_column = {.name = "Age", .cell = age, .path = "metadata.creationTimestamp"};
constexpr Column created_column = {.name = "Created At", .type = "date", .cell = created};

constexpr Column column(std::string_view name, decltype(Column::cell) cell, std::string_view path = {}) {
  return {.name = name, .cell = cell, .path = path};
}
constexpr Column whole(std::string_view name, std::string_view path) {
  return {.name = name, .type = "integer", .cell = number, .path = path};
}
constexpr Column counted(std::string_view name, std::string_view path) {
  return {.name = name, .type = "integer", .cell = count, .path = path};
}
constexpr Column truth(std::string_view name, decltype(Column::cell) cell, std::string_view path) {
  return {.name = name, .type = "boolean", .cell = cell, .path = path};
}
constexpr Column wide(Column column) {
  column.priority = 1;
  return column;
}
constexpr Column names_of(std::string_view path) { return wide(column("Containers", container_names, path)); }
constexpr Column images_of(std::string_view path) { return wide(column("Images", container_images, path)); }
constexpr std::string_view template_containers = "spec.template.spec.containers";

constexpr Column plain[] = {name_column, created_column};
constexpr Column named_and_aged[] = {name_column, age_column};

constexpr Column pods[] = {
    name_column,
    column("Ready", pod_ready),
    column("Status", pod_status),
    column("Restarts", pod_restarts),
    age_column,
    wide(column("IP", text_or_none, "status.podIPs[0].ip")),
    wide(column("Node", text_or_none, "spec.nodeName")),
    wide(column("Nominated Node", text_or_none, "status.nominatedNodeName")),
    wide(column("Readiness Gates", pod_readiness_gates, "spec.readinessGates")),
};
constexpr Column pod_templates[] = {
    name_column,
    column("Containers", container_names, "template.spec.containers"),
    column("Images", container_images, "template.spec.containers"),
    column("Pod Labels", labels, "template.metadata.labels"),
};
constexpr Column disruption_budgets[] = {
    name_column,
    column("Min Available", value_or_na, "spec.minAvailable"),
    column("Max Unavailable", value_or_na, "spec.maxUnavailable"),
    whole("Allowed Disruptions", "status.disruptionsAllowed"),
    age_column,
};
constexpr Column replication_controllers[] = {
    name_column,
    whole("Desired", "spec.replicas"),
    whole("Current", "status.replicas"),
    whole("Ready", "status.readyReplicas"),
    age_column,
    names_of(template_containers),
    images_of(template_containers),
    wide(column("Selector", labels, "spec.selector")),
};
constexpr Column replica_sets[] = {
    name_column,
    whole("Desired", "spec.replicas"),
    whole("Current", "status.replicas"),
    whole("Ready", "status.readyReplicas"),
    age_column,
    names_of(template_containers),
    images_of(template_containers),
    wide(column("Selector", selector, "spec.selector")),
};
constexpr Column daemon_sets[] = {
    name_column,
    whole("Desired", "status.desiredNumberScheduled"),
    whole("Current", "status.currentNumberScheduled"),
    whole("Ready", "status.numberReady"),
    whole("Up-to-date", "status.updatedNumberScheduled"),
    whole("Available", "status.numberAvailable"),
    column("Node Selector", labels, "spec.template.spec.nodeSelector"),
    age_column,
    names_of(template_containers),
    images_of(template_containers),
    wide(column("Selector", selector, "spec.selector")),
};
constexpr Column jobs[] = {
    name_column,
    column("Status", job_status),
    column("Completions", job_completions),
    column("Duration", job_duration),
    age_column,
    names_of(template_containers),
    images_of(template_containers),
    wide(column("Selector", selector, "spec.selector")),
};
constexpr Column cron_jobs[] = {
    name_column,
    column("Schedule", text, "spec.schedule"),
    column("Timezone", text_or_none, "spec.timeZone"),
    truth("Suspend", flag_text, "spec.suspend"),
    counted("Active", "status.active"),
    column("Last Schedule", age_or_none, "status.lastScheduleTime"),
    age_column,
    names_of("spec.jobTemplate.spec.template.spec.containers"),
    images_of("spec.jobTemplate.spec.template.spec.containers"),
    wide(column("Selector", selector, "spec.jobTemplate.spec.selector")),
};
constexpr Column services[] = {
    name_column,
    column("Type", text, "spec.type"),
    column("Cluster-IP", text_or_none, "spec.clusterIPs[0]"),
    column("External-IP", service_external_ip),
    column("Port(s)", service_ports, "spec.ports"),
    age_column,
    wide(column("Selector", labels, "spec.selector")),
};
constexpr Column ingresses[] = {
    name_column,
    column("Class", text_or_none, "spec.ingressClassName"),
    column("Hosts", ingress_hosts, "spec.rules"),
    column("Address", ingress_address),
    column("Ports", ingress_ports, "spec.tls"),
    age_column,
};
constexpr Column ingress_classes[] = {
    {.name = "Name",
     .format = "name",
     .cell = ingress_class_name,
     .path = "ingressclass.kubernetes.io/is-default-class"},
    column("Controller", text, "spec.controller"),
    column("Parameters", ingress_class_parameters, "spec.parameters"),
    age_column,
};
constexpr Column stateful_sets[] = {
    name_column,
    column("Ready", ready_of, "spec.replicas"),
    age_column,
    names_of(template_containers),
    images_of(template_containers),
};
constexpr Column endpoint_lists[] = {name_column, column("Endpoints", endpoints, "subsets"), age_column};
constexpr Column nodes[] = {
    name_column,
    column("Status", cells::node_status),
    column("Roles", node_roles),
    age_column,
    column("Version", text, "status.nodeInfo.kubeletVersion"),
    wide(column("Internal-IP", node_address, "InternalIP")),
    wide(column("External-IP", node_address, "ExternalIP")),
    wide(column("OS-Image", text_or_unknown, "status.nodeInfo.osImage")),
    wide(column("Kernel-Version", node_kernel, "status.nodeInfo.kernelVersion")),
    wide(column("Container-Runtime", text_or_unknown, "status.nodeInfo.containerRuntimeVersion")),
};
constexpr Column events[] = {
    column("Last Seen", event_last_seen),
    column("Type", text, "type"),
    column("Reason", text, "reason"),
    column("Object", event_object),
    wide(column("Subobject", text_or_path, "involvedObject.fieldPath|")),
    wide(column("Source", event_source)),
    column("Message", event_message),
    wide(column("First Seen", event_first_seen)),
    wide(column("Count", event_count)),
    wide(name_column),
};
constexpr Column new_events[] = {
    events[0],
    events[1],
    events[2],
    events[3],
    wide(column("Subobject", text_or_path, "regarding.fieldPath|")),
    events[5],
    events[6],
    events[7],
    events[8],
    events[9],
};
constexpr Column namespaces[] = {name_column, column("Status", text, "status.phase"), age_column};
constexpr Column secrets[] = {name_column, column("Type", text, "type"), column("Data", count, "data"),
                              age_column};
constexpr Column volumes[] = {
    name_column,
    column("Capacity", text, "spec.capacity.storage"),
    column("Access Modes", access_modes, "spec.accessModes"),
    column("Reclaim Policy", text, "spec.persistentVolumeReclaimPolicy"),
    column("Status", phase, "status.phase"),
    column("Claim", volume_claim, "spec.claimRef"),
    column("StorageClass", storage_class_of, "spec.storageClassName"),
    column("VolumeAttributesClass", text_or_unset, "spec.volumeAttributesClassName"),
    column("Reason", text, "status.reason"),
    age_column,
    wide(column("VolumeMode", text_or_unset, "spec.volumeMode")),
};
constexpr Column volume_claims[] = {
    name_column,
    column("Status", phase, "status.phase"),
    column("Volume", text, "spec.volumeName"),
    column("Capacity", claim_capacity, "status.capacity.storage"),
    column("Access Modes", claim_modes, "status.accessModes"),
    column("StorageClass", storage_class_of, "spec.storageClassName"),
    column("VolumeAttributesClass", text_or_unset, "spec.volumeAttributesClassName"),
    age_column,
    wide(column("VolumeMode", text_or_unset, "spec.volumeMode")),
};
constexpr Column component_statuses[] = {
    name_column,
    column("Status", component_health),
    column("Message", component_health, "message"),
    column("Error", component_health, "error"),
};
constexpr Column deployments[] = {
    name_column,
    column("Ready", ready_of, "spec.replicas"),
    column("Up-to-date", number, "status.updatedReplicas"),
    column("Available", number, "status.availableReplicas"),
    age_column,
    names_of(template_containers),
    images_of(template_containers),
    wide(column("Selector", deployment_selector, "spec.selector")),
};
constexpr Column autoscalers[] = {
    name_column,
    column("Reference", kind_and_name, "spec.scaleTargetRef"),
    column("Targets", autoscaler_targets),
    column("MinPods", number_text_or_unset, "spec.minReplicas"),
    column("MaxPods", number, "spec.maxReplicas"),
    column("Replicas", number, "status.currentReplicas"),
    age_column,
};
constexpr Column config_maps[] = {name_column, column("Data", config_data), age_column};
constexpr Column network_policies[] = {name_column, column("Pod-Selector", selector, "spec.podSelector"),
                                       age_column};
constexpr Column role_bindings[] = {
    name_column,
    column("Role", kind_and_name, "roleRef"),
    age_column,
    wide(column("Users", subjects, "User")),
    wide(column("Groups", subjects, "Group")),
    wide(column("ServiceAccounts", subjects, "ServiceAccount")),
};
constexpr Column certificate_requests[] = {
    name_column,
    age_column,
    column("SignerName", text_or_none, "spec.signerName"),
    column("Requestor", text, "spec.username"),
    column("RequestedDuration", certificate_duration, "spec.expirationSeconds"),
    column("Condition", certificate_condition),
};
constexpr Column leases[] = {name_column, column("Holder", text, "spec.holderIdentity"), age_column};
constexpr Column storage_classes[] = {
    {.name = "Name", .format = "name", .cell = storage_class_name},
    column("Provisioner", text, "provisioner"),
    column("ReclaimPolicy", text_or_path, "reclaimPolicy|Delete"),
    column("VolumeBindingMode", text_or_path, "volumeBindingMode|Immediate"),
    column("AllowVolumeExpansion", flag, "allowVolumeExpansion"),
    age_column,
};
constexpr Column attributes_classes[] = {name_column, column("DriverName", text, "driverName"), age_column};
constexpr Column revisions[] = {name_column, column("Controller", revision_controller),
                                column("Revision", number, "revision"), age_column};
constexpr Column quotas[] = {name_column, column("Request", quota_usage),
                             column("Limit", quota_usage, "limits."), age_column};
constexpr Column priority_classes[] = {
    name_column,
    whole("Value", "value"),
    truth("Global-Default", flag, "globalDefault"),
    age_column,
    column("PreemptionPolicy", text, "preemptionPolicy"),
};
constexpr Column runtime_classes[] = {name_column, column("Handler", text, "handler"), age_column};
constexpr Column attachments[] = {
    name_column,
    {.name = "Attacher", .format = "name", .cell = text, .path = "spec.attacher"},
    column("PV", text, "spec.source.persistentVolumeName"),
    column("Node", text, "spec.nodeName"),
    truth("Attached", flag, "status.attached"),
    age_column,
};
constexpr Column endpoint_slices[] = {
    name_column,
    column("AddressType", text, "addressType"),
    column("Ports", slice_ports, "ports"),
    column("Endpoints", slice_endpoints, "endpoints"),
    age_column,
};
constexpr Column csi_nodes[] = {name_column, counted("Drivers", "spec.drivers"), age_column};
constexpr Column csi_drivers[] = {
    name_column,
    truth("AttachRequired", flag_or_true, "spec.attachRequired"),
    truth("PodInfoOnMount", flag, "spec.podInfoOnMount"),
    truth("StorageCapacity", flag, "spec.storageCapacity"),
    column("TokenRequests", token_audiences, "spec.tokenRequests"),
    truth("RequiresRepublish", flag, "spec.requiresRepublish"),
    column("Modes", joined_or_none, "spec.volumeLifecycleModes"),
    age_column,
};
constexpr Column webhooks[] = {name_column, counted("Webhooks", "webhooks"), age_column};
constexpr Column validating_policies[] = {
    name_column,
    counted("Validations", "spec.validations"),
    column("ParamKind", parameter_kind, "spec.paramKind"),
    age_column,
};
constexpr Column mutating_policies[] = {
    name_column,
    counted("Mutations", "spec.mutations"),
    column("ParamKind", parameter_kind, "spec.paramKind"),
    age_column,
};
constexpr Column policy_bindings[] = {
    name_column,
    column("PolicyName", text, "spec.policyName"),
    column("ParamRef", parameter_reference, "spec.paramRef"),
    age_column,
};
constexpr Column flow_schemas[] = {
    name_column,
    column("PriorityLevel", text, "spec.priorityLevelConfiguration.name"),
    column("MatchingPrecedence", number, "spec.matchingPrecedence"),
    column("DistinguisherMethod", text_or_none, "spec.distinguisherMethod.type"),
    age_column,
    column("MissingPL", dangling),
};
constexpr Column priority_levels[] = {
    name_column,
    column("Type", text, "spec.type"),
    column("NominalConcurrencyShares", number_or_none, "spec.limited.nominalConcurrencyShares"),
    column("Queues", number_or_none, "spec.limited.limitResponse.queuing.queues"),
    column("HandSize", number_or_none, "spec.limited.limitResponse.queuing.handSize"),
    column("QueueLengthLimit", number_or_none, "spec.limited.limitResponse.queuing.queueLengthLimit"),
    age_column,
};
constexpr Column scales[] = {
    column("Name", text, "metadata.name"),
    whole("Desired", "spec.replicas"),
    whole("Available", "status.replicas"),
    age_column,
};
constexpr Column resource_claims[] = {name_column, column("State", claim_state), age_column};
constexpr Column resource_slices[] = {
    name_column,
    column("Node", text, "spec.nodeName"),
    column("Driver", text, "spec.driver"),
    column("Pool", text, "spec.pool.name"),
    age_column,
};
constexpr Column service_cidrs[] = {name_column, column("CIDRs", joined, "spec.cidrs"), age_column};
// Rows of IP addresses have a cell more than there are columns, in Kubernetes too; here they have not.
constexpr Column ip_addresses[] = {name_column, column("ParentRef", parent_reference, "spec.parentRef")};
constexpr Column api_services[] = {name_column, column("Service", api_service, "spec.service"),
                                   column("Available", api_available), age_column};

struct Table {
  std::string_view group, plural;
  std::span<const Column> columns;
};

constexpr Table tables[] = {
    {"", "componentstatuses", component_statuses},
    {"", "configmaps", config_maps},
    {"", "endpoints", endpoint_lists},
    {"", "events", events},
    {"", "namespaces", namespaces},
    {"", "nodes", nodes},
    {"", "persistentvolumeclaims", volume_claims},
    {"", "persistentvolumes", volumes},
    {"", "pods", pods},
    {"", "podtemplates", pod_templates},
    {"", "replicationcontrollers", replication_controllers},
    {"", "resourcequotas", quotas},
    {"", "secrets", secrets},
    {"", "serviceaccounts", named_and_aged},
    {"", "services", services},
    {"admissionregistration.k8s.io", "mutatingadmissionpolicies", mutating_policies},
    {"admissionregistration.k8s.io", "mutatingadmissionpolicybindings", policy_bindings},
    {"admissionregistration.k8s.io", "mutatingwebhookconfigurations", webhooks},
    {"admissionregistration.k8s.io", "validatingadmissionpolicies", validating_policies},
    {"admissionregistration.k8s.io", "validatingadmissionpolicybindings", policy_bindings},
    {"admissionregistration.k8s.io", "validatingwebhookconfigurations", webhooks},
    {"apiregistration.k8s.io", "apiservices", api_services},
    {"apps", "controllerrevisions", revisions},
    {"apps", "daemonsets", daemon_sets},
    {"apps", "deployments", deployments},
    {"apps", "replicasets", replica_sets},
    {"apps", "statefulsets", stateful_sets},
    {"autoscaling", "horizontalpodautoscalers", autoscalers},
    {"autoscaling", "scales", scales},
    {"batch", "cronjobs", cron_jobs},
    {"batch", "jobs", jobs},
    {"certificates.k8s.io", "certificatesigningrequests", certificate_requests},
    {"coordination.k8s.io", "leases", leases},
    {"discovery.k8s.io", "endpointslices", endpoint_slices},
    {"events.k8s.io", "events", new_events},
    {"flowcontrol.apiserver.k8s.io", "flowschemas", flow_schemas},
    {"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", priority_levels},
    {"networking.k8s.io", "ingressclasses", ingress_classes},
    {"networking.k8s.io", "ingresses", ingresses},
    {"networking.k8s.io", "ipaddresses", ip_addresses},
    {"networking.k8s.io", "networkpolicies", network_policies},
    {"networking.k8s.io", "servicecidrs", service_cidrs},
    {"node.k8s.io", "runtimeclasses", runtime_classes},
    {"policy", "poddisruptionbudgets", disruption_budgets},
    {"rbac.authorization.k8s.io", "clusterrolebindings", role_bindings},
    {"rbac.authorization.k8s.io", "rolebindings", role_bindings},
    {"resource.k8s.io", "deviceclasses", named_and_aged},
    {"resource.k8s.io", "resourceclaims", resource_claims},
    {"resource.k8s.io", "resourceclaimtemplates", named_and_aged},
    {"resource.k8s.io", "resourceslices", resource_slices},
    {"scheduling.k8s.io", "priorityclasses", priority_classes},
    {"storage.k8s.io", "csidrivers", csi_drivers},
    {"storage.k8s.io", "csinodes", csi_nodes},
    {"storage.k8s.io", "storageclasses", storage_classes},
    {"storage.k8s.io", "volumeattachments", attachments},
    {"storage.k8s.io", "volumeattributesclasses", attributes_classes},
};

// Rows of pods that have ended say so: clients may hide them.
void append_conditions(std::string& out, const json::Item& object) {
  const std::string_view phase = text_at(object, "status.phase");
  if (text_at(object, "kind") != "Pod" || (phase != "Succeeded" && phase != "Failed")) return;
  out += R"("conditions":[{"type":"Completed","status":"True","reason":)";
  put(out, phase);
  out += phase == "Succeeded" ? R"(,"message":"The pod has completed successfully."}],)"
                              : R"(,"message":"The pod failed."}],)";
}

}  // namespace
}  // namespace cells

std::span<const Column> columns_of(std::string_view group, std::string_view plural) {
  for (const cells::Table& table : cells::tables) {
    if (table.group == group && table.plural == plural) return table.columns;
  }
  return cells::plain;
}

void append_column_definitions(std::string& out, std::span<const Column> columns) {
  out += '[';
  for (const Column& column : columns) {
    out += &column == &columns.front() ? R"({"name":)" : R"(,{"name":)";
    cells::put(out, column.name);
    out += R"(,"type":)";
    cells::put(out, column.type);
    out += R"(,"format":)";
    cells::put(out, column.format);
    out += R"(,"description":"","priority":)";
    cells::put(out, static_cast<std::int64_t>(column.priority));
    out += '}';
  }
  out += ']';
}

void append_row(std::string& out, std::span<const Column> columns, const json::Item& object,
                std::string_view object_json, Wall now) {
  const Row row = {object, now};
  out += R"({"cells":[)";
  for (const Column& column : columns) {
    if (&column != &columns.front()) out += ',';
    column.cell(out, row, column.path);
  }
  out += "],";
  cells::append_conditions(out, object);
  out.append(R"("object":)").append(object_json).append("}");
}

}  // namespace podo::kube
