#include "cluster/volumes/payload.h"

#include <doctest/doctest.h>

#include "model/kube/path.h"

namespace podo::volumes {
namespace {

json::Tree tree(std::string_view json) {
  auto parsed = json::Tree::parse(std::string(json));
  REQUIRE(parsed.has_value());
  return *std::move(parsed);
}

std::string shown(const Payload& payload) {
  std::string all;
  for (const auto& [path, file] : payload)
    all += text("{}{}={} {:o}", all.empty() ? "" : ", ", path, file.bytes, file.mode);
  return all;
}

std::string files_of(SourceKind kind, std::string_view object, std::string_view source) {
  const json::Tree from = tree(object), wish = tree(source);
  Payload payload;
  const auto added = add_object(payload, kind, from.root(),
                                {.items = kube::find_at(wish.root(), "items"),
                                 .default_mode = 0640,
                                 .optional = kube::is_true_at(wish.root(), "optional")});
  return added ? shown(payload) : added.error().message();
}

TEST_CASE("all keys of an object become files, or the items that are named") {
  constexpr std::string_view map = R"({"data":{"b":"two","a":"one"},"binaryData":{"c":"AAE="}})";
  CHECK(files_of(SourceKind::config_map, map, "{}") ==
        "a=one 640, b=two 640, c=" + std::string("\0\1", 2) + " 640");
  CHECK(files_of(SourceKind::config_map, map, R"({"items":[{"key":"a","path":"x/y","mode":256}]})") ==
        "x/y=one 400");
  CHECK(files_of(SourceKind::secret, R"({"data":{"k":"aGk="}})", "{}") == "k=hi 640");
  CHECK(files_of(SourceKind::config_map, "{}", "{}").empty());
}

TEST_CASE("a key that is not there is told as the kubelet does, unless it is optional") {
  constexpr std::string_view wish = R"({"items":[{"key":"k","path":"p"}]})";
  CHECK(files_of(SourceKind::config_map, "{}", wish) == "configmap references non-existent config key: k");
  CHECK(files_of(SourceKind::secret, "{}", wish) == "references non-existent secret key: k");
  CHECK(files_of(SourceKind::secret, "{}", R"({"optional":true,"items":[{"key":"k","path":"p"}]})").empty());
}

TEST_CASE("paths stay in the volume") {
  for (const auto bad : {"", "/etc/passwd", "../x", "a/../../x", "..data", "..", "a/.."}) {
    Payload payload;
    payload[bad] = {};
    CHECK_FALSE_MESSAGE(check_paths(payload), bad);
  }
  for (const auto good : {"a", "a/b", ".a", "a..b", "a/..b", "..."}) {
    Payload payload;
    payload[good] = {};
    CHECK_MESSAGE(check_paths(payload).has_value() == (std::string_view(good) != "..."), good);
  }
}

TEST_CASE("the downward API in files: lines of labels, values of resources") {
  const json::Tree pod = tree(R"({"metadata":{"name":"p","labels":{"b":"2","a":"1"}},
    "spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1500m"}}}]}})");
  const json::Tree items = tree(R"([{"path":"labels","fieldRef":{"fieldPath":"metadata.labels"}},
    {"path":"cpu","mode":288,"resourceFieldRef":{"containerName":"c","resource":"limits.cpu"}}])");
  Payload payload;
  REQUIRE(add_downward(payload, pod.root(), {.items = &items.root()}, {}));
  CHECK(shown(payload) == "cpu=2 440, labels=a=\"1\"\nb=\"2\" 644");
}

}  // namespace
}  // namespace podo::volumes
