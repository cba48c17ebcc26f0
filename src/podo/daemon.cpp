#include "podo/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/core/version.h"
#include "base/crypto/checksum.h"
#include "base/dns/resolver.h"
#include "base/http/client.h"
#include "base/http/server.h"
#include "base/http/system_connector.h"
#include "base/io/blocking_pool.h"
#include "base/io/combine.h"
#include "base/io/signals.h"
#include "base/io/socket.h"
#include "base/io/system_disk.h"
#include "base/linux/file.h"
#include "base/store/log_store.h"
#include "container/builder/builder.h"
#include "container/docker/api.h"
#include "container/engine/engine.h"
#include "podo/beginning.h"
#include "podo/cluster.h"
#include "podo/daemon_log.h"
#include "podo/data_lock.h"
#include "podo/memory.h"
#include "podo/node.h"
#include "podo/registry_serve.h"
#include "podo/traffic.h"

namespace podo {
namespace {

using io::Task;

constexpr const char* usual_data = "/var/lib/podo";

// What this daemon's bridges, tables and control groups are called: "podo", and another name for another data
// folder.
std::string prefix_of(const std::string& data) {
  if (data == usual_data) return "podo";
  return text("podo-{:x}", crypto::checksum(data) & 0xffffff);
}

docker::HostConfig::LogConfig default_log(const DaemonOptions& options) {
  docker::HostConfig::LogConfig log{.type = options.log_driver, .config = {}};
  for (const std::string& option : options.log_options) {
    const std::size_t equals = option.find('=');
    log.config[option.substr(0, equals)] = option.substr(equals + 1);
  }
  if (options.log_options.empty() && options.log_driver != "none")
    log.config = {{"max-size", "10m"}, {"max-file", "3"}};
  return log;
}

http::ClientLimits registry_limits() { return {.answer_within = seconds(60), .read_within = seconds(30)}; }

// "READY=1" to whoever started us, when it asked for that (sd_notify(3)).
void tell_service_manager(std::string_view words) {
  const char* path = ::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string_view name = path;
  if (name.empty() || name.size() >= sizeof address.sun_path) return;
  name.copy(address.sun_path, name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';
  const io::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  (void)::sendto(socket.get(), words.data(), words.size(), MSG_NOSIGNAL,
                 reinterpret_cast<sockaddr*>(&address), size);
}

// The registry's certificate is signed by somebody this machine trusts, or by whom its rule names.
Result<tls::ClientOptions> trust(const image::RegistryRules& rules, const http::Url& url) {
  tls::ClientOptions options;
  for (const auto& rule : rules.rules)
    if (!rule.ca_file.empty() &&
        (rule.domain == url.host || rule.domain == text("{}:{}", url.host, url.port)))
      options.authorities = TRY(linux::read_file(rule.ca_file.c_str(), 1 << 20));
  return options;
}

// From /etc/group; the C library would ask services that are not in a static program.
bool parse_group(std::string_view name, std::uint32_t& id) {
  const auto file = linux::read_file("/etc/group", 4 << 20);
  std::string_view rest = file ? std::string_view(*file) : std::string_view();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos || line.substr(0, first) != name) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    return std::from_chars(line.data() + second + 1, line.data() + line.size(), id).ec == std::errc();
  }
  return false;
}

Task<std::vector<std::string>> addresses_of(dns::Resolver& resolver, std::string host) {
  std::vector<std::string> addresses;
  for (const auto& address : co_await resolver.addresses(std::move(host)))
    addresses.push_back(address.to_text());
  co_return addresses;
}

class Daemon {
 public:
  Daemon(const DaemonOptions& options, Log& log)
      : options_(options),
        log_(log),
        signals_(loop_, {SIGTERM, SIGINT}),
        pool_(4),
        disk_(pool_),
        network_(loop_) {}

  Result<int> run() { return loop_.run(serve()); }

 private:
  // The order is that of use: each line stands on those above it.
  Task<int> serve() {
    co_await make_folders();
    const DataLock lock = co_await DataLock::take(options_.data);
    auto store = co_await store::open_log_store({disk_, random_, log_}, options_.data + "/store",
                                                small_store_options());
    dns::Resolver resolver(loop_, random_);
    const http::SystemConnector::Resolve resolve = [&resolver](std::string host) {
      return addresses_of(resolver, std::move(host));
    };
    http::SystemConnector connector(loop_, resolve,
                                    [this](const http::Url& url) { return trust(options_.registries, url); });
    http::SystemConnector trusting(loop_, resolve, [](const http::Url&) -> Result<tls::ClientOptions> {
      return tls::ClientOptions{.verify = false};
    });
    http::Client client(loop_, connector, registry_limits()), careless(loop_, trusting, registry_limits());
    engine::Events events(clock_);
    auto images = co_await image::Images::open({loop_, pool_, *store, random_, clock_, log_},
                                               {.folder = options_.data + "/images"});
    image::Registry registry({loop_, client, careless, *images, random_, clock_, log_}, options_.registries);
    auto networks = co_await network::Networks::open({loop_, pool_, *store, random_, clock_, log_},
                                                     {.run_folder = options_.run,
                                                      .prefix = prefix_of(options_.data),
                                                      .default_pools = options_.address_pools});
    apparmor::DefaultProfile apparmor({loop_, pool_, clock_, log_}, {.run_folder = options_.run});
    apparmor.begin();
    auto engine = co_await engine::Engine::open(
        {loop_, pool_, *store, *images, *networks, events, random_, clock_, log_, &apparmor},
        engine_options());
    auto builder = co_await builder::Builder::open(
        {loop_, pool_, *store, *images, registry, *engine, client, random_, clock_, log_},
        {.folder = options_.data + "/build",
         .run_folder = options_.run + "/build",
         .cache_bytes = options_.build_cache_bytes});
    docker::DockerApi api(
        {*engine, *images, registry, *networks, events, loop_, clock_, log_, builder.get(), &apparmor},
        api_options());
    http::Server server(loop_, api, log_, {});
    auto served = co_await open_registry(*store, *images, client, careless);
    const std::unique_ptr<Cluster> cluster = co_await open_cluster();
    const NodeSideGround node{loop_,     pool_,    *engine, events,  *images, registry,
                              *networks, careless, resolve, random_, clock_,  log_};
    const int signal = co_await serve_until_told(server, served.get(), cluster.get(), node);
    log_.info("{}: ending; containers {}", signal == SIGTERM ? "SIGTERM" : "SIGINT",
              options_.stop_containers ? "are stopped" : "go on");
    co_await engine->close(options_.stop_containers);
    const bool nothing_runs = engine->list().empty() && engine->list_sandboxes().empty();
    co_await networks->close(nothing_runs);
    if (nothing_runs && serves_node())
      co_await pool_.run([prefix = prefix_of(options_.data)] { return remove_traffic_rules(prefix); });
    if (cluster) co_await cluster->close();
    co_await store->close();
    co_return 0;
  }

  Result<> make_folders() {
    ::umask(0022);
    TRY(make_data_folder(options_.data, 0710));  // setuid programs of images are not for the machine's users
    TRY(make_data_folder(options_.run, 0711));
    return {};
  }

  engine::EngineOptions engine_options() const {
    return {
        .data_folder = options_.data,
        .run_folder = options_.run,
        .cgroup_parent = options_.cgroup_parent.empty() ? prefix_of(options_.data) : options_.cgroup_parent,
        .runtime_program = {"/proc/self/exe", "oci"},
        .default_log = default_log(options_)};
  }

  docker::ApiOptions api_options() const {
    docker::ApiOptions api{.data_folder = options_.data,
                           .run_folder = options_.run,
                           .daemon_id = "",
                           .logging_driver = options_.log_driver,
                           .socket_path = options_.run + "/docker.sock",
                           .debug = options_.debug};
    api.insecure_registries.emplace_back("127.0.0.0/8");
    for (const auto& rule : options_.registries.rules) {
      if (rule.insecure) api.insecure_registries.push_back(rule.domain);
      if (rule.domain == "docker.io") api.registry_mirrors = rule.mirrors;
    }
    return api;
  }

  Task<std::unique_ptr<io::SocketListener>> listen(std::string host) {
    const bool local = host.starts_with("unix://");
    const io::Address address =
        co_await io::Address::parse((local ? "unix:" : "tcp:") + host.substr(local ? 7 : 6));
    if (!local) co_return co_await io::listen_socket(loop_, address);
    const mode_t mask = ::umask(0177);  // nobody else may connect, not even for a moment
    auto listener = co_await io::listen_socket(loop_, address).result();
    ::umask(mask);
    if (listener) co_await open_to_group(address.host);
    co_return std::move(listener);
  }

  Result<> open_to_group(const std::string& path) const {
    if (options_.socket_group.empty()) return {};
    std::uint32_t id = 0;
    if (!parse_group(options_.socket_group, id))
      return invalid("--group {}: there is no such group", options_.socket_group);
    if (::chown(path.c_str(), 0, id) != 0 || ::chmod(path.c_str(), 0660) != 0)
      return failed_errno(errno, "give {} to the group {}", path, options_.socket_group);
    return {};
  }

  Task<void> serve_listener(http::Server& server, std::unique_ptr<io::SocketListener> listener) {
    const bool secured =
        listener->address().kind == io::Address::Kind::tcp && !options_.tls_certificate.empty();
    if (!secured) co_return co_await server.serve(*listener);
    const tls::Context context = co_await server_context();
    co_await server.serve(*listener, &context);
  }

  Result<tls::Context> server_context() const {
    const auto read = [](const std::string& path) { return linux::read_file(path.c_str(), 1 << 20); };
    tls::ServerOptions tls{.identity = {.certificates = TRY(read(options_.tls_certificate)),
                                        .key = TRY(read(options_.tls_key))}};
    if (!options_.tls_client_ca.empty()) tls.client_authorities = TRY(read(options_.tls_client_ca));
    return tls::server_context(tls);
  }

  // Null when none was asked for.
  Task<std::unique_ptr<registry::Server>> open_registry(store::Store& store, image::Images& images,
                                                        http::Client& client, http::Client& careless) {
    if (options_.registry.listen.empty()) co_return nullptr;
    co_return co_await registry::Server::open(
        {loop_, pool_, store, images, client, careless, random_, clock_, log_}, options_.registry.server);
  }

  // Null when none was asked for.
  Task<std::unique_ptr<Cluster>> open_cluster() {
    if (options_.listen == "none") co_return nullptr;
    co_return co_await Cluster::open({loop_, disk_, clock_, random_, log_},
                                     {.data = options_.data,
                                      .listen = options_.listen,
                                      .api_only = options_.api_only,
                                      .node = options_.no_node ? "" : node_name(),
                                      .service_ranges = service_ranges(),
                                      .cluster_domain = options_.cluster_domain,
                                      .token_file = options_.token_file,
                                      .audit_policy_file = options_.audit_policy_file,
                                      .audit_log_file = options_.audit_log_file});
  }

  bool serves_node() const {
    return !options_.kubeconfig.empty() || (!options_.api_only && !options_.no_node);
  }

  std::string node_name() const {
    return options_.node_name.empty() ? node_name_of_machine() : options_.node_name;
  }

  std::vector<IpPrefix> service_ranges() const {
    return parse_service_ranges(options_.service_cidr).value_or(std::vector<IpPrefix>());
  }

  NodeSideOptions node_options() const {
    return {.name = node_name(),
            .data = options_.data,
            .control_group = engine_options().cgroup_parent,
            .static_pods_folder = options_.static_pods_folder,
            .prefix = prefix_of(options_.data),
            .no_traffic = options_.no_traffic,
            .service_ranges = service_ranges(),
            .cluster_domain = options_.cluster_domain,
            .listen = options_.node_listen};
  }

  Task<int> serve_until_told(http::Server& server, registry::Server* registry, Cluster* cluster,
                             const NodeSideGround& node) {
    io::TaskGroup serving(loop_);
    serving.spawn(give_memory_back(), "give memory back");
    if (cluster != nullptr) serving.spawn(cluster->serve(), "serve the cluster");
    if (cluster != nullptr && serves_node())
      serving.spawn(serve_node(node, *cluster, node_options()), "serve the node");
    if (!options_.kubeconfig.empty())
      serving.spawn(serve_node(node, options_.kubeconfig, node_options()), "serve the node");
    if (registry != nullptr)
      serving.spawn(serve_registry(loop_, log_, *registry, options_.registry), "serve the registry");
    std::vector<std::string> hosts = options_.hosts;
    hosts.insert(hosts.begin(), "unix://" + options_.run + "/docker.sock");
    for (const std::string& host : hosts) {
      serving.spawn(serve_listener(server, co_await listen(host)), "serve " + host);
      log_.info("serving the Docker API at {}", host);
    }
    tell_service_manager("READY=1");
    const int signal = co_await signals_.next();
    tell_service_manager("STOPPING=1");
    serving.cancel();
    co_await serving.join();
    co_return signal;
  }

  const DaemonOptions& options_;
  Log& log_;
  SystemClock clock_;
  SystemRandom random_;
  io::EpollLoop loop_;
  io::Signals signals_;
  io::BlockingPool pool_;
  io::SystemDisk disk_;
  io::SystemNetwork network_;
};

}  // namespace

Result<int> run_daemon(const DaemonOptions& options) {
  if (::geteuid() != 0) return denied("the engine needs root: it makes namespaces, mounts and networks");
  const SystemClock clock;
  DaemonLog log(clock, options.debug);
  Daemon daemon(options, log);
  return daemon.run();
}

int serve(int count, char** words, int first) {
  for (int i = first; i < count; ++i) {
    if (std::string_view(words[i]) != "--help" && std::string_view(words[i]) != "-h") continue;
    ::fputs(serve_help, stdout);
    return 0;
  }
  const auto options = read_daemon_options(count, words, first);
  const Result<int> code = options ? run_daemon(*options) : Failure(options.error());
  if (code) return *code;
  ::fputs(text("podo serve: {}\n", code.error().message()).c_str(), stderr);
  return options ? 1 : 125;
}

}  // namespace podo
