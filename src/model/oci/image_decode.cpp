// Image documents from JSON (image-spec: image-index.md, manifest.md, config.md, descriptor.md).
#include "model/oci/decode_members.h"
#include "model/oci/image.h"

namespace podo::oci {
namespace {

// A digest names files and is compared with what was hashed: nothing else may pass.
struct Digest {
  std::string& to;
};
Result<> read(const Field& from, Digest& digest) {
  TRY(oci::read(from, digest.to));
  if (auto checked = check_digest(digest.to); !checked) return from.wrong(checked.error().message());
  return {};
}

template <class T, std::size_t Max>
struct Bounded {
  std::vector<T>& to;
};
template <class T, std::size_t Max>
Result<> read(const Field& from, Bounded<T, Max>& list) {
  if (from.size() > Max) return from.wrong(text("has {} entries, {} are allowed", from.size(), Max));
  return oci::read(from, list.to);
}

}  // namespace

static void members(Members& of, Platform& to) {
  of.may("os", to.os)
      .may("architecture", to.architecture)
      .may("variant", to.variant)
      .may("os.version", to.os_version);
}

static void members(Members& of, Descriptor& to) {
  Digest digest{to.digest};
  of.may("mediaType", to.media_type)
      .must("digest", digest)
      .must("size", to.size)
      .may("annotations", to.annotations)
      .may("platform", to.platform)
      .may("artifactType", to.artifact_type)
      .may("urls", to.urls);
}

static void members(Members& of, Index& to) {
  Bounded<Descriptor, index_entries_max> manifests{to.manifests};
  of.may("mediaType", to.media_type).must("manifests", manifests).may("annotations", to.annotations);
}

static void members(Members& of, Manifest& to) {
  Bounded<Descriptor, layers_max> layers{to.layers};
  of.may("mediaType", to.media_type)
      .must("config", to.config)
      .must("layers", layers)
      .may("annotations", to.annotations);
}

static void members(Members& of, HealthCheck& to) {
  of.may("Test", to.test)
      .may("Interval", to.interval_ns)
      .may("Timeout", to.timeout_ns)
      .may("StartPeriod", to.start_period_ns)
      .may("StartInterval", to.start_interval_ns)
      .may("Retries", to.retries);
}

static void members(Members& of, HistoryEntry& to) {
  of.may("created", to.created)
      .may("created_by", to.created_by)
      .may("author", to.author)
      .may("comment", to.comment)
      .may("empty_layer", to.empty_layer);
}

namespace {

// The member "config": what a container made of the image begins with.
struct Defaults {
  ImageConfig& of_image;
};
void members(Members& of, Defaults& defaults) {
  ImageConfig& to = defaults.of_image;
  of.may("User", to.user)
      .may("ExposedPorts", to.exposed_ports)
      .may("Env", to.env)
      .may("Entrypoint", to.entrypoint)
      .may("Cmd", to.cmd)
      .may("Volumes", to.volumes)
      .may("WorkingDir", to.working_dir)
      .may("Labels", to.labels)
      .may("StopSignal", to.stop_signal)
      .may("ArgsEscaped", to.args_escaped)
      .may("Healthcheck", to.healthcheck)
      .may("OnBuild", to.on_build)
      .may("Shell", to.shell);
}

Result<> check_version(const Field& root) {
  const std::uint64_t version = TRY(root["schemaVersion"].uint64_or(2));
  if (version == 1 || root["fsLayers"])
    return unsupported(
        "Docker image manifest version 2, schema 1 is not supported: convert the image with a newer tool");
  if (version != 2) return root["schemaVersion"].wrong(text("expected 2, got {}", version));
  return {};
}

}  // namespace

static void members(Members& of, ImageConfig& to) {
  Defaults defaults{to};
  of.may("created", to.created)
      .may("author", to.author)
      .may("architecture", to.architecture)
      .may("os", to.os)
      .may("os.version", to.os_version)
      .may("variant", to.variant)
      .may("config", defaults)
      .may("rootfs", "diff_ids", to.diff_ids)
      .may("history", to.history);
}

Result<Index> decode_index(const json::Document& document) {
  const Field root(document);
  TRY(root.object());
  TRY(check_version(root));
  if (root["config"] || root["layers"]) return invalid("the index has members of a manifest");
  Index index;
  TRY(read(root, index));
  if (index.media_type.empty()) index.media_type = media_type::index;
  return index;
}

Result<Manifest> decode_manifest(const json::Document& document) {
  const Field root(document);
  TRY(root.object());
  TRY(check_version(root));
  if (root["manifests"]) return invalid("the manifest has members of an index");
  Manifest manifest;
  TRY(read(root, manifest));
  if (manifest.media_type.empty()) manifest.media_type = media_type::manifest;
  return manifest;
}

Result<ImageConfig> decode_image_config(const json::Document& document) {
  ImageConfig config;
  const Field root(document);
  TRY(read(root, config));
  if (config.diff_ids.size() > layers_max)
    return root["rootfs"]["diff_ids"].wrong(
        text("has {} entries, {} are allowed", config.diff_ids.size(), layers_max));
  for (std::size_t i = 0; i < config.diff_ids.size(); ++i) {
    if (auto checked = check_digest(config.diff_ids[i]); !checked)
      return root["rootfs"]["diff_ids"][i].wrong(checked.error().message());
  }
  return config;
}

}  // namespace podo::oci
