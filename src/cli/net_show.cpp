// podo net show service: what the kernel has of a Service on this machine, from its rules.
#include <stdlib.h>

#include <algorithm>

#include "base/linux/nftables.h"
#include "cli/command.h"
#include "cluster/client/client.h"
#include "cluster/client/kubeconfig.h"
#include "container/oci_cli/columns.h"
#include "model/kube/path.h"
#include "model/kube/schema.h"
#include "traffic/services/build_table.h"
#include "traffic/services/service_rules.h"

namespace podo::cli {
namespace {

using kube::text_at;
using services::Backend, services::Front, services::FrontKey, services::ServiceTable;

constexpr const char* usual_kubeconfig = "/var/lib/podo/kubeconfig";
constexpr std::string_view table_suffix = "-services";

std::string kubeconfig_path(const Flags& flags) {
  if (flags.given("kubeconfig")) return flags.text("kubeconfig");
  const char* chosen = ::getenv("KUBECONFIG");
  return chosen != nullptr && *chosen != '\0' ? chosen : usual_kubeconfig;
}

Task<json::Tree> service_from_api(Call call, client::ApiAccess access) {
  http::SystemConnector connector(
      call.daemon.loop(), nullptr,
      [&access](const http::Url&) -> Result<tls::ClientOptions> { return access.tls; });
  http::Client http(call.daemon.loop(), connector, {});
  client::NetworkTransport transport(http, access.server, access.token);
  const schema::Schema schema = kube::parse_schema();
  client::Client client(transport, schema);
  co_return co_await client.get({.resource = client.resource("", "services"),
                                 .name_space = call.flags.text("namespace"),
                                 .name = call.argument(0)});
}

// Of the daemons of this machine, the one that knows the most of the fronts; the first of those that are
// there, when none does.
Result<ServiceTable> rules_with(const ServiceTable& wanted, const std::string& asked) {
  if (!asked.empty()) return services::read_rules(asked);
  std::vector<std::string> tables;
  for (const linux::NftBaseChain& chain : TRY(linux::list_base_chains()))
    if (chain.family == NFPROTO_INET && chain.table.starts_with("podo") &&
        chain.table.ends_with(table_suffix) && std::ranges::find(tables, chain.table) == tables.end())
      tables.push_back(chain.table);
  if (tables.empty()) return not_found("no daemon of this machine has rules for services");
  std::optional<ServiceTable> best;
  std::size_t best_known = 0;
  for (const std::string& name : tables) {
    ServiceTable rules = TRY_IN(name, services::read_rules(name));
    const auto known = static_cast<std::size_t>(
        std::ranges::count_if(wanted, [&](const auto& front) { return rules.contains(front.first); }));
    if (best && known <= best_known) continue;
    best = std::move(rules);
    best_known = known;
  }
  return *std::move(best);
}

std::string choice(const Front& front, const std::vector<Backend>& backends) {
  if (backends.empty()) return front.drops ? "dropped" : "refused";
  if (front.affinity == Duration()) return "any";
  return text("by client, {} s", front.affinity.ns / 1'000'000'000);
}

std::string told(const Backend& backend) {
  const std::string address = backend.address.to_text();
  return text("{}:{}{}", backend.address.is_v6() ? "[" + address + "]" : address, backend.port,
              backend.here ? "" : " (elsewhere)");
}

std::string places(const Front& front) {
  std::string ranges;
  for (const IpPrefix& source : front.sources)
    ranges += text("{}{}", ranges.empty() ? "" : ",", source.to_text());
  return ranges.empty() ? "anywhere" : ranges;
}

class Shown {
 public:
  Shown() : columns_(3) { columns_.row({"ADDRESS", "PORT", "FROM", "CHOICE", "BACKENDS"}); }

  void add(const FrontKey& key, const Front* front) {
    const std::string address = key.address.is_unspecified()
                                    ? (key.address.is_v6() ? "every IPv6" : "every IPv4")
                                    : key.address.to_text();
    const std::string port = text("{}/{}", key.port, services::name_of_protocol(key.protocol));
    if (front == nullptr) return columns_.row({address, port, "-", "not in the rules", "-"});
    const bool inside = front->reach == services::Reach::inside;
    if (inside || front->splits) add(address, port, "inside", *front, front->backends);
    if (front->splits) add(address, port, "outside: " + places(*front), *front, front->backends_outside);
    else if (!inside) add(address, port, places(*front), *front, front->backends);
  }
  std::string take() { return columns_.take(); }

 private:
  // One backend a line.
  void add(std::string address, std::string port, std::string from, const Front& front,
           const std::vector<Backend>& backends) {
    columns_.row({std::move(address), std::move(port), std::move(from), choice(front, backends),
                  backends.empty() ? "-" : told(backends.front())});
    for (std::size_t i = 1; i < backends.size(); ++i) columns_.row({"", "", "", "", told(backends[i])});
  }
  oci_cli::Columns columns_;
};

Task<int> show_service(Call call) {
  const json::Tree object =
      co_await service_from_api(call, co_await client::read_kubeconfig(kubeconfig_path(call.flags)));
  const std::optional<services::Service> service = services::service_of(object.root());
  if (!service) {
    co_await print(text("Service {}/{} has no address that rules would be for ({}).\n",
                        text_at(object.root(), "metadata.namespace"), call.argument(0),
                        text_at(object.root(), "spec.type") == "ExternalName" ? "ExternalName" : "headless"));
    co_return 0;
  }
  const ServiceTable wanted = services::fronts_of(*service, {}, {});
  const ServiceTable rules = co_await rules_with(wanted, call.flags.text("table"));
  Shown shown;
  for (const auto& [key, front] : wanted) {
    const auto live = rules.find(key);
    shown.add(key, live != rules.end() ? &live->second : nullptr);
  }
  co_await print(shown.take());
  co_return 0;
}

constexpr Flag show_flags[] = {
    {"namespace", 'n', FlagKind::value, "the Service's namespace", "default"},
    {"kubeconfig", 0, FlagKind::value,
     "where the API server is (default $KUBECONFIG, /var/lib/podo/kubeconfig)"},
    {"table", 0, FlagKind::value, "the nft table to read, of several daemons' (\"podo-services\")"}};

constexpr Command commands[] = {{.names = "net show service",
                                 .arguments = "NAME",
                                 .summary = "Where the rules of this machine's kernel lead a Service",
                                 .flags = show_flags,
                                 .least = 1,
                                 .most = 1,
                                 .perform = show_service}};

}  // namespace

std::span<const Command> net_commands() { return commands; }

}  // namespace podo::cli
