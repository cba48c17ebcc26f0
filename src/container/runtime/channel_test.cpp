#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "container/runtime/channel.h"

namespace podo::runtime {

TEST_CASE("a message keeps its step, its body and its descriptor") {
  auto [left, right] = *Channel::make();
  const io::Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(left.send(Step::terminal, "body", null.get()));
  REQUIRE(left.send(Step::ready));
  const auto first = right.receive();
  REQUIRE(first);
  CHECK(first->step == Step::terminal);
  CHECK_EQ(first->body, "body");
  struct stat sent {}, arrived{};
  REQUIRE_EQ(::fstat(null.get(), &sent), 0);
  REQUIRE_EQ(::fstat(first->descriptor.get(), &arrived), 0);
  CHECK_EQ(sent.st_rdev, arrived.st_rdev);
  CHECK((::fcntl(first->descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0);
  const auto second = right.receive();
  REQUIRE(second);
  CHECK(second->body.empty());
  CHECK_FALSE(static_cast<bool>(second->descriptor));
}

TEST_CASE("a failure arrives as the error it was") {
  auto [left, right] = *Channel::make();
  REQUIRE(left.send_failure(failed_errno(EACCES, "mount {}", "/proc").error()));
  const auto message = right.expect(Step::ready);
  REQUIRE_FALSE(message);
  CHECK_EQ(message.error().message(), "mount /proc: Permission denied");
  CHECK_EQ(message.error().system_errno(), EACCES);
  CHECK(message.error().kind() == ErrorKind::denied);
}

TEST_CASE("the other side being gone is Cancelled, for who reads and for who writes") {
  auto [left, right] = *Channel::make();
  right.close();
  CHECK(left.receive().error().kind() == ErrorKind::cancelled);
  CHECK(left.send(Step::proceed).error().kind() == ErrorKind::cancelled);
}

TEST_CASE("a step that is not due is an error that names both") {
  auto [left, right] = *Channel::make();
  REQUIRE(left.send(Step::ready));
  CHECK_EQ(right.expect(Step::born).error().message(), "the container's process said 'r' where 'b' was due");
}

TEST_CASE("a body over the limit is refused before it is sent") {
  auto [left, right] = *Channel::make();
  CHECK(left.send(Step::proceed, std::string(200 * 1024, 'x')).error().kind() == ErrorKind::invalid);
  REQUIRE(left.send(Step::proceed, std::string(100 * 1024, 'x')));
  CHECK_EQ(right.receive()->body.size(), 100 * 1024);
}

}  // namespace podo::runtime
