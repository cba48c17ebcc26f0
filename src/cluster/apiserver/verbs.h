// What can be done with resources, one function each in a file of its name. Each answers the request, or
// fails with call.refuse(...). Authorization has happened; admission has not. Private to this room.
#pragma once

#include "base/http/client.h"
#include "cluster/api_request/answer.h"
#include "cluster/apiserver/call.h"

namespace podo::apiserver {

Task<void> get_object(Call& call);      // get.cpp
Task<void> list_objects(Call& call);    // list.cpp
Task<void> watch_objects(Call& call);   // watch.cpp
Task<void> create_object(Call& call);   // create.cpp
Task<void> update_object(Call& call);   // update.cpp, also of status and other parts
Task<void> patch_object(Call& call);    // patch.cpp, also of status and other parts
Task<void> delete_object(Call& call);   // delete.cpp
Task<void> delete_objects(Call& call);  // delete_collection.cpp

// Subresources that are no part of their object.
Task<void> get_scale(Call& call);     // get.cpp; update and patch are the verbs' own
Task<void> bind_pod(Call& call);      // pod_binding.cpp: also POST /bindings
Task<void> evict_pod(Call& call);     // eviction.cpp
Task<void> create_token(Call& call);  // token_request.cpp: serviceaccounts/NAME/token
Task<void> reach_node(Call& call);    // node_paths.cpp: log exec attach portforward proxy
Task<void> serve_proxy(Call& call);   // proxy.cpp: of pods, services and nodes
// node_paths.cpp: a request to the API of a node; refused when that cannot be reached.
Task<http::Client::Upgraded> ask_node(Call& call, std::string name, http::Request onward);

// Resources that are asked, not stored: access_reviews.cpp, token_review.cpp (create only).
Task<void> review_access(Call& call);  // (Local|Self)?SubjectAccessReview, SelfSubjectRulesReview
Task<void> review_token(Call& call);   // TokenReview
Task<void> review_self(Call& call);    // SelfSubjectReview
Task<void> get_component(Call& call);  // componentstatuses: get, list

// Everything that is no resource: discovery.cpp, health.cpp, metrics.cpp, ...
Task<void> serve_path(Call& call);

}  // namespace podo::apiserver
