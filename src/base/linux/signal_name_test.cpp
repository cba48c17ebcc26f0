#include "base/linux/signal_name.h"

#include <doctest/doctest.h>
#include <signal.h>

namespace podo::linux {

TEST_CASE("signals are known by name, by name with SIG, and by number") {
  struct {
    const char* text;
    int number;
  } cases[] = {{"KILL", SIGKILL},
               {"SIGKILL", SIGKILL},
               {"sigterm", SIGTERM},
               {"Hup", SIGHUP},
               {"9", 9},
               {"64", 64},
               {"1", 1},
               {"IOT", SIGABRT},
               {"CLD", SIGCHLD},
               {"POLL", SIGIO},
               {"RTMIN", 34},
               {"SIGRTMIN+3", 37},
               {"RTMAX", 64},
               {"rtmax-1", 63},
               {"RTMIN+30", 64},
               {"RTMAX-30", 34}};
  for (const auto& [text, number] : cases) {
    CAPTURE(text);
    const auto signal = parse_signal(text);
    REQUIRE(signal);
    CHECK(*signal == number);
  }
}

TEST_CASE("what is no signal is refused") {
  for (const auto* text : {"", "SIG", "0", "65", "-9", "9 ", "+9", "KILLL", "SIGSIGKILL", "RTMIN+31",
                           "RTMAX-31", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN+x", "99999999999"}) {
    CAPTURE(text);
    const auto signal = parse_signal(text);
    REQUIRE(!signal);
    CHECK(signal.error().kind() == ErrorKind::invalid);
  }
}

TEST_CASE("a signal's name reads back as its number") {
  for (int signal = 1; signal <= 64; ++signal) {
    CAPTURE(signal);
    CHECK(*parse_signal(name_signal(signal)) == signal);
  }
  CHECK(name_signal(SIGABRT) == "SIGABRT");
  CHECK(name_signal(37) == "SIGRTMIN+3");
  CHECK(name_signal(32) == "32");
}

}  // namespace podo::linux
