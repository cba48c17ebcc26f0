// podo doctor: what on this host keeps Podo from working, and what to do.
#include "cli/doctor.h"

#include "base/format/json_writer.h"
#include "cli/command.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

constexpr std::uint16_t api_port = 6443;

Task<DaemonSeen> look_for_daemon(Daemon& daemon) {
  DaemonSeen seen;
  const Result<json::Document> info = co_await daemon.get("/info").result();
  if (!info) co_return seen;
  seen.answers = true;
  seen.version = get_text(info->root(), "ServerVersion");
  const std::string data = get_text(info->root(), "DockerRootDir");
  if (!data.empty()) seen.data = data;
  co_return seen;
}

// The port of "    server: https://127.0.0.1:6443".
std::uint16_t port_of(const std::string& kubeconfig) {
  const std::size_t at = kubeconfig.find("server: https://");
  if (at == std::string::npos) return 0;
  const std::string line = kubeconfig.substr(at, kubeconfig.find('\n', at) - at);
  return static_cast<std::uint16_t>(::strtoul(line.c_str() + line.rfind(':') + 1, nullptr, 10));
}

Findings examine(const Host& host, const DaemonSeen& daemon) {
  Findings all = {check_root(),
                  check_kernel_release(host),
                  check_namespaces(host),
                  check_control_groups(host),
                  check_file_systems(host),
                  check_seccomp(host),
                  check_security_modules(host)};
  for (Finding& finding : try_links_and_tables()) all.push_back(std::move(finding));
  all.push_back(check_firewalls("podo"));
  all.push_back(check_ipv6(host));
  all.push_back(check_resolvers(host));
  const std::uint16_t port = daemon.answers ? port_of(host.text_of(daemon.data + "/kubeconfig")) : 0;
  all.push_back(check_port(host, port != 0 ? port : api_port, port != 0));
  for (Finding finding : {check_disk(daemon.data), check_memory(host), check_limits(host),
                          check_neighbours(host), check_daemon(daemon)})
    all.push_back(std::move(finding));
  return all;
}

std::string_view word_of(Health health) {
  return health == Health::good ? "good" : health == Health::note ? "note" : "BAD";
}

std::string as_text(const Findings& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    const std::string_view word = word_of(finding.health);
    out += text("{}{}{}{}{}\n", word, std::string(6 - word.size(), ' '), finding.what,
                std::string(finding.what.size() < 18 ? 18 - finding.what.size() : 1, ' '), finding.found);
    if (!finding.cure.empty()) out += text("{}-> {}\n", std::string(24, ' '), finding.cure);
  }
  return out;
}

std::string as_json(const Findings& findings) {
  json::Writer out;
  out.array();
  for (const Finding& finding : findings) {
    out.object().key("Health").string(word_of(finding.health) == "BAD" ? "bad" : word_of(finding.health));
    out.key("What").string(finding.what).key("Found").string(finding.found);
    out.key("Cure").string(finding.cure).end();
  }
  return out.end().take() + "\n";
}

Task<int> doctor(Call call) {
  const std::string format = call.flags.text("format");
  if (!format.empty() && format != "json") co_await invalid("--format: json is the only one");
  const Findings findings = examine(Host(), co_await look_for_daemon(call.daemon));
  co_await print(format.empty() ? as_text(findings) : as_json(findings));
  int bad = 0;
  for (const Finding& finding : findings) bad += finding.health == Health::bad;
  co_return bad > 0 ? 1 : 0;
}

constexpr Flag doctor_flags[] = {{"format", 0, FlagKind::value, "Format output: 'json'"}};

}  // namespace

std::span<const Command> doctor_commands() {
  static constexpr Command table[] = {
      {"doctor", "", "Look at what keeps Podo from working here, and say what to do", doctor_flags, 0, 0,
       doctor},
  };
  return table;
}

}  // namespace podo::cli
