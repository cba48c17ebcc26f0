// What can be done with resources, one function each in a file of its name. Each answers the request, or
// fails with request.refuse(...). Authorization has happened; admission has not. Private to this room.
#pragma once

#include "base/http/client.h"
#include "cluster/apiserver/answer.h"
#include "cluster/apiserver/parts.h"
#include "cluster/apiserver/request.h"

namespace podo::apiserver {

Task<void> get_object(Request& request);      // get.cpp
Task<void> list_objects(Request& request);    // list.cpp
Task<void> watch_objects(Request& request);   // watch.cpp
Task<void> create_object(Request& request);   // create.cpp
Task<void> update_object(Request& request);   // update.cpp, also of status and other parts
Task<void> patch_object(Request& request);    // patch.cpp, also of status and other parts
Task<void> delete_object(Request& request);   // delete.cpp
Task<void> delete_objects(Request& request);  // delete_collection.cpp

// Subresources that are no part of their object.
Task<void> get_scale(Request& request);     // scale.cpp; update and patch are the verbs' own
Task<void> bind_pod(Request& request);      // pod_binding.cpp: also POST /bindings
Task<void> evict_pod(Request& request);     // eviction.cpp
Task<void> create_token(Request& request);  // token_request.cpp: serviceaccounts/NAME/token
Task<void> reach_node(Request& request);    // node_paths.cpp: log exec attach portforward proxy
Task<void> serve_proxy(Request& request);   // proxy.cpp: of pods, services and nodes
// node_paths.cpp: a request to the API of a node; refused when that cannot be reached.
Task<http::Client::Upgraded> ask_node(Request& request, std::string name, http::Request onward);

// Resources that are asked, not stored: access_reviews.cpp, token_review.cpp (create only).
Task<void> review_access(Request& request);  // (Local|Self)?SubjectAccessReview, SelfSubjectRulesReview
Task<void> review_token(Request& request);   // TokenReview
Task<void> review_self(Request& request);    // SelfSubjectReview
Task<void> get_component(Request& request);  // componentstatuses: get, list

// Everything that is no resource: discovery.cpp, health.cpp, metrics.cpp, ...
Task<void> serve_path(Request& request);

}  // namespace podo::apiserver
