#include "podo/agent.h"

#include <stdio.h>

#include <string_view>

#include "podo/cluster.h"
#include "podo/daemon.h"
#include "podo/flags.h"

namespace podo {
namespace {

constexpr const char agent_help[] =
    "Usage: podo agent --kubeconfig FILE [FLAG...]\n"
    "\n"
    "Makes this machine a node of the cluster that FILE leads to. Its engine also answers docker's clients.\n"
    "\n"
    "      --kubeconfig FILE        where the API server is, and as whom to ask it (system:node:NAME)\n"
    "      --data DIR               what lasts (default /var/lib/podo-agent)\n"
    "      --run DIR                what ends with a reboot, and docker.sock (default /run/podo-agent)\n"
    "      --node-name NAME         what it is called (default: the machine's name)\n"
    "      --static-pods DIR        pods of this node that are files there\n"
    "      --service-cidr CIDR[,CIDR], --cluster-domain NAME, --no-traffic\n"
    "                               as of `podo serve`: what the cluster has\n"
    "      --node-listen ADDRESS:PORT  where its API is served to the API server (default: port 10250 of\n"
    "                               the address of the way out); none: no logs, exec, port-forward\n"
    "      --cgroup-parent NAME     below which containers' control groups are made\n"
    "      --debug                  say more\n";

Result<DaemonOptions> read_options(int count, char** words, int first) {
  const std::vector<Flag<DaemonOptions>> flags = {
      text_flag("kubeconfig", &DaemonOptions::kubeconfig),
      text_flag("data", &DaemonOptions::data),
      text_flag("run", &DaemonOptions::run),
      text_flag("node-name", &DaemonOptions::node_name),
      text_flag("static-pods", &DaemonOptions::static_pods_folder),
      text_flag("service-cidr", &DaemonOptions::service_cidr),
      text_flag("cluster-domain", &DaemonOptions::cluster_domain),
      switch_flag("no-traffic", &DaemonOptions::no_traffic, true),
      text_flag("node-listen", &DaemonOptions::node_listen),
      text_flag("cgroup-parent", &DaemonOptions::cgroup_parent),
      switch_flag("debug", &DaemonOptions::debug, true)};
  DaemonOptions options;
  options.data = "/var/lib/podo-agent";
  options.run = "/run/podo-agent";
  options.listen = "none";
  options.node_listen = ":10250";
  TRY(read_flags(flags, options, count, words, first));
  TRY(parse_service_ranges(options.service_cidr));
  if (options.kubeconfig.empty()) return invalid("--kubeconfig FILE is needed");
  for (const std::string* folder : {&options.data, &options.run})
    if (!folder->starts_with('/')) return invalid("\"{}\" is no absolute path", *folder);
  return options;
}

}  // namespace

int agent(int count, char** words, int first) {
  for (int i = first; i < count; ++i) {
    if (std::string_view(words[i]) != "--help" && std::string_view(words[i]) != "-h") continue;
    ::fputs(agent_help, stdout);
    return 0;
  }
  const auto options = read_options(count, words, first);
  const Result<int> code = options ? run_daemon(*options) : Failure(options.error());
  if (code) return *code;
  ::fputs(text("podo agent: {}\n", code.error().message()).c_str(), stderr);
  return options ? 1 : 125;
}

}  // namespace podo
