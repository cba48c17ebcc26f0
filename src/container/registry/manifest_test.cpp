#include "container/registry/manifest.h"

#include <doctest/doctest.h>

#include "base/core/text.h"
#include "model/oci/image.h"

namespace podo::registry {

namespace media_type = oci::media_type;

static std::string digest(char c) { return "sha256:" + std::string(64, c); }
static std::string descriptor(char c, std::string_view type, std::string_view more = "") {
  return text("{{\"mediaType\":\"{}\",\"digest\":\"{}\",\"size\":1{}}}", type, digest(c), more);
}
static std::string manifest(std::string_view more = "") {
  return text("{{\"schemaVersion\":2,\"config\":{},\"layers\":[{},{}]{}}}", descriptor('c', "application/c"),
              descriptor('1', media_type::layer_gzip), descriptor('2', media_type::layer_gzip), more);
}

TEST_CASE("a manifest is said to need its config and its layers") {
  const auto pushed = read_pushed(manifest(), media_type::manifest);
  REQUIRE_MESSAGE(pushed.has_value(), pushed.error().message());
  CHECK_EQ(pushed->media_type, media_type::manifest);
  CHECK_EQ(pushed->blobs, std::vector{digest('c'), digest('1'), digest('2')});
  CHECK(pushed->manifests.empty());
  CHECK(pushed->subject.empty());
}

TEST_CASE("layers that may be elsewhere are not needed") {
  const std::string text = podo::text(
      "{{\"schemaVersion\":2,\"config\":{},\"layers\":[{},{}]}}", descriptor('c', media_type::config),
      descriptor('1', media_type::layer_gzip, ",\"urls\":[\"https://example.com\"]"),
      descriptor('2', "application/vnd.oci.image.layer.nondistributable.v1.tar"));
  const auto pushed = read_pushed(text, "");
  REQUIRE(pushed.has_value());
  CHECK_EQ(pushed->blobs, std::vector{digest('c')});
  CHECK_EQ(pushed->foreign, std::vector{digest('1'), digest('2')});
}

TEST_CASE("the type is the client's word or the document's, and both are one") {
  CHECK_EQ(read_pushed(manifest(), std::string(media_type::docker_manifest) + "; charset=utf-8")->media_type,
           media_type::docker_manifest);
  CHECK_EQ(read_pushed(manifest(), "application/json")->media_type, media_type::manifest);
  CHECK_EQ(read_pushed("{\"schemaVersion\":2,\"manifests\":[]}", "")->media_type, media_type::index);
  const std::string typed = manifest(text(",\"mediaType\":\"{}\"", media_type::manifest));
  CHECK(read_pushed(typed, "").has_value());
  CHECK_FALSE(read_pushed(typed, media_type::docker_manifest).has_value());
  CHECK_FALSE(read_pushed(manifest(), media_type::index).has_value());
  CHECK_FALSE(read_pushed(manifest(), "text/html").has_value());
}

TEST_CASE("a referrer's type is its own, or its config's") {
  const std::string subject = text(",\"subject\":{}", descriptor('5', media_type::manifest));
  auto pushed = read_pushed(manifest(subject), "");
  REQUIRE(pushed.has_value());
  CHECK_EQ(pushed->subject, digest('5'));
  CHECK_EQ(pushed->artifact_type, "application/c");
  pushed = read_pushed(manifest(subject + ",\"artifactType\":\"a/b\",\"annotations\":{\"k\":\"v\"}"), "");
  CHECK_EQ(pushed->artifact_type, "a/b");
  CHECK_EQ(pushed->annotations.at("k"), "v");
  pushed = read_pushed("{\"schemaVersion\":2,\"manifests\":[]" + subject + "}", "");
  REQUIRE(pushed.has_value());
  CHECK_EQ(pushed->artifact_type, "");
}

TEST_CASE("an index needs manifests, and what else it names as blobs") {
  const std::string text =
      podo::text("{{\"schemaVersion\":2,\"manifests\":[{},{}]}}", descriptor('1', media_type::manifest),
                 descriptor('2', "application/octet-stream"));
  const auto pushed = read_pushed(text, media_type::index);
  REQUIRE(pushed.has_value());
  CHECK_EQ(pushed->manifests, std::vector{digest('1')});
  CHECK_EQ(pushed->blobs, std::vector{digest('2')});
}

TEST_CASE("what is no manifest is refused") {
  for (const char* text : {"", "{", "[]", "{}", "null", "{\"schemaVersion\":1,\"fsLayers\":[]}",
                           "{\"schemaVersion\":2,\"manifests\":[],\"subject\":{\"digest\":\"x\"}}",
                           "{\"schemaVersion\":2,\"manifests\":[],\"subject\":7}",
                           "{\"schemaVersion\":2,\"manifests\":[],\"artifactType\":7}"})
    CHECK_FALSE(read_pushed(text, "").has_value());
}

}  // namespace podo::registry
