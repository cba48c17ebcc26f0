#include "cluster/apiserver/published.h"

#include "base/core/text.h"
#include "model/openapi/openapi.h"

namespace podo::apiserver {
namespace {

Published::Document document(std::string text) {
  std::string etag = podo::text("\"{}\"", openapi::hash_of(text));
  return {std::move(text), std::move(etag)};
}

// The same document of the version before, for clients that know no other.
std::string as_beta(std::string text) {
  constexpr std::string_view now = "apidiscovery.k8s.io/v2\"", before = "apidiscovery.k8s.io/v2beta1\"";
  if (const std::size_t at = text.find(now); at != std::string::npos) text.replace(at, now.size(), before);
  return text;
}

}  // namespace

const Published::Document& Published::groups() {
  Document& kept = made_["/apis"];
  if (kept.text.empty()) kept = document(openapi::api_group_list(schema_));
  return kept;
}

const Published::Document* Published::group(const std::string& name) {
  if (name.empty()) return nullptr;
  const auto known = made_.find("/apis/" + name);
  if (known != made_.end()) return &known->second;
  std::string text = openapi::api_group(schema_, name);
  if (text.empty()) return nullptr;
  return &made_.emplace("/apis/" + name, document(std::move(text))).first->second;
}

const schema::GroupVersion* Published::find(std::string_view group_version) const {
  for (const schema::GroupVersion& known : schema_.group_versions())
    if (known.served && known.api_version == group_version && !known.resources.empty()) return &known;
  return nullptr;
}

const Published::Document* Published::resources(const std::string& group_version) {
  const schema::GroupVersion* found = find(group_version);
  if (found == nullptr) return nullptr;
  Document& kept = made_["resources " + group_version];
  if (kept.text.empty()) kept = document(openapi::api_resource_list(*found));
  return &kept;
}

const Published::Document& Published::aggregated(bool core, std::string_view version) {
  Document& kept = made_[podo::text("aggregated {} {}", core, version)];
  if (!kept.text.empty()) return kept;
  std::string text = openapi::aggregated(schema_, core);
  return kept = document(version == "v2beta1" ? as_beta(std::move(text)) : std::move(text));
}

const Published::Document& Published::openapi_v2() {
  Document& kept = made_["/openapi/v2"];
  if (kept.text.empty()) kept = document(openapi::v2_json(schema_));
  return kept;
}

const Published::Document& Published::openapi_v2_protobuf() {
  Document& kept = made_["/openapi/v2 protobuf"];
  if (kept.text.empty()) kept = document(openapi::v2_protobuf(openapi_v2().text));
  return kept;
}

const Published::Document& Published::openapi_v3_index() {
  Document& kept = made_["/openapi/v3"];
  if (kept.text.empty()) kept = document(openapi::v3_index(schema_));
  return kept;
}

const Published::Document* Published::openapi_v3(const std::string& group_version) {
  const schema::GroupVersion* found = find(group_version);
  if (found == nullptr) return nullptr;
  Document& kept = made_["/openapi/v3/" + group_version];
  if (kept.text.empty()) kept = document(openapi::v3_json(schema_, *found));
  return &kept;
}

}  // namespace podo::apiserver
