#include "container/engine/start_failure.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

StartFailure explain(std::string message) {
  return explain_start_failure(Error(ErrorKind::unavailable, std::move(message)));
}

TEST_CASE("a failed start has the exit code that shells give it, and is the request's fault where it is") {
  const StartFailure missing = explain("exec: \"x\": executable file not found in $PATH");
  CHECK(missing.exit_code == 127);
  CHECK(missing.error.kind() == ErrorKind::invalid);
  CHECK(explain("open /x: No such file or directory").exit_code == 127);
  const StartFailure denied = explain("exec: \"/etc/passwd\": Permission denied");
  CHECK(denied.exit_code == 126);
  CHECK(denied.error.message() == "exec: \"/etc/passwd\": permission denied");
  CHECK(explain("exec /: Is a directory").exit_code == 126);
  CHECK(explain("mount /a: Not a directory").error.message().contains("(or vice-versa)"));
  const StartFailure other = explain("port is already allocated");
  CHECK(other.exit_code == 128);
  CHECK(other.error.kind() == ErrorKind::unavailable);
}

TEST_CASE("of the runtime's log, the last message counts") {
  CHECK(runtime_message(
            "time=\"x\" level=warning msg=\"a\"\ntime=\"x\" level=error msg=\"exec: \\\"b\\\": no\"") ==
        "exec: \"b\": no");
  CHECK(runtime_message("killed") == "killed");
}

}  // namespace
}  // namespace podo::engine
