#include "container/image/records.h"

#include "base/format/json_field.h"
#include "base/format/json_writer.h"

namespace podo::image {

std::string encode(const BlobRecord& record) {
  json::Writer out;
  out.object().key("size").number(record.size);
  if (!record.boot.empty()) out.key("boot").string(record.boot);
  return out.end().take();
}

std::string encode(const LayerRecord& record) {
  json::Writer out;
  out.object().key("diffId").string(record.diff_id);
  if (!record.parent.empty()) out.key("parent").string(record.parent);
  if (!record.blob.empty()) out.key("blob").string(record.blob);
  out.key("bytes").number(record.bytes);
  if (!record.boot.empty()) out.key("boot").string(record.boot);
  return out.end().take();
}

std::string encode(const ConfigRecord& record) {
  json::Writer out;
  out.object().key("manifest").string(record.manifest_digest);
  if (!record.parent_id.empty()) out.key("parent").string(record.parent_id);
  return out.key("tagged").number(record.tagged_ns).end().take();
}

std::string encode(const SnapshotRecord& record) {
  json::Writer out;
  out.object().key("image").string(record.image_id).key("chain").array();
  for (const std::string& id : record.chain_ids) out.string(id);
  out.end();
  if (record.copy) out.key("copy").boolean(true);
  if (record.scratch) out.key("scratch").boolean(true);
  if (record.stubs) out.key("stubs").boolean(true);
  return out.end().take();
}

std::string encode_reference(std::string_view image_id) {
  return json::Writer().object().key("image").string(image_id).end().take();
}

Result<BlobRecord> decode_blob(std::string_view text) {
  json::Document document = TRY(json::parse(std::string(text)));
  json::Field root(document);
  return BlobRecord{TRY(root["size"].uint64()), std::string(TRY(root["boot"].string_or("")))};
}

Result<LayerRecord> decode_layer(std::string_view text) {
  json::Document document = TRY(json::parse(std::string(text)));
  json::Field root(document);
  return LayerRecord{std::string(TRY(root["diffId"].string())), TRY(root["bytes"].uint64()),
                     std::string(TRY(root["boot"].string_or(""))),
                     std::string(TRY(root["parent"].string_or(""))),
                     std::string(TRY(root["blob"].string_or("")))};
}

Result<ConfigRecord> decode_config(std::string_view text) {
  json::Document document = TRY(json::parse(std::string(text)));
  json::Field root(document);
  return ConfigRecord{std::string(TRY(root["manifest"].string())),
                      std::string(TRY(root["parent"].string_or(""))), TRY(root["tagged"].int64_or(0))};
}

Result<SnapshotRecord> decode_snapshot(std::string_view text) {
  json::Document document = TRY(json::parse(std::string(text)));
  json::Field root(document);
  SnapshotRecord record{
      std::string(TRY(root["image"].string())), {},    TRY(root["copy"].boolean_or(false)),
      TRY(root["scratch"].boolean_or(false)),   false, TRY(root["stubs"].boolean_or(false))};
  for (std::size_t i = 0; i < root["chain"].size(); ++i)
    record.chain_ids.emplace_back(TRY(root["chain"][i].string()));
  return record;
}

Result<std::string> decode_reference(std::string_view text) {
  json::Document document = TRY(json::parse(std::string(text)));
  return std::string(TRY(json::Field(document)["image"].string()));
}

}  // namespace podo::image
