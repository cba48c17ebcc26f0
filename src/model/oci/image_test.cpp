#include "model/oci/image.h"

#include <doctest/doctest.h>

#include "base/core/text.h"
#include "base/format/json.h"

namespace podo::oci {
namespace {

const std::string digest_a = "sha256:" + std::string(64, 'a');
const std::string digest_b = "sha256:" + std::string(64, 'b');

Result<Index> index_of(std::string text) { return decode_index(TRY(json::parse(std::move(text)))); }
Result<Manifest> manifest_of(std::string text) { return decode_manifest(TRY(json::parse(std::move(text)))); }
Result<ImageConfig> config_of(std::string text) {
  return decode_image_config(TRY(json::parse(std::move(text))));
}
std::string problem(const auto& result) { return result ? "none" : result.error().message(); }

std::string manifest_text(std::string_view layers) {
  return text(R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"{}","size":7}},)"
              R"("layers":[{}]}})",
              media_type::docker_manifest, media_type::docker_config, digest_a, layers);
}
std::string layer_text(std::string_view digest) {
  return text(R"({{"mediaType":"{}","digest":"{}","size":12}})", media_type::docker_layer, digest);
}

}  // namespace

TEST_CASE("an index is written as it was read") {
  const std::string written = text(
      R"({{"schemaVersion":2,"mediaType":"{}","manifests":[)"
      R"({{"mediaType":"{}","digest":"{}","size":5,)"
      R"("annotations":{{"a":"b"}},"platform":{{"architecture":"arm64","os":"linux","variant":"v8"}}}}],)"
      R"("annotations":{{"k":"v"}}}})",
      media_type::index, media_type::manifest, digest_a);
  const auto index = index_of(written);
  REQUIRE(problem(index) == "none");
  CHECK(index->manifests.at(0).platform->variant == "v8");
  CHECK(index->manifests[0].size == 5);
  CHECK(encode_index(*index) == written);
}

TEST_CASE("Docker's manifest reads as the same values") {
  const std::string written = manifest_text(layer_text(digest_b));
  const auto manifest = manifest_of(written);
  REQUIRE(problem(manifest) == "none");
  CHECK(manifest->config.digest == digest_a);
  CHECK(manifest->layers.at(0).size == 12);
  CHECK(encode_manifest(*manifest) == written);
}

TEST_CASE("a document without a media type is OCI's") {
  CHECK(index_of(R"({"schemaVersion":2,"manifests":[]})")->media_type == media_type::index);
  const auto manifest = manifest_of(
      text(R"({{"schemaVersion":2,"config":{},"layers":[],"annotations":null}})", layer_text(digest_a)));
  CHECK(manifest.value().media_type == media_type::manifest);
}

TEST_CASE("a document that could be read in two ways is refused") {
  CHECK(!index_of(R"({"schemaVersion":2,"manifests":[],"layers":[]})"));
  CHECK(!manifest_of(text(R"({{"manifests":[],"config":{},"layers":[]}})", layer_text(digest_a))));
}

TEST_CASE("schema 1 is unsupported") {
  CHECK(manifest_of(R"({"schemaVersion":1,"name":"a","fsLayers":[]})").error().kind() ==
        ErrorKind::unsupported);
  CHECK(manifest_of(R"({"fsLayers":[]})").error().kind() == ErrorKind::unsupported);
  CHECK(manifest_of(R"({"schemaVersion":3})").error().kind() == ErrorKind::invalid);
}

TEST_CASE("what a manifest claims is checked, and told with its place") {
  CHECK(problem(manifest_of(manifest_text(layer_text("sha256:../../etc/passwd")))) ==
        "layers[0].digest: invalid checksum digest length");
  CHECK(problem(manifest_of(R"({"schemaVersion":2})")) == "config: is required");
  CHECK(problem(manifest_of(manifest_text(R"({"digest":"x"})"))) ==
        "layers[0].digest: invalid checksum digest format");
  CHECK(!manifest_of(manifest_text(text(R"({{"digest":"{}","size":-1}})", digest_a))));
  CHECK(!manifest_of("[]"));
  std::string layers = layer_text(digest_b);
  for (std::size_t i = 1; i < layers_max; ++i) layers += "," + layer_text(digest_b);
  CHECK(manifest_of(manifest_text(layers)).has_value());
  CHECK(problem(manifest_of(manifest_text(layers + "," + layer_text(digest_b)))) ==
        "layers: has 513 entries, 512 are allowed");
}

TEST_CASE("an image's config is written as it was read") {
  const std::string written =
      text(R"({{"created":"2026-01-02T03:04:05Z","author":"a","architecture":"amd64","os":"linux",)"
           R"("config":{{"User":"1:2","ExposedPorts":{{"80/tcp":{{}}}},)"
           R"("Env":["PATH=/bin"],"Entrypoint":["/e"],"Cmd":["c"],)"
           R"("Healthcheck":{{"Test":["CMD","x"],)"
           R"("Interval":1000000000,"Retries":3}},)"
           R"("Volumes":{{"/v":{{}}}},)"
           R"("WorkingDir":"/w","OnBuild":["RUN x"],)"
           R"("Labels":{{"l":"m"}},"StopSignal":"SIGINT","Shell":["/bin/sh","-c"]}},)"
           R"("rootfs":{{"type":"layers","diff_ids":["{}"]}},)"
           R"("history":[{{"created":"2026-01-02T03:04:05Z","created_by":"ADD","comment":"c"}},)"
           R"({{"empty_layer":true}}]}})",
           digest_a);
  const auto config = config_of(written);
  REQUIRE(problem(config) == "none");
  CHECK(config->exposed_ports.contains("80/tcp"));
  CHECK(config->healthcheck->interval_ns == 1'000'000'000);
  CHECK(config->history.at(1).empty_layer);
  CHECK(encode_image_config(*config) == written);
}

TEST_CASE("a config's odd corners are read as everybody does") {
  const auto config = config_of(
      R"({"architecture":"amd64","os":"linux","config":{"Env":null,"Cmd":null,"Labels":{"a":null},
          "Volumes":null,
          "ExposedPorts":{"80/tcp":null},"Unknown":1},"container_config":{},"rootfs":{"type":"layers"}})");
  REQUIRE(problem(config) == "none");
  CHECK(config->cmd.empty());
  CHECK(config->labels.at("a").empty());
  CHECK(config->exposed_ports.contains("80/tcp"));
  CHECK(config_of("{}").has_value());
  CHECK(problem(config_of(R"({"rootfs":{"diff_ids":["sha256:x"]}})")) ==
        "rootfs.diff_ids[0]: invalid checksum digest length");
  CHECK(!config_of(R"({"config":{"User":"a\u0000b"}})"));
}

}  // namespace podo::oci
