#include "container/registry/route.h"

#include <doctest/doctest.h>

namespace podo::registry {

static std::string shown(std::string_view path) {
  const Answer<Route> route = find_route(path);
  if (!route) return std::string(route.error().code);
  constexpr const char* names[] = {"base", "catalog", "tags",   "manifest",
                                   "blob", "uploads", "upload", "referrers"};
  return std::string(names[static_cast<std::size_t>(route->what)]) + " " + route->repository + " " +
         route->reference;
}

TEST_CASE("a path says what is asked of which repository") {
  CHECK_EQ(shown("/v2/"), "base  ");
  CHECK_EQ(shown("/v2/_catalog"), "catalog  ");
  CHECK_EQ(shown("/v2/busybox/tags/list"), "tags busybox ");
  CHECK_EQ(shown("/v2/a/b/c/manifests/latest"), "manifest a/b/c latest");
  CHECK_EQ(shown("/v2/a/manifests/sha256%3Aab"), "manifest a sha256:ab");
  CHECK_EQ(shown("/v2/a/blobs/sha256:ab"), "blob a sha256:ab");
  CHECK_EQ(shown("/v2/a/blobs/uploads/"), "uploads a ");
  CHECK_EQ(shown("/v2/a/blobs/uploads"), "uploads a uploads");
  CHECK_EQ(shown("/v2/a/blobs/uploads/1-2"), "upload a 1-2");
  CHECK_EQ(shown("/v2/a/referrers/sha256:ab"), "referrers a sha256:ab");
}

TEST_CASE("words of the API may be components of a name") {
  CHECK_EQ(shown("/v2/manifests/blobs/tags/list"), "tags manifests/blobs ");
  CHECK_EQ(shown("/v2/tags/list/manifests/v1"), "manifest tags/list v1");
  CHECK_EQ(shown("/v2/blobs/uploads/blobs/uploads/"), "uploads blobs/uploads ");
  CHECK_EQ(shown("/v2/a/blobs/manifests/x"), "manifest a/blobs x");
}

TEST_CASE("what is no path of the API is refused") {
  for (const char* path : {"/", "/v1/", "/v2x/", "/v2/a", "/v2/manifests/x", "/v2/tags/list", "/v2/a/tags/x"})
    CHECK_EQ(shown(path), "NOT_FOUND");
  for (const char* path : {"/v2/A/tags/list", "/v2/a//b/tags/list", "/v2/-a/tags/list", "/v2/a_/tags/list",
                           "/v2/a..b/tags/list", "/v2/a___b/tags/list", "/v2/../tags/list"})
    CHECK_EQ(shown(path), "NAME_INVALID");
  CHECK_EQ(shown("/v2/" + std::string(256, 'a') + "/tags/list"), "NAME_INVALID");
}

TEST_CASE("names, tags and digests have a grammar") {
  for (const char* name : {"a", "a/b", "a.b_c__d-e---f", "0/1/2", "localhost/x"})
    CHECK(is_repository_name(name));
  CHECK(is_repository_name(std::string(255, 'a')));
  for (const char* name : {"", "/", "a/", "/a", "a.-b", "a b", "ä"}) CHECK_FALSE(is_repository_name(name));
  for (const char* tag : {"latest", "1.0", "_x", "A-b"}) CHECK(is_tag(tag));
  for (const char* tag : {"", ".x", "-x", "a:b", "a b"}) CHECK_FALSE(is_tag(tag));
  CHECK(is_tag(std::string(128, 'a')));
  CHECK_FALSE(is_tag(std::string(129, 'a')));
  CHECK(is_digest("sha512:" + std::string(128, 'a')));
  CHECK_FALSE(is_digest("sha256:" + std::string(64, 'A')));
}

}  // namespace podo::registry
