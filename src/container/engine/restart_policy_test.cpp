#include "container/engine/restart_policy.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

State ended(int code, bool by_user = false) {
  State state;
  state.status = Status::exited;
  state.exit_code = code;
  state.started_at = {1};
  state.stopped_by_user = by_user;
  return state;
}

TEST_CASE("each policy restarts what it is for") {
  CHECK_FALSE(should_restart({"no", 0}, ended(1), 0));
  CHECK_FALSE(should_restart({"", 0}, ended(1), 0));
  CHECK(should_restart({"always", 0}, ended(0), 1000));
  CHECK(should_restart({"unless-stopped", 0}, ended(0), 1000));
  CHECK_FALSE(should_restart({"always", 0}, ended(0, true), 0));
  CHECK_FALSE(should_restart({"on-failure", 0}, ended(0), 0));
  CHECK(should_restart({"on-failure", 0}, ended(1), 1000));
  CHECK(should_restart({"on-failure", 3}, ended(1), 2));
  CHECK_FALSE(should_restart({"on-failure", 3}, ended(1), 3));
}

TEST_CASE("with the daemon, always starts what its user stopped, and nothing what never ran") {
  CHECK(should_start_with_daemon({"always", 0}, ended(0, true)));
  CHECK_FALSE(should_start_with_daemon({"unless-stopped", 0}, ended(0, true)));
  CHECK(should_start_with_daemon({"unless-stopped", 0}, ended(0)));
  CHECK_FALSE(should_start_with_daemon({"always", 0}, State()));
}

TEST_CASE("the pause before a restart doubles up to a minute, and begins anew after a long run") {
  Duration pause = next_back_off({}, {});
  CHECK(pause == milliseconds(100));
  pause = next_back_off(pause, seconds(1));
  CHECK(pause == milliseconds(200));
  for (int i = 0; i < 20; ++i) pause = next_back_off(pause, seconds(1));
  CHECK(pause == seconds(60));
  CHECK(next_back_off(pause, seconds(10)) == milliseconds(100));
}

}  // namespace
}  // namespace podo::engine
