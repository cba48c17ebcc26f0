// The documents of an image (image-spec 1.1; Docker image manifest v2 schema 2 reads as the same values):
// index, manifest, config. Their digests are over bytes, so whoever keeps one keeps the bytes too.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/format/json_field.h"
#include "base/format/json_writer.h"

namespace podo::oci {

namespace media_type {
inline constexpr std::string_view index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view docker_schema1 = "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view docker_schema1_signed =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";

constexpr bool is_index(std::string_view type) { return type == index || type == docker_list; }
constexpr bool is_manifest(std::string_view type) { return type == manifest || type == docker_manifest; }
}  // namespace media_type

// Whoever reads documents from outside keeps to these; decoding refuses more layers or manifests.
inline constexpr std::size_t manifest_bytes_max = 4u << 20;  // of an index too
inline constexpr std::size_t config_bytes_max = 8u << 20;
inline constexpr std::size_t layers_max = 512;
inline constexpr std::size_t index_entries_max = 4096;

struct Platform {
  std::string os = {}, architecture = {}, variant = {}, os_version = {};
  static Result<Platform> parse(std::string_view text);  // "linux/arm64/v8"
  static Platform own();                                 // of this machine
  std::string to_text() const;
  // How well an image for `other` runs here: 0 not at all, more is better (arm takes lesser variants too).
  int suits(const Platform& other) const;
};

struct Descriptor {
  std::string media_type, digest;
  std::uint64_t size = 0;
  std::map<std::string, std::string> annotations = {};
  std::optional<Platform> platform = {};
  std::string artifact_type = {};
  std::vector<std::string> urls = {};
};

struct Index {
  std::string media_type;
  std::vector<Descriptor> manifests;
  std::map<std::string, std::string> annotations;
};

struct Manifest {
  std::string media_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  std::map<std::string, std::string> annotations;
};

struct HealthCheck {
  std::vector<std::string> test;
  std::int64_t interval_ns = 0, timeout_ns = 0, start_period_ns = 0, start_interval_ns = 0, retries = 0;
};

struct HistoryEntry {
  std::string created, created_by, author, comment;
  bool empty_layer = false;
};

// The members of "config" and what surrounds them.
struct ImageConfig {
  std::string created, author, architecture, os, os_version, variant;
  std::string user, working_dir, stop_signal;
  std::map<std::string, bool> exposed_ports, volumes;
  std::vector<std::string> env, entrypoint, cmd, on_build, shell;
  std::map<std::string, std::string> labels;
  std::optional<HealthCheck> healthcheck;  // Docker's
  bool args_escaped = false;
  std::vector<std::string> diff_ids;
  std::vector<HistoryEntry> history;
};

// Null counts as absent, unknown members are ignored; every digest is checked. A document that could be read
// as an index and as a manifest is refused as either; Docker's schema 1 is Unsupported. Without a "mediaType"
// it is taken for OCI's.
Result<Index> decode_index(const json::Document& document);
Result<Manifest> decode_manifest(const json::Document& document);
Result<ImageConfig> decode_image_config(const json::Document& document);
// One spelling a value: compact, members in the order of the specification, nothing that is empty.
std::string encode_index(const Index& index);
std::string encode_manifest(const Manifest& manifest);
std::string encode_image_config(const ImageConfig& config);

// "sha256:" and 64 lower-case hex digits (also sha512 and 128); Invalid otherwise.
Result<> check_digest(std::string_view digest);

// A name of an image as people type it, made complete:
//
//   reference := [ domain '/' ] path [ ':' tag ] [ '@' digest ]
//
// "busybox" is docker.io/library/busybox:latest. The first part is a domain when it has a '.' or ':', or is
// "localhost", or has upper-case letters.
struct Reference {
  std::string domain, path, tag, digest;                  // tag "latest" when neither was given
  static Result<Reference> parse(std::string_view text);  // Invalid: "invalid reference format"
  std::string name() const { return domain + "/" + path; }
  std::string to_text() const;        // complete: docker.io/library/busybox:latest
  std::string familiar() const;       // as people see it: busybox:latest
  std::string familiar_name() const;  // busybox
};

}  // namespace podo::oci
