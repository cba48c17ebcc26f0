// What the files of this room share. Private to it.
#pragma once

#include "base/core/clock.h"
#include "base/format/json_tree.h"
#include "model/kube/path.h"
#include "model/schema/schema.h"

namespace podo::strategy {

using json::Item;

// Absent, null and empty containers are the same: nothing is set.
bool same_part(const Item* a, const Item* b);
// Member `key` becomes what it is in `old`; it goes when it is not there.
void take_over(Item& object, const Item& old, std::string_view key);
std::string instant_text(Wall at);  // "2026-01-02T03:04:05Z"

// generation.cpp: 1 on create where the kind counts; one more on update when what is counted changed.
void begin_generation(Item& object, std::string_view type);
void count_generation(Item& object, const Item& old, std::string_view type);

void merge_string_data(Item& secret);  // create.cpp

// pods.cpp
void create_pod(Item& pod, Wall now);
void update_pod_status(Item& pod, const Item& old);
void keep_all_but_ephemeral_containers(Item& pod, const Item& old);
void keep_all_but_resources(Item& pod, const Item& old);
// services.cpp
void create_service(Item& service);
void update_service(Item& service, const Item& old);
// convert_autoscaler.cpp, convert_event.cpp
Result<> autoscaler_from_v1(Item& object);
void autoscaler_to_v1(Item& object);
void event_from_v1(Item& object);  // events.k8s.io -> core
void event_to_v1(Item& object);

}  // namespace podo::strategy
