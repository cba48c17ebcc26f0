#include "container/systemd_scope/scope_name.h"

#include <doctest/doctest.h>

namespace podo::runtime {
namespace {

constexpr auto host = SystemdManager::system;

ScopeName named(std::string_view path, SystemdManager manager = host) {
  return *scope_name(path, "web", manager);
}

}  // namespace

TEST_CASE("slice, prefix and name become a scope in a slice") {
  CHECK(named("machine.slice:libpod:1a2b") == ScopeName{"machine.slice", "libpod-1a2b.scope"});
  CHECK(named("kube-pods-pod1.slice:cri-containerd:c") ==
        ScopeName{"kube-pods-pod1.slice", "cri-containerd-c.scope"});
  CHECK(named("a.slice::c").unit == "c.scope");
}

TEST_CASE("no slice is the manager's own, a dash is the root") {
  CHECK(named(":p:n").slice == "system.slice");
  CHECK(named(":p:n", SystemdManager::user).slice == "user.slice");
  CHECK(named("-:p:n").slice == "-.slice");
  CHECK(named("-.slice:p:n").slice == "-.slice");
}

TEST_CASE("no path is podo and the id, whose strange characters are escaped") {
  CHECK(named("") == ScopeName{"system.slice", "podo-web.scope"});
  CHECK(scope_name("", "a+b", host)->unit == "podo-a\\x2bb.scope");
  CHECK(!scope_name("", std::string(300, 'x'), host));
}

TEST_CASE("a path that is none is refused") {
  for (const char* path : {"/podo/web", "a.slice", "a.slice:b", "a.slice:b:", "a.slice:b:c:d", "machine:b:c",
                           ".slice:b:c", "-a.slice:b:c", "a-.slice:b:c", "a--b.slice:b:c", "a/b.slice:b:c",
                           "a@b.slice:b:c", "a.slice:b/c:d", "a.slice:b:c d", "a.slice:b:\n"}) {
    CAPTURE(path);
    const auto refused = scope_name(path, "web", host);
    REQUIRE(!refused);
    CHECK(refused.error().kind() == ErrorKind::invalid);
    CHECK(refused.error().message().starts_with("linux.cgroupsPath: "));
  }
  CHECK(!scope_name("a.slice:b:" + std::string(250, 'c'), "web", host));
  CHECK(!scope_name(std::string(260, 'a') + ".slice:b:c", "web", host));
}

TEST_CASE("a slice in the name's place is not supported") {
  CHECK(scope_name("a.slice:b:c.slice", "web", host).error().kind() == ErrorKind::unsupported);
}

}  // namespace podo::runtime
