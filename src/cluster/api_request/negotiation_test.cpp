#include "cluster/api_request/negotiation.h"

#include <doctest/doctest.h>

namespace podo::apiserver {
namespace {

Result<Media> accepted(std::string accept, std::string_view query = "") {
  http::Headers headers;
  if (!accept.empty()) headers.add("Accept", std::move(accept));
  return negotiate(headers, http::Query::parse(query));
}

}  // namespace

TEST_CASE("nothing asked for, or anything: JSON") {
  CHECK(accepted("")->encoding == Encoding::json);
  CHECK(accepted("*/*")->encoding == Encoding::json);
  CHECK(accepted("application/*")->encoding == Encoding::json);
}

TEST_CASE("kubectl's Tables come before plain JSON") {
  const auto media = accepted(
      "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,"
      "application/json");
  REQUIRE(media);
  CHECK(media->shape == Shape::table);
  CHECK(media->shape_version == "v1");
}

TEST_CASE("a shape that is not known makes its clause unusable, not the request") {
  const auto media = accepted("application/json;as=Foo;v=v1;g=meta.k8s.io, application/yaml");
  REQUIRE(media);
  CHECK(media->encoding == Encoding::yaml);
  CHECK(media->shape == Shape::whole);
}

TEST_CASE("q decides before the order does") {
  CHECK(accepted("application/json;q=0.5, application/vnd.kubernetes.protobuf")->encoding ==
        Encoding::protobuf);
  CHECK(accepted("application/yaml;q=0, application/json")->encoding == Encoding::json);
}

TEST_CASE("a stream of protobuf is asked for by its name") {
  const auto media = accepted("application/vnd.kubernetes.protobuf;stream=watch");
  REQUIRE(media);
  CHECK(media->stream);
  CHECK(stream_content_type(media->encoding) == "application/vnd.kubernetes.protobuf;stream=watch");
}

TEST_CASE("nothing that fits says what there is") {
  const auto media = accepted("text/html");
  REQUIRE_FALSE(media);
  CHECK(media.error().message() ==
        "only the following media types are accepted: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf");
}

TEST_CASE("people get indented JSON") {
  CHECK(accepted("", "pretty=true")->pretty);
  CHECK_FALSE(accepted("", "pretty=0")->pretty);
  CHECK(negotiate({{"User-Agent", "curl/8"}}, {})->pretty);
  CHECK_FALSE(negotiate({{"User-Agent", "kubectl/v1.36"}}, {})->pretty);
}

TEST_CASE("bodies are JSON unless they say otherwise") {
  CHECK(*body_encoding({}) == Encoding::json);
  CHECK(*body_encoding({{"Content-Type", "application/yaml; charset=utf-8"}}) == Encoding::yaml);
  const auto none = body_encoding({{"Content-Type", "text/plain"}});
  REQUIRE_FALSE(none);
  CHECK(none.error().message() ==
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        "application/yaml, application/vnd.kubernetes.protobuf");
}

TEST_CASE("patches are told apart by their type") {
  CHECK(*patch_type({{"Content-Type", "application/apply-patch+yaml"}}) == PatchType::apply);
  CHECK(*patch_type({{"Content-Type", "application/strategic-merge-patch+json"}}) == PatchType::strategic);
  CHECK_FALSE(patch_type({{"Content-Type", "application/json"}}));
}

}  // namespace podo::apiserver
