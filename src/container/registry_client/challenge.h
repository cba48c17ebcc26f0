// What a registry wants to see before it answers: the challenges of a 401 (RFC 9110 11.6.1, RFC 6750 3).
//
//   WWW-Authenticate := challenge ( ',' challenge )*
//   challenge        := scheme [ parameter ( ',' parameter )* ]
//   parameter        := name '=' ( token | '"' ( char | '\' char )* '"' )
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/http/message.h"

namespace podo::image {

struct Challenge {
  std::string scheme;  // lower case: "bearer", "basic"
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string_view get(std::string_view name) const;  // "" when absent
};

// Of all fields of that name. What does not fit the grammar ends the reading of its field.
std::vector<Challenge> challenges_of(const http::Headers& headers);

}  // namespace podo::image
