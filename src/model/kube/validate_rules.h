// The rules of the kinds, and what they share. Private to validate*.cpp.
#pragma once

#include <optional>

#include "model/kube/field_errors.h"
#include "model/kube/path.h"
#include "model/schema/schema.h"

namespace podo::kube::rules {

using json::Item;

// Of one field that may be absent.
void check_at_least(Errors& errors, const FieldPath& path, const Item* number, std::int64_t least);
void check_port(Errors& errors, const FieldPath& path, std::int64_t port);
void check_labels(Errors& errors, const FieldPath& path, const Item* labels);
void check_label_selector(Errors& errors, const FieldPath& path, const Item* selector);
void check_name(Errors& errors, const FieldPath& path, std::string_view name,
                Messages (*form)(std::string_view));
void check_immutable(Errors& errors, const FieldPath& path, const Item* now, const Item* old,
                     std::string_view detail = "field is immutable");
bool same_or_absent(const Item* a, const Item* b);
bool is_percent(std::string_view text);
// A number or a percentage, as deployments have it; whether it is 0.
std::optional<bool> check_count_or_percent(Errors& errors, const FieldPath& path, const Item* value);

void check_metadata(Errors& errors, const Item& object, const schema::Resource& resource);
void check_metadata_update(Errors& errors, const Item& object, const Item& old);
void check_pod_spec(Errors& errors, const FieldPath& path, const Item& spec, bool is_template);
void check_pod_security(Errors& errors, const FieldPath& path, const Item& spec);
// A pod template under spec.template and the selector beside it.
void check_template(Errors& errors, const FieldPath& path, const Item* pod_template);

using Rule = void (*)(Errors& errors, const Item& object, const Item* old);  // old: null for a new object
void pod(Errors&, const Item&, const Item*);                                 // a new one
// `subresource`: "" of the pod itself; "status", "ephemeralcontainers", "resize" (validate_pod_update.cpp).
void pod_update(Errors& errors, const Item& pod, const Item& old, std::string_view subresource);
void deployment(Errors&, const Item&, const Item*);
void replica_set(Errors&, const Item&, const Item*);
void daemon_set(Errors&, const Item&, const Item*);
void stateful_set(Errors&, const Item&, const Item*);
void replication_controller(Errors&, const Item&, const Item*);
void job(Errors&, const Item&, const Item*);
void cron_job(Errors&, const Item&, const Item*);
void autoscaler(Errors&, const Item&, const Item*);
void disruption_budget(Errors&, const Item&, const Item*);
void controller_revision(Errors&, const Item&, const Item*);
void service(Errors&, const Item&, const Item*);
void ingress(Errors&, const Item&, const Item*);
void network_policy(Errors&, const Item&, const Item*);
void config_map(Errors&, const Item&, const Item*);
void secret(Errors&, const Item&, const Item*);
void volume_claim(Errors&, const Item&, const Item*);
void volume(Errors&, const Item&, const Item*);
void storage_class(Errors&, const Item&, const Item*);
void priority_class(Errors&, const Item&, const Item*);
void role(Errors&, const Item&, const Item*);
void cluster_role(Errors&, const Item&, const Item*);
void role_binding(Errors&, const Item&, const Item*);
void lease(Errors&, const Item&, const Item*);
void runtime_class(Errors&, const Item&, const Item*);
void node(Errors&, const Item&, const Item*);

}  // namespace podo::kube::rules
