// A request of the API: what its line says (RequestInfo, pure), and what is known of it on its way (Request).
// The server that it came to is not: who needs that takes a Call (cluster/apiserver/call.h).
//
//   /api/v1/namespaces/NS/pods/NAME/SUBRESOURCE      /apis/GROUP/VERSION/...        everything else is a path
//
// Verbs: get list watch create update patch delete deletecollection; of paths: the method in lower case.
// "/watch/" behind the version is the old way to say watch=true; "/proxy/" went with v1.10.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http/server.h"
#include "cluster/access/access.h"
#include "cluster/api_request/negotiation.h"
#include "model/kube/status.h"

namespace podo::apiserver {

using io::Task;

struct RequestInfo {
  std::string verb, path;  // path: decoded
  bool is_resource = false;
  std::string group, version, plural, subresource, name_space, name;
  std::string rest;            // behind a proxy subresource: "/metrics"
  std::string field_selector;  // as it came, of list, watch and deletecollection
  access::Attributes attributes() const;
};
RequestInfo parse_request(std::string_view method, std::string_view path, const http::Query& query);

class AuditTrail;  // cluster/audit

// What is needed to read a request and to answer it.
struct RequestGround {
  const schema::Schema& schema;
  io::Loop& loop;      // whose clock deadlines are of
  const Clock& clock;  // ages in Tables are as of it
  std::size_t body_bytes_max;
};

// Lives in the coroutine that handles it; dies with it. Whatever goes wrong is a Status:
// `co_await request.refuse(kube::not_found(...))`, or any Error, whose kind then decides.
struct Request {
  Request(const RequestGround& ground, http::Exchange& exchange) : ground(ground), exchange(exchange) {}
  Request(const Request&) = delete;

  const RequestGround ground;
  http::Exchange& exchange;
  RequestInfo info;
  access::User user = {};
  Media media = {};
  // Null for paths. `storage`: the resource in whose version the objects are stored; mostly the same.
  const schema::Resource* resource = nullptr;
  const schema::Resource* storage = nullptr;
  const schema::Subresource* subresource = nullptr;
  kube::Refusal refuse = {};
  bool forgets_managers = false;           // the client sent managedFields that are empty
  std::vector<std::string> warnings = {};  // go out as Warning headers; each once
  Monotonic began = {};
  Monotonic deadline = {};                 // requests that are no watch are given up then (504)
  http::Headers extra = {};                // go out with the answer: X-Kubernetes-PF-*, Audit-Id
  std::shared_ptr<AuditTrail> trail = {};  // from authentication on; null: not audited
  int status = 0;                          // what was answered; 0: not yet

  const http::Query& query() const { return exchange.query(); }
  bool flag(std::string_view name) const;  // ?name=true, =1, or without a value
};

}  // namespace podo::apiserver
