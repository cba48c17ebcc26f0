// What becomes of a request whose handler has returned. Private to base/http.
#pragma once

#include "base/http/server.h"

namespace podo::http {

// Answers for a handler that failed, or that did not answer; what can still be said is said.
Task<void> answer_for(Exchange& exchange, Result<void> handled, Log& log);

std::string message_json(std::string_view message);  // {"message": "..."} and a line feed

}  // namespace podo::http
