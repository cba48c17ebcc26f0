#include "cluster/pod/image_policy.h"

#include "base/format/base64.h"
#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

json::Tree secret_of(std::string_view type, std::string_view key, std::string_view config) {
  return parsed(
      text(R"({{"type":"kubernetes.io/{}","data":{{"{}":"{}"}}}})", type, key, base64::encode(config)));
}

// The users whose credentials are for an image, in order.
std::string users(const Keyring& keyring, std::string_view image) {
  std::string all;
  for (const auto& each : keyring.find(*parse_image(image)))
    all.append(all.empty() ? "" : " ").append(each.user).append("/").append(each.password);
  return all;
}

TEST_CASE("an image is pulled by its policy, and always when it is the latest") {
  const auto policy = [](std::string_view container) { return pull_policy(parsed(container).root()); };
  CHECK(policy(R"({"image":"a:1","imagePullPolicy":"Always"})") == PullPolicy::always);
  CHECK(policy(R"({"image":"a","imagePullPolicy":"IfNotPresent"})") == PullPolicy::if_not_present);
  CHECK(policy(R"({"image":"a","imagePullPolicy":"Never"})") == PullPolicy::never);
  CHECK(policy(R"({"image":"a"})") == PullPolicy::always);
  CHECK(policy(R"({"image":"a:latest"})") == PullPolicy::always);
  CHECK(policy(R"({"image":"a:1"})") == PullPolicy::if_not_present);
}

TEST_CASE("a name of an image is made complete, or refused") {
  CHECK_EQ(parse_image("busybox")->to_text(), "docker.io/library/busybox:latest");
  const auto bad = parse_image("bad image");
  REQUIRE_FALSE(bad.has_value());
  CHECK_EQ(bad.error().message(), "couldn't parse image reference \"bad image\": invalid reference format");
}

TEST_CASE("credentials are found by registry and path") {
  Keyring keyring;
  keyring.add(secret_of("dockerconfigjson", ".dockerconfigjson", R"({"auths": {
    "https://index.docker.io/v1/": {"auth": "aHViOnB3Ong="},
    "ghcr.io": {"username": "all", "password": "1"},
    "ghcr.io/me": {"username": "mine", "password": "2"},
    "*.example.com:5000": {"username": "glob", "password": "3"},
    "empty.io": {}}})")
                  .root());
  keyring.add(
      secret_of("dockercfg", ".dockercfg", R"({"quay.io": {"username": "old", "password": "4"}})").root());
  keyring.add(secret_of("dockercfg", ".dockercfg", "no JSON").root());
  keyring.add(secret_of("tls", ".dockercfg", R"({"x.io": {"username": "u"}})").root());
  struct Row {
    std::string_view image, users;
  };
  for (const Row& row : std::initializer_list<Row>{{"busybox", "hub/pw:x"},
                                                   {"me/app:1", "hub/pw:x"},
                                                   {"ghcr.io/you/app", "all/1"},
                                                   {"ghcr.io/me/app", "mine/2 all/1"},
                                                   {"a.example.com:5000/x", "glob/3"},
                                                   {"a.b.example.com:5000/x", ""},
                                                   {"a.example.com/x", ""},
                                                   {"quay.io/x/y", "old/4"},
                                                   {"empty.io/x", ""},
                                                   {"x.io/x", ""}}) {
    CAPTURE(row.image);
    CHECK_EQ(users(keyring, row.image), row.users);
  }
}

}  // namespace
}  // namespace podo::pod
