#include "container/engine/container_record.h"

#include "container/config/port_record.h"
#include "container/engine/container_state.h"

namespace podo::engine {
namespace {

void write_strings(json::Writer& out, std::string_view key, const std::vector<std::string>& values) {
  out.key(key).array();
  for (const std::string& value : values) out.string(value);
  out.end();
}

Result<std::vector<std::string>> read_strings(json::Field field) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < field.size(); ++i) values.emplace_back(TRY(field[i].string()));
  return values;
}

Result<std::string> read_text(json::Field field) { return std::string(TRY(field.string_or(""))); }

Result<int> read_int(json::Field field) { return static_cast<int>(TRY(field.int64_or(0))); }

void write_health(json::Writer& out, const Health& health) {
  out.object().key("status").string(health.status).key("streak").number(health.failing_streak);
  out.key("log").array();
  for (const HealthResult& result : health.log) {
    out.object().key("start").number(result.start.ns).key("end").number(result.end.ns);
    out.key("code").number(result.exit_code).key("output").string(result.output).end();
  }
  out.end().end();
}

Result<Health> read_health(json::Field field) {
  Health health;
  health.status = TRY(field["status"].string_or("none"));
  health.failing_streak = TRY(read_int(field["streak"]));
  const json::Field log = field["log"];
  for (std::size_t i = 0; i < log.size(); ++i) {
    health.log.push_back({.start = {TRY(log[i]["start"].int64_or(0))},
                          .end = {TRY(log[i]["end"].int64_or(0))},
                          .exit_code = TRY(read_int(log[i]["code"])),
                          .output = TRY(read_text(log[i]["output"]))});
  }
  return health;
}

void write_state(json::Writer& out, const State& state) {
  out.object().key("status").string(name_of(state.status));
  out.key("oom_killed").boolean(state.oom_killed).key("pid").number(state.pid);
  out.key("exit_code").number(state.exit_code).key("error").string(state.error);
  out.key("started_at").number(state.started_at.ns).key("finished_at").number(state.finished_at.ns);
  out.key("restart_count").number(state.restart_count);
  out.key("stopped_by_user").boolean(state.stopped_by_user);
  if (state.health.status != "none") write_health(out.key("health"), state.health);
  out.end();
}

Result<Status> read_status(json::Field field) {
  const std::string_view name = TRY(field.string_or("created"));
  for (int i = 0; i <= static_cast<int>(Status::dead); ++i) {
    if (name_of(static_cast<Status>(i)) == name) return static_cast<Status>(i);
  }
  return field.wrong("unknown status");
}

Result<State> read_state(json::Field field) {
  State state;
  state.status = TRY(read_status(field["status"]));
  state.oom_killed = TRY(field["oom_killed"].boolean_or(false));
  state.pid = TRY(read_int(field["pid"]));
  state.exit_code = TRY(read_int(field["exit_code"]));
  state.error = TRY(read_text(field["error"]));
  state.started_at.ns = TRY(field["started_at"].int64_or(0));
  state.finished_at.ns = TRY(field["finished_at"].int64_or(0));
  state.restart_count = TRY(read_int(field["restart_count"]));
  state.stopped_by_user = TRY(field["stopped_by_user"].boolean_or(false));
  if (field["health"]) state.health = TRY(read_health(field["health"]));
  return state;
}

void write_mount(json::Writer& out, const MountPoint& mount) {
  out.object().key("type").string(mount.type).key("name").string(mount.name);
  out.key("source").string(mount.source).key("destination").string(mount.destination);
  out.key("driver").string(mount.driver).key("mode").string(mount.mode);
  out.key("propagation").string(mount.propagation).key("rw").boolean(mount.read_write);
  out.key("no_copy").boolean(mount.no_copy).key("anonymous").boolean(mount.anonymous);
  out.key("non_recursive").boolean(mount.non_recursive).key("subpath").string(mount.subpath);
  out.key("tmpfs_bytes").number(mount.tmpfs_bytes).key("tmpfs_mode").number(mount.tmpfs_mode);
  out.key("tmpfs_options").string(mount.tmpfs_options).end();
}

Result<MountPoint> read_mount(json::Field field) {
  MountPoint mount;
  mount.type = TRY(read_text(field["type"]));
  mount.name = TRY(read_text(field["name"]));
  mount.source = TRY(read_text(field["source"]));
  mount.destination = TRY(read_text(field["destination"]));
  mount.driver = TRY(read_text(field["driver"]));
  mount.mode = TRY(read_text(field["mode"]));
  mount.propagation = TRY(read_text(field["propagation"]));
  mount.read_write = TRY(field["rw"].boolean_or(true));
  mount.no_copy = TRY(field["no_copy"].boolean_or(false));
  mount.anonymous = TRY(field["anonymous"].boolean_or(false));
  mount.non_recursive = TRY(field["non_recursive"].boolean_or(false));
  mount.subpath = TRY(read_text(field["subpath"]));
  mount.tmpfs_bytes = TRY(field["tmpfs_bytes"].int64_or(0));
  mount.tmpfs_mode = TRY(field["tmpfs_mode"].uint32_or(0));
  mount.tmpfs_options = TRY(read_text(field["tmpfs_options"]));
  return mount;
}

}  // namespace

std::string encode_record(const Record& record) {
  const Container& container = record.container;
  json::Writer out;
  out.object().key("complete").boolean(record.complete).key("starting").boolean(record.starting);
  out.key("id").string(container.id).key("name").string(container.name);
  out.key("created").number(container.created.ns).key("path").string(container.path);
  write_strings(out, "args", container.args);
  docker::encode(out.key("config"), container.config);
  docker::encode(out.key("host_config"), container.host_config);
  out.key("image").string(record.image_id).key("image_reference").string(container.image_reference);
  write_state(out.key("state"), container.state);
  out.key("mounts").array();
  for (const MountPoint& mount : container.mounts) write_mount(out, mount);
  out.end().key("networks").object();
  for (const auto& [name, settings] : container.wished_networks) {
    docker::encode_members(out.key(name).object(), settings);
    out.end();
  }
  out.end().key("ports").array();
  for (const network::PublishedPort& port : container.ports) encode_port(out, port);
  out.end();
  if (!container.sandbox_path.empty()) out.key("sandbox").string(container.sandbox_path);
  if (!container.apparmor_profile.empty()) out.key("apparmor").string(container.apparmor_profile);
  out.end();
  return out.take();
}

Result<Record> decode_record(const json::Document& document) {
  const json::Field root(document);
  Record record;
  record.complete = TRY(root["complete"].boolean_or(true));
  record.starting = TRY(root["starting"].boolean_or(false));
  record.image_id = TRY(read_text(root["image"]));
  Container& container = record.container;
  container.id = TRY(root["id"].string());
  container.name = TRY(root["name"].string());
  container.created.ns = TRY(root["created"].int64());
  container.path = TRY(read_text(root["path"]));
  container.args = TRY(read_strings(root["args"]));
  container.config = TRY(docker::decode_config(root["config"]));
  container.host_config = TRY(docker::decode_host_config(root["host_config"]));
  container.image_reference = TRY(read_text(root["image_reference"]));
  container.state = TRY(read_state(root["state"]));
  container.sandbox_path = TRY(read_text(root["sandbox"]));
  container.apparmor_profile = TRY(read_text(root["apparmor"]));
  const json::Field mounts = root["mounts"];
  for (std::size_t i = 0; i < mounts.size(); ++i) container.mounts.push_back(TRY(read_mount(mounts[i])));
  const json::Field networks = root["networks"];
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const std::string name(networks.value().key(i));
    container.wished_networks[name] = TRY(docker::decode_endpoint_settings(networks[name]));
  }
  const json::Field ports = root["ports"];
  for (std::size_t i = 0; i < ports.size(); ++i) container.ports.push_back(TRY(decode_port(ports[i])));
  return record;
}

std::string encode_exec(const Exec& exec) {
  const docker::ExecConfig& config = exec.config;
  json::Writer out;
  out.object().key("id").string(exec.id).key("container").string(exec.container_id);
  out.key("running").boolean(exec.running).key("started").boolean(exec.started);
  if (exec.exit_code) out.key("exit_code").number(*exec.exit_code);
  out.key("pid").number(exec.pid).key("user").string(config.user).key("cwd").string(config.working_dir);
  out.key("tty").boolean(config.tty).key("privileged").boolean(config.privileged);
  out.key("stdin").boolean(config.attach_stdin).key("stdout").boolean(config.attach_stdout);
  out.key("stderr").boolean(config.attach_stderr).key("detach_keys").string(config.detach_keys);
  write_strings(out, "env", config.env);
  write_strings(out, "cmd", config.cmd);
  out.end();
  return out.take();
}

Result<Exec> decode_exec(const json::Document& document) {
  const json::Field root(document);
  Exec exec;
  exec.id = TRY(root["id"].string());
  exec.container_id = TRY(root["container"].string());
  exec.running = TRY(root["running"].boolean_or(false));
  exec.started = TRY(root["started"].boolean_or(false));
  if (root["exit_code"]) exec.exit_code = TRY(read_int(root["exit_code"]));
  exec.pid = TRY(read_int(root["pid"]));
  docker::ExecConfig& config = exec.config;
  config.user = TRY(read_text(root["user"]));
  config.working_dir = TRY(read_text(root["cwd"]));
  config.tty = TRY(root["tty"].boolean_or(false));
  config.privileged = TRY(root["privileged"].boolean_or(false));
  config.attach_stdin = TRY(root["stdin"].boolean_or(false));
  config.attach_stdout = TRY(root["stdout"].boolean_or(false));
  config.attach_stderr = TRY(root["stderr"].boolean_or(false));
  config.detach_keys = TRY(read_text(root["detach_keys"]));
  config.env = TRY(read_strings(root["env"]));
  config.cmd = TRY(read_strings(root["cmd"]));
  return exec;
}

}  // namespace podo::engine
