// Logs by WebSocket, for clients that cannot read an answer while it comes: what is read of the log goes as
// messages, after an empty one that says that it begins.
//
//   Sec-WebSocket-Protocol: binary.k8s.io          binary messages; also when none is named
//                           base64.binary.k8s.io   text messages, base64
#pragma once

#include "cluster/api_request/request.h"

namespace podo::apiserver {

// Until the log ends or the client goes.
Task<void> pass_log_as_messages(Request& request, http::Body& log);

}  // namespace podo::apiserver
