#include "container/builder/config_change.h"

#include <doctest/doctest.h>

namespace podo::builder {
namespace {

using dockerfile::Instruction;
using dockerfile::Kind;
using Strings = std::vector<std::string>;

Instruction step(Kind kind, Strings words, bool exec_form = false) {
  Instruction out;
  out.kind = kind;
  out.words = std::move(words);
  out.exec_form = exec_form;
  return out;
}

Instruction pairs(Kind kind, std::vector<std::pair<std::string, std::string>> of) {
  Instruction out;
  out.kind = kind;
  for (auto& [name, value] : of) out.pairs.emplace_back(name, value);
  return out;
}

struct Stage {
  oci::ImageConfig config;
  bool command_set = false;
  std::string run(const Instruction& step) {
    auto history = change_config(config, step, command_set);
    return history ? *history : "error: " + history.error().message();
  }
};

}  // namespace

TEST_CASE("ENV replaces where the name stands, and appends new ones") {
  Stage stage;
  stage.config.env = {"PATH=/bin", "A=1"};
  CHECK(stage.run(pairs(Kind::env, {{"A", "2"}, {"B", "x y"}, {"PATH", "/usr/bin"}})) ==
        "ENV A=2 B=x y PATH=/usr/bin");
  CHECK(stage.config.env == Strings{"PATH=/usr/bin", "A=2", "B=x y"});
}

TEST_CASE("commands in shell form run in SHELL") {
  Stage stage;
  CHECK(stage.run(step(Kind::cmd, {"echo \"hi\""})) == "CMD [\"/bin/sh\" \"-c\" \"echo \\\"hi\\\"\"]");
  CHECK(stage.config.cmd == Strings{"/bin/sh", "-c", "echo \"hi\""});
  CHECK(stage.run(step(Kind::shell, {"/bin/bash", "-c"}, true)) == "SHELL [/bin/bash -c]");
  CHECK(stage.run(step(Kind::entrypoint, {"exec x"})) == "ENTRYPOINT [\"/bin/bash\" \"-c\" \"exec x\"]");
  CHECK(stage.run(step(Kind::cmd, {"a", "b"}, true)) == "CMD [\"a\" \"b\"]");
  CHECK(stage.config.cmd == Strings{"a", "b"});
}

TEST_CASE("ENTRYPOINT takes an inherited CMD away, not one of the same stage") {
  Stage inherited;
  inherited.config.cmd = {"old"};
  inherited.run(step(Kind::entrypoint, {"/e"}, true));
  CHECK(inherited.config.cmd.empty());
  Stage own;
  own.run(step(Kind::cmd, {"new"}, true));
  own.run(step(Kind::entrypoint, {"/e"}, true));
  CHECK(own.config.cmd == Strings{"new"});
}

TEST_CASE("EXPOSE") {
  Stage stage;
  CHECK(stage.run(step(Kind::expose, {"80", "53/UDP", "8000-8002"})) ==
        "EXPOSE [53/udp 80/tcp 8000/tcp 8001/tcp 8002/tcp]");
  CHECK(stage.config.exposed_ports.size() == 5);
  CHECK(stage.run(step(Kind::expose, {"http"})) == "error: invalid containerPort: http");
  CHECK(stage.run(step(Kind::expose, {"80/xyz"})) == "error: invalid proto: xyz");
  CHECK(stage.run(step(Kind::expose, {"90-80"})) == "error: invalid containerPort: 90-80");
  CHECK(stage.run(step(Kind::expose, {"70000"})) == "error: invalid containerPort: 70000");
}

TEST_CASE("WORKDIR is relative to the one before") {
  Stage stage;
  CHECK(stage.run(step(Kind::workdir, {"a"})) == "WORKDIR /a");
  CHECK(stage.run(step(Kind::workdir, {"../b/./c/"})) == "WORKDIR /b/c");
  CHECK(stage.run(step(Kind::workdir, {"/x"})) == "WORKDIR /x");
  CHECK(stage.config.working_dir == "/x");
}

TEST_CASE("HEALTHCHECK") {
  Stage stage;
  Instruction check = step(Kind::health_check, {"curl -f http://x"});
  check.flags = {{"interval", "1m30s", {}}, {"retries", "3", {}}};
  CHECK(stage.run(check) ==
        "HEALTHCHECK &{[\"CMD-SHELL\" \"curl -f http://x\"] \"1m30s\" \"0s\" \"0s\" \"0s\" '\\x03'}");
  REQUIRE(stage.config.healthcheck);
  CHECK(stage.config.healthcheck->interval_ns == 90'000'000'000);
  CHECK(stage.config.healthcheck->retries == 3);
  stage.run(step(Kind::health_check, {"NONE"}));
  CHECK(stage.config.healthcheck->test == Strings{"NONE"});
}

TEST_CASE("the others") {
  Stage stage;
  CHECK(stage.run(pairs(Kind::label, {{"a", "1"}, {"b", "2 3"}})) == "LABEL a=1 b=2 3");
  CHECK(stage.config.labels.at("b") == "2 3");
  CHECK(stage.run(step(Kind::user, {"1000:100"})) == "USER 1000:100");
  CHECK(stage.run(step(Kind::volume, {"/a", "/b"})) == "VOLUME [/a /b]");
  CHECK(stage.run(step(Kind::volume, {""})) == "error: VOLUME specified can not be an empty string");
  CHECK(stage.run(step(Kind::stop_signal, {"SIGTERM"})) == "STOPSIGNAL SIGTERM");
  CHECK(stage.run(step(Kind::stop_signal, {"SIGNO"})) == "error: invalid signal: SIGNO");
  CHECK(stage.run(step(Kind::maintainer, {"me <a@b>"})) == "MAINTAINER me <a@b>");
  CHECK(stage.config.author == "me <a@b>");
  Instruction trigger = step(Kind::on_build, {});
  Instruction inner = step(Kind::run, {"make"});
  inner.text = "RUN make";
  trigger.text = "ONBUILD RUN make";
  trigger.triggered.push_back(inner);
  CHECK(stage.run(trigger).empty());
  CHECK(stage.config.on_build == Strings{"RUN make"});
}

TEST_CASE("FROM scratch has a PATH and works in /") {
  const auto config = scratch_config({.os = "linux", .architecture = "arm", .variant = "v7"});
  CHECK(config.env == Strings{std::string(default_path)});
  CHECK(config.working_dir == "/");
  CHECK(config.variant == "v7");
}

}  // namespace podo::builder
