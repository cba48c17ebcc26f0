// Where a list that came in parts goes on: the `continue` of its metadata. Clients take it as it is.
//
//   token := base64url( {"v":"meta.k8s.io/v1","rv":REVISION,"start":KEY} )
//   KEY   := the key of the last object of the part before, without the prefix of the list
//
// rv -1: at the newest revision, for a list whose own is compacted. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/store/entry.h"

namespace podo::apiserver {

struct ContinueToken {
  store::Revision revision = 0;  // 0: the newest
  std::string after;             // the key, without the prefix
};
std::string to_text(const ContinueToken& token);
// Invalid: "continue key is not valid: ...".
Result<ContinueToken> read_continue_token(std::string_view text);

}  // namespace podo::apiserver
