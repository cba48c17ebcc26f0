// status.conditions of an object: {type, status, reason, message, lastTransitionTime, ...}.
#pragma once

#include "cluster/control/facts.h"

namespace podo::controllers {

struct Condition {
  std::string_view type, status, reason = {}, message = {};
};

// Null: it has none of this type. `status` is the object's status.
const json::Item* find_condition(const json::Item& status, std::string_view type);
bool condition_holds(const json::Item& status, std::string_view type);  // its status is True
std::string_view reason_of(const json::Item& status, std::string_view type);

// Which times a condition notes besides its last transition.
enum class Times : std::uint8_t { transition, update, probe };
// Adds or replaces; the time of the transition stays while the status does. Nothing is touched when status
// and reason are the same (Deployment), or these and the message.
void set_condition(json::Item& status, const Condition& condition, Seconds now,
                   Times times = Times::transition);
void remove_condition(json::Item& status, std::string_view type);

}  // namespace podo::controllers
