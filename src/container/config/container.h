// What the engine knows of one container, one exec, one volume. Readers get immutable snapshots by
// shared_ptr; the engine replaces them. The record is what the store keeps, as JSON
// (container/engine/container_record.cpp has its grammar).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "container/image/images.h"
#include "container/network/networks.h"
#include "model/docker/container_config.h"
#include "model/docker/exec_config.h"

namespace podo::engine {

enum class Status : std::uint8_t { created, running, paused, restarting, removing, exited, dead };
std::string_view name_of(Status status);  // "created", ... as in State.Status

struct HealthResult {
  Wall start, end;
  int exit_code = 0;
  std::string output;  // at most 4096 bytes
};
struct Health {
  std::string status = "none";  // none, starting, healthy, unhealthy
  int failing_streak = 0;
  std::vector<HealthResult> log;  // the last five
};

struct State {
  Status status = Status::created;
  bool oom_killed = false;
  int pid = 0, exit_code = 0;
  std::string error;
  Wall started_at, finished_at;  // 0: never
  Health health;
  int restart_count = 0;
  bool stopped_by_user = false;  // "unless-stopped" stays down
};

// A mount as it was resolved at create: what `inspect` shows as Mounts[].
struct MountPoint {
  std::string type, name, source, destination, driver, mode, propagation;
  bool read_write = true;
  bool no_copy = false, anonymous = false, non_recursive = false;
  bool read_only_non_recursive = false;  // what is mounted inside a read-only bind stays writable
  std::string subpath;
  std::int64_t tmpfs_bytes = 0;
  std::uint32_t tmpfs_mode = 0;
  std::string tmpfs_options;
};

struct Container {
  std::string id, name;  // name without '/'
  Wall created;
  std::string path;  // the program, and its arguments
  std::vector<std::string> args;
  docker::Config config;  // with what the image brought
  docker::HostConfig host_config;
  image::ImagePtr image;
  std::string image_reference;  // as it was asked for
  State state;
  std::vector<MountPoint> mounts;
  std::map<std::string, docker::EndpointSettings> wished_networks;
  std::vector<network::Endpoint> endpoints;   // while running; and static wishes else
  std::vector<network::PublishedPort> ports;  // while running
  std::string log_path, hostname_path, hosts_path, resolv_conf_path;
  std::string sandbox_path;
  std::vector<std::string> exec_ids;
  std::string mount_label, process_label, apparmor_profile;
};
using ContainerPtr = std::shared_ptr<const Container>;

struct Exec {
  std::string id, container_id;
  docker::ExecConfig config;
  bool running = false, started = false;
  std::optional<int> exit_code;
  int pid = 0;
};
using ExecPtr = std::shared_ptr<const Exec>;

struct Volume {
  std::string name, driver = "local", mountpoint;
  docker::StringMap options, labels;
  Wall created;
  bool anonymous = false;
};
using VolumePtr = std::shared_ptr<const Volume>;
struct VolumeWish {
  std::string name, driver = "local";
  docker::StringMap options, labels;
};

struct Usage {  // of GET /system/df
  std::int64_t writable_bytes = 0, root_bytes = 0;
};

struct PathStat {  // X-Docker-Container-Path-Stat
  std::string name, link_target;
  std::int64_t size = 0;
  std::uint32_t mode = 0;  // Go's os.FileMode bits
  std::string modified;    // RFC 3339
};
struct CopyOptions {  // of what is put at a path
  bool no_overwrite_dir_non_dir = false, copy_uid_gid = false;
};

}  // namespace podo::engine
