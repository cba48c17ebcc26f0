#include "container/apparmor/load_plan.h"

#include <doctest/doctest.h>

namespace podo::apparmor {
namespace {

TEST_CASE("the profile is loaded unless the kernel has just what would be loaded") {
  const std::string note = note_of("text", "kernel");
  CHECK(plan_load({.loaded = false, .note = note}, "text") == Load::own);
  CHECK(plan_load({.loaded = true, .kernel_digest = "kernel", .note = note}, "text") == Load::nothing);
  CHECK(plan_load({.loaded = true, .kernel_digest = "kernel", .note = note}, "newer") == Load::own);
  CHECK(plan_load({.loaded = true, .kernel_digest = "another daemon's", .note = note}, "text") == Load::own);
  CHECK(plan_load({.loaded = true, .kernel_digest = "kernel", .note = ""}, "text") == Load::own);
  CHECK(plan_load({.loaded = true, .kernel_digest = "", .note = note_of("text", "")}, "text") == Load::own);
}

TEST_CASE("the administrator's words count, and are loaded where nobody has") {
  CHECK(plan_load({.loaded = true, .administrators = true}, "text") == Load::nothing);
  CHECK(plan_load({.loaded = false, .administrators = true}, "text") == Load::administrators);
}

}  // namespace
}  // namespace podo::apparmor
