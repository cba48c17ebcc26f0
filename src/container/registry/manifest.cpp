#include "container/registry/manifest.h"

#include "base/format/json.h"
#include "model/oci/image.h"

namespace podo::registry {
namespace {

namespace media_type = oci::media_type;

bool is_document(std::string_view type) {
  return media_type::is_index(type) || media_type::is_manifest(type);
}

// What the client says it is, and what it says itself, must be the same; one of them is enough.
Result<std::string> type_of(const json::Field& root, std::string_view content_type) {
  const std::string_view said = bare_media_type(content_type), inside = TRY(root["mediaType"].string_or(""));
  const bool says_nothing = said.empty() || said == "application/json" || said == "application/octet-stream";
  if (!says_nothing && !inside.empty() && said != inside)
    return invalid("the Content-Type is {}, the mediaType {}", said, inside);
  const std::string_view type = !inside.empty() ? inside : says_nothing ? std::string_view() : said;
  if (type.empty()) return std::string(root["manifests"] ? media_type::index : media_type::manifest);
  if (!is_document(type)) return invalid("unsupported manifest media type {}", type);
  return std::string(type);
}

bool may_be_elsewhere(const oci::Descriptor& layer) {
  const std::string_view type = layer.media_type;
  return !layer.urls.empty() || type.contains(".nondistributable.") || type.contains(".foreign.");
}

Result<> read_manifest(const json::Document& document, PushedManifest& pushed) {
  const oci::Manifest manifest = TRY(oci::decode_manifest(document));
  pushed.blobs.push_back(manifest.config.digest);
  for (const auto& layer : manifest.layers)
    (may_be_elsewhere(layer) ? pushed.foreign : pushed.blobs).push_back(layer.digest);
  pushed.annotations = manifest.annotations;
  if (pushed.artifact_type.empty()) pushed.artifact_type = manifest.config.media_type;
  return {};
}

Result<> read_index(const json::Document& document, PushedManifest& pushed) {
  const oci::Index index = TRY(oci::decode_index(document));
  for (const auto& entry : index.manifests) {
    const bool other = !entry.media_type.empty() && !is_document(entry.media_type);
    (other ? pushed.blobs : pushed.manifests).push_back(entry.digest);
  }
  pushed.annotations = index.annotations;
  return {};
}

}  // namespace

std::string_view bare_media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type;
}

Result<PushedManifest> read_pushed(std::string bytes, std::string_view content_type) {
  const json::Document document = TRY(json::parse(std::move(bytes)));
  const json::Field root(document);
  TRY(root.object());
  PushedManifest pushed;
  pushed.media_type = TRY(type_of(root, content_type));
  pushed.artifact_type = TRY(root["artifactType"].string_or(""));
  if (root["subject"]) {
    pushed.subject = TRY(root["subject"]["digest"].string());
    TRY_IN("subject", oci::check_digest(pushed.subject));
  }
  const bool index = media_type::is_index(pushed.media_type);
  TRY(index ? read_index(document, pushed) : read_manifest(document, pushed));
  return pushed;
}

}  // namespace podo::registry
