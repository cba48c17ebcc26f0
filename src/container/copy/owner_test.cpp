#include "container/copy/files_testing.h"

namespace podo::builder {
namespace {

struct Users : Workbench {
  Users() {
    scratch.folder("out/etc");
    scratch.file(
        "out/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:11:d:/:/bin/false\nfred:x:1001:1002::/:/bin/sh\n");
    scratch.file("out/etc/group", "root:x:0:\ndaemon:x:1:\nstaff:x:50:fred\n");
  }
  std::string owner(std::string_view spec) const {
    const auto found = find_owner(root, spec);
    return found ? text("{}:{}", found->uid, found->gid) : found.error().message();
  }
};

}  // namespace

TEST_CASE("owners are looked up in the tree, numbers are taken as they are") {
  const Users w;
  CHECK(w.owner("fred") == "1001:1002");
  CHECK(w.owner("fred:staff") == "1001:50");
  CHECK(w.owner("fred:7") == "1001:7");
  CHECK(w.owner("5") == "5:5");
  CHECK(w.owner("5:6") == "5:6");
  CHECK(w.owner("1000:staff") == "1000:50");
  CHECK(w.owner("0") == "0:0");
  CHECK(w.owner(":29") == "0:29");
}

TEST_CASE("owners that nobody knows, and specs that are none, are refused") {
  const Users w;
  CHECK(
      w.owner("nobody") ==
      "unable to convert uid/gid chown string to host mapping: can't find uid for user nobody: no such user: "
      "nobody");
  CHECK(w.owner("fred:none").ends_with("can't find gid for group none: no such group: none"));
  for (const char* wrong : {"", ":", "fred:", "a:b:c"})
    CHECK(w.owner(wrong).contains("invalid chown string format"));
  CHECK(w.owner("-1").contains("no such user"));
  CHECK(w.owner("99999999999").contains("no such user"));
}

TEST_CASE("a passwd file that leads out of the tree is not read there") {
  const Users w;
  ::unlink(w.scratch.path("out/etc/passwd").c_str());
  w.scratch.link("/../../../../../../etc/passwd", "out/etc/passwd");
  CHECK(w.owner("root").contains("no such user"));
  CHECK(w.owner("0") == "0:0");
}

}  // namespace podo::builder
