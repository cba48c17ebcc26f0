// Passing a request on to somebody else, and the answer back: to nodes, and to what listens in pods. Fields
// that concern one connection alone stay there (RFC 9110, 7.6.1); who asks is this server's business, and is
// not told.
#pragma once

#include "base/http/client.h"
#include "cluster/api_request/request.h"

namespace podo::apiserver {

// The request as it goes on, to `url`. One that wants to change the protocol keeps what says so. Its body is
// the exchange's, which must outlive it.
http::Request onward(http::Exchange& exchange, std::string url);
bool wants_upgrade(const http::Headers& headers);

// Gives the client what came back, as it is: a whole answer while it comes, or a connection, until both sides
// have closed it or one of them breaks.
Task<void> pass_back(Request& request, http::Client::Upgraded answer);
// As it comes, until its end; a client that goes ends it.
Task<void> pass_body(Request& request, http::Body& body);

}  // namespace podo::apiserver
