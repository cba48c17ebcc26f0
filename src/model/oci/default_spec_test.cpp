#include "model/oci/default_spec.h"

#include <doctest/doctest.h>

#include "model/oci/decode.h"

namespace podo::oci {
namespace {

Config decode(const std::string& text) {
  auto document = json::parse(text);
  REQUIRE(document);
  auto config = decode_config(*document);
  REQUIRE(config);
  return *std::move(config);
}

std::string types_of(const std::vector<Namespace>& namespaces) {
  std::string all;
  for (const Namespace& entry : namespaces) all += entry.type + " ";
  return all;
}

}  // namespace

TEST_CASE("the default spec is a shell, little allowed, in a read-only root") {
  const std::string text = default_spec_json({});
  CHECK(text.starts_with("{\n  \"ociVersion\": \"1."));
  CHECK(text.ends_with("}\n"));
  const Config config = decode(text);
  CHECK(config.root.path == "rootfs");
  CHECK(config.root.readonly);
  CHECK(config.process->args == std::vector<std::string>{"sh"});
  CHECK(config.process->terminal);
  CHECK(config.process->no_new_privileges);
  CHECK(config.process->capabilities->effective.size() == 3);
  CHECK(config.process->capabilities->ambient.empty());
  CHECK(config.process->rlimits[0].hard == 1024);
  CHECK(types_of(config.linux.namespaces) == "pid network ipc uts mount cgroup ");
  CHECK(config.mounts.size() == 7);
  CHECK(config.linux.masked_paths.size() == 10);
  CHECK(config.linux.readonly_paths.size() == 5);
  REQUIRE(config.linux.resources.devices.size() == 1);
  CHECK(!config.linux.resources.devices[0].allow);
  CHECK(config.linux.uid_mappings.empty());
}

TEST_CASE("the rootless spec maps its caller and stays on the host's network") {
  const Config config = decode(default_spec_json(RootlessOwner{.uid = 1001, .gid = 1002}));
  CHECK(types_of(config.linux.namespaces) == "pid user ipc uts mount cgroup ");
  REQUIRE(config.linux.uid_mappings.size() == 1);
  CHECK(config.linux.uid_mappings[0].container_id == 0);
  CHECK(config.linux.uid_mappings[0].host_id == 1001);
  CHECK(config.linux.uid_mappings[0].size == 1);
  CHECK(config.linux.gid_mappings[0].host_id == 1002);
  CHECK(config.linux.resources.devices.empty());
  CHECK(config.mounts[2].destination == "/dev/pts");
  CHECK(config.mounts[2].options.back() == "mode=0620");
  CHECK(config.mounts[5].source == "/sys");
  CHECK(config.mounts[5].options[0] == "rbind");
}

}  // namespace podo::oci
