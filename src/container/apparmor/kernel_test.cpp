#include "container/apparmor/kernel.h"

#include <doctest/doctest.h>

#include "container/apparmor/apparmor_testing.h"

namespace podo::apparmor {
namespace {

TEST_CASE("a profile is listed under its whole name, whatever its mode") {
  const std::string_view profiles =
      "/usr/sbin/a b (x) (complain)\nnvidia//kmod (enforce)\npodo-default (enforce)\n";
  CHECK(lists_profile(profiles, "podo-default"));
  CHECK(lists_profile(profiles, "/usr/sbin/a b (x)"));
  CHECK(lists_profile(profiles, "nvidia//kmod"));
  CHECK_FALSE(lists_profile(profiles, "podo"));
  CHECK_FALSE(lists_profile(profiles, "podo-default (enforce)"));
  CHECK_FALSE(lists_profile(profiles, ""));
  CHECK(lists_profile("last (enforce)", "last"));
}

TEST_CASE("a digest is that of the profile of this name, not of one whose name begins alike") {
  FakeHost host;
  host.put("kernel/policy/profiles/podo-default.other.1/name", "podo-default.other\n");
  host.put("kernel/policy/profiles/podo-default.other.1/sha1", "beef\n");
  CHECK(digest_of_loaded(host.places(), "podo-default") == "");
  host.put("kernel/policy/profiles/podo-default.7/name", "podo-default\n");
  CHECK(digest_of_loaded(host.places(), "podo-default") == "");
  host.put("kernel/policy/profiles/podo-default.7/sha1", "cafe\n");
  CHECK(digest_of_loaded(host.places(), "podo-default") == "cafe");
}

TEST_CASE("a label is told without its mode, and where there is none nothing confines") {
  FakeHost host;
  CHECK(own_label(host.places()) == "unconfined");
  host.put("label", std::string("unconfined\n\0", 12));
  CHECK(own_label(host.places()) == "unconfined");
  host.put("label", "/usr/bin/podo (complain)\n");
  CHECK(own_label(host.places()) == "/usr/bin/podo");
}

TEST_CASE("profiles that cannot be read are an error, not absent") {
  FakeHost host;
  CHECK_FALSE(is_loaded(host.places(), "podo-default").has_value());
  host.put("kernel/profiles", "a (enforce)\n");
  CHECK(is_loaded(host.places(), "a").value_or(false));
  CHECK_FALSE(is_loaded(host.places(), "b").value_or(true));
}

}  // namespace
}  // namespace podo::apparmor
