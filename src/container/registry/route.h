// What a path of the API means (distribution-spec, "Endpoints"). Pure.
//
//   path      := "/v2/" | "/v2/_catalog" | "/v2/" name "/" rest
//   rest      := "tags/list" | "manifests/" reference | "blobs/" digest | "blobs/uploads/" [ id ]
//              | "referrers/" digest
//   name      := component ( "/" component )*                    255 characters at most
//   component := [a-z0-9]+ ( ( "." | "_" | "__" | "-"+ ) [a-z0-9]+ )*
//   reference := tag | digest
//   tag       := [a-zA-Z0-9_] [a-zA-Z0-9._-]{0,127}
//   digest    := "sha256:" hex{64} | "sha512:" hex{128}          lower-case hex
//
// A name may have components like "blobs": the words of the API are looked for from the right.
#pragma once

#include "container/registry/problem.h"

namespace podo::registry {

struct Route {
  enum class What : std::uint8_t { base, catalog, tags, manifest, blob, uploads, upload, referrers };
  What what = What::base;
  std::string repository = {};  // fits the grammar
  std::string reference = {};   // a tag, a digest or an upload's id, as it came: not checked
};

// `path`: percent-encoded, as it came.
Answer<Route> find_route(std::string_view path);

bool is_repository_name(std::string_view name);
bool is_tag(std::string_view tag);
bool is_digest(std::string_view digest);

}  // namespace podo::registry
