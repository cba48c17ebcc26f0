// What a registry says when it refuses (distribution-spec, "Error Codes"), and the words people know for
// it.
#pragma once

#include "base/http/client.h"
#include "model/oci/image.h"

namespace podo::image {

using io::Task;

struct RegistryProblem {
  int status = 0;
  std::string code;     // "MANIFEST_UNKNOWN"; "" when the answer named none
  std::string message;  // never empty

  std::string to_text() const;  // "manifest unknown: manifest unknown"
  Error to_error() const;
  // The same for a pull: what is missing may only be hidden, and both are not_found.
  Error to_pull_error(const oci::Reference& reference) const;
};

// Reads what is left of the answer. `asked` is told when the answer explains nothing: `GET request to URL`.
Task<RegistryProblem> read_problem(http::Response& response, std::string asked);

bool may_pass(int status);                           // 429 and 5xx: the same request may succeed later
bool may_pass(const Error& error);                   // trouble of the network
Duration retry_after(const http::Headers& headers);  // 0 when it does not say

}  // namespace podo::image
