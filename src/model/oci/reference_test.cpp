#include <doctest/doctest.h>

#include "base/core/text.h"
#include "model/oci/image.h"

namespace podo::oci {
namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

std::string whole(std::string_view text) {
  const auto reference = Reference::parse(text);
  return reference ? reference->to_text() : reference.error().message();
}
std::string seen(std::string_view text) {
  const auto reference = Reference::parse(text);
  return reference ? reference->familiar() : reference.error().message();
}

}  // namespace

TEST_CASE("a name is completed as people's tools do") {
  CHECK(whole("busybox") == "docker.io/library/busybox:latest");
  CHECK(whole("busybox:1.36") == "docker.io/library/busybox:1.36");
  CHECK(whole("team/app") == "docker.io/team/app:latest");
  CHECK(whole("docker.io/busybox") == "docker.io/library/busybox:latest");
  CHECK(whole("index.docker.io/library/busybox") == "docker.io/library/busybox:latest");
  CHECK(whole("localhost/app") == "localhost/app:latest");
  CHECK(whole("localhost:5000/app:x") == "localhost:5000/app:x");
  CHECK(whole("10.0.0.5:5000/a/b/c") == "10.0.0.5:5000/a/b/c:latest");
  CHECK(whole("[fd00::1]:5000/app") == "[fd00::1]:5000/app:latest");
  CHECK(whole("Registry/app") == "Registry/app:latest");
  CHECK(whole("quay.io/app@" + digest) == "quay.io/app@" + digest);
  CHECK(whole("app:1@" + digest) == "docker.io/library/app:1@" + digest);
  CHECK(whole("a__b/c-----d.e_f") == "docker.io/a__b/c-----d.e_f:latest");
}

TEST_CASE("what is Docker's own is shown short") {
  CHECK(seen("docker.io/library/busybox") == "busybox:latest");
  CHECK(seen("docker.io/team/app:2") == "team/app:2");
  CHECK(seen("docker.io/library/team/app:2") == "library/team/app:2");
  CHECK(seen("quay.io/library/busybox") == "quay.io/library/busybox:latest");
  CHECK(seen("busybox@" + digest) == "busybox@" + digest);
  CHECK(seen("docker.io/a.b/c") == "docker.io/a.b/c:latest");
  CHECK(Reference::parse("busybox:9")->familiar_name() == "busybox");
}

TEST_CASE("a name that breaks the grammar is refused") {
  for (const std::string_view wrong : {"",
                                       "/",
                                       "a/",
                                       "/a",
                                       "a//b",
                                       ":tag",
                                       "a:",
                                       "a:b:c",
                                       "a:-x",
                                       "a@",
                                       "a@sha256:abc",
                                       "a b",
                                       "a..b",
                                       "a._b",
                                       "a___b",
                                       "-a",
                                       "a-",
                                       ".a",
                                       "a.",
                                       "a/b:x/y",
                                       "localhost:port/a",
                                       "localhost:/a",
                                       "a\nb",
                                       "a/../b",
                                       "-x.io/a",
                                       "x-.io/a",
                                       "[fd00::1/a",
                                       "http://a/b",
                                       "a:b@c:d@e"}) {
    CAPTURE(wrong);
    CHECK(whole(wrong) == "invalid reference format");
  }
  CHECK(whole("a:" + std::string(128, 't')).ends_with("t"));
  CHECK(whole("a:" + std::string(129, 't')) == "invalid reference format");
}

TEST_CASE("some mistakes have words of their own") {
  CHECK(whole("BusyBox") ==
        "invalid reference format: repository name (library/BusyBox) must be lowercase");
  CHECK(whole("quay.io/Team/app:X") ==
        "invalid reference format: repository name (Team/app) must be lowercase");
  CHECK(whole(std::string(64, 'a')) == "invalid repository name (" + std::string(64, 'a') +
                                           "), cannot specify 64-byte hexadecimal strings");
  CHECK(whole("quay.io/" + std::string(256, 'a')) ==
        "repository name must not be more than 255 characters");
  CHECK(whole("quay.io/" + std::string(255, 'a')).ends_with(":latest"));
  CHECK(whole("a@sha256:" + std::string(63, 'a')) == "invalid checksum digest length");
  CHECK(whole("a@md5:" + std::string(32, 'a')) == "unsupported digest algorithm");
}

TEST_CASE("a digest is an algorithm and as many lower-case hex digits as it gives") {
  CHECK(check_digest(digest).has_value());
  CHECK(check_digest("sha512:" + std::string(128, '0')).has_value());
  for (const std::string& wrong :
       {std::string(), std::string("sha256"), std::string("sha256:"), ":" + std::string(64, 'a'),
        "sha256:" + std::string(65, 'a'), "sha512:" + std::string(64, 'a'),
        "sha256:" + std::string(64, 'A'), "sha256:" + std::string(63, 'a') + "/",
        "SHA256:" + std::string(64, 'a')}) {
    CAPTURE(wrong);
    CHECK(!check_digest(wrong));
  }
}

}  // namespace podo::oci
