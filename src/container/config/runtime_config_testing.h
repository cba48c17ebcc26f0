// For the tests of config.json: a plain container, and the way of its config through the planner.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "container/config/runtime_config_parts.h"
#include "container/plan/plan.h"
#include "model/oci/decode.h"

namespace podo::engine {

inline Machine test_machine() {
  Machine machine;
  machine.cpus = 2;
  machine.limits.fill({.rlim_cur = 1024, .rlim_max = 20000});
  return machine;
}

// As it stands after create: completed.
inline Container test_container(const Machine& machine = test_machine()) {
  Container container;
  container.id = "f00d";
  container.path = "sh";
  container.args = {"-c", "true"};
  container.config.hostname = "web";
  container.config.env = {"A=1", "PATH=/bin"};
  container.hosts_path = "/data/f00d/hosts";
  container.hostname_path = "/data/f00d/hostname";
  container.resolv_conf_path = "/data/f00d/resolv.conf";
  complete_host_config(container.host_config, machine);
  return container;
}

inline Sandbox test_sandbox() {
  Sandbox sandbox;
  sandbox.rootfs = "/run/podo/containers/f00d/rootfs";
  sandbox.cgroups_path = "/podo/f00d";
  sandbox.network_namespace = "/run/podo/netns/f00d";
  return sandbox;
}

struct Made {
  oci::Config config;
  std::vector<std::string> warnings;
  std::string text;
};

// Every config that is made here must be one the planner takes without a word.
inline Made make_config(const Container& container, const Machine& machine = test_machine(),
                        const Sandbox& sandbox = test_sandbox(), std::span<const ReadyMount> mounts = {},
                        const UserIds& user = {}, const HostDevices& devices = {}) {
  const auto made = make_runtime_config(container, machine, sandbox, mounts, user, devices);
  REQUIRE_MESSAGE(made, made.error().message());
  const auto document = json::parse(made->text);
  REQUIRE_MESSAGE(document, document.error().message());
  auto config = oci::decode_config(*document);
  REQUIRE_MESSAGE(config, config.error().message());
  const auto plan = runtime::plan_container(*config, "/bundle", {});
  REQUIRE_MESSAGE(plan, plan.error().message());
  CHECK(plan->warnings == std::vector<std::string>{});
  return {*std::move(config), made->warnings, made->text};
}

inline const oci::Mount* find_mount(const oci::Config& config, std::string_view destination) {
  const auto found = std::ranges::find(config.mounts, destination, &oci::Mount::destination);
  return found == config.mounts.end() ? nullptr : &*found;
}

inline bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

inline std::string problem_of(const auto& result) { return result ? "none" : result.error().message(); }

}  // namespace podo::engine
