#include "container/engine/container_state.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

// y: allowed, -: nothing to do, n: conflict. Columns: created running paused restarting removing exited dead.
std::string row(Verb verb) {
  std::string out;
  for (int i = 0; i <= static_cast<int>(Status::dead); ++i) {
    const auto allowed = may(verb, static_cast<Status>(i), "id", "web");
    if (!allowed) CHECK(allowed.error().kind() == ErrorKind::conflict);
    out += !allowed ? 'n' : *allowed == Allowed::yes ? 'y' : '-';
  }
  return out;
}

std::string refusal(Verb verb, Status status) {
  const auto allowed = may(verb, status, "3f2a", "web");
  return allowed ? "" : allowed.error().message();
}

TEST_CASE("each verb is allowed in the states of the table") {
  CHECK(row(Verb::start) == "y-n-nyn");
  CHECK(row(Verb::stop) == "-yyyn-n");
  CHECK(row(Verb::restart) == "yyyynyn");
  CHECK(row(Verb::kill) == "nyyynnn");
  CHECK(row(Verb::pause) == "nynnnnn");
  CHECK(row(Verb::unpause) == "nnynnnn");
  CHECK(row(Verb::exec) == "nynnnnn");
  CHECK(row(Verb::attach) == "yynnnyn");
  CHECK(row(Verb::resize) == "nyynnnn");
  CHECK(row(Verb::rename) == "yyyynyn");
  CHECK(row(Verb::update) == "yyyynyn");
  CHECK(row(Verb::connect) == "yyyynyn");
  CHECK(row(Verb::commit) == "yyyynyn");
  CHECK(row(Verb::remove) == "ynnnnyy");
  CHECK(row(Verb::force_remove) == "yyyynyy");
}

TEST_CASE("refusals have the words that clients look for") {
  CHECK(refusal(Verb::kill, Status::exited) == "container 3f2a is not running");
  CHECK(refusal(Verb::pause, Status::paused) == "Container 3f2a is already paused");
  CHECK(refusal(Verb::unpause, Status::running) == "Container 3f2a is not paused");
  CHECK(refusal(Verb::start, Status::paused) == "cannot start a paused container, try unpause instead");
  CHECK(refusal(Verb::exec, Status::paused) == "Container 3f2a is paused, unpause the container before exec");
  CHECK(refusal(Verb::exec, Status::restarting) ==
        "Container 3f2a is restarting, wait until the container is running");
  CHECK(refusal(Verb::remove, Status::running) ==
        "cannot remove container \"/web\": container is running: stop the container before removing or force "
        "remove");
  CHECK(refusal(Verb::force_remove, Status::removing) == "removal of container web is already in progress");
  CHECK(refusal(Verb::update, Status::dead) ==
        "Container 3f2a is marked for removal and cannot be \"update\".");
}

}  // namespace
}  // namespace podo::engine
