#include "base/linux/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace podo::linux {

TEST_CASE("a file larger than the limit is refused, one of exactly the limit is read") {
  char path[] = "/tmp/podo-file-test-XXXXXX";
  const io::Fd file(::mkostemp(path, O_CLOEXEC));
  REQUIRE(file);
  const std::string content(10'000, 'x');
  CHECK(write_file(AT_FDCWD, path, content));
  CHECK(*read_file(path, 10'000) == content);
  CHECK(*read_file(path, 1'000'000) == content);
  const auto refused = read_file(path, 9'999);
  REQUIRE(!refused);
  CHECK(refused.error().kind() == ErrorKind::exhausted);
  CHECK(refused.error().message() == std::string(path) + ": longer than 9999 bytes");
  ::unlink(path);
}

TEST_CASE("errors name the path and carry errno") {
  const auto missing = read_file("/nonexistent/x", 10);
  REQUIRE(!missing);
  CHECK(missing.error().kind() == ErrorKind::not_found);
  CHECK(missing.error().message() == "open /nonexistent/x: No such file or directory");
  const auto refused = write_file(AT_FDCWD, "/proc/self/oom_score_adj", "nonsense");
  REQUIRE(!refused);
  CHECK(refused.error().system_errno() == EINVAL);
}

TEST_CASE("files of proc, whose size is told as zero, are read whole") {
  const auto maps = read_file("/proc/self/maps", 1 << 20);
  REQUIRE(maps);
  CHECK(maps->find("[stack]") != std::string::npos);
}

}  // namespace podo::linux
