// A container's place in the networks: its namespace, endpoints and ports, and the three files that tell it.
#include <fcntl.h>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/engine/container_name.h"
#include "container/engine/hosts_file.h"
#include "container/engine/local_engine.h"
#include "container/engine/sandbox_join.h"

namespace podo::engine {
namespace {

constexpr std::size_t etc_file_max = 1 << 20;

struct NetworkFile {
  std::string path, text;
};

// Over the old bytes: the file is mounted into the container, so it has to stay the same one.
Result<void> write_files(const std::vector<NetworkFile>& files) {
  for (const NetworkFile& file : files) {
    const io::Fd out = TRY(linux::open_at(AT_FDCWD, file.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
    TRY(linux::write_whole(out.get(), file.text));
  }
  return {};
}

network::EndpointWish wish_of(const Container& container, const docker::EndpointSettings& settings) {
  network::EndpointWish wish;
  wish.container_id = container.id;
  wish.container_name = container.name;
  wish.aliases = settings.aliases;
  wish.mac = settings.mac_address;
  wish.links = settings.links;
  wish.gateway_priority = settings.gw_priority;
  wish.driver_options = settings.driver_opts;
  if (settings.ipam_config) {
    wish.ipv4 = settings.ipam_config->ipv4_address;
    wish.ipv6 = settings.ipam_config->ipv6_address;
  }
  return wish;
}

}  // namespace

const network::NetworkRecord* LocalEngine::find_network(std::string_view name) const {
  return ground_.networks.find(name);
}

Task<void> LocalEngine::wire_up(SlotPtr slot, Sandbox& sandbox) {
  const NetworkMode mode = network_mode(slot->container->host_config);
  if (mode.kind == NetworkMode::Kind::sandbox) {
    Result<> shared;
    edit(*slot, [&](Container& container) { shared = share_network(*sandboxes_, container, sandbox); });
    co_return co_await std::move(shared);
  }
  if (mode.kind == NetworkMode::Kind::container) {
    const ContainerPtr other = co_await get(mode.name);
    if (!is_alive(other->state.status))
      co_await conflict("cannot join network of a non running container: {}", other->id);
    sandbox.network_namespace = other->sandbox_path;
    edit(*slot, [&](Container& container) {
      container.sandbox_path = other->sandbox_path;
      container.hosts_path = other->hosts_path;
      container.hostname_path = other->hostname_path;
      container.resolv_conf_path = other->resolv_conf_path;
    });
    co_return;
  }
  if (mode.kind != NetworkMode::Kind::host) {
    const network::Sandbox made = co_await ground_.networks.make_sandbox(slot->id());
    sandbox.network_namespace = made.path;
    edit(*slot, [&](Container& container) { container.sandbox_path = made.path; });
    const ContainerPtr container = slot->container;
    const auto first = container->wished_networks.find(mode.name);
    if (first != container->wished_networks.end())  // it becomes eth0
      co_await attach_network(slot, first->first, first->second);
    for (const auto& [name, settings] : container->wished_networks) {
      if (name != mode.name) co_await attach_network(slot, name, settings);
    }
    auto ports = co_await plan_ports(container->config, container->host_config);
    if (!ports.empty() && !slot->container->endpoints.empty())
      ports = co_await ground_.networks.publish(slot->id(), std::move(ports));
    edit(*slot, [&](Container& changed) { changed.ports = std::move(ports); });
  }
  co_await write_network_files(slot);
}

Task<void> LocalEngine::attach_network(SlotPtr slot, std::string name, docker::EndpointSettings settings) {
  const network::NetworkRecord* record = find_network(name);
  if (record == nullptr) co_await not_found("network {} not found", name);
  if (record->driver == "host" || record->driver == "null" || record->name == "none") co_return;
  network::Endpoint endpoint =
      co_await ground_.networks.attach(record->id, wish_of(*slot->container, settings));
  tell_network(*slot, "connect", endpoint);
  edit(*slot, [&](Container& container) { container.endpoints.push_back(std::move(endpoint)); });
}

// Fine when nothing is wired.
Task<void> LocalEngine::unwire(SlotPtr slot) {
  leave_sandbox(*sandboxes_, *slot->container);
  const NetworkMode mode = network_mode(slot->container->host_config);
  if (mode.is_shared() || mode.kind == NetworkMode::Kind::host) co_return;
  const std::vector<network::Endpoint> endpoints = slot->container->endpoints;
  co_await ground_.networks.remove_sandbox(slot->id());
  edit(*slot, [](Container& container) {
    container.endpoints.clear();
    container.ports.clear();
    container.sandbox_path.clear();
  });
  for (const network::Endpoint& endpoint : endpoints) tell_network(*slot, "disconnect", endpoint);
}

Task<void> LocalEngine::write_network_files(SlotPtr slot) {
  const ContainerPtr container = slot->container;
  const docker::HostConfig& host = container->host_config;
  std::string hostname = container->config.hostname;
  std::string hosts = co_await hosts_text(*container);
  std::string resolv = co_await ground_.networks.resolv_conf(
      slot->id(), {.servers = host.dns, .search = host.dns_search, .options = host.dns_options});
  std::vector<NetworkFile> files{{container->hosts_path, std::move(hosts)},
                                 {container->hostname_path, hostname + "\n"},
                                 {container->resolv_conf_path, std::move(resolv)}};
  co_await ground_.pool.run([files = std::move(files)] { return write_files(files); });
}

Result<std::string> LocalEngine::hosts_text(const Container& container) const {
  const network::NetworkRecord* bridge = find_network("bridge");
  const std::string gateway = bridge == nullptr || bridge->pools.empty() ? "" : bridge->pools[0].gateway;
  std::vector<HostsEntry> entries;
  for (const std::string& extra : container.host_config.extra_hosts)
    entries.push_back(TRY(parse_extra_host(extra, gateway)));

  const NetworkMode mode = network_mode(container.host_config);
  if (mode.kind == NetworkMode::Kind::host) {  // the host's own names, and those
    std::string hosts = linux::read_file("/etc/hosts", etc_file_max).value_or("127.0.0.1\tlocalhost\n");
    for (const HostsEntry& entry : entries) hosts += text("{}\t{}\n", entry.address, entry.names[0]);
    return hosts;
  }
  if (mode.kind == NetworkMode::Kind::bridge) {
    for (const std::string& words : container.host_config.links) {
      const Link link = parse_link(words);
      const ContainerPtr other = TRY(get(link.container));
      if (other->endpoints.empty())
        return conflict("Cannot link to a non running container: /{} AS /{}/{}", other->name, container.name,
                        link.alias);
      entries.push_back(
          {other->endpoints[0].ipv4, {link.alias, std::string(short_id(other->id)), other->name}});
    }
  }
  const docker::Config& config = container.config;
  for (const network::Endpoint& endpoint : container.endpoints) {
    HostsEntry own{endpoint.ipv4, {}};
    if (!config.domainname.empty()) own.names.push_back(text("{}.{}", config.hostname, config.domainname));
    own.names.push_back(config.hostname);
    if (!endpoint.ipv4.empty()) entries.push_back(own);
    own.address = endpoint.ipv6;
    if (!endpoint.ipv6.empty()) entries.push_back(std::move(own));
  }
  return make_hosts(entries);
}

// What `--link db` on the default bridge has always put into the environment: DB_NAME, DB_PORT_5432_TCP_ADDR
std::vector<std::string> LocalEngine::link_variables(const Container& container) const {
  std::vector<std::string> variables;
  if (network_mode(container.host_config).kind != NetworkMode::Kind::bridge) return variables;
  for (const std::string& words : container.host_config.links) {
    const Link link = parse_link(words);
    const auto other = get(link.container);
    if (!other || (*other)->endpoints.empty()) continue;
    std::string prefix;
    for (const char c : link.alias)
      prefix += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    const std::string& address = (*other)->endpoints[0].ipv4;
    variables.push_back(text("{}_NAME=/{}/{}", prefix, container.name, link.alias));
    bool first = true;
    for (const auto& [spec, nothing] : (*other)->config.exposed_ports) {
      const std::size_t slash = spec.find('/');
      const std::string port = spec.substr(0, slash);
      const std::string protocol = slash == std::string::npos ? "tcp" : spec.substr(slash + 1);
      std::string upper;
      for (const char c : protocol) upper += static_cast<char>(c - 32);
      const std::string url = text("{}://{}:{}", protocol, address, port);
      if (std::exchange(first, false)) variables.push_back(text("{}_PORT={}", prefix, url));
      const std::string name = text("{}_PORT_{}_{}", prefix, port, upper);
      variables.push_back(text("{}={}", name, url));
      variables.push_back(text("{}_ADDR={}", name, address));
      variables.push_back(text("{}_PORT={}", name, port));
      variables.push_back(text("{}_PROTO={}", name, protocol));
    }
    for (const std::string& assignment : (*other)->config.env)
      variables.push_back(text("{}_ENV_{}", prefix, assignment));
  }
  return variables;
}

}  // namespace podo::engine
