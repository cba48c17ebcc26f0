// The state as JSON: our own file, and the document of the runtime-spec (runtime.md#state).
#include "base/format/json.h"
#include "base/format/json_writer.h"
#include "container/runtime/state.h"

namespace podo::runtime {
namespace {

void write_annotations(json::Writer& out, const oci::StringMap& annotations) {
  out.key("annotations").object();
  for (const auto& [key, value] : annotations) out.key(key).string(value);
  out.end();
}

Result<oci::StringMap> decode_annotations(const json::Field& field) {
  oci::StringMap annotations;
  if (!field) return annotations;
  TRY(field.object());
  for (const auto& [key, value] : field.value().members()) {
    annotations.emplace_back(key, TRY(field[key].string()));
  }
  return annotations;
}

// The processes of these directories are killed and the directories removed: nothing that is not well below
// its mount point passes.
Result<CgroupDirectory> decode_cgroup(const json::Field& field) {
  CgroupDirectory directory;
  directory.controllers = TRY(field["controllers"].string_or(""));
  directory.mount_point = TRY(field["mountPoint"].string());
  directory.path = TRY(field["path"].string());
  const std::string below = directory.mount_point + "/";
  const std::string path = directory.path + "/";
  const bool strange = path.contains("//") || path.contains("/./") || path.contains("/../");
  if (!directory.mount_point.starts_with('/') || !path.starts_with(below) || path == below || strange) {
    return field.wrong(text("{} is not a directory below {}", directory.path, directory.mount_point));
  }
  return directory;
}

Result<SystemdScope> decode_scope(const json::Field& field) {
  SystemdScope scope;
  if (!field) return scope;
  scope.unit = TRY(field["unit"].string());
  if (!is_scope_unit(scope.unit)) return field["unit"].wrong("is no scope of systemd");
  scope.manager = TRY(field["user"].boolean_or(false)) ? SystemdManager::user : SystemdManager::system;
  return scope;
}

Result<ContainerState> decode(const json::Field& root) {
  TRY(root.object());
  ContainerState state;
  state.id = TRY(root["id"].string());
  TRY(check_container_id(state.id));
  state.bundle = TRY(root["bundle"].string());
  state.rootfs = TRY(root["rootfs"].string_or(""));
  state.oci_version = TRY(root["ociVersion"].string_or(""));
  const std::uint32_t pid = TRY(root["pid"].uint32());
  if (pid > INT32_MAX) return root["pid"].wrong("is not a process number");
  state.pid = static_cast<pid_t>(pid);
  state.pid_start_time = TRY(root["pidStartTime"].uint64());
  state.boot_id = TRY(root["bootId"].string());
  state.created = TRY(root["created"].string_or(""));
  state.owner_uid = TRY(root["owner"].uint32_or(0));
  state.started = TRY(root["started"].boolean_or(false));
  state.has_poststop = TRY(root["hasPoststop"].boolean_or(false));
  state.has_poststart = TRY(root["hasPoststart"].boolean_or(false));
  state.has_start_container = TRY(root["hasStartContainer"].boolean_or(false));
  state.keeps_keyring = TRY(root["keepsKeyring"].boolean_or(false));
  state.annotations = TRY(decode_annotations(root["annotations"]));
  const json::Field cgroups = root["cgroups"];
  TRY(cgroups.array());
  for (std::size_t i = 0; i < cgroups.size(); ++i) state.cgroups.push_back(TRY(decode_cgroup(cgroups[i])));
  state.scope = TRY(decode_scope(root["systemdScope"]));
  return state;
}

}  // namespace

std::string_view name_of(Status status) {
  switch (status) {
    case Status::creating: return "creating";
    case Status::created: return "created";
    case Status::running: return "running";
    case Status::paused: return "paused";
    case Status::stopped: return "stopped";
  }
  return "unknown";
}

std::string encode_state(const ContainerState& state) {
  json::Writer out;
  out.object();
  out.key("id").string(state.id).key("bundle").string(state.bundle).key("rootfs").string(state.rootfs);
  out.key("ociVersion").string(state.oci_version);
  out.key("pid").number(state.pid).key("pidStartTime").number(state.pid_start_time);
  out.key("bootId").string(state.boot_id).key("created").string(state.created);
  out.key("owner").number(state.owner_uid);
  out.key("started").boolean(state.started);
  out.key("hasPoststop").boolean(state.has_poststop).key("hasPoststart").boolean(state.has_poststart);
  out.key("hasStartContainer").boolean(state.has_start_container);
  out.key("keepsKeyring").boolean(state.keeps_keyring);
  write_annotations(out, state.annotations);
  out.key("cgroups").array();
  for (const CgroupDirectory& each : state.cgroups) {
    out.object().key("controllers").string(each.controllers);
    out.key("mountPoint").string(each.mount_point).key("path").string(each.path).end();
  }
  out.end();
  if (state.scope) {
    out.key("systemdScope").object().key("unit").string(state.scope.unit);
    out.key("user").boolean(state.scope.manager == SystemdManager::user).end();
  }
  out.end();
  return out.take();
}

Result<ContainerState> decode_state(std::string bytes) {
  if (bytes.empty()) return corrupt("it is empty");
  const auto document = json::parse(std::move(bytes));
  if (!document) return corrupt("{}", document.error().message());
  auto state = decode(json::Field(*document));
  if (!state) return corrupt("{}", state.error().message());
  return state;
}

std::string spec_state_json(const ContainerState& state, Status status) {
  json::Writer out;
  out.object().key("ociVersion").string(state.oci_version).key("id").string(state.id);
  out.key("status").string(name_of(status));
  if (state.pid != 0 && status != Status::stopped) out.key("pid").number(state.pid);
  out.key("bundle").string(state.bundle);
  write_annotations(out, state.annotations);
  out.end();
  return out.take();
}

Result<> check_container_id(std::string_view id) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
  if (id.empty()) return invalid("a container ID may not be empty");
  if (id.size() > 1024) return invalid("a container ID may not be longer than 1024 bytes");
  if (id == "." || id == ".." || id.find_first_not_of(allowed) != std::string_view::npos) {
    return invalid("invalid container ID '{}': letters, digits, '_', '+', '.' and '-' are allowed", id);
  }
  return {};
}

}  // namespace podo::runtime
