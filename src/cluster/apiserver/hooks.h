// What only some kinds need on their way into storage: who asks for a certificate, whether roles grant no
// more than their author has, who may make what is not there, and the addresses of Services. Private to what
// writes.
#pragma once

#include "cluster/apiserver/call.h"
#include "cluster/service_addresses/service_addresses.h"

namespace podo::apiserver {

// A CertificateSigningRequest tells who made it.
void stamp_requester(const Request& request, json::Item& object);
// PUT and apply make what is not there: whoever may change an object may not make it by that.
Result<> check_may_create(Call& call);
// Roles and bindings: escalation is refused. `old`: null when it is new.
Result<> check_grants(Call& call, const json::Item& object, const json::Item* old);

// Of a Service: addresses and ports it has not are given to it, those it asks for are taken, those it has no
// more are free once the reservation is kept. `old`: null when it is new. Anything else: nothing.
Result<Reservation> reserve_addresses(Call& call, json::Item& object, const json::Item* old, bool dry_run);
Reservation free_addresses(Call& call, const json::Item& object);

}  // namespace podo::apiserver
