#include "container/registry/problem.h"

#include "base/core/text.h"
#include "base/format/json_writer.h"

namespace podo::registry {
namespace {

std::string member(std::string_view key, std::string_view value) {
  return json::Writer().object().key(key).string(value).end().take();
}

std::string quoted(std::string_view words) { return json::Writer().string(words).take(); }

}  // namespace

std::string to_json(const Problem& problem) {
  json::Writer out;
  out.object().key("errors").array().object();
  out.key("code").string(problem.code).key("message").string(problem.message);
  if (!problem.detail.empty()) out.key("detail").raw(problem.detail);
  return out.end().end().end().take() + "\n";
}

Problem blob_unknown(std::string_view digest) {
  return {404, "BLOB_UNKNOWN", "blob unknown to registry", member("digest", digest)};
}
Problem upload_unknown(std::string_view id) {
  return {404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", member("uuid", id)};
}
Problem digest_invalid(std::string_view why) {
  return {400, "DIGEST_INVALID", "provided digest did not match uploaded content", quoted(why)};
}
Problem size_invalid(std::string_view why) {
  return {400, "SIZE_INVALID", "provided length did not match content length", quoted(why)};
}
Problem range_invalid(std::string_view why) {
  return {416, "RANGE_INVALID", "invalid content range", quoted(why)};
}
Problem manifest_unknown(std::string_view repository, std::string_view reference) {
  return {404, "MANIFEST_UNKNOWN", "manifest unknown",
          quoted(text("unknown {} of {}", reference.contains(':') ? "revision" : "tag", repository) + ": " +
                 std::string(reference))};
}
Problem manifest_invalid(std::string_view why) {
  return {400, "MANIFEST_INVALID", "manifest invalid", quoted(why)};
}
Problem manifest_too_large(std::uint64_t bytes_max) {
  return {413, "SIZE_INVALID", text("a manifest has {} bytes at most", bytes_max)};
}
Problem manifest_blob_unknown(std::string_view digest) {
  return {400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", member("digest", digest)};
}
Problem name_invalid(std::string_view name) {
  return {400, "NAME_INVALID", "invalid repository name", member("name", name)};
}
Problem name_unknown(std::string_view name) {
  return {404, "NAME_UNKNOWN", "repository name not known to registry", member("name", name)};
}
Problem tag_invalid(std::string_view tag) {
  return {400, "TAG_INVALID", "manifest tag did not match URI", member("tag", tag)};
}
Problem number_invalid(std::string_view text) {
  return {400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested", member("n", text)};
}
Problem no_such_page() { return {404, "NOT_FOUND", "there is nothing at this path"}; }
Problem not_supported(std::string_view why) {
  return {405, "UNSUPPORTED", "The operation is unsupported.", quoted(why)};
}

}  // namespace podo::registry
