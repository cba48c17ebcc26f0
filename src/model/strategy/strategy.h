// What the API server does with an object of a kind before it is stored, apart from defaults and validation:
// what clients may not set is taken out, what belongs to the server is filled in, what a subresource may not
// touch is taken over from what is stored. (Upstream: the kinds' registry strategies.)
//
//   prepare_create  ->  defaults  ->  admission  ->  defaults  ->  prepare_create again  ->  validate
//   prepare_update  ->  ... the same
//
// Before, so that what goes is nobody's field (managedFields) and admission does not see it; and after, since
// what admission fills in (a LimitRange's amounts) counts too: a Pod's class of service. Doing it twice is
// doing it once. Objects are shaped; metadata is complete: name, namespace, uid. Pure: the time comes in.
#pragma once

#include <optional>

#include "base/core/clock.h"
#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::strategy {

// Status is dropped where the kind has it as a subresource, generation becomes 1 where the kind counts it, a
// new Pod is Pending, a Job gets its selector and labels, ...
void prepare_create(json::Item& object, const schema::Resource& resource, Wall now);

// `subresource` "": the object itself. "status", "approval", "finalize", "ephemeralcontainers", "resize":
// only what belongs to it comes from `object` (and those parts of metadata that upstream lets through).
// "scale" and others are the server's: they change the object and use "".
// uid, timestamps of deletion and generation are taken over from `old`; generation rises when the wanted
// state changed.
void prepare_update(json::Item& object, const json::Item& old, const schema::Resource& resource,
                    std::string_view subresource, Wall now);

// PUT creates what is not there (few kinds); PUT without a resourceVersion is taken (most kinds).
bool creates_on_update(const schema::Resource& resource);
bool updates_unconditionally(const schema::Resource& resource);

// Grace of deletion: seconds, or -1 when the kind knows none (all but Pods).
std::int64_t grace_of(const json::Item& object, const schema::Resource& resource,
                      std::optional<std::int64_t> asked);
// What deleting with grace, or waiting for finalizers, does to metadata besides: one generation more.
void count_deletion(json::Item& object);

// An object in another version of its kind: autoscaling/v1 and v2, core and events.k8s.io Events. What one
// version cannot say goes into annotations, as upstream has it. Sets apiVersion. Unsupported: no such pair.
Result<> convert(json::Item& object, const schema::Resource& from, const schema::Resource& to);

// The Scale (autoscaling/v1) of a Deployment, ReplicaSet, StatefulSet or ReplicationController, and back:
// spec.replicas, and resourceVersion if the scale has one.
Result<json::Tree> scale_of(const json::Item& object, const schema::Resource& resource);
void apply_scale(json::Item& object, const json::Item& scale);

}  // namespace podo::strategy
