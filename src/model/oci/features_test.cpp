#include "model/oci/features.h"

#include <doctest/doctest.h>

#include "base/format/json.h"

namespace podo::oci {

TEST_CASE("features say what the tables say") {
  constexpr std::string_view one[] = {"ro", "rw"}, two[] = {"SCMP_ACT_KILL"};
  Features features;
  features.libseccomp_version = "2.5.4";
  features.mount_options = one;
  features.seccomp_actions = two;
  const auto document = json::parse(features_json(features));
  REQUIRE(document);
  const json::Field root(*document);
  CHECK(root["ociVersionMin"].string().value() == "1.0.0");
  CHECK(root["ociVersionMax"].string().value() == "1.3.0");
  CHECK(root["hooks"].size() == 6);
  CHECK(root["mountOptions"].size() == 2);
  CHECK(root["mountOptions"][1].string().value() == "rw");
  const json::Field part = root["linux"];
  CHECK(part["seccomp"]["actions"][0].string().value() == "SCMP_ACT_KILL");
  CHECK(part["cgroup"]["v1"].boolean().value());
  CHECK(part["cgroup"]["v2"].boolean().value());
  CHECK(part["cgroup"]["systemd"].boolean().value());
  CHECK(part["cgroup"]["systemdUser"].boolean().value());
  CHECK(!part["intelRdt"]["enabled"].boolean().value());
  CHECK(part["mountExtensions"]["idmap"]["enabled"].boolean().value());
  CHECK(root["annotations"]["io.github.seccomp.libseccomp.version"].string().value() == "2.5.4");
  CHECK(root["potentiallyUnsafeConfigAnnotations"][0].string().value() == "org.systemd.property.");
}

}  // namespace podo::oci
