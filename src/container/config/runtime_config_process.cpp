// `process`: who runs what, with which capabilities and limits.
#include <algorithm>

#include "base/linux/capability.h"
#include "container/config/default_capabilities.h"
#include "container/config/runtime_config_parts.h"

namespace podo::engine {
namespace {

struct Limit {
  std::string_view name;  // of Docker; RLIMIT_ and upper case in the config
  int resource;
};
constexpr Limit limits[] = {
    {"core", RLIMIT_CORE},         {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},           {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
};

std::string upper(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

// A hard limit above the daemon's own takes CAP_SYS_RESOURCE.
void clamp(const Machine& machine, const Limit& limit, rlimit64& value, Warnings& warnings) {
  const std::uint64_t most = machine.limits[static_cast<std::size_t>(limit.resource)].rlim_max;
  if (machine.may_raise_limits || value.rlim_max <= most) return;
  warnings.push_back(
      text("ulimit {}: this daemon may not go above its own limit {}, which is used", limit.name, most));
  value.rlim_max = most;
  value.rlim_cur = std::min<std::uint64_t>(value.rlim_cur, most);
}

Result<> write_limits(json::Writer& out, const docker::Resources& wish, const Machine& machine,
                      Warnings& warnings) {
  out.key("rlimits").array();
  for (const docker::Ulimit& ulimit : wish.ulimits) {
    const auto known = std::ranges::find(limits, ulimit.name, &Limit::name);
    if (known == std::end(limits)) return invalid("invalid ulimit type: {}", ulimit.name);
    rlimit64 value{.rlim_cur = static_cast<std::uint64_t>(ulimit.soft),  // -1 is RLIM_INFINITY
                   .rlim_max = static_cast<std::uint64_t>(ulimit.hard)};
    clamp(machine, *known, value, warnings);
    out.object().key("type").string("RLIMIT_" + upper(known->name));
    out.key("soft").number(std::uint64_t{value.rlim_cur}).key("hard").number(std::uint64_t{value.rlim_max});
    out.end();
  }
  out.end();
  return {};
}

void write_set(json::Writer& out, std::string_view key, std::uint64_t set) {
  out.key(key).array();
  const auto names = linux::capability_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((set >> i & 1) != 0) out.string(names[i]);
  }
  out.end();
}

// Another user than root has none but may still get them from files: what execve(2) would leave of them.
void write_capabilities(json::Writer& out, std::uint64_t set, std::uint32_t uid) {
  out.key("capabilities").object();
  write_set(out, "bounding", set);
  if (uid == 0) {
    write_set(out, "effective", set);
    write_set(out, "permitted", set);
  }
  out.end();
}

void write_user(json::Writer& out, const UserIds& user) {
  out.key("user").object().key("uid").number(user.uid).key("gid").number(user.gid);
  out.key("additionalGids").array().number(user.gid);
  for (const std::uint32_t group : user.groups) {
    if (group != user.gid) out.number(group);
  }
  out.end().end();
}

// Lowering the score below the daemon's takes CAP_SYS_RESOURCE.
std::int64_t oom_score(std::int64_t wanted, const Machine& machine, Warnings& warnings) {
  if (machine.may_raise_limits || wanted >= machine.oom_score_adj) return wanted;
  if (wanted != 0)
    warnings.push_back(text("oom-score-adj {}: this daemon may not go below {}, which is used", wanted,
                            machine.oom_score_adj));
  return machine.oom_score_adj;
}

// An exec's is the container's, with --privileged, too. What a start did not settle is asked for by the
// container alone: it was started by a daemon that had no default. Nobody has to be told to stay unconfined.
void write_apparmor(json::Writer& out, const Container& container, const SecurityOptions& security) {
  const std::string& profile =
      container.apparmor_profile.empty() ? security.apparmor : container.apparmor_profile;
  if (profile.empty() || (profile == unconfined && security.apparmor.empty())) return;
  out.key("apparmorProfile").string(profile);
}

}  // namespace

Result<> write_process(json::Writer& out, const Container& container, const ProcessWish& wish,
                       const Machine& machine, const UserIds& user, Warnings& warnings) {
  const docker::HostConfig& host_config = container.host_config;
  const SecurityOptions security = TRY(read_security_options(host_config));
  const std::uint64_t capabilities =
      wish.privileged ? every_capability(machine) : TRY(wanted_capabilities(host_config, machine));
  out.object().key("terminal").boolean(wish.terminal);
  if (wish.terminal && wish.console_height != 0 && wish.console_width != 0) {
    out.key("consoleSize").object().key("height").number(wish.console_height);
    out.key("width").number(wish.console_width).end();
  }
  write_user(out, user);
  write_strings(out, "args", wish.args);
  write_strings(out, "env", wish.env);
  out.key("cwd").string(wish.cwd);
  write_capabilities(out, capabilities, user.uid);
  TRY(write_limits(out, host_config.resources, machine, warnings));
  out.key("noNewPrivileges").boolean(security.no_new_privileges);
  out.key("oomScoreAdj").number(oom_score(host_config.oom_score_adj, machine, warnings));
  if (machine.apparmor) write_apparmor(out, container, security);
  if (machine.selinux && !container.process_label.empty())
    out.key("selinuxLabel").string(container.process_label);
  out.end();
  return {};
}

}  // namespace podo::engine
