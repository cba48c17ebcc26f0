#include "container/builder/cache_records.h"

namespace podo::builder {

void write_step(json::Writer& out, const CachedStep& step) {
  out.key("parent").string(step.parent_chain_id).key("chain").string(step.chain_id);
  out.key("diff").string(step.diff_id).key("bytes").number(step.bytes).key("what").string(step.what);
  out.key("created").number(step.created.ns);
}

Result<CachedStep> read_step(const json::Field& object) {
  CachedStep step;
  step.parent_chain_id = TRY(object["parent"].string_or(""));
  step.chain_id = TRY(object["chain"].string_or(""));
  step.diff_id = TRY(object["diff"].string_or(""));
  step.bytes = TRY(object["bytes"].uint64());
  step.what = TRY(object["what"].string_or(""));
  step.created.ns = TRY(object["created"].int64_or(0));
  return step;
}

std::string encode(const StepRecord& record) {
  json::Writer out;
  write_step(out.object(), record.step);
  out.key("used").number(record.used.ns).key("uses").number(record.uses);
  return out.end().take();
}

std::string encode(const MountRecord& record) {
  json::Writer out;
  out.object().key("id").string(record.id).key("created").number(record.created.ns);
  out.key("used").number(record.used.ns).key("uses").number(record.uses).key("bytes").number(record.bytes);
  return out.end().take();
}

Result<StepRecord> decode_step(std::string_view text) {
  const json::Document document = TRY(json::parse(std::string(text)));
  const json::Field root(document);
  return StepRecord{TRY(read_step(root)), {TRY(root["used"].int64_or(0))}, TRY(root["uses"].uint64_or(0))};
}

Result<MountRecord> decode_mount(std::string_view text) {
  const json::Document document = TRY(json::parse(std::string(text)));
  const json::Field root(document);
  MountRecord record;
  record.id = TRY(root["id"].string());
  record.created.ns = TRY(root["created"].int64_or(0));
  record.used.ns = TRY(root["used"].int64_or(0));
  record.uses = TRY(root["uses"].uint64_or(0));
  record.bytes = TRY(root["bytes"].uint64_or(0));
  return record;
}

}  // namespace podo::builder
