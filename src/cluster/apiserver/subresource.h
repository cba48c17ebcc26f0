// Subresources that are a part of their object: what is shown of it (the object itself, or its Scale), and
// how a part that was sent goes back into the whole.
#pragma once

#include "cluster/apiserver/write.h"

namespace podo::apiserver {

bool is_scale(const Request& request);
// What GET shows and patches begin with.
Result<json::Tree> view_of(const Request& request, const json::Item& object);
// JSON of the whole object (its version is the request's) as the request wants to see it.
Result<std::string> view_json(const Request& request, std::string object_json);

// `current` with the part of `view`, and how it is to be saved.
struct Whole {
  json::Tree object;
  How how;
};
Result<Whole> with_part(Request& request, json::Tree view, const Current& current);

}  // namespace podo::apiserver
