// The roles and bindings of roles.txt, which the program carries: parsed, as values. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "cluster/access/access.h"

namespace podo::access {

struct Recipient {
  enum class Kind : std::uint8_t { user, group, account } kind;
  std::string name, name_space = {};  // name_space: of an account
};

struct DefaultRole {
  std::string name, name_space = {};  // name_space: "" of a ClusterRole
  std::vector<Rule> rules = {};
  std::string feeds = {}, gathers = {};  // whose rules it is a part of; of what its own are put together
  std::string binding = {};              // its name; "": it is not bound
  std::vector<Recipient> given_to = {};
};

// Invalid: "line 12: ...".
Result<std::vector<DefaultRole>> parse_roles(std::string_view source);
std::vector<DefaultRole> default_roles();  // of the program's own source

}  // namespace podo::access
