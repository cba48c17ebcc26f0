#include "podo/daemon_options.h"

#include <string_view>

#include "base/core/text.h"
#include "container/engine/log_options.h"
#include "podo/cluster.h"

namespace podo {

const char serve_help[] =
    "Usage: podo serve [FLAG...]\n"
    "\n"
    "Runs the engine, and a cluster of this machine. All of it lives in two folders; several can run side "
    "by\n"
    "side.\n"
    "\n"
    "      --data DIR               what lasts (default /var/lib/podo)\n"
    "      --run DIR                what ends with a reboot, and docker.sock (default /run/podo)\n"
    "  -H, --host ADDRESS           listen there too: unix:///path, tcp://HOST:PORT (needs TLS)\n"
    "      --group NAME             who besides root may use docker.sock (they then are as good as root)\n"
    "      --tlscert FILE, --tlskey FILE, --tlscacert FILE\n"
    "                               for tcp: our certificate and key, and who signs the clients'\n"
    "      --insecure-tcp           tcp without TLS: whoever reaches the port owns this machine\n"
    "      --insecure-registry HOST plain HTTP or unknown certificates are fine there (also a CIDR)\n"
    "      --registry-mirror URL    asked before docker.io\n"
    "      --cgroup-parent NAME     below which containers' control groups are made\n"
    "      --log-driver NAME        of containers that do not choose: json-file, local, none\n"
    "      --log-opt KEY=VALUE      its options (default max-size=10m max-file=3)\n"
    "      --default-address-pool CIDR  networks are cut from it\n"
    "      --build-cache SIZE       what builds keep for later ones (default 20g); least recently used goes\n"
    "      --registry HOST:PORT     serve a registry there too (off otherwise). Whoever may connect can\n"
    "                               pull the engine's images, and push; --registry-users and other flags\n"
    "                               of `podo registry serve --help`, with --registry- before them\n"
    "      --listen ADDRESS:PORT    where the Kubernetes API is served (default 127.0.0.1:6443); none: the\n"
    "                               engine alone, as with --no-cluster. DATA/kubeconfig is for kubectl\n"
    "      --api-only               no controllers, scheduler or node: objects stay what they are made as\n"
    "      --no-node                this machine is no node of the cluster\n"
    "      --node-name NAME         what it is called as a node (default: the machine's name)\n"
    "      --static-pods DIR        pods of this node that are files there\n"
    "      --node-listen ADDRESS:PORT  serve the node's own API there, too (default none; its port is 10250\n"
    "                               by custom). The API server of this process needs none\n"
    "      --service-cidr CIDR[,CIDR]  where Services' addresses are taken from, one range of each IP "
    "family\n"
    "                               (default 10.96.0.0/16,fd00:10:96::/112)\n"
    "      --cluster-domain NAME    below which the cluster's names are (default cluster.local)\n"
    "      --no-traffic             no Services, names and network policies here: somebody else does that\n"
    "      --token-auth-file FILE   TOKEN,USER,UID[,\"GROUP,...\"] a line: who else may ask the Kubernetes "
    "API\n"
    "      --audit-policy-file FILE, --audit-log-path FILE\n"
    "                               which requests of it are written down, and where\n"
    "      --stop-containers        stop them when the daemon is told to end; otherwise they go on\n"
    "      --debug                  say more\n";

namespace {

image::RegistryRules::Rule& rule_of(DaemonOptions& options, std::string_view domain) {
  for (auto& rule : options.registries.rules)
    if (rule.domain == domain) return rule;
  options.registries.rules.emplace_back().domain = domain;
  return options.registries.rules.back();
}

std::vector<Flag<DaemonOptions>> all_flags() {
  std::vector<Flag<DaemonOptions>> flags = {
      text_flag("data", &DaemonOptions::data),
      text_flag("run", &DaemonOptions::run),
      list_flag("host", "H", &DaemonOptions::hosts),
      text_flag("group", &DaemonOptions::socket_group),
      text_flag("tlscert", &DaemonOptions::tls_certificate),
      text_flag("tlskey", &DaemonOptions::tls_key),
      text_flag("tlscacert", &DaemonOptions::tls_client_ca),
      switch_flag("insecure-tcp", &DaemonOptions::insecure_tcp, true),
      text_flag("cgroup-parent", &DaemonOptions::cgroup_parent),
      text_flag("log-driver", &DaemonOptions::log_driver),
      list_flag("log-opt", "", &DaemonOptions::log_options),
      list_flag("default-address-pool", "", &DaemonOptions::address_pools),
      text_flag("listen", &DaemonOptions::listen),
      switch_flag("api-only", &DaemonOptions::api_only, true),
      switch_flag("no-node", &DaemonOptions::no_node, true),
      text_flag("node-name", &DaemonOptions::node_name),
      text_flag("static-pods", &DaemonOptions::static_pods_folder),
      text_flag("node-listen", &DaemonOptions::node_listen),
      text_flag("service-cidr", &DaemonOptions::service_cidr),
      text_flag("cluster-domain", &DaemonOptions::cluster_domain),
      switch_flag("no-traffic", &DaemonOptions::no_traffic, true),
      text_flag("token-auth-file", &DaemonOptions::token_file),
      text_flag("audit-policy-file", &DaemonOptions::audit_policy_file),
      text_flag("audit-log-path", &DaemonOptions::audit_log_file),
      {"no-cluster", "", false,
       [](DaemonOptions& options, std::string_view) -> Result<> {
         options.listen = "none";
         return {};
       }},
      switch_flag("stop-containers", &DaemonOptions::stop_containers, true),
      switch_flag("debug", &DaemonOptions::debug, true),
      {"insecure-registry", "", true,
       [](DaemonOptions& options, std::string_view value) -> Result<> {
         rule_of(options, value).insecure = true;
         return {};
       }},
      {"registry-mirror", "", true,
       [](DaemonOptions& options, std::string_view value) -> Result<> {
         rule_of(options, "docker.io").mirrors.emplace_back(value);
         return {};
       }},
      {"build-cache", "", true,
       [](DaemonOptions& options, std::string_view value) -> Result<> {
         options.build_cache_bytes = TRY(engine::parse_size(value));
         return {};
       }},
      {"registry", "", true,
       [](DaemonOptions& options, std::string_view value) -> Result<> {
         options.registry.listen = value;
         return {};
       }},
  };
  add_registry_flags(flags, &DaemonOptions::registry);
  return flags;
}

Result<> check(const DaemonOptions& options) {
  for (const std::string* folder : {&options.data, &options.run})
    if (!folder->starts_with('/')) return invalid("\"{}\" is no absolute path", *folder);
  const bool tls = !options.tls_certificate.empty();
  if (tls == options.tls_key.empty()) return invalid("--tlscert and --tlskey belong together");
  for (const std::string& host : options.hosts) {
    if (host.starts_with("unix://")) continue;
    if (!host.starts_with("tcp://"))
      return invalid("--host {}: expected unix:///path or tcp://HOST:PORT", host);
    if (!options.insecure_tcp && (!tls || options.tls_client_ca.empty()))
      return invalid(
          "--host {}: whoever reaches it owns this machine. Give --tlscert, --tlskey and --tlscacert, "
          "or say --insecure-tcp",
          host);
  }
  for (const std::string& option : options.log_options)
    if (option.find('=') == std::string::npos) return invalid("--log-opt {}: expected KEY=VALUE", option);
  return {};
}

}  // namespace

Result<DaemonOptions> read_daemon_options(int count, char** words, int first) {
  DaemonOptions options;
  TRY(read_flags(all_flags(), options, count, words, first));
  TRY(check(options));
  options.listen = TRY(complete_listen(options.listen));
  TRY(parse_service_ranges(options.service_cidr));
  TRY(check(options.registry, "registry-"));
  options.registry.server.folder = options.data + "/registry";
  return options;
}

}  // namespace podo
