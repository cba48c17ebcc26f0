#include <algorithm>

#include "container/config/runtime_config_parts.h"

namespace podo::engine {
namespace {

void write_namespace(json::Writer& out, std::string_view type, const std::string& path) {
  out.object().key("type").string(type);
  if (!path.empty()) out.key("path").string(path);
  out.end();
}

void write_namespaces(json::Writer& out, const ConfigInput& input) {
  const docker::HostConfig& wish = input.container.host_config;
  out.key("namespaces").array();
  write_namespace(out, "mount", "");
  if (wish.network_mode != "host") write_namespace(out, "network", input.sandbox.network_namespace);
  if (wish.uts_mode != "host") write_namespace(out, "uts", input.sandbox.uts_namespace);
  if (wish.pid_mode != "host") write_namespace(out, "pid", input.sandbox.pid_namespace);
  if (wish.ipc_mode != "host") write_namespace(out, "ipc", input.sandbox.ipc_namespace);
  if (wish.cgroupns_mode == "private") write_namespace(out, "cgroup", "");
  out.end();
}

// Those that Docker sets in a network namespace of the container's own come first, so that the wished ones
// win.
void write_sysctls(json::Writer& out, const docker::HostConfig& wish) {
  docker::StringMap sysctls = wish.sysctls;
  if (is_private_network(wish.network_mode)) {
    sysctls.try_emplace("net.ipv4.ip_unprivileged_port_start", "0");
    sysctls.try_emplace("net.ipv4.ping_group_range", "0 2147483647");
  }
  out.key("sysctl").object();
  for (const auto& [name, value] : sysctls) out.key(name).string(value);
  out.end();
}

Result<> write_linux(json::Writer& out, const ConfigInput& input, Warnings& warnings) {
  const docker::HostConfig& wish = input.container.host_config;
  oci::Resources resources = make_resources(wish.resources, input.machine, input.devices, warnings);
  resources.devices = TRY(device_rules(input));
  if (input.sandbox.ends_as_one && input.machine.oom_group)
    resources.unified.emplace_back("memory.oom.group", "1");
  out.key("linux").object();
  write_namespaces(out, input);
  out.key("cgroupsPath").string(input.sandbox.cgroups_path);
  write_resources(out, resources);
  write_sysctls(out, wish);
  write_devices(out, input.devices);
  if (const auto propagation = root_propagation(input.mounts); !propagation.empty())
    out.key("rootfsPropagation").string(propagation);
  TRY(write_security(out, input));
  if (!input.container.mount_label.empty() && input.machine.selinux)
    out.key("mountLabel").string(input.container.mount_label);
  out.end();
  return {};
}

ProcessWish wish_of(const Container& container, const UserIds& user, bool with_init) {
  ProcessWish wish;
  if (with_init) wish.args = {"/sbin/docker-init", "--"};
  wish.args.push_back(container.path);
  wish.args.insert(wish.args.end(), container.args.begin(), container.args.end());
  wish.env = container_environment(container, user, container.config.tty);
  wish.cwd = container.config.working_dir.empty() ? "/" : container.config.working_dir;
  wish.terminal = container.config.tty;
  wish.privileged = container.host_config.privileged;
  wish.console_height = container.host_config.console_height;
  wish.console_width = container.host_config.console_width;
  return wish;
}

// As ReplaceOrAppend: a later NAME=value takes the place of an earlier one, a bare NAME removes it.
void put_variable(std::vector<std::string>& env, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  const std::string name = setting.substr(0, equals) + "=";
  const auto place = std::ranges::find_if(env, [&](const auto& one) { return one.starts_with(name); });
  if (equals == std::string::npos) {
    if (place != env.end()) env.erase(place);
  } else if (place != env.end()) {
    *place = setting;
  } else {
    env.push_back(setting);
  }
}

}  // namespace

bool is_container_mode(std::string_view mode) { return mode.starts_with("container:"); }

void write_strings(json::Writer& out, std::string_view key, std::span<const std::string_view> words) {
  out.key(key).array();
  for (const auto word : words) out.string(word);
  out.end();
}

void write_strings(json::Writer& out, std::string_view key, const std::vector<std::string>& words) {
  out.key(key).array();
  for (const auto& word : words) out.string(word);
  out.end();
}

std::vector<std::string> container_environment(const Container& container, const UserIds& user,
                                               bool terminal) {
  std::string hostname = container.config.hostname;
  if (!container.config.domainname.empty()) hostname += "." + container.config.domainname;
  std::vector<std::string> env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                  "HOSTNAME=" + hostname};
  if (terminal) env.emplace_back("TERM=xterm");
  for (const std::string& setting : container.config.env) put_variable(env, setting);
  if (std::ranges::none_of(env, [](const auto& one) { return one.starts_with("HOME="); }))
    env.push_back("HOME=" + user.home);
  return env;
}

Result<RuntimeConfig> make_runtime_config(const Container& container, const Machine& machine,
                                          const Sandbox& sandbox, std::span<const ReadyMount> mounts,
                                          const UserIds& user, const HostDevices& devices) {
  const ConfigInput input{container, machine, sandbox, mounts, user, devices};
  RuntimeConfig config;
  json::Writer out;
  out.object().key("ociVersion").string("1.2.0");
  const ProcessWish process = wish_of(container, user, !sandbox.init_program.empty());
  out.key("process");
  TRY(write_process(out, container, process, machine, user, config.warnings));
  out.key("root").object().key("path").string(sandbox.rootfs);
  out.key("readonly").boolean(container.host_config.readonly_rootfs).end();
  if (container.host_config.uts_mode != "host" && sandbox.uts_namespace.empty()) {
    out.key("hostname").string(container.config.hostname);
    if (!container.config.domainname.empty()) out.key("domainname").string(container.config.domainname);
  }
  write_mounts(out, input);
  if (!container.host_config.annotations.empty()) {
    out.key("annotations").object();
    for (const auto& [name, value] : container.host_config.annotations) out.key(name).string(value);
    out.end();
  }
  TRY(write_linux(out, input, config.warnings));
  out.end();
  config.text = out.take();
  return config;
}

Result<RuntimeConfig> make_process_config(const Container& container, const docker::ExecConfig& exec,
                                          const Machine& machine, const UserIds& user) {
  if (exec.cmd.empty()) return invalid("No exec command specified");
  ProcessWish wish{
      .args = exec.cmd, .env = container_environment(container, user, exec.tty), .cwd = exec.working_dir};
  if (wish.cwd.empty()) wish.cwd = container.config.working_dir.empty() ? "/" : container.config.working_dir;
  for (const std::string& setting : exec.env) put_variable(wish.env, setting);
  wish.terminal = exec.tty;
  wish.privileged = exec.privileged || container.host_config.privileged;
  if (exec.console_size) {
    wish.console_height = (*exec.console_size)[0];
    wish.console_width = (*exec.console_size)[1];
  }
  RuntimeConfig config;
  json::Writer out;
  TRY(write_process(out, container, wish, machine, user, config.warnings));
  config.text = out.take();
  return config;
}

}  // namespace podo::engine
