// What an object counts for in resource quotas: resource names and amounts. Pure, but for count_usage().
#pragma once

#include "cluster/objects/objects.h"
#include "model/strategy/pod_resources.h"

namespace podo::admission {

using strategy::Amounts;

// Of every kind: count/PLURAL[.GROUP]; of some, more ("pods", "requests.cpu", "services.nodeports",
// "gold.storageclass.storage.k8s.io/requests.storage"). Pods that have ended are objects only.
Amounts usage_of(const schema::Resource& resource, const json::Item& object);

// Whether the quota is about the object: its scopes and selectors hold. A quota without them is about all.
bool is_in_scope(const json::Item& quota, const schema::Resource& resource, const json::Item& object);

// Whether objects of the resource count for that name.
bool counts_for(const schema::Resource& resource, std::string_view name);

// A quota on cpu or memory makes every container of a pod say how much it wants: "must specify limits.cpu
// for: a,b; requests.cpu for: a", or "".
std::string unsaid(const Amounts& hard, const schema::Resource& resource, const json::Item& object);

// status.hard and status.used; takes resourceVersion away, which is not stored.
void write_status(json::Item& quota, const Amounts& hard, const Amounts& used);

// What is there now, for all names of `hard`.
io::Task<Amounts> count_usage(objects::Objects& objects, std::string name_space, const json::Item& quota,
                              const Amounts& hard);

}  // namespace podo::admission
