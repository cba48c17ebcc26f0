#include "container/builder/export.h"

#include <doctest/doctest.h>

#include "container/builder/cache_places.h"
#include "container/builder/step_failed.h"

namespace podo::builder {
namespace {

std::string problem(const auto& result) { return result ? "" : result.error().message(); }

}  // namespace

TEST_CASE("outputs") {
  CHECK(parse_export("")->kind == Export::Kind::image);
  CHECK(parse_export("type=image,name=a,push=true")->push);
  CHECK(parse_export("type=image,name=a")->names == std::vector<std::string>{"docker.io/library/a:latest"});
  const auto oci = parse_export("type=oci,dest=/x/y.tar,compression=gzip");
  REQUIRE(oci);
  CHECK(oci->kind == Export::Kind::oci);
  CHECK(oci->dest == "/x/y.tar");
  CHECK(oci->needs_image());
  CHECK(!oci->keeps_image());
  CHECK(!parse_export("type=tar,dest=-")->needs_image());
  CHECK(parse_export("type=registry")->keeps_image());
  CHECK(problem(parse_export("type=local,dest=x")) ==
        "an output of type local needs dest with an absolute path");
  CHECK(problem(parse_export("type=cartridge")).starts_with("Unsupported: an output of type cartridge"));
  CHECK(problem(parse_export("oci")) == "invalid output oci: expected key=value");
}

TEST_CASE("caches elsewhere") {
  BuildRequest request;
  request.cache_from = {"a/b:c", "type=local,src=/c", "type=registry,ref=r.example/x:y"};
  request.cache_to = {"type=local,dest=/d,mode=max", "type=inline"};
  const auto places = parse_cache_places(request);
  REQUIRE(places);
  REQUIRE(places->from.size() == 3);
  CHECK(places->from[0].kind == CachePlace::Kind::image);
  CHECK(places->from[1].kind == CachePlace::Kind::folder);
  CHECK(places->from[1].where == "/c");
  CHECK(places->from[2].kind == CachePlace::Kind::registry);
  REQUIRE(places->to.size() == 1);
  CHECK(places->to[0].where == "/d");
  CHECK(places->inlined);
  request.cache_to = {"type=local"};
  CHECK(problem(parse_cache_places(request)) == "a local cache needs dest with an absolute path");
  request.cache_to = {"type=gha"};
  CHECK(problem(parse_cache_places(request)).starts_with("Unsupported: a cache of type gha"));
}

TEST_CASE("the failure of a command can be told from others") {
  const Error error = step_failure({.command = "/bin/sh -c 'x' returned", .exit_code = 3});
  CHECK(error.message() == "The command '/bin/sh -c 'x' returned' returned a non-zero code: 3");
  const auto failed = step_failed(error);
  REQUIRE(failed);
  CHECK(failed->exit_code == 3);
  CHECK(failed->command == "/bin/sh -c 'x' returned");
  CHECK(!step_failed(Error(ErrorKind::invalid, "unknown instruction: FRMO")));
  CHECK(!step_failed(Error(ErrorKind::invalid, "The command 'x' returned a non-zero code: many")));
}

}  // namespace podo::builder
