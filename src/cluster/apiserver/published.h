// What the server tells of itself: discovery and OpenAPI, as texts that are made when somebody first asks and
// then kept, with their ETags. Lives on the API's loop.
#pragma once

#include <map>
#include <string>

#include "model/schema/schema.h"

namespace podo::apiserver {

class Published {
 public:
  explicit Published(const schema::Schema& schema) : schema_(schema) {}
  struct Document {
    std::string text, etag;  // etag: in quotes
  };
  const Document& groups();                                         // /apis
  const Document* group(const std::string& name);                   // /apis/GROUP; null: there is none
  const Document* resources(const std::string& group_version);      // "v1", "apps/v1"
  const Document& aggregated(bool core, std::string_view version);  // of apidiscovery.k8s.io: "v2", "v2beta1"
  const Document& openapi_v2();
  const Document& openapi_v2_protobuf();
  const Document& openapi_v3_index();
  const Document* openapi_v3(const std::string& group_version);
  // Of what lies under /apis/...: whether the path could be one of discovery at all.
  const schema::GroupVersion* find(std::string_view group_version) const;

 private:
  const schema::Schema& schema_;
  std::map<std::string, Document> made_;
};

}  // namespace podo::apiserver
