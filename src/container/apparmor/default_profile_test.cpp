#include "container/apparmor/default_profile.h"

#include <doctest/doctest.h>

#include "container/apparmor/apparmor_testing.h"
#include "container/apparmor/profile.h"

namespace podo::apparmor {
namespace {

class Lines final : public Log {
 public:
  void write(LogLevel level, std::string_view message) override {
    if (level == LogLevel::warning) warnings.emplace_back(message);
  }
  std::vector<std::string> warnings;
};

class HandClock final : public Clock {
 public:
  Wall wall() const override { return {}; }
  Monotonic now() const override { return {seconds(time_s).ns}; }
  std::int64_t time_s = 1000;
};

// A daemon's life, and the answers it gives to so many starts.
struct Life {
  explicit Life(FakeHost& host, int starts = 1) {
    io::EpollLoop loop;
    io::BlockingPool pool(1);
    const HandClock clock;
    DefaultProfile profile({loop, pool, clock, log}, {.run_folder = host.path(""), .places = host.places()});
    profile.begin();
    for (int i = 0; i < starts; ++i) names.push_back(loop.run(profile.ready()).value_or("error"));
    trouble = profile.trouble();
  }
  Lines log;
  std::vector<std::string> names;
  std::string trouble;
};
using Names = std::vector<std::string>;

// What the parser does to the kernel's files.
std::string loads(const FakeHost& host, std::string_view digest) {
  const std::string kernel = host.path("kernel");
  return text(
      "/bin/mkdir -p {}/policy/profiles/podo-default.3; cd {}; printf 'podo-default (enforce)\\n' >profiles; "
      "cd policy/profiles/podo-default.3; printf podo-default >name; printf {} >sha1",
      kernel, kernel, digest);
}

TEST_CASE("a start gets the profile that was loaded for it, and later daemons find it there") {
  FakeHost host;
  host.put("kernel/profiles", "");
  host.put_parser(loads(host, "cafe"));
  CHECK(Life(host, 2).names == Names{"podo-default", "podo-default"});
  CHECK(host.text_of("input") == default_profile("unconfined"));
  CHECK(Life(host).names == Names{"podo-default"});
  CHECK(host.text_of("calls") == "x");
}

TEST_CASE("what another daemon loaded under the name is replaced") {
  FakeHost host;
  host.put("kernel/profiles", "");
  host.put_parser(loads(host, "cafe"));
  Life first(host);
  host.put("kernel/policy/profiles/podo-default.3/sha1", "beef");
  Life second(host);
  CHECK(host.text_of("calls") == "xx");
}

TEST_CASE("a profile that somebody has unloaded is loaded again for the next start") {
  FakeHost host;
  host.put("kernel/profiles", "");
  host.put_parser(loads(host, "cafe"));
  io::EpollLoop loop;
  io::BlockingPool pool(1);
  const HandClock clock;
  SilentLog log;
  DefaultProfile profile({loop, pool, clock, log}, {.run_folder = host.path(""), .places = host.places()});
  profile.begin();
  CHECK(loop.run(profile.ready()).value_or("error") == "podo-default");
  host.put("kernel/profiles", "other (enforce)\n");
  CHECK(loop.run(profile.ready()).value_or("error") == "podo-default");
  CHECK(host.text_of("calls") == "xx");
}

TEST_CASE("without AppArmor nobody waits, asks or is warned") {
  FakeHost host;
  host.put("enabled", "N\n");
  host.put_parser("exit 1");
  const Life life(host, 2);
  CHECK(life.names == Names{"", ""});
  CHECK(life.log.warnings.empty());
  CHECK(life.trouble == "");
  CHECK(host.text_of("calls") == "");
}

TEST_CASE("without the parser containers do without, and that is told once, with the cure") {
  FakeHost host;
  host.put("kernel/profiles", "");
  const Life life(host, 3);
  CHECK(life.names == Names{"", "", ""});
  REQUIRE(life.log.warnings.size() == 1);
  CHECK(life.log.warnings[0].contains("it comes with the package apparmor"));
  CHECK(life.trouble.contains("it comes with the package apparmor"));
}

TEST_CASE("a parser that ends well and has loaded nothing is told of, and no start waits for it again") {
  FakeHost host;
  host.put("kernel/profiles", "");
  host.put_parser("exit 0");
  const Life life(host, 3);
  CHECK(life.names == Names{"", "", ""});
  REQUIRE(life.log.warnings.size() == 1);
  CHECK(life.log.warnings[0].contains("the kernel has no such profile"));
  CHECK(life.trouble.contains("the kernel has no such profile"));
  CHECK(host.text_of("calls") == "x");
}

TEST_CASE("a parser that fails is told in its own words, and asked again after a minute") {
  FakeHost host;
  host.put("kernel/profiles", "");
  host.put_parser("echo 'AppArmor parser error: no' >&2; exit 2");
  const Life life(host, 3);
  CHECK(life.names == Names{"", "", ""});
  REQUIRE(life.log.warnings.size() == 1);
  CHECK(life.log.warnings[0].contains("exit code 2: AppArmor parser error: no"));
  CHECK(host.text_of("calls") == "x");
  io::EpollLoop loop;
  io::BlockingPool pool(1);
  HandClock clock;
  SilentLog log;
  DefaultProfile profile({loop, pool, clock, log}, {.run_folder = host.path(""), .places = host.places()});
  profile.begin();
  CHECK(loop.run(profile.ready()).value_or("error") == "");
  host.put_parser(loads(host, "cafe"));
  clock.time_s += 59;
  CHECK(loop.run(profile.ready()).value_or("error") == "");
  clock.time_s += 1;
  CHECK(loop.run(profile.ready()).value_or("error") == "podo-default");
  CHECK(profile.trouble() == "");
  CHECK(host.text_of("calls") == "xxx");
}

TEST_CASE("a profile that the kernel has is used although no newer one can be loaded") {
  FakeHost host;
  host.put("kernel/profiles", "podo-default (enforce)\n");
  const Life life(host, 2);
  CHECK(life.names == Names{"podo-default", "podo-default"});
  CHECK(life.trouble == "");
  REQUIRE(life.log.warnings.size() == 1);
  CHECK(life.log.warnings[0].contains("is kept as it is: there is no"));
}

TEST_CASE("the administrator's file is loaded in place of ours") {
  FakeHost host;
  host.put("kernel/profiles", "");
  host.put("administrators", "profile podo-default { file, }");
  host.put_parser("echo $4 >" + host.path("file") + "; " + loads(host, "cafe"));
  CHECK(Life(host).names == Names{"podo-default"});
  CHECK(host.text_of("file") == host.path("administrators") + "\n");
  CHECK(host.text_of("input") == "");
}

TEST_CASE("a daemon that is confined itself may still end and watch its containers") {
  const std::string profile = default_profile("/usr/bin/podo");
  CHECK(profile.contains("signal (receive) peer=/usr/bin/podo,"));
  CHECK(profile.contains("ptrace (readby, tracedby) peer=/usr/bin/podo,"));
  CHECK(default_profile("a b\n}") == default_profile("unconfined"));
  CHECK_FALSE(default_profile("unconfined").contains("NAME"));
  CHECK_FALSE(default_profile("unconfined").contains("PEERS"));
}

}  // namespace
}  // namespace podo::apparmor
