#include "container/engine/diff_filter.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

using Kind = image::ChangeKind;

std::string told(std::vector<image::Change> changes) {
  std::string paths;
  for (const image::Change& change : without_mount_places(std::move(changes))) paths += change.path + " ";
  return paths;
}

TEST_CASE("places of mounts are not told, nor a folder that changed only for them") {
  CHECK(told({{"/etc", Kind::modified}, {"/etc/hosts", Kind::added}, {"/new", Kind::added}}) == "/new ");
  CHECK(told({{"/etc", Kind::modified}, {"/etc/hosts", Kind::added}, {"/etc/x", Kind::deleted}}) ==
        "/etc /etc/x ");
  CHECK(told({{"/dev", Kind::added}, {"/dev/console", Kind::added}, {"/proc", Kind::added}}) == "");
}

TEST_CASE("what the image had and the container changed is told") {
  CHECK(told({{"/etc", Kind::modified}, {"/etc/hosts", Kind::modified}}) == "/etc /etc/hosts ");
  CHECK(told({{"/devices", Kind::added}, {"/opt", Kind::modified}}) == "/devices /opt ");
}

}  // namespace
}  // namespace podo::engine
