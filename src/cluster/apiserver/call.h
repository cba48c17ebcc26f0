// A request together with the server that it came to: what verbs and paths are given, and the way of an
// object into storage. Who takes a Request& only reads what was asked, or answers (cluster/api_request); who
// takes a Call& also uses what the server has: stored objects, access, admission, addresses. Private to this
// room.
#pragma once

#include "cluster/api_request/request.h"
#include "cluster/apiserver/parts.h"

namespace podo::apiserver {

struct Call : Request {
  Call(Parts& parts, http::Exchange& exchange)
      : Request({parts.schema, parts.ground.loop, parts.ground.clock, parts.options.body_bytes_max},
                exchange),
        parts(parts) {}

  Parts& parts;
};

}  // namespace podo::apiserver
