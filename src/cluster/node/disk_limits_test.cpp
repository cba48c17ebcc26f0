#include "cluster/node/disk_limits.h"

#include <doctest/doctest.h>

namespace podo::node {

TEST_CASE("limits are of emptyDirs on the disk that have one") {
  const json::Tree pod = json::Tree::parse(R"({"spec":{"volumes":[
    {"name":"a","emptyDir":{"sizeLimit":"10Mi"}},
    {"name":"b","emptyDir":{"sizeLimit":"10Mi","medium":"Memory"}},
    {"name":"c","emptyDir":{}},
    {"name":"d","emptyDir":{"sizeLimit":"0"}},
    {"name":"e","hostPath":{"path":"/"}}]}})")
                             .value();
  const std::vector<LimitedVolume> limited = limited_volumes(pod.root());
  REQUIRE(limited.size() == 1);
  CHECK(limited[0].name == "a");
  CHECK(limited[0].limit == "10Mi");
  CHECK(limited[0].bytes == 10 << 20);
}

}  // namespace podo::node
