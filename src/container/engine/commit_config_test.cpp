#include "container/engine/commit_config.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

docker::Config changed(std::string_view instruction, docker::Config config = {}) {
  const auto done = apply_change(config, instruction);
  REQUIRE_MESSAGE(done, (done ? "" : done.error().message()));
  return config;
}

using docker::Strings;

TEST_CASE("instructions change a config as in a Dockerfile") {
  CHECK(*changed("CMD [\"a\", \"b c\"]").cmd == Strings{"a", "b c"});
  CHECK(*changed("cmd a b").cmd == Strings{"/bin/sh", "-c", "a b"});
  CHECK(*changed("ENTRYPOINT [\"/x\"]").entrypoint == Strings{"/x"});
  CHECK(changed("ENV A=1 B=\"2 3\"").env == Strings{"A=1", "B=2 3"});
  CHECK(changed("ENV A 1 2").env == Strings{"A=1 2"});
  docker::Config before;
  before.env = {"A=0", "AB=0"};
  CHECK(changed("ENV A=1", before).env == Strings{"A=1", "AB=0"});
  CHECK(changed("LABEL \"a b\"=c").labels == docker::StringMap{{"a b", "c"}});
  CHECK(changed("EXPOSE 80 53/udp").exposed_ports.contains("80/tcp"));
  CHECK(changed("EXPOSE 80 53/udp").exposed_ports.contains("53/udp"));
  CHECK(changed("VOLUME [\"/a\", \"/b\"]").volumes.size() == 2);
  CHECK(changed("VOLUME /a /b").volumes.size() == 2);
  CHECK(changed("USER www").user == "www");
  CHECK(changed("WORKDIR /a").working_dir == "/a");
  before.working_dir = "/a";
  CHECK(changed("WORKDIR b", before).working_dir == "/a/b");
  CHECK(changed("ONBUILD RUN x").on_build == Strings{"RUN x"});
  CHECK(changed("HEALTHCHECK CMD curl x").healthcheck->test == Strings{"CMD-SHELL", "curl x"});
  CHECK(changed("HEALTHCHECK CMD [\"curl\"]").healthcheck->test == Strings{"CMD", "curl"});
  CHECK(changed("HEALTHCHECK NONE").healthcheck->test == Strings{"NONE"});
  CHECK(changed("HEALTHCHECK --interval=5s --retries=3 CMD x").healthcheck->interval_ns == 5'000'000'000);
}

TEST_CASE("a change sees the variables of before") {
  docker::Config before;
  before.env = {"A=1", "AB=2"};
  CHECK(changed("ENV A=$A$AB B=$A", before).env == Strings{"A=12", "AB=2", "B=1"});
  CHECK(changed("USER u$A", before).user == "u1");
  CHECK(changed("EXPOSE 8000-800$A", before).exposed_ports.size() == 2);
  CHECK(changed("CMD echo $A", before).cmd->back() == "echo $A");
}

TEST_CASE("what is no change is refused") {
  docker::Config config;
  CHECK(apply_change(config, "RUN x").error().message() == "RUN is not a valid change command");
  CHECK(apply_change(config, "FOO x").error().message().contains("unknown instruction: FOO"));
  CHECK(apply_change(config, "EXPOSE x").error().message() == "invalid containerPort: x");
  CHECK_FALSE(apply_change(config, "ENV"));
  CHECK_FALSE(apply_change(config, "ENV A=1 B"));
  CHECK_FALSE(apply_change(config, "HEALTHCHECK curl"));
  CHECK_FALSE(apply_change(config, ""));
}

TEST_CASE("an image's config keeps what a container cannot change") {
  oci::ImageConfig base;
  base.architecture = "amd64";
  base.cmd = {"old"};
  docker::Config config;
  config.cmd = {"new"};
  config.user = "www";
  const oci::ImageConfig made = image_config(base, config);
  CHECK(made.architecture == "amd64");
  CHECK(made.cmd == std::vector<std::string>{"new"});
  CHECK(made.user == "www");
}

}  // namespace
}  // namespace podo::engine
