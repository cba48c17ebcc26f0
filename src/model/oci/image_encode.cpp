// Image documents as JSON: members in the order of the specification's own structures, nothing empty.
#include "model/oci/image.h"

namespace podo::oci {
namespace {

using json::Writer;
using Strings = std::vector<std::string>;

void member(Writer& out, std::string_view key, std::string_view value) {
  if (!value.empty()) out.key(key).string(value);
}
void member(Writer& out, std::string_view key, std::int64_t value) {
  if (value != 0) out.key(key).number(value);
}
void member(Writer& out, std::string_view key, const Strings& values) {
  if (values.empty()) return;
  out.key(key).array();
  for (const auto& value : values) out.string(value);
  out.end();
}
void member(Writer& out, std::string_view key, const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  out.key(key).object();
  for (const auto& [name, value] : values) out.key(name).string(value);
  out.end();
}
void member(Writer& out, std::string_view key, const std::map<std::string, bool>& names) {
  if (names.empty()) return;
  out.key(key).object();
  for (const auto& entry : names) out.key(entry.first).object().end();
  out.end();
}

void value(Writer& out, const Platform& platform) {
  out.object().key("architecture").string(platform.architecture).key("os").string(platform.os);
  member(out, "os.version", platform.os_version);
  member(out, "variant", platform.variant);
  out.end();
}

void value(Writer& out, const Descriptor& descriptor) {
  out.object().key("mediaType").string(descriptor.media_type);
  out.key("digest").string(descriptor.digest).key("size").number(descriptor.size);
  member(out, "urls", descriptor.urls);
  member(out, "annotations", descriptor.annotations);
  if (descriptor.platform) value(out.key("platform"), *descriptor.platform);
  member(out, "artifactType", descriptor.artifact_type);
  out.end();
}

void values(Writer& out, std::string_view key, const std::vector<Descriptor>& descriptors) {
  out.key(key).array();
  for (const auto& descriptor : descriptors) value(out, descriptor);
  out.end();
}

void begin(Writer& out, std::string_view media_type) {
  out.object().key("schemaVersion").number(2);
  member(out, "mediaType", media_type);
}

void value(Writer& out, const HealthCheck& check) {
  out.object();
  member(out, "Test", check.test);
  member(out, "Interval", check.interval_ns);
  member(out, "Timeout", check.timeout_ns);
  member(out, "StartPeriod", check.start_period_ns);
  member(out, "StartInterval", check.start_interval_ns);
  member(out, "Retries", check.retries);
  out.end();
}

void value(Writer& out, const HistoryEntry& entry) {
  out.object();
  member(out, "created", entry.created);
  member(out, "created_by", entry.created_by);
  member(out, "author", entry.author);
  member(out, "comment", entry.comment);
  if (entry.empty_layer) out.key("empty_layer").boolean(true);
  out.end();
}

void defaults(Writer& out, const ImageConfig& config) {
  out.key("config").object();
  member(out, "User", config.user);
  member(out, "ExposedPorts", config.exposed_ports);
  member(out, "Env", config.env);
  member(out, "Entrypoint", config.entrypoint);
  member(out, "Cmd", config.cmd);
  if (config.healthcheck) value(out.key("Healthcheck"), *config.healthcheck);
  member(out, "Volumes", config.volumes);
  member(out, "WorkingDir", config.working_dir);
  member(out, "OnBuild", config.on_build);
  member(out, "Labels", config.labels);
  member(out, "StopSignal", config.stop_signal);
  if (config.args_escaped) out.key("ArgsEscaped").boolean(true);
  member(out, "Shell", config.shell);
  out.end();
}

}  // namespace

std::string encode_index(const Index& index) {
  Writer out;
  begin(out, index.media_type);
  values(out, "manifests", index.manifests);
  member(out, "annotations", index.annotations);
  return out.end().take();
}

std::string encode_manifest(const Manifest& manifest) {
  Writer out;
  begin(out, manifest.media_type);
  value(out.key("config"), manifest.config);
  values(out, "layers", manifest.layers);
  member(out, "annotations", manifest.annotations);
  return out.end().take();
}

std::string encode_image_config(const ImageConfig& config) {
  Writer out;
  out.object();
  member(out, "created", config.created);
  member(out, "author", config.author);
  out.key("architecture").string(config.architecture).key("os").string(config.os);
  member(out, "os.version", config.os_version);
  member(out, "variant", config.variant);
  defaults(out, config);
  out.key("rootfs").object().key("type").string("layers").key("diff_ids").array();
  for (const auto& diff_id : config.diff_ids) out.string(diff_id);
  out.end().end();
  if (!config.history.empty()) {
    out.key("history").array();
    for (const auto& entry : config.history) value(out, entry);
    out.end();
  }
  return out.end().take();
}

}  // namespace podo::oci
