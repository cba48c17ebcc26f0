// A kubeconfig as clients have it (kind: Config, v1): where the API server is, how it is believed, and as
// whom one asks it. Of the current context; certificates and tokens, in the file or in files beside it.
// Programs that give tokens (exec, auth-provider) are unsupported.
#pragma once

#include <string>

#include "base/tls/tls.h"

namespace podo::client {

struct ApiAccess {
  std::string server;  // "https://10.0.0.1:6443"
  tls::ClientOptions tls;
  std::string token;  // "" when the certificate says who asks
};

Result<ApiAccess> read_kubeconfig(const std::string& path);
Result<ApiAccess> parse_kubeconfig(std::string_view text, const std::string& folder);

}  // namespace podo::client
