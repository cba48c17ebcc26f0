// Manifests as the store keeps them.
#include "base/format/json.h"
#include "base/format/json_writer.h"
#include "container/registry/catalog.h"

namespace podo::registry {
namespace {

void write_list(json::Writer& out, std::string_view key, const std::vector<std::string>& list) {
  if (list.empty()) return;
  out.key(key).array();
  for (const std::string& one : list) out.string(one);
  out.end();
}

Result<std::vector<std::string>> read_list(const json::Field& field) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < field.size(); ++i) list.emplace_back(TRY(field[i].string()));
  return list;
}

}  // namespace

std::string encode(const ManifestRecord& record) {
  json::Writer out;
  out.object().key("type").string(record.type).key("size").number(record.size);
  write_list(out, "blobs", record.blobs);
  write_list(out, "manifests", record.manifests);
  if (!record.subject.empty()) {
    out.key("subject").string(record.subject);
    if (!record.artifact_type.empty()) out.key("artifactType").string(record.artifact_type);
    if (!record.annotations.empty()) {
      out.key("annotations").object();
      for (const auto& [key, value] : record.annotations) out.key(key).string(value);
      out.end();
    }
  }
  return out.end().take();
}

Result<ManifestRecord> decode_manifest_record(std::string_view text) {
  const json::Document document = TRY(json::parse(std::string(text)));
  const json::Field root(document);
  ManifestRecord record;
  record.type = TRY(root["type"].string());
  record.size = TRY(root["size"].uint64());
  record.blobs = TRY(read_list(root["blobs"]));
  record.manifests = TRY(read_list(root["manifests"]));
  record.subject = TRY(root["subject"].string_or(""));
  record.artifact_type = TRY(root["artifactType"].string_or(""));
  if (root["annotations"])
    for (const auto [key, value] : root["annotations"].value().members())
      if (value.is(json::Kind::string)) record.annotations[std::string(key)] = value.string();
  return record;
}

}  // namespace podo::registry
