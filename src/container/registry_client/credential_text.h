// User and password as `auth` members hold them: base64(user ':' password). Private to this room.
#pragma once

#include "base/format/base64.h"
#include "container/registry_client/registry.h"

namespace podo::image {

inline Result<> read_user_and_password(std::string_view encoded, Credentials& to) {
  const std::string pair = TRY(base64::decode(encoded));
  const std::size_t colon = pair.find(':');
  if (colon == pair.npos) return invalid("\"auth\" has no ':' between user and password");
  to.user = pair.substr(0, colon);
  to.password = pair.substr(colon + 1);
  while (to.password.ends_with('\0')) to.password.pop_back();  // some old clients padded it
  return {};
}

}  // namespace podo::image
